"""What the whole detector takes for a night, in the blocks of `crampwatch score`."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.accuracy import markdown
from benchmarks.cost.looped_night import Watcher, simulate
from benchmarks.cost.plan import Plan
from benchmarks.cost.section import Section, Verdict
from benchmarks.cost.sosfilt_reference import Bars, Comparison, Tell, compare, cpu_s
from collector.contract.messages import SampleBlock
from collector.contract.recording import SCORING_BLOCK_S

AT_MOST = 2.0
"""The project's target for one channel at 1 kHz."""


class Case(NamedTuple):
    """A kind of recording. Of several channels a shorter stretch is measured: as many samples as of one."""

    channels: int
    fs: float

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.channels} channel{'s' * (self.channels > 1)} at {self.fs:g} Hz"


TARGET = Case(1, 1000.0)
CASES = (TARGET, Case(8, 1000.0), Case(1, 250.0), Case(1, 200.0))


class Measured(NamedTuple):
    """A case, how many hours of it were watched, and what that took."""

    case: Case
    hours: float
    comparison: Comparison


def measure(plan: Plan, bars: Bars) -> list[Measured]:
    """Every case."""
    return [_measure(case, plan, bars(f"a whole night, {case.title}")) for case in CASES]


def _measure(case: Case, plan: Plan, tell: Tell) -> Measured:
    hours = plan.hours / case.channels
    night = simulate(plan.simulated_hours, case.fs, case.channels)
    blocks = list(night.blocks(hours, SCORING_BLOCK_S))
    costs = {"detector": lambda: cpu_s(lambda: watch(blocks))}
    return Measured(case, hours, compare(costs, night.emg(hours), case.fs, plan.repetitions, tell)["detector"])


def watch(blocks: Sequence[SampleBlock]) -> None:
    """The whole detector over these blocks."""
    watcher = Watcher()
    for block in blocks:
        watcher.push(block)
    watcher.finish()


def section(measured: Sequence[Measured]) -> Section:
    """The table of cases."""
    rows = [_row(*one) for one in measured]
    header = ["recording", "length, h", "sosfilt, CPU s", "detector, CPU s", "times sosfilt", "times real time"]
    text = f"""From the converter's integers to events and frames, the accelerometer at 50 Hz included, in blocks of
{SCORING_BLOCK_S:g} s. CPU seconds are medians; "times sosfilt" is the median of the ratios (smallest to largest).
"Times real time" is how many hours of recording one core does in an hour. Ten frames a second are judged whatever the
rate, and the accelerometer's rate is the same: the slower the EMG, the larger is their part.

{markdown.table(header, rows)}"""
    return Section("A whole night", text, tuple(_verdict(one) for one in measured if one.case == TARGET))


def _row(case: Case, hours: float, comparison: Comparison) -> list[str]:
    detector_s = statistics.median(comparison.work_s)
    return [
        case.title,
        f"{hours:g}",
        f"{statistics.median(comparison.reference_s):.3f}",
        f"{detector_s:.3f}",
        comparison.text,
        f"{hours * 3600 / detector_s:,.0f}",
    ]


def _verdict(measured: Measured) -> Verdict:
    ratio = measured.comparison
    what = f"whole detector, {measured.case.title}, times sosfilt"
    return Verdict(what, f"at most {AT_MOST:g}", ratio.text, ratio.ratio <= AT_MOST)
