"""The page's plots, as SVG that is the same to the byte for the same numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.accuracy.figures import Errors
from detector.confidence import Estimate

SALT = "crampwatch accuracy"
"""In place of a random part of the ids. Glyphs are paths, so that no installed font matters where a plot is seen."""
COLOURS = ("#0b6e99", "#d1662a", "#7a5195")
GREY = "#6b6b6b"
SIZE_IN = (7.5, 3.4)


def plot_latency(errors: Mapping[str, Errors], targets_s: Sequence[float], path: Path) -> None:
    """How many of the cramps found had been alerted within how many seconds of their true onset."""
    figure, axes = _figure()
    _cumulative(axes, {name: found.latency for name, found in errors.items()})
    _legend(figure, axes)
    for target_s in targets_s:
        _mark(axes, target_s)
    axes.set(xlim=(8, 30), xlabel="true onset to alert, s", ylabel="share of cramps found")
    _save(figure, path)


def plot_errors(errors: Mapping[str, Errors], path: Path) -> None:
    """Onset and duration errors with their sign."""
    figure = Figure(figsize=SIZE_IN, layout="constrained")
    onset, duration = figure.subplots(1, 2, sharey=True)
    _cumulative(onset, {name: found.onset for name, found in errors.items()})
    _cumulative(duration, {name: found.duration for name, found in errors.items()})
    onset.set(xlim=(-2, 4), xlabel="onset error, s (late is +)", ylabel="share of cramps found")
    duration.set(xlim=(-6, 6), xlabel="duration error, s (too long is +)")
    for axes in (onset, duration):
        _mark(axes, 0)
    _legend(figure, onset)
    _save(figure, path)


def plot_strength(curve: Mapping[float, Estimate], threshold: float, path: Path) -> None:
    """Sensitivity against cramp RMS over resting RMS."""
    figure, axes = _figure()
    ratios = list(curve)
    found = np.array([100 * (estimate.value or 0.0) for estimate in curve.values()])
    low = found - [100 * estimate.low for estimate in curve.values()]
    high = [100 * estimate.high for estimate in curve.values()] - found
    # Rounding may put an interval's end a hair inside the value.
    axes.errorbar(ratios, found, np.maximum([low, high], 0), marker="o", color=COLOURS[0], capsize=3)
    _mark(axes, threshold)
    axes.set(xscale="log", ylim=(0, 102), xlabel="cramp RMS over resting RMS", ylabel="cramps found, %")
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.set_xticks([], minor=True)
    _save(figure, path)


def plot_ablation(variants: Mapping[str, tuple[Estimate, Estimate]], path: Path) -> None:
    """Sensitivity and false alarms a night, a line for each variant of the rule, the first on top."""
    figure = Figure(figsize=(SIZE_IN[0], 1 + 0.32 * len(variants)), layout="constrained")
    found, false_alarms = figure.subplots(1, 2, sharey=True)
    for line, (sensitivity, rate) in enumerate(variants.values()):
        colour = COLOURS[min(line, 1)]
        _interval(found, line, sensitivity, 100, colour)
        _interval(false_alarms, line, rate, 1, colour)
    found.set_yticks(range(len(variants)), list(variants))
    found.invert_yaxis()
    found.set(xlabel="cramps found, %", xlim=(None, 101))
    false_alarms.set(xlabel="false alarms per 8 h watched", xlim=(0, None))
    for axes in (found, false_alarms):
        axes.grid(alpha=0.3)
    _save(figure, path)


def _interval(axes: Axes, line: int, estimate: Estimate, factor: float, colour: str) -> None:
    if estimate.value is not None:
        axes.plot([factor * estimate.low, factor * estimate.high], [line, line], color=colour)
        axes.plot(factor * estimate.value, line, "o", color=colour)


def _figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE_IN, layout="constrained")
    return figure, figure.subplots()


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)


def _mark(axes: Axes, x: float) -> None:
    axes.axvline(x, color=GREY, linewidth=0.8, linestyle="--")


def _cumulative(axes: Axes, values: Mapping[str, Sequence[float]]) -> None:
    for colour, (name, sample) in zip(COLOURS, values.items(), strict=False):
        if sample:
            axes.ecdf(sample, label=f"{name} (n = {len(sample)})", color=colour)
    axes.grid(alpha=0.3)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": SALT, "svg.fonttype": "path"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
