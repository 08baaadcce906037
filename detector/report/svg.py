"""A matplotlib figure as an element inside a page: text stays text, ids stay unique, nothing points outside."""

import io
import xml.etree.ElementTree as ET
from contextlib import AbstractContextManager

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
PX_PER_INCH = 72
"""matplotlib draws SVG in points; at 72 to the inch a point of the figure is a pixel of the page."""

FONT_PX = 11
"""Small, but never smaller on the page than here: the pictures are drawn at the width at which they are shown."""


def drawing_style() -> AbstractContextManager[None]:
    """The look of every picture; draw and write inside it."""
    return mpl.rc_context(
        {
            "svg.fonttype": "none",  # text as text: it can be read aloud, searched and enlarged
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
            "font.size": FONT_PX,
            "axes.linewidth": 0.8,
            "axes.edgecolor": "#8a929c",
            "text.color": "#1f2933",
            "xtick.color": "#4a5561",
            "ytick.color": "#4a5561",
            "hatch.linewidth": 0.7,
        }
    )


def new_figure(width_px: float, height_px: float) -> Figure:
    """A figure measured in the page's pixels, without a window system behind it."""
    return Figure(figsize=(width_px / PX_PER_INCH, height_px / PX_PER_INCH), dpi=PX_PER_INCH)


def inline_svg(figure: Figure, name: str, description: str, css_class: str = "") -> Markup:
    """The figure as an `<svg>` element that fills the width it is given.

    `name` is unique in the page; it goes before every id, as matplotlib starts counting anew in each figure.
    """
    with mpl.rc_context({"svg.hashsalt": name}):  # without it the ids, and so the page, would differ in every run
        drawing = io.StringIO()
        figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ET.fromstring(drawing.getvalue())
    _drop(root, f"{{{SVG}}}metadata", f"{{{SVG}}}style")
    _prefix_ids(root, name)
    for measure in ("width", "height", "version"):
        del root.attrib[measure]
    root.attrib |= {"role": "img", "aria-label": description, "class": f"plot {css_class}".strip()}
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    return Markup(ET.tostring(root, encoding="unicode"))


def _drop(root: ET.Element, *tags: str) -> None:
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in tags]:
            parent.remove(child)


def _prefix_ids(root: ET.Element, prefix: str) -> None:
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{prefix}-{value}")
            elif key == f"{{{XLINK}}}href":
                element.set(key, value.replace("#", f"#{prefix}-", 1))
            else:
                element.set(key, value.replace("url(#", f"url(#{prefix}-"))
