"""A wearable that does not exist: it plays signals over a simulated Bluetooth, in the bytes of the device it is."""

import asyncio
import heapq
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import NamedTuple

from collector.contract.messages import StreamKind
from collector.simulator.firmware.cramp_node import BATTERY_LEVEL, CrampNode
from collector.simulator.firmware.firmware import Firmware, Order, Packet, Start, Stop, Vibrate
from collector.simulator.peripheral import Peripheral
from collector.simulator.playback import Signal

PUMP_PACKETS = 500
"""At full speed, packets between two questions whether the collector has kept up."""
CRAMP_NODE = CrampNode()


class _Due(NamedTuple):
    """A packet and the time, in seconds of the signal, at which its last sample has been measured."""

    at_s: float
    kind: StreamKind
    packet: Packet


class VirtualWearable(Peripheral):
    """A simulated wearable of the type that `firmware` is.

    It plays `signals` from the first start on: `speed` times faster than real time, or with `speed=None` as fast as
    the central and `room` let it, which are awaited every 500 packets. A type that stores samples goes back to the
    wanted index when it is asked to resume, at most `memory_s` of signal (None: all of it). `finished` is set when the
    last sample has been sent. `vibrations` are the lengths for which it was told to buzz.

    Raises ValueError for signals that such a device cannot measure.

    `boot` is the number the device draws at each start, `ppm` how much too fast its crystal runs. Faults besides those
    of Peripheral: `stalled = True` (connected but silent), `restart(boot)`, `reset_counters()`, `jump_clock(ms)`, and
    `loses()`, asked for each packet, which is lost in the air when it says so.
    """

    def __init__(
        self,
        signals: Mapping[StreamKind, Signal],
        speed: float | None = 1.0,
        room: Callable[[], Awaitable[None]] | None = None,
        boot: int = 1,
        memory_s: float | None = None,
        name: str | None = None,
        address: str = "C4:11:22:33:44:55",
        firmware: Firmware = CRAMP_NODE,
        ppm: float = 0.0,
        loses: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(name or firmware.name, address, firmware.services)
        self.signals = firmware.measured(signals)
        self.finished = asyncio.Event()
        self.stalled = False
        self.battery_percent = 100
        self.vibrations: list[int] = []
        self.room = room
        self._firmware = firmware
        self._boot = boot
        self._speed = None if speed is None else speed * (1 + ppm * 1e-6)
        self._memory_s = memory_s
        self._loses = loses
        self._clock_jump_ms = 0
        self._origin_s = 0.0  # where in the signal the device's counters were zero
        self._position_s = 0.0  # how far the signal has been played, when no clock drives it
        self._started_at: float | None = None
        self._player: asyncio.Task[None] | None = None

    def restart(self, boot: int) -> None:
        """The device resets: the link drops, its counters start from zero at this point of the signal."""
        self.drop()
        self._boot = boot
        self.reset_counters()

    def reset_counters(self) -> None:
        """The counters start from zero without a word, as after a firmware fault that does not cost the link."""
        self._origin_s = self._now_s()

    def jump_clock(self, ms: int) -> None:
        """The device's clock jumps; its sampling does not."""
        self._clock_jump_ms += ms

    def read(self, char: str) -> bytes:
        """The battery level, or what the type of device says."""
        if char == BATTERY_LEVEL:
            return bytes([self.battery_percent])
        return self._firmware.read(char, self.signals, self._boot)

    def write(self, char: str, data: bytes) -> None:
        """Commands of the type of device."""
        self._obey(self._firmware.written(char, data))

    def subscribed(self, char: str) -> None:
        """Some devices begin to send when somebody subscribes."""
        self._obey(self._firmware.subscribed(char))

    def disconnected(self) -> None:
        """Nobody listens any more."""
        if self._player is not None:
            self._player.cancel()
            self._player = None

    def _obey(self, order: Order) -> None:
        if isinstance(order, Vibrate):
            self.vibrations.append(order.length)
        elif order is not None:
            self._play_anew(order)

    def _play_anew(self, order: Start | Stop) -> None:
        self.disconnected()
        if isinstance(order, Start):
            self.finished.clear()
            starts = {kind: self._start_index(kind, order.wanted.get(kind)) for kind in self.signals}
            self._player = asyncio.get_running_loop().create_task(self._play(starts))

    async def _play(self, starts: dict[StreamKind, int]) -> None:
        loop = asyncio.get_running_loop()
        if self._started_at is None:
            self._started_at = loop.time()
        for count, due in enumerate(self._packets(starts), start=1):
            if self._speed is not None:
                await asyncio.sleep(max(0.0, self._started_at + due.at_s / self._speed - loop.time()))
            elif count % PUMP_PACKETS == 0:
                await self._pause()
            if await self._may_send():
                self.notify(*due.packet)
            self._position_s = due.at_s
        await self._pause()
        self.finished.set()

    async def _pause(self) -> None:
        """Until the collector has received and kept what was sent."""
        await asyncio.sleep(0)
        await self.settled()
        if self.room is not None:
            await self.room()

    async def _may_send(self) -> bool:
        """Whether the packet that is due goes out; a device that stores samples holds them back while it is stalled."""
        if self.stalled and self._speed is not None and not self._firmware.stores:
            return False
        while self.stalled:
            await asyncio.sleep(0.01)
        return self._loses is None or not self._loses()

    def _packets(self, starts: dict[StreamKind, int]) -> Iterator[_Due]:
        """All streams' packets from these indices on, in the order in which they are due."""
        return heapq.merge(*(self._stream_packets(kind, start) for kind, start in starts.items()))

    def _stream_packets(self, kind: StreamKind, start: int) -> Iterator[_Due]:
        signal = self.signals[kind]
        most = self._firmware.instants(kind, signal)
        for first, digital in signal.packets(start, most, whole=self._firmware.whole_packets):
            index = first - self._origin(kind)
            ms = round(1000 * index / signal.fs) + self._clock_jump_ms
            packet = self._firmware.packet(kind, index, ms, digital)
            yield _Due((first + len(digital) - 1) / signal.fs, kind, packet)

    def _start_index(self, kind: StreamKind, wanted: int | None) -> int:
        """Where in the signal to start for a wanted device index: not before what the memory still holds."""
        now = math.ceil(self._now_s() * self.signals[kind].fs)
        if wanted is None:
            return now
        oldest = 0 if self._memory_s is None else now - round(self._memory_s * self.signals[kind].fs)
        return max(wanted + self._origin(kind), oldest)

    def _origin(self, kind: StreamKind) -> int:
        return math.ceil(self._origin_s * self.signals[kind].fs)

    def _now_s(self) -> float:
        """How far into the signal the device is."""
        if self._speed is None or self._started_at is None:
            return self._position_s
        return (asyncio.get_running_loop().time() - self._started_at) * self._speed
