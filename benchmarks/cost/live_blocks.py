"""What the detector takes live, where blocks are short and the cost of a call shows."""

import statistics
from collections.abc import Mapping

import numpy as np
from scipy.signal import sosfilt

from benchmarks.accuracy import markdown
from benchmarks.cost.looped_night import LoopedNight, Watcher, simulate
from benchmarks.cost.plan import Plan
from benchmarks.cost.section import Section
from benchmarks.cost.sosfilt_reference import Bars, Comparison, Float, band_pass, cpu_s
from benchmarks.cost.whole_nights import TARGET

BLOCKS_S = (0.25, 0.5, 1.0)

Measured = Mapping[float, Comparison]
"""CPU seconds a block, by the block's length in seconds."""


def measure(plan: Plan, bars: Bars) -> Measured:
    """Every length of block: the detector, and sosfilt called with the same blocks."""
    tell = bars("live")
    night = simulate(plan.simulated_hours, TARGET.fs)
    emg = night.emg(plan.live_hours)[0]
    pairs: dict[float, list[tuple[float, float]]] = {block_s: [] for block_s in BLOCKS_S}
    for done in range(1, plan.repetitions + 1):
        for block_s, measured in pairs.items():
            count = plan.live_hours * 3600 / block_s
            watched_s = _watch(night, plan.live_hours, block_s)
            filtered_s = _filter(emg, round(block_s * TARGET.fs))
            measured.append((watched_s / count, filtered_s / count))
        tell(done, plan.repetitions)
    return {block_s: Comparison(*zip(*measured, strict=True)) for block_s, measured in pairs.items()}


def _watch(night: LoopedNight, hours: float, block_s: float) -> float:
    blocks = list(night.blocks(hours, block_s))
    watcher = Watcher()

    def push_all() -> None:
        for block in blocks:
            watcher.push(block)

    return cpu_s(push_all)


def _filter(emg: Float, size: int) -> float:
    sos = band_pass(TARGET.fs)

    def filter_all() -> None:
        ring = np.zeros((len(sos), 2))
        for start in range(0, len(emg), size):
            _, ring = sosfilt(sos, emg[start : start + size], zi=ring)

    return cpu_s(filter_all)


def section(measured: Measured) -> Section:
    """The table of block lengths."""
    rows = [
        [
            f"{block_s:g} s",
            _microseconds(comparison.reference_s),
            _microseconds(comparison.work_s),
            comparison.text,
            f"{statistics.median(comparison.work_s) / block_s:.3%}",
        ]
        for block_s, comparison in measured.items()
    ]
    header = ["block", "sosfilt, CPU µs", "detector, CPU µs", "times sosfilt", "share of a core"]
    text = f"""As samples arrive from the wearable: a block of EMG ({TARGET.title}) and one of the accelerometer
(50 Hz), both pushed and frames taken, beside sosfilt called with the same block of EMG. The detector alone: without the
broker, decoding and the night store.

{markdown.table(header, rows)}"""
    return Section("Live", text)


def _microseconds(seconds: tuple[float, ...]) -> str:
    return f"{1e6 * statistics.median(seconds):.0f}"
