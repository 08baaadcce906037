"""The report on a printer without colours, or for eyes that see none."""

import re
from itertools import pairwise
from pathlib import Path

from detector.report import panels

CSS = Path(panels.__file__).parent / "templates" / "report.css"
NEIGHBOURS_APART = 12.0
"""In L*, of which a reader tells about one from the next where they touch; paper and printers take their share."""
READABLE = 4.5
"""Contrast of text, from WCAG 2.2, success criterion 1.4.3."""


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, IEC 61966-2-1: all that is left of a colour in greyscale."""
    digits = colour.lstrip("#")
    wide = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    parts = [int(wide[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(colour: str) -> float:
    """L* of CIE 1976, from 0 to 100, for the light colours and dark ones that a page has."""
    return 116 * float(luminance(colour) ** (1 / 3)) - 16


def test_check_15_in_greyscale_every_shade_of_the_plots_is_told_from_the_next() -> None:
    shades = sorted(lightness(shade) for shade in (panels.INK, panels.SOFT, panels.BAND, panels.GAP))
    assert all(lighter - darker > NEIGHBOURS_APART for darker, lighter in pairwise(shades))


def test_check_15_in_greyscale_every_text_of_the_report_is_readable() -> None:
    root = re.search(r":root \{([^}]*)\}", CSS.read_text())
    assert root
    named = dict(re.findall(r"--(\w+): (#\w+)", root[1]))
    for text in ("ink", "soft"):
        for ground in ("paper", "tint"):
            assert (luminance(named[ground]) + 0.05) / (luminance(named[text]) + 0.05) > READABLE
