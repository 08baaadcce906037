"""A cramp-node that does not exist: it plays signals over the in-memory Bluetooth, as its reference page says."""

import asyncio
import heapq
import math
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import STREAMS, Channel, SampleBlock, StreamKind
from collector.devices.profile import FROM_NOW, load_profile
from collector.link import BATTERY
from collector.simulator.memory_backend import MTU, Peripheral

PROFILE = load_profile("cramp-node")
CHARS = {stream.kind: stream.char for stream in PROFILE.stream}
INFO = PROFILE.info.char if PROFILE.info else ""
CONTROL = PROFILE.start[0].char
START, STOP = 0x01, 0x02
HEADER = struct.Struct("<II")
MOST_BYTES = MTU - 3 - HEADER.size
"""What fits behind the header: 118 samples of one channel."""
MOST_PACKET_S = 0.5
"""No sample waits longer in the node for its packet to fill; slow streams send samples one by one."""
PUMP_PACKETS = 500
"""At full speed, packets between two questions whether the collector has kept up."""


@dataclass(frozen=True)
class Signal:
    """One stream's samples: runs of (index of the first instant, digital values of shape (instants, channels))."""

    fs: float
    channels: tuple[Channel, ...]
    runs: tuple[tuple[int, NDArray[np.int16]], ...]

    @property
    def end(self) -> int:
        """The index behind the last instant."""
        index, digital = self.runs[-1]
        return index + len(digital)

    def packets(self, start: int, most: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """The instants from index `start` on, at most `most` at a time, none across a gap."""
        for first, digital in self.runs:
            for k in range(max(0, start - first), len(digital), most):
                yield first + k, digital[k : k + most]


def signals_of(blocks: Iterable[SampleBlock]) -> dict[StreamKind, Signal]:
    """The streams of a recording, whole; 16 bit as a cramp-node has them, so an 8 h night at 1 kHz takes 60 MB."""
    parts: dict[StreamKind, list[SampleBlock]] = {}
    for block in blocks:
        if block.dtype != "<i2":
            raise ValueError(f"stream {block.stream} has {block.dtype} samples; a cramp-node sends 16 bit")
        parts.setdefault(block.stream, []).append(block)
    return {kind: _joined(part) for kind, part in parts.items()}


def _joined(blocks: list[SampleBlock]) -> Signal:
    """Consecutive blocks become one run."""
    starts = (
        [0] + [k for k in range(1, len(blocks)) if blocks[k].first_index != blocks[k - 1].end_index] + [len(blocks)]
    )
    runs = tuple(
        (blocks[a].first_index, np.concatenate([block.digital() for block in blocks[a:b]]).astype(np.int16))
        for a, b in pairwise(starts)
    )
    return Signal(blocks[0].fs, blocks[0].channels, runs)


def _check_describable(kind: StreamKind, signal: Signal) -> None:
    unit = next(stream.unit for stream in PROFILE.stream if stream.kind == kind)
    if len({(c.unit, c.scale, c.offset, c.digital_min, c.digital_max) for c in signal.channels}) > 1:
        raise ValueError(f"the channels of stream {kind} differ in unit, scale or range; a cramp-node has one for all")
    if signal.channels[0].unit != unit:
        raise ValueError(f"stream {kind} is in {signal.channels[0].unit!r}; a cramp-node measures it in {unit!r}")


class _Due(NamedTuple):
    """A packet and the time, in seconds of the signal, at which its last sample has been measured."""

    at_s: float
    kind: StreamKind
    payload: bytes


class VirtualWearable(Peripheral):
    """A simulated cramp-node.

    It plays `signals` from the first START on: `speed` times faster than real time, or with `speed=None` as fast as
    `room` lets it, which is awaited every 500 packets. Asked to resume, it goes back to the wanted index, at most
    `memory_s` of signal (None: all of it). `finished` is set when the last sample has been sent.

    Raises ValueError for signals that a cramp-node cannot describe: in other units, or of several scales in a stream.

    `boot` is the number the node draws at each start. Faults: `drop()`, `stalled = True`, `restart(boot)`.
    """

    def __init__(
        self,
        signals: dict[StreamKind, Signal],
        speed: float | None = 1.0,
        room: Callable[[], Awaitable[None]] | None = None,
        boot: int = 1,
        memory_s: float | None = None,
        name: str = "cramp-node virtual",
        address: str = "C4:11:22:33:44:55",
    ) -> None:
        notifying = {char: ["notify"] for char in CHARS.values()}
        chars = {INFO: ["read"], CONTROL: ["write"], BATTERY: ["read"], **notifying}
        super().__init__(name, address, PROFILE.device.match.service or "", chars)
        for kind, signal in signals.items():
            _check_describable(kind, signal)
        self.signals = signals
        self.finished = asyncio.Event()
        self.stalled = False
        self.battery_percent = 100
        self.room = room
        self._boot = boot
        self._speed = speed
        self._memory_s = memory_s
        self._origin_s = 0.0  # where in the signal the node's counters were zero
        self._position_s = 0.0  # how far the signal has been played, when no clock drives it
        self._started_at: float | None = None
        self._player: asyncio.Task[None] | None = None

    def restart(self, boot: int) -> None:
        """The node resets: the link drops, its counters start from zero at this point of the signal."""
        self.drop()
        self._boot = boot
        self._origin_s = self._now_s()

    def read(self, char: str) -> bytes:
        """The info and battery characteristics."""
        if char == BATTERY:
            return bytes([self.battery_percent])
        return b"".join([struct.pack("<BI", 1, self._boot), *(self._describe(kind) for kind in STREAMS)])

    def write(self, char: str, data: bytes) -> None:
        """START with the indices to resume from, or STOP."""
        self.disconnected()
        if data[0] == START:
            self.finished.clear()
            wanted = dict(zip(("emg", "acc", "temp"), struct.unpack("<III", data[1:13]), strict=True))
            starts = {kind: self._start_index(kind, wanted[kind]) for kind in self.signals}
            self._player = asyncio.get_running_loop().create_task(self._play(starts))

    def disconnected(self) -> None:
        """Nobody listens any more."""
        if self._player is not None:
            self._player.cancel()
            self._player = None

    async def _play(self, starts: dict[StreamKind, int]) -> None:
        loop = asyncio.get_running_loop()
        if self._started_at is None:
            self._started_at = loop.time()
        for count, packet in enumerate(self._packets(starts), start=1):
            if self._speed is not None:
                await asyncio.sleep(max(0.0, self._started_at + packet.at_s / self._speed - loop.time()))
            elif count % PUMP_PACKETS == 0:
                await asyncio.sleep(0)
                if self.room is not None:
                    await self.room()
            while self.stalled:
                await asyncio.sleep(0.01)
            self.notify(CHARS[packet.kind], packet.payload)
            self._position_s = packet.at_s
        if self.room is not None:
            await self.room()
        self.finished.set()

    def _packets(self, starts: dict[StreamKind, int]) -> Iterator[_Due]:
        """All streams' packets from these indices on, in the order in which they are due."""
        return heapq.merge(*(self._stream_packets(kind, start) for kind, start in starts.items()))

    def _stream_packets(self, kind: StreamKind, start: int) -> Iterator[_Due]:
        signal = self.signals[kind]
        most = min(MOST_BYTES // (2 * len(signal.channels)), max(1, int(MOST_PACKET_S * signal.fs)))
        origin = self._origin(kind)
        for first, digital in signal.packets(start, most):
            node_index = first - origin
            header = HEADER.pack(node_index % 2**32, round(1000 * node_index / signal.fs) % 2**32)
            yield _Due((first + len(digital) - 1) / signal.fs, kind, header + digital.tobytes())

    def _start_index(self, kind: StreamKind, wanted: int) -> int:
        """Where in the signal to start for a wanted node index: not before what the memory still holds."""
        now = math.ceil(self._now_s() * self.signals[kind].fs)
        if wanted == FROM_NOW:
            return now
        oldest = 0 if self._memory_s is None else now - round(self._memory_s * self.signals[kind].fs)
        return max(wanted + self._origin(kind), oldest)

    def _origin(self, kind: StreamKind) -> int:
        return math.ceil(self._origin_s * self.signals[kind].fs)

    def _now_s(self) -> float:
        """How far into the signal the node is."""
        if self._speed is None or self._started_at is None:
            return self._position_s
        return (asyncio.get_running_loop().time() - self._started_at) * self._speed

    def _describe(self, kind: StreamKind) -> bytes:
        signal = self.signals.get(kind)
        if signal is None:
            return struct.pack("<Bdddhh", 0, 0.0, 0.0, 0.0, 0, 0)
        channel = signal.channels[0]
        return struct.pack(
            "<Bdddhh",
            len(signal.channels),
            signal.fs,
            channel.scale,
            channel.offset,
            channel.digital_min,
            channel.digital_max,
        )
