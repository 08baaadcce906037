"""The whole night in one picture: panels over a shared local clock, wide for desk and paper, narrow for a phone."""

from collections.abc import Iterator
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detector.night_record import NightRecord
from detector.report import panels, texts
from detector.report.local_clock import LocalClock
from detector.report.panels import Layout, Panel
from detector.report.svg import FONT_PX, drawing_style, inline_svg, new_figure

WIDE = Layout("wide", width_px=736, points=1280, ticks=12)
NARROW = Layout("narrow", width_px=358, points=520, ticks=5)

LABELS_PX, RIGHT_PX = 88, 18
TITLE_PX, GAP_PX, CLOCK_PX = 18, 10, 24
ROW_PX, ENVELOPE_PX, LINE_PX = 22, 150, 84


def night_svg(record: NightRecord, layout: Layout) -> Markup:
    """The night's timeline, muscle signal, motion, temperature and posture, each where it was recorded."""
    with drawing_style():
        figure = _draw(record, layout)
        return inline_svg(figure, f"night-{layout.name}", texts.NIGHT_DESCRIPTION, layout.name)


def has_motion(record: NightRecord) -> bool:
    """Whether an accelerometer was there."""
    return bool(record.seconds) and bool(np.isfinite(record.seconds[0].motion_mg).any())


def has_temperature(record: NightRecord) -> bool:
    """Whether any skin temperature was recorded."""
    return bool(np.isfinite(record.temperature_c).any())


def has_posture(record: NightRecord) -> bool:
    """Whether any posture is known."""
    return bool(panels.posture_rows(record))


def _panels(record: NightRecord) -> Iterator[Panel]:
    yield Panel("", 4 * ROW_PX, panels.timeline)
    for seconds in record.seconds:
        title = texts.PANEL_ENVELOPE.format(channel=seconds.channel)
        yield Panel(title, ENVELOPE_PX, partial(panels.envelope, seconds))
    if has_motion(record):
        yield Panel(texts.PANEL_MOTION, LINE_PX, panels.motion)
    if has_temperature(record):
        yield Panel(texts.PANEL_TEMPERATURE, LINE_PX, panels.temperature)
    if has_posture(record):
        yield Panel(texts.PANEL_POSTURE, ROW_PX * len(panels.posture_rows(record)), panels.posture)


def _draw(record: NightRecord, layout: Layout) -> Figure:
    strips = list(_panels(record))
    heights_px = [strip.height_px + GAP_PX + (TITLE_PX if strip.title else 0) for strip in strips]
    height_px = sum(heights_px) + CLOCK_PX
    figure = new_figure(layout.width_px, height_px)
    plot_px = layout.width_px - LABELS_PX - RIGHT_PX
    top_px = float(height_px)
    for strip, taken_px in zip(strips, heights_px, strict=True):
        top_px -= taken_px
        box = (LABELS_PX / layout.width_px, top_px / height_px, plot_px / layout.width_px, strip.height_px / height_px)
        axes = figure.add_axes(box)
        axes.set_title(strip.title, loc="left", fontsize=FONT_PX, pad=5, x=-LABELS_PX / plot_px)
        _put_clock_under(axes, record, layout, labelled=strip is strips[-1])
        strip.draw(axes, record, layout)
    return figure


def _put_clock_under(axes: Axes, record: NightRecord, layout: Layout, *, labelled: bool) -> None:
    clock = LocalClock(ZoneInfo(record.timezone), record.start_ns, record.end_ns)
    ticks = clock.ticks(layout.ticks)
    axes.set_xlim(0, record.recorded_s)
    labels = [label for _, label in ticks] if labelled else []
    axes.set_xticks([panels.night_s(record, t_ns) for t_ns, _ in ticks], labels or None)
    axes.tick_params(axis="x", labelbottom=labelled, length=4 if labelled else 0)
    axes.grid(axis="x", color="#e3e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for change in clock.changes:
        axes.axvline(panels.night_s(record, change.t_ns), color="#1f2933", linewidth=1, linestyle=(0, (1, 2)))
