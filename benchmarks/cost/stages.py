"""Where the detector's time goes, module by module.

A sampling profiler: at every tick of the CPU timer the innermost function of this project is noted. Unlike a tracing
profiler it leaves the cheap, often called functions of the rule their true share.
"""

import importlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from benchmarks.accuracy import markdown
from benchmarks.cost.looped_night import simulate
from benchmarks.cost.plan import Plan
from benchmarks.cost.section import Section
from benchmarks.cost.sosfilt_reference import Bars
from benchmarks.cost.whole_nights import TARGET, watch
from collector.contract.recording import SCORING_BLOCK_S

PROJECT = ("collector.", "detector.")
SIGNAL = "detector.dsp"
"""The package of the streaming signal blocks."""
TICK_S = 0.001
"""Asked for; kernels give ticks of 1 to 10 ms."""
LEAST_SHARE = 0.03
"""Smaller parts are left out of the table: each is little, and their order changes from run to run."""


class Place(NamedTuple):
    """A function of the project."""

    module: str
    function: str


Ticks = Counter[Place]


def measure(plan: Plan, bars: Bars) -> Ticks:
    """How often each function was at work, numpy's and scipy's work for it included."""
    tell = bars("what dominates")
    night = simulate(plan.simulated_hours, TARGET.fs)
    blocks = list(night.blocks(plan.hours, SCORING_BLOCK_S))
    ticks: Ticks = Counter()
    for done in range(1, plan.profile_passes + 1):
        ticks += profile(lambda: watch(blocks))
        tell(done, plan.profile_passes)
    return ticks


def profile(work: Callable[[], object]) -> Ticks:
    """Where in the project the CPU time of `work` goes."""
    ticks: Ticks = Counter()

    def note(_number: int, frame: FrameType | None) -> None:
        if (place := _innermost(frame)) is not None:
            ticks[place] += 1

    with _cpu_timer(note):
        work()
    return ticks


@contextmanager
def _cpu_timer(note: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _innermost(frame: FrameType | None) -> Place | None:
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(PROJECT):
            return Place(module, frame.f_code.co_qualname)
        frame = frame.f_back
    return None


def section(ticks: Ticks) -> Section:
    """The modules by their share."""
    modules: Counter[str] = Counter()
    for place, count in ticks.items():
        modules[place.module] += count
    total = modules.total()
    rows = [
        [f"`{module}`: {_purpose(module)}", f"{count / total:.0%}", _dearest(module, ticks)]
        for module, count in modules.most_common()
        if count / total >= LEAST_SHARE
    ]
    first, share = modules.most_common(1)[0]
    text = f"""`{first}` takes most: {share / total:.0%} of the detector's time for {TARGET.title}. What numpy
and scipy do for a module counts as its own. From {total} ticks of a sampling profiler; shares below
{LEAST_SHARE:.0%} are not shown.

The signal blocks (`{SIGNAL}`) together take {_share(SIGNAL, ticks):.0%}; the rest goes into frames, the rule and
putting things together.

{markdown.table(["module", "share", "above all"], rows)}"""
    return Section("What dominates", text)


def _share(package: str, ticks: Ticks) -> float:
    return sum(count for place, count in ticks.items() if place.module.startswith(package)) / ticks.total()


def _purpose(module: str) -> str:
    """The first sentence of the module itself, so that the table follows the code."""
    return (importlib.import_module(module).__doc__ or "").partition("\n")[0].rstrip(".")


def _dearest(module: str, ticks: Ticks) -> str:
    total = ticks.total()
    dear = [(place.function, count / total) for place, count in ticks.most_common() if place.module == module]
    return ", ".join(f"`{function}` {share:.0%}" for function, share in dear if share >= LEAST_SHARE)
