"""An explanation as one image, to be attached to a bug report."""

import io
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from detector.explain import picture, texts, verdict, words
from detector.explain.explanation import Explanation
from detector.report.night_plot import WIDE
from detector.report.panels import INK, SOFT
from detector.report.svg import FONT_PX, PX_PER_INCH, drawing_style

SCALE = 2
"""Sharp on screens with two dots to the pixel."""
MARGIN_PX, LINE_PX, HEADLINE_LINE_PX = 18, 17, 24
HEADLINE_PX, ANSWER_PX = 15, 64
HEADLINE_CHARACTERS, CHARACTERS, CONDITION_CHARACTERS = 78, 112, 98
"""What fits the width on average."""


class Line(NamedTuple):
    """A line of text, and what stands before it."""

    text: str
    answer: str | None = None
    colour: str = SOFT
    weight: str = "normal"


def png(explanation: Explanation) -> bytes:
    """The headline, the picture and the conditions on white."""
    sentence = textwrap.wrap(f"{verdict.headline(explanation)}.", HEADLINE_CHARACTERS)
    below = list(_below(explanation))
    above_px, below_px = HEADLINE_LINE_PX * len(sentence) + 2 * LINE_PX, LINE_PX * (len(below) + 1)
    with drawing_style():
        figure = picture.draw(explanation, WIDE, above_px, below_px)
        top_px = figure.get_figheight() * PX_PER_INCH
        for k, text in enumerate(sentence):
            _write(figure, 0, top_px - HEADLINE_LINE_PX * k, text, fontsize=HEADLINE_PX, weight="bold")
        _write(figure, 0, top_px - HEADLINE_LINE_PX * len(sentence), words.asked(explanation), color=SOFT)
        for k, line in enumerate(below, start=1):
            left_px, look = 0 if line.answer is None else ANSWER_PX, {"color": line.colour, "weight": line.weight}
            _write(figure, 0, below_px - LINE_PX * k, line.answer or "", **look)
            _write(figure, left_px, below_px - LINE_PX * k, line.text, **look)
        image = io.BytesIO()
        # Tight: a margin all around, whatever sticks out of the page's frame.
        figure.savefig(
            image, format="png", dpi=SCALE * PX_PER_INCH, bbox_inches="tight", pad_inches=MARGIN_PX / PX_PER_INCH
        )
    return image.getvalue()


def _below(explanation: Explanation) -> Iterator[Line]:
    yield from map(Line, textwrap.wrap(picture.caption(explanation), CHARACTERS))
    conditions = verdict.conditions(explanation)
    if conditions:
        yield Line("")
        yield Line(words.when(explanation))
    for condition in conditions:
        answer, weight = texts.ANSWERS[condition.holds], "bold" if condition.holds is False else "normal"
        text = texts.CONDITION_LINE.format(name=condition.name, measured=condition.measured, needed=condition.needed)
        for k, line in enumerate(textwrap.wrap(text, CONDITION_CHARACTERS)):
            yield Line(line, "" if k else answer, INK, weight)
    yield Line("")
    yield from map(Line, textwrap.wrap(f"{words.version(explanation)} {texts.BANNER}", CHARACTERS))


def _write(figure: Figure, left_px: float, top_px: float, text: str, **look: Any) -> None:
    width_px, height_px = (inches * PX_PER_INCH for inches in figure.get_size_inches())
    figure.text(left_px / width_px, top_px / height_px, text, va="top", **{"fontsize": FONT_PX, "color": INK, **look})
