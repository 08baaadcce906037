"""A night on which everything goes wrong that can: a simulated leg, a host without radio, faults at their times."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from bleak.exc import BleakError

from collector.backend import Backend
from collector.contract.messages import NS, STREAMS, Clock, SampleBlock, StreamKind
from collector.contract.recordings import open_recording
from collector.service import Collector
from collector.simulator.edf import write_night
from collector.simulator.firmware.cramp_node import CHARS
from collector.simulator.memory_backend import memory_backend
from collector.simulator.night import simulate_night
from collector.simulator.playback import signals_of
from collector.simulator.spec import NightSpec
from collector.simulator.virtual_wearable import VirtualWearable
from tests.collector.virtual_time import VirtualHost, now_s
from tests.support.signals import LEFT_CALF, in_time_order
from tests.support.wearables import START_NS, settings

PPM = 150.0
KINDS = {char: kind for kind, char in CHARS.items()}
DAEMON_S = 3.0
"""How long systemd needs to start bluetoothd again."""


class Heard(NamedTuple):
    """A packet that reached a subscriber: when, of which stream, where in the signal its samples begin, and these."""

    at_s: float
    kind: StreamKind
    first_index: int
    samples: bytes
    boot: int


class FaultyNode(VirtualWearable):
    """A node without memory that can fall silent until it is started, or connected, anew."""

    boots = 1
    mute_until = ""

    def __init__(self, recording: Iterable[SampleBlock]) -> None:
        super().__init__(signals_of(recording), memory_s=0.0, ppm=PPM, boot=1)
        self.heard: list[Heard] = []

    def fall_silent(self, until: str) -> None:
        self.stalled, self.mute_until = True, until

    def reset(self) -> None:
        self.boots += 1
        self.restart(self.boots)

    def accept(self, central: Any) -> None:
        self.stalled = self.stalled and self.mute_until != "connected"
        super().accept(central)

    def write(self, char: str, data: bytes) -> None:
        self.stalled = self.stalled and self.mute_until != "started"
        super().write(char, data)

    def note(self, char: str, data: bytes) -> None:
        kind = KINDS[char]
        first = int.from_bytes(data[:4], "little") + self._origin(kind)
        self.heard.append(Heard(now_s(), kind, first, data[8:], self.boots))


class Daemon:
    """bluetoothd, as bleak sees it: when it dies every call fails, and nobody says that links are gone."""

    def __init__(self, node: FaultyNode) -> None:
        self.node = node
        self.dead = False

    def die(self) -> None:
        self.dead = True
        asyncio.get_running_loop().call_later(DAEMON_S, self._start)

    def _start(self) -> None:
        """The new process knows nothing of old connections and drops them; bleak does not learn of it."""
        self.node.drop()
        self.dead = False

    def check(self) -> None:
        if self.dead:
            raise BleakError("[org.freedesktop.DBus.Error.ServiceUnknown] The name org.bluez was not provided")

    def backend(self) -> Backend:
        """The in-memory backend, as far as this daemon lives; it notes what is delivered to subscribers."""
        air = memory_backend([self.node])
        daemon, node = self, self.node
        client: Any = air.client
        scanner: Any = air.scanner

        class MortalClient(client):  # type: ignore[misc]  # a class made by a function
            async def connect(self, *args: object, **options: object) -> None:
                daemon.check()
                await super().connect(*args, **options)

            async def start_notify(self, *args: object, **options: object) -> None:
                daemon.check()
                await super().start_notify(*args, **options)

            async def stop_notify(self, *args: object) -> None:
                daemon.check()
                await super().stop_notify(*args)

            async def write_gatt_char(self, *args: object) -> None:
                daemon.check()
                await super().write_gatt_char(*args)

            def deliver(self, char: str, data: bytes) -> None:
                if char in self._callbacks and not daemon.dead:
                    node.note(char, data)
                    super().deliver(char, data)

            def lost(self) -> None:
                if not daemon.dead:
                    super().lost()

        class MortalScanner(scanner):  # type: ignore[misc]  # as above
            async def start(self) -> None:
                daemon.check()
                await super().start()

        return Backend(MortalClient, MortalScanner, air.adapter)


@dataclass
class Night:
    """What came of it."""

    edf: Path
    heard: list[Heard]
    faults_s: list[float]

    def expected(self) -> list[SampleBlock]:
        """The EDF's samples without what nobody could hear, at their true times."""
        recording = list(open_recording(self.edf, place=LEFT_CALF).blocks(60.0))
        first = {block.stream: block for block in reversed(recording)}
        blocks = [
            msgspec.structs.replace(
                first[heard.kind],
                first_index=heard.first_index,
                # The crystal is fast: the signal is played in less time than the EDF says.
                clock=Clock(0, START_NS, first[heard.kind].fs * (1 + PPM * 1e-6)),
                samples=heard.samples,
            )
            for heard in self.heard
        ]
        return in_time_order(joined(blocks))


def joined(blocks: list[SampleBlock]) -> list[SampleBlock]:
    """Blocks that follow each other as one, up to four seconds."""
    out: list[SampleBlock] = []
    for kind in STREAMS:
        run: list[SampleBlock] = []
        for block in [block for block in blocks if block.stream == kind]:
            if run and (block.first_index != run[-1].end_index or block.end_ns - run[0].t0_ns > 4 * NS):
                out.append(msgspec.structs.replace(run[0], samples=b"".join(part.samples for part in run)))
                run = []
            run.append(block)
        out.append(msgspec.structs.replace(run[0], samples=b"".join(part.samples for part in run)))
    return out


async def collect_night(
    directory: Path, hours: float, cramps: int, faults: Callable[[FaultyNode, Daemon], list[tuple[float, Any]]]
) -> Night:
    """Simulate a night, collect it while the faults happen at their seconds, and say what was on air."""
    night = simulate_night(NightSpec(seed=5, hours=hours, fs=250.0, profile="healthy", cramps=cramps))
    edf, _ = write_night(night, directory)
    node = FaultyNode(open_recording(edf, place=LEFT_CALF).blocks(60.0))
    daemon = Daemon(node)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    # Four times fewer commits than usual: they wait for the disk in real time.
    collector = Collector(
        msgspec.structs.replace(settings(directory), block_s=4.0), daemon.backend(), VirtualHost(START_NS).time()
    )
    running = asyncio.create_task(collector.run())
    plan = sorted(faults(node, daemon), key=lambda fault: fault[0])
    for at_s, happen in plan:
        await asyncio.sleep(began_s + at_s - loop.time())
        happen()
    await node.finished.wait()
    collector.stop()
    await running
    return Night(edf, node.heard, [at_s for at_s, _ in plan])
