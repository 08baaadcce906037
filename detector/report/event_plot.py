"""One contraction close up: what the detector saw before, during and after it."""

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from numpy.typing import NDArray

from collector.contract.messages import NS
from detector.events import Event
from detector.night_record import Trace
from detector.report import texts
from detector.report.bins import Values, broken_at_gaps
from detector.report.panels import INK, SOFT, motion_limit_mg
from detector.report.svg import drawing_style, inline_svg, new_figure

WIDTH_PX, HEIGHT_PX = 352, 220
FRAME_S = 0.1
DURING = "#dbe3ea"


def event_svg(event: Event, trace: Trace, description: str) -> Markup:
    """Muscle signal with resting level and threshold, and the leg's motion below, in seconds from onset."""
    with drawing_style():
        figure = new_figure(WIDTH_PX, HEIGHT_PX)
        upper = figure.add_axes((0.13, 0.45, 0.85, 0.46))
        lower = figure.add_axes((0.13, 0.18, 0.85, 0.15), sharex=upper)
        t_s = (trace.t_ns - event.onset_ns) / NS
        _draw_muscle(upper, t_s, event, trace)
        _draw_motion(lower, t_s, trace.motion_mg)
        upper.set_xlim(t_s[0], t_s[-1])
        return inline_svg(figure, f"event-{event.id}", description)


def _draw_muscle(axes: Axes, t_s: Values, event: Event, trace: Trace) -> None:
    end_s = t_s[-1] if event.duration_s is None else event.duration_s
    axes.axvspan(0, end_s, color=DURING, linewidth=0)
    for values, width, style in (
        (trace.envelope_uv, 1.1, "-"),
        (trace.rest_uv, 0.7, "-"),
        (trace.threshold_uv, 1.0, (0, (4, 2))),
    ):
        axes.plot(*broken_at_gaps(t_s, values, FRAME_S), color=INK, linewidth=width, linestyle=style)
    if event.alerted_ns is not None:
        axes.axvline((event.alerted_ns - event.onset_ns) / NS, color=INK, linewidth=1.2, linestyle=(0, (1, 1.5)))
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", nbins=4)
    axes.set_title(texts.EVENT_PLOT_ENVELOPE, loc="left", fontsize=10, pad=5, x=-0.15)
    axes.tick_params(axis="x", labelbottom=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_motion(axes: Axes, t_s: Values, motion_mg: NDArray[np.float64]) -> None:
    axes.plot(*broken_at_gaps(t_s, motion_mg, FRAME_S), color=SOFT, linewidth=1.0)
    axes.set_ylim(0, motion_limit_mg(motion_mg))
    axes.locator_params(axis="y", nbins=2)
    axes.set_title(texts.EVENT_PLOT_MOTION, loc="left", fontsize=10, pad=5, x=-0.15)
    axes.tick_params(axis="x", pad=6)  # clear of the zero of the other axis
    axes.set_xlabel(texts.EVENT_PLOT_AXIS, fontsize=10, labelpad=2)
    axes.spines[["top", "right"]].set_visible(False)
