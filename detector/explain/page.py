"""An explanation as a page: one file, without scripts and network, light or dark as its reader likes it."""

from importlib.resources import files

import jinja2
from markupsafe import Markup

from detector.explain import picture, texts, verdict, words
from detector.explain.explanation import Explanation
from detector.report.page import TEMPLATES as REPORT_TEMPLATES
from detector.report.page import unbroken

TEMPLATES = files("detector.explain") / "templates"

COLOURS = {
    "#1f2933": "--ink",
    "#64748b": "--line-soft",
    "#9fb3c8": "--band",
    "#f0f2f4": "--gap",
    "#94a3b3": "--hatch",
    "#dbe3ea": "--during",
    "#e3e7eb": "--grid",
    "#8a929c": "--edge",
    "#4a5561": "--soft",
    "#ffffff": "--paper",
}
"""Every colour of the pictures and the property of the style sheet that takes its place, so that both can be dark."""


def html(explanation: Explanation) -> str:
    """A complete HTML document."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["unbroken"] = unbroken
    template = environment.from_string((TEMPLATES / "explain.html.jinja").read_text("utf-8"))
    styles = (REPORT_TEMPLATES / "report.css", TEMPLATES / "explain.css")
    return template.render(
        css=Markup("\n".join(style.read_text("utf-8") for style in styles)),
        texts=texts,
        words=words,
        headline=verdict.headline(explanation),
        conditions=verdict.conditions(explanation),
        explanation=explanation,
        record=words.record(explanation),
        pictures=[_themed(svg) for svg in picture.svgs(explanation)],
        caption=picture.caption(explanation),
    )


def _themed(svg: Markup) -> Markup:
    for colour, name in COLOURS.items():
        svg = Markup(svg.replace(colour, f"var({name})"))
    return svg
