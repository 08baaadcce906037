"""What the collector takes: a simulated wearable of 8 channels in, the journal and a real broker out."""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy import markdown
from benchmarks.cost import collecting
from benchmarks.cost.looped_night import LoopedNight, simulate
from benchmarks.cost.plan import Plan
from benchmarks.cost.resident import Resident, in_fresh_process, told
from benchmarks.cost.section import Section, Verdict
from benchmarks.cost.sosfilt_reference import Bars
from collector.contract.broker import BrokerSettings
from collector.contract.messages import Channel, StreamKind
from collector.simulator.firmware.firmware import Signals
from collector.simulator.muscle import EMG_UV_PER_LSB
from collector.simulator.night import ACC_MG_PER_LSB
from collector.simulator.playback import Signal
from tests.support.brokers import MISSING, MOSQUITTO, Mosquitto

CHANNELS, FS = 8, 200.0
TITLE = f"{CHANNELS} channels at {FS:g} Hz with the accelerometer"
AT_MOST = 0.03
"""Of a core at real time: a board that is ten times slower than this machine then spends a third of a core."""
GROWTH_MB = 5.0
"""From the shortest to the longest. 7 h more of the samples are 82 MB, of the packets 400,000 objects."""


class Measured(NamedTuple):
    """Shares of a core, window by window: collector and wearable together, and the wearable alone; memory by hours."""

    together: Sequence[float]
    wearable: Sequence[float]
    memory: Mapping[float, Resident]

    @property
    def share(self) -> float:
        """What the collector takes by itself."""
        return statistics.median(self.together) - statistics.median(self.wearable)


def measure(plan: Plan, bars: Bars) -> Measured | None:
    """Everything; None where there is no mosquitto, or the system does not tell a process's memory."""
    if MOSQUITTO is None or not told():
        return None
    tell, steps = bars("the collector"), 2 + len(plan.collector_hours)
    night = simulate(plan.simulated_hours, FS, CHANNELS)
    live = signals(night, (plan.collector_s * plan.collector_windows + 60) / 3600)
    with tempfile.TemporaryDirectory() as folder:
        mosquitto = Mosquitto(Path(folder))
        mosquitto.start()
        broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
        try:
            windows = (plan.collector_s, plan.collector_windows)
            together = in_fresh_process(collecting.shares_collecting, live, broker, *windows)
            tell(1, steps)
            alone = in_fresh_process(collecting.shares_of_the_wearable, live, *windows)
            tell(2, steps)
            memory = {}
            for done, hours in enumerate(plan.collector_hours, start=3):
                memory[hours] = in_fresh_process(collecting.memory_collecting, signals(night, hours), broker)
                tell(done, steps)
        finally:
            mosquitto.stop()
    return Measured(together, alone, memory)


def signals(night: LoopedNight, hours: float) -> Signals:
    """The first `hours` of a looped night, to be played; the stretch that is looped is in memory once."""
    return {
        "emg": _signal(night, "emg", hours, tuple(Channel(f"emg {k}", "uV", EMG_UV_PER_LSB) for k in range(CHANNELS))),
        "acc": _signal(night, "acc", hours, tuple(Channel(f"acc {axis}", "mg", ACC_MG_PER_LSB) for axis in "xyz")),
    }


def _signal(night: LoopedNight, stream: StreamKind, hours: float, channels: tuple[Channel, ...]) -> Signal:
    digital, count = night.digital[stream], round(hours * 3600 * night.fs[stream])
    whole, rest = divmod(count, len(digital))
    # The very same array each time: on the way to another process every view of it would become a copy.
    runs = [(k * len(digital), digital) for k in range(whole)]
    runs += [(whole * len(digital), digital[:rest])] if rest else []
    return Signal(night.fs[stream], channels, tuple(runs))


def section(measured: Measured | None) -> Section:
    """Processor time and memory."""
    if measured is None:
        why = f"Not measured: {MISSING}." if MOSQUITTO is None else "Not measured: this system tells no memory."
        verdicts = (Verdict(*_share_target(), markdown.NONE, None), Verdict(*_memory_target(), markdown.NONE, None))
        return Section("The collector", why, verdicts)
    shares = [
        ["collector, wearable and bleak together", *_windows(measured.together)],
        ["the simulated wearable and bleak alone", *_windows(measured.wearable)],
        ["**the collector**: the difference of the medians", f"{measured.share:.2%}", "", ""],
    ]
    memory = [
        [f"{hours:g} h", f"{resident.peak_mb:.0f}", f"{resident.end_mb:.0f}"]
        for hours, resident in measured.memory.items()
    ]
    text = f"""{TITLE}, as a cramp-node sends it: 14 packets of EMG and 2 of the
accelerometer a second. They are played at real time over bleak's own client without a radio, journalled, and published
block by block to mosquitto on the same machine, whose time is not counted. Sample times are fitted to the arrivals. The
simulated wearable has to live in the same process, so it was measured by itself as well. What the system's Bluetooth
takes is in neither.

{markdown.table(["at real time", "share of a core", "smallest window", "largest"], shares)}

Memory of the whole process, wearable included, after so many hours were collected and published as fast as they went.
The stretch that the wearable plays over and over is in all of them.

{markdown.table(["collected", "peak, MB", "at the end, MB"], memory)}"""
    return Section("The collector", text, (_share_verdict(measured.share), _memory_verdict(measured.memory)))


def _windows(shares: Sequence[float]) -> list[str]:
    return [f"{share:.2%}" for share in (statistics.median(shares), min(shares), max(shares))]


def _share_verdict(share: float) -> Verdict:
    return Verdict(*_share_target(), f"{share:.2%}", share <= AT_MOST)


def _share_target() -> tuple[str, str]:
    return f"collector, {TITLE}, share of a core", f"at most {AT_MOST:.0%}"


def _memory_verdict(memory: Mapping[float, Resident]) -> Verdict:
    shortest, longest = memory[min(memory)], memory[max(memory)]
    growth_mb = max(long_mb - short_mb for long_mb, short_mb in zip(longest, shortest, strict=True))
    return Verdict(*_memory_target(), f"{growth_mb:+.1f} MB", growth_mb <= GROWTH_MB)


def _memory_target() -> tuple[str, str]:
    return "the collector's memory is flat over the night", f"at most {GROWTH_MB:g} MB"
