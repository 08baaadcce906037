"""The picture of an explanation: marks, samples, envelope and motion over one clock."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from collector.contract.messages import NS
from detector.explain import texts
from detector.explain.explanation import Explanation
from detector.explain.moment import tenths
from detector.explain.verdict import decided_after_s, headline
from detector.report.bins import Values, broken_at_gaps, extremes
from detector.report.event_plot import DURING
from detector.report.night_plot import NARROW, WIDE
from detector.report.panels import BAND, GAP, INK, SOFT, Layout
from detector.report.svg import FONT_PX, drawing_style, inline_svg, new_figure

LABELS_PX, RIGHT_PX = 88, 30
TITLE_PX, GAP_PX, CLOCK_PX, ROW_PX = 18, 10, 24, 18
EMG_PX, ENVELOPE_PX, MOTION_PX = 110, 170, 90
TIME_PX = 170
"""Room for a mark and the time beside it, in the width of the whole picture."""
GRID, HATCH = "#e3e7eb", "#94a3b3"

TICK_STEPS_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300)
"""Steps people read off a clock without counting; the longest picture is some twenty minutes long."""
LEAST_SPAN = 30.0
"""Largest over smallest value of a logarithmic axis, at least: noise alone spans a factor of two."""
FLOOR_UV, FLOOR_MG = 0.1, 1.0
"""Where the logarithmic axes end at the latest, below the noise of any electrode and of any accelerometer."""
DECADES = [m * 10.0**k for k in range(-1, 5) for m in (1, 3)]

DASHED, DOTTED = (0, (4, 2)), (0, (1, 1.5))


class Mark(NamedTuple):
    """A moment with a row of its own; `symbol` is matplotlib's."""

    row: str
    t_ns: int
    symbol: str


class Strip(NamedTuple):
    """One panel: its title, its height, and what draws it."""

    title: str
    height_px: int
    draw: Callable[[Axes, Explanation, Layout], None]


def svgs(explanation: Explanation) -> list[Markup]:
    """The picture for a page: wide for a desk and narrow for a phone."""
    description = texts.DESCRIPTION.format(headline=headline(explanation))
    with drawing_style():
        return [
            inline_svg(draw(explanation, layout), f"moment-{layout.name}", description, layout.name)
            for layout in (WIDE, NARROW)
        ]


def caption(explanation: Explanation) -> str:
    """What the lines in the picture are."""
    low_hz, high_hz = explanation.band_hz
    text = texts.CAPTION.format(low=low_hz, high=high_hz)
    if not explanation.has_motion:
        return text + texts.CAPTION_NO_MOTION
    return text + (texts.CAPTION_MOTION if _own_motion_mg(explanation) else texts.CAPTION_STILL)


def marks(explanation: Explanation) -> list[Mark]:
    """The moments to point out, in the order of their rows: the one asked about, then what became of it."""
    asked, event, decision = Mark(texts.ROW_ASKED, explanation.t_ns, "|"), explanation.event, explanation.decision
    if event is None or decision is None:
        return [asked]
    decided_ns = event.onset_ns + round(decided_after_s(event, decision) * NS)
    fate, symbol = (texts.ROW_CONFIRMED, "v") if event.was_alert else (texts.ROW_REJECTED, "X")
    told = [
        Mark(texts.ROW_ONSET, event.onset_ns, ">"),
        Mark(texts.ROW_SUSPECTED, event.suspected_ns, "D"),
        Mark(fate, decided_ns, symbol),
        Mark(texts.ROW_END, event.onset_ns if event.end_ns is None else event.end_ns, "<"),
    ]
    return [asked, *sorted(told, key=lambda mark: mark.t_ns)]


def _strips(explanation: Explanation) -> Iterator[Strip]:
    yield Strip("", ROW_PX * len(_rows(explanation)), _draw_rows)
    if explanation.samples is not None:
        title = texts.PANEL_EMG.format(channel=explanation.channel, unit=explanation.samples.unit)
        yield Strip(title, EMG_PX, _draw_emg)
    unit = explanation.samples.unit if explanation.samples else "µV"
    yield Strip(texts.PANEL_ENVELOPE.format(unit=unit), ENVELOPE_PX, _draw_envelope)
    if explanation.has_motion:
        yield Strip(texts.PANEL_MOTION, MOTION_PX, _draw_motion)


def draw(explanation: Explanation, layout: Layout, above_px: float = 0, below_px: float = 0) -> Figure:
    """The panels one below the other, with room above and below for what is written there."""
    strips = list(_strips(explanation))
    heights_px = [strip.height_px + GAP_PX + (TITLE_PX if strip.title else 0) for strip in strips]
    height_px = above_px + sum(heights_px) + CLOCK_PX + below_px
    figure = new_figure(layout.width_px, height_px)
    plot_px = layout.width_px - LABELS_PX - RIGHT_PX
    top_px = height_px - above_px
    for strip, taken_px in zip(strips, heights_px, strict=True):
        top_px -= taken_px
        box = (LABELS_PX / layout.width_px, top_px / height_px, plot_px / layout.width_px, strip.height_px / height_px)
        axes = figure.add_axes(box)
        axes.set_title(strip.title, loc="left", fontsize=FONT_PX, pad=5, x=-LABELS_PX / plot_px)
        _put_clock_under(axes, explanation, layout, labelled=strip is strips[-1])
        _shade(axes, explanation)
        strip.draw(axes, explanation, layout)
        if strip.draw is not _draw_rows:
            for mark in marks(explanation):
                axes.axvline(explanation.seconds(mark.t_ns), color=SOFT, linewidth=0.8, linestyle=DOTTED)
    return figure


def _put_clock_under(axes: Axes, explanation: Explanation, layout: Layout, *, labelled: bool) -> None:
    ticks_ns = _ticks_ns(explanation, layout)
    axes.set_xlim(0, explanation.seconds(explanation.end_ns))
    labels = [f"{explanation.clock.local(t_ns):%H:%M:%S}" for t_ns in ticks_ns] if labelled else None
    axes.set_xticks([explanation.seconds(t_ns) for t_ns in ticks_ns], labels)
    axes.tick_params(axis="x", labelbottom=labelled, length=4 if labelled else 0)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _ticks_ns(explanation: Explanation, layout: Layout) -> range:
    """Round seconds: the finest step that leaves room for labels of eight characters."""
    most = layout.ticks * 5 // 8
    span_ns = explanation.end_ns - explanation.start_ns
    step_ns = next((s * NS for s in TICK_STEPS_S if span_ns <= most * s * NS), TICK_STEPS_S[-1] * NS)
    return range(-(-explanation.start_ns // step_ns) * step_ns, explanation.end_ns + 1, step_ns)


def _shade(axes: Axes, explanation: Explanation) -> None:
    """The contraction and what was not judged."""
    event = explanation.event
    if event and event.end_ns is not None:
        axes.axvspan(explanation.seconds(event.onset_ns), explanation.seconds(event.end_ns), color=DURING, linewidth=0)
    for gap in explanation.unwatched:
        start_s, end_s = explanation.seconds(gap.start_ns), explanation.seconds(gap.end_ns)
        axes.axvspan(start_s, end_s, facecolor=GAP, edgecolor=HATCH, hatch="////", linewidth=0)


def _rows(explanation: Explanation) -> list[str]:
    rows = [mark.row for mark in marks(explanation)]
    if explanation.others:
        rows.append(texts.ROW_OTHERS)
    return rows + [texts.ROW_CAUSES[cause] for cause in _causes(explanation)]


def _causes(explanation: Explanation) -> list[str]:
    return [cause for cause in texts.ROW_CAUSES if any(gap.label == cause for gap in explanation.unwatched)]


def _draw_rows(axes: Axes, explanation: Explanation, layout: Layout) -> None:
    """The time of each mark, then the other contractions, then each cause for which nothing was judged."""
    rows = _rows(explanation)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row, mark in enumerate(marks(explanation)):
        _draw_mark(axes, explanation, layout, row, mark)
    for event in explanation.others:
        left, right = explanation.seconds(event.onset_ns), explanation.seconds(event.end_ns or event.onset_ns)
        _bar(axes, left, right, rows.index(texts.ROW_OTHERS), facecolor=INK if event.was_alert else BAND)
    for gap in explanation.unwatched:
        left, right = explanation.seconds(gap.start_ns), explanation.seconds(gap.end_ns)
        _bar(axes, left, right, rows.index(texts.ROW_CAUSES[gap.label]), facecolor=GAP, hatch="////")


def _bar(axes: Axes, left: float, right: float, row: int, **look: Any) -> None:
    axes.broken_barh([(left, right - left)], (row - 0.3, 0.6), edgecolor=SOFT, linewidth=0.8, **look)


def _draw_mark(axes: Axes, explanation: Explanation, layout: Layout, row: int, mark: Mark) -> None:
    at_s = explanation.seconds(mark.t_ns)
    axes.plot([at_s, at_s], [row, axes.get_ylim()[0]], color=SOFT, linewidth=0.8, linestyle=DOTTED)
    axes.plot([at_s], [row], mark.symbol, color=INK, markersize=6)
    room_s = TIME_PX / layout.width_px * explanation.seconds(explanation.end_ns)
    beyond, side = (8, "left") if at_s + room_s < explanation.seconds(explanation.end_ns) else (-8, "right")
    text = _time(explanation, mark)
    axes.annotate(text, (at_s, row), (beyond, 0), textcoords="offset points", va="center_baseline", ha=side)


def _time(explanation: Explanation, mark: Mark) -> str:
    """The time of day, to the tenth; with the distance from onset for what came of the contraction."""
    time = tenths(explanation.clock, mark.t_ns)
    onset_ns = explanation.event.onset_ns if explanation.event else None
    if onset_ns is None or mark.row in (texts.ROW_ASKED, texts.ROW_ONSET):
        return time
    return f"{time}  +{(mark.t_ns - onset_ns) / NS:.1f} s"


def _draw_emg(axes: Axes, explanation: Explanation, layout: Layout) -> None:
    """The samples between their extremes: as recorded in pale, band-passed in strong."""
    emg = explanation.samples
    if emg is None:
        return
    length_s = explanation.seconds(explanation.end_ns)
    for values, colour in ((emg.raw, BAND), (emg.band, INK)):
        band = extremes(emg.t_s, values, values, length_s, layout.points, 1 / emg.fs)
        axes.fill_between(band.middle_s, band.low, band.high, color=colour, linewidth=0.6)
    axes.locator_params(axis="y", nbins=4)


def _draw_envelope(axes: Axes, explanation: Explanation, layout: Layout) -> None:
    frames = explanation.frames
    t_s = (frames.t_ns - explanation.start_ns) / NS
    lines = (
        (frames.envelope_uv[:, 0], 1.1, "-"),
        (frames.rest_uv[:, 0], 0.7, "-"),
        (frames.threshold_uv[:, 0], 1.0, DASHED),
        (explanation.off_uv, 1.0, DOTTED),
    )
    for values, width, style in lines:
        axes.plot(
            *broken_at_gaps(t_s, np.maximum(values, FLOOR_UV), frames.step_s),
            color=INK,
            linewidth=width,
            linestyle=style,
        )
    _logarithmic(axes, [values for values, _, _ in lines], FLOOR_UV)


def _draw_motion(axes: Axes, explanation: Explanation, layout: Layout) -> None:
    frames = explanation.frames
    t_s = (frames.t_ns - explanation.start_ns) / NS
    motion_mg = np.maximum(frames.motion_mg, FLOOR_MG)
    axes.plot(*broken_at_gaps(t_s, motion_mg, frames.step_s), color=SOFT, linewidth=1.0)
    moving_mg = explanation.settings.moving_mg
    axes.axhline(moving_mg, color=INK, linewidth=1.0, linestyle=DASHED)
    if own_mg := _own_motion_mg(explanation):
        axes.axhline(own_mg, color=INK, linewidth=1.0, linestyle=DOTTED)
    _logarithmic(axes, [motion_mg, np.array([moving_mg])], FLOOR_MG)


def _own_motion_mg(explanation: Explanation) -> float | None:
    """What counted as motion in this contraction, where it was measured."""
    return explanation.decision.motion_threshold_mg if explanation.decision else None


def _logarithmic(axes: Axes, lines: list[Values], floor: float) -> None:
    """An axis with room for everything, and for enough that noise does not fill it."""
    values = np.concatenate(lines)
    known = values[np.isfinite(values) & (values > 0)]
    bottom, top = (0.8 * known.min(), 1.3 * known.max()) if len(known) else (1.0, 1.0)
    bottom = max(bottom, 0.8 * floor)
    axes.set_yscale("log")
    axes.set_ylim(bottom, max(top, LEAST_SPAN * bottom))
    axes.yaxis.set_major_locator(FixedLocator(DECADES))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_locator(NullLocator())
