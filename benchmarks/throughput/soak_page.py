"""Writes docs/reference/soak.md and its plot."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.accuracy import markdown
from benchmarks.accuracy.page import VERDICTS
from benchmarks.accuracy.plots import SALT
from benchmarks.throughput.soak_collector import AHEAD_S
from benchmarks.throughput.soak_day import Day, Sample
from benchmarks.throughput.trend import Trend, trend

SETTLED_H = 1.0
"""Buffers and caches fill in the first hour; what grows after that grows for ever."""
DAY_H = 24.0
FLAT_MB = 10.0
"""Over a day. The samples of 20 wearers alone are 1.3 GB, so whatever is kept by mistake and is as long as the night
exceeds this; a heap's wandering does not."""
PROCESSES: Mapping[str, str] = {
    "collector": "collectors, all in one process",
    "mosquitto": "mosquitto",
    "detector": "`crampwatch detect`",
    "outbox": "`crampwatch outbox run`",
    "influxd": "influxd",
}
"""In the order in which a sample passes them."""


def page(machine: str, day: Day, plot: Path, note: str = "") -> str:
    """The page, with a note above it if there is one."""
    return "\n\n".join(filter(None, [note, _introduction(machine, day), _table(day), f"![Memory]({plot.name})", NOTES]))


def _introduction(machine: str, day: Day) -> str:
    plan = day.plan
    times_real_time = plan.wearers * plan.hours * 3600 / day.seconds
    return f"""# Soak

<!-- Made by `make soak`; do not edit. -->

Whether memory stays flat: {plan.hours:g} simulated hours of {plan.wearers} wearers went the whole way. Virtual
wearables played {plan.nights} simulated nights at {plan.fs:g} Hz to their collectors, these wrote journals and
published to mosquitto, `crampwatch detect` judged and filed, and `crampwatch outbox run` passed everything on to a real
influxd behind nginx. Blocks were {plan.block_s:g} s long, commits came every {plan.commit_s:g} s of each night. It took
{day.seconds / 60:.0f} minutes, {times_real_time:,.0f} times real time for all wearers together. No process ended, every
session was filed to its end, {day.alerts:,} alerts were heard, and nothing was left in the outbox.

Measured on: {machine}"""


def _table(day: Day) -> str:
    rows = [_row(name, title, day.samples) for name, title in PROCESSES.items()]
    header = [
        "process",
        "CPU, share of a core",
        "after 1 h, MB",
        "at the end, MB",
        "MB per simulated hour",
        f"in {DAY_H:g} h, MB",
        f"at most {FLAT_MB:g} MB",
    ]
    return f"""The slope is by least squares over everything after the first hour, with its 95 % interval as if the
residuals were independent. influxd was told to gather 1 MB before it writes, not 25, which takes hours. Memory is what
each process has for itself, without the pages it shares with others, read {len(day.samples)} times.

{markdown.table(header, rows)}"""


NOTES = f"""A process is flat when its slope makes no more than {FLAT_MB:g} MB of a day.

The collectors are those of `crampwatch collect`, but started by the benchmark: their wearables share the recordings
they play, which are in the memory of that process, and wait for a detector that has not acknowledged the last
{AHEAD_S / 60:g} minutes of the night.
"""


def _row(name: str, title: str, samples: Sequence[Sample]) -> list[str]:
    settled = _settled(samples)
    slope = slope_mb_per_h(name, samples)
    return [
        title,
        f"{_share(name, samples):.0%}",
        *(f"{sample.costs[name].memory_mb:.1f}" for sample in (settled[0], settled[-1])),
        slope.text,
        f"{slope.slope * DAY_H:+.1f}",
        VERDICTS[is_flat(slope)],
    ]


def slope_mb_per_h(name: str, samples: Sequence[Sample]) -> Trend:
    """A process's memory against the night's time, once it has settled."""
    settled = _settled(samples)
    return trend([sample.hours for sample in settled], [sample.costs[name].memory_mb for sample in settled])


def is_flat(slope: Trend) -> bool:
    """Whether a day of this makes no difference."""
    return slope.slope * DAY_H <= FLAT_MB


def _settled(samples: Sequence[Sample]) -> list[Sample]:
    """Once everything has settled."""
    return [sample for sample in samples if sample.hours >= SETTLED_H]


def _share(name: str, samples: Sequence[Sample]) -> float:
    first, last = samples[0], samples[-1]
    return (last.costs[name].cpu_s - first.costs[name].cpu_s) / (last.at_s - first.at_s)


def plot_memory(samples: Sequence[Sample], path: Path) -> None:
    """Each process's memory above what it was after the first hour."""
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    axes = figure.subplots()
    after_an_hour = next(sample for sample in samples if sample.hours >= SETTLED_H)
    for name in PROCESSES:
        base_mb = after_an_hour.costs[name].memory_mb
        above_mb = [sample.costs[name].memory_mb - base_mb for sample in samples]
        axes.plot([sample.hours for sample in samples], above_mb, label=name, linewidth=1.2)
    axes.axvline(SETTLED_H, color="#6b6b6b", linewidth=0.8, linestyle="--")
    axes.set(xlabel="simulated hours", ylabel="memory above that after 1 h, MB", xlim=(0, samples[-1].hours))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=len(PROCESSES), fontsize=8, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": SALT, "svg.fonttype": "path"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
