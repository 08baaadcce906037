"""The strips of the night's picture. Each draws into axes whose x is seconds from the start of the recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.candidates import sort_candidates
from detector.events import Event
from detector.night_record import NightRecord, Seconds
from detector.report import texts
from detector.report.bins import Extremes, extremes
from detector.report.local_clock import LocalClock

INK = "#1f2933"
SOFT = "#64748b"
BAND = "#9fb3c8"
GAP = "#f0f2f4"

LEAST_SPAN_C = 4.0
"""A steady temperature should look steady: the axis spans at least this much."""
LEAST_MOTION_MG = 50.0
"""A leg at rest should look at rest: the detector speaks of motion from 30 mg on."""
LEAST_SPAN = 30.0
"""Largest over smallest value of the logarithmic axis, at least: noise alone spans a factor of two."""
FLOOR_UV = 0.1
"""Where the logarithmic axis ends at the latest, well below the noise of any electrode."""
TIME_PX = 64
"""Room for a mark and the time beside it."""


@dataclass(frozen=True)
class Layout:
    """How wide the picture is drawn, and what fits in that width."""

    name: str
    width_px: int
    points: int
    ticks: int


class Panel(NamedTuple):
    """One strip: its title, its height, and what draws it."""

    title: str
    height_px: int
    draw: Callable[[Axes, NightRecord, Layout], None]


def night_s(record: NightRecord, t_ns: int) -> float:
    """A moment as seconds from the start of the recording."""
    return (t_ns - record.start_ns) / NS


def timeline(axes: Axes, record: NightRecord, layout: Layout) -> None:
    """Rows of marks: cramps, candidates, movements, and what was not watched."""
    near_misses, movements, _ = sort_candidates(record.candidates)
    rows = (texts.ROW_CRAMPS, texts.ROW_CANDIDATES, texts.ROW_MOVEMENTS, texts.ROW_UNWATCHED)
    _name_rows(axes, rows)
    for event in record.events:
        left, width = _stretch(record, event)
        axes.broken_barh([(left, width)], (-0.36, 0.72), color=INK, linewidth=1.5)
    axes.plot(_onsets_s(record, record.events), [0.0] * len(record.events), "v", color=INK, markersize=8)
    _write_times(axes, record, layout)
    axes.plot(_onsets_s(record, near_misses), [1.0] * len(near_misses), "D", mfc="white", mec=INK, markersize=6)
    axes.vlines(_onsets_s(record, movements), 1.66, 2.34, color=SOFT, linewidth=0.8)
    for gap in record.unwatched:
        bar = (night_s(record, gap.start_ns), gap.seconds)
        axes.broken_barh([bar], (2.66, 0.68), facecolor=GAP, edgecolor=SOFT, hatch="////", linewidth=0.8)


def envelope(seconds: Seconds, axes: Axes, record: NightRecord, layout: Layout) -> None:
    """The muscle signal of one channel between its extremes, with resting level and threshold."""
    t_s = (seconds.t_ns - record.start_ns) / NS
    low, high = np.fmax(seconds.envelope_min_uv, FLOOR_UV), np.fmax(seconds.envelope_max_uv, FLOOR_UV)
    band = extremes(t_s, low, high, record.recorded_s, layout.points)
    _hatch_unwatched(axes, record)
    axes.fill_between(band.middle_s, band.low, band.high, color=BAND, linewidth=0.6)
    for level_uv, style in ((seconds.rest_uv, "-"), (seconds.threshold_uv, (0, (4, 2)))):
        middle = extremes(t_s, level_uv, level_uv, record.recorded_s, layout.points // 4)
        axes.plot(middle.middle_s, middle.high, color=INK, linewidth=1.2, linestyle=style)
    axes.set_yscale("log")
    axes.set_ylim(_envelope_limits_uv(band, seconds.threshold_uv))
    axes.yaxis.set_major_locator(FixedLocator([0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_locator(NullLocator())
    _mark_onsets(axes, record)


def _envelope_limits_uv(band: Extremes, threshold_uv: NDArray[np.float64]) -> tuple[float, float]:
    """Room for everything, and for enough that a resting muscle does not fill the picture."""
    bottom = 0.8 * float(np.fmin.reduce(band.low, initial=np.inf))
    top = 1.3 * float(np.fmax.reduce(np.append(band.high, threshold_uv), initial=0.0))
    return (bottom, max(top, LEAST_SPAN * bottom)) if np.isfinite(bottom) else (1.0, LEAST_SPAN)


def motion(axes: Axes, record: NightRecord, layout: Layout) -> None:
    """The largest dynamic acceleration, from zero."""
    seconds = record.seconds[0]  # every channel's rows carry the one accelerometer's motion
    t_s = (seconds.t_ns - record.start_ns) / NS
    band = extremes(t_s, seconds.motion_mg, seconds.motion_mg, record.recorded_s, layout.points)
    _hatch_unwatched(axes, record)
    axes.fill_between(band.middle_s, 0, band.high, color=SOFT, linewidth=0.6)
    axes.set_ylim(0, motion_limit_mg(seconds.motion_mg))
    axes.locator_params(axis="y", nbins=3)


def temperature(axes: Axes, record: NightRecord, layout: Layout) -> None:
    """The skin temperature, as sent."""
    t_s = (record.temperature_t_ns - record.start_ns) / NS
    row_s = float(np.median(np.diff(t_s))) if len(t_s) > 1 else 1.0
    band = extremes(t_s, record.temperature_c, record.temperature_c, record.recorded_s, layout.points // 2, row_s)
    middle_c = (band.low + band.high) / 2
    axes.plot(band.middle_s, middle_c, color=INK, linewidth=1.2)
    low, high = float(np.nanmin(middle_c)), float(np.nanmax(middle_c))
    spare = max(0.5, (LEAST_SPAN_C - (high - low)) / 2)
    axes.set_ylim(low - spare, high + spare)
    axes.locator_params(axis="y", nbins=4)


def motion_limit_mg(motion_mg: NDArray[np.float64]) -> float:
    """The upper end of a motion axis; NaN is no motion."""
    return max(LEAST_MOTION_MG, 1.05 * float(np.nanmax(motion_mg, initial=0.0)))


def posture_rows(record: NightRecord) -> list[str]:
    """The postures of the night in the order in which they were first taken, without the unknown ones."""
    return list(dict.fromkeys(p.label for p in record.postures if p.label != "unknown"))


def posture(axes: Axes, record: NightRecord, _layout: Layout) -> None:
    """One row for each posture that was taken."""
    rows = posture_rows(record)
    _name_rows(axes, rows)
    for interval in record.postures:
        if interval.label in rows:
            _bar(axes, record, interval, rows.index(interval.label))


def _bar(axes: Axes, record: NightRecord, interval: Interval, row: int) -> None:
    bar = (night_s(record, interval.start_ns), interval.seconds)
    axes.broken_barh([bar], (row - 0.28, 0.56), facecolor=BAND, edgecolor=SOFT, linewidth=0.8)


def _name_rows(axes: Axes, rows: Sequence[str]) -> None:
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _onsets_s(record: NightRecord, events: list[Event]) -> list[float]:
    return [night_s(record, event.onset_ns) for event in events]


def _stretch(record: NightRecord, event: Event) -> tuple[float, float]:
    end_ns = record.end_ns if event.end_ns is None else event.end_ns
    return night_s(record, event.onset_ns), (end_ns - event.onset_ns) / NS


def _write_times(axes: Axes, record: NightRecord, layout: Layout) -> None:
    """The time beside each cramp that has room for it; the table has them all."""
    clock = LocalClock(ZoneInfo(record.timezone), record.start_ns, record.end_ns)
    room_s = TIME_PX / layout.width_px * record.recorded_s
    onsets_s = _onsets_s(record, record.events)
    for event, at_s in zip(record.events, onsets_s, strict=True):
        if sum(abs(at_s - other_s) < room_s for other_s in onsets_s) > 1:
            continue
        beyond, side = (8, "left") if at_s + room_s < record.recorded_s else (-8, "right")
        text = f"{clock.local(event.onset_ns):%H:%M}"
        axes.annotate(text, (at_s, 0), (beyond, 0), textcoords="offset points", va="center", ha=side)


def _mark_onsets(axes: Axes, record: NightRecord) -> None:
    """A triangle below the upper edge at each cramp."""
    at_s = _onsets_s(record, record.events)
    axes.plot(at_s, [0.95] * len(at_s), "v", transform=axes.get_xaxis_transform(), color=INK, markersize=7)


def _hatch_unwatched(axes: Axes, record: NightRecord) -> None:
    for gap in record.unwatched:
        start_s = night_s(record, gap.start_ns)
        axes.axvspan(start_s, start_s + gap.seconds, facecolor=GAP, edgecolor="#94a3b3", hatch="////", linewidth=0)
