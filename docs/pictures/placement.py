"""Draws where a sensor is worn, one picture for each muscle: `.venv/bin/python docs/pictures/placement.py`.

Own line drawings, in shades of grey. Lengths in a picture are in points of its view box; each says how many are 1 cm.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
INK, SKIN, MUSCLE, OTHER = "#1f2933", "#f4f5f7", "#a9b3be", "#dde3ea"
"""Told apart in print: the muscle that is meant is the darkest area."""

Point = tuple[float, float]


def points(numbers: str) -> list[Point]:
    """`x y  x y ...` as points."""
    values = [float(number) for number in numbers.split()]
    return list(zip(values[::2], values[1::2], strict=True))


LEG = {
    "outer": points("64 8  58 50  52 100  55 150  62 200  63 232  56 280  42 330  30 385  25 430"),
    "outer_foot": points("28 462  26 482  30 505  28 528  14 540"),
    "inner_foot": points("-14 540  -28 528  -28 500  -26 475  -29 446"),
    "inner": points("-27 420  -32 375  -46 325  -62 280  -69 236  -66 200  -57 150  -51 100  -55 50  -62 8"),
}
"""The outline of a right lower leg from behind, 10 points to the centimetre; the outer side is to the right."""
KNOB: Point = (47, 130)
"""The head of the fibula."""
HEEL: Point = (0, 530)
ANKLE_INNER: Point = (-24, 452)


def main() -> None:
    """Draw every picture anew."""
    for name, svg in pictures().items():
        (HERE / f"placement-{name}.svg").write_text(svg)
        sys.stdout.write(f"docs/pictures/placement-{name}.svg\n")


def pictures() -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {
        "inner-calf": calf("inner"),
        "outer-calf": calf("outer"),
        "shin": shin(),
        "foot": foot(),
        "thigh": thigh(),
    }


def calf(head: str) -> str:
    """Both lower legs from behind; the sensor is on the inner or outer head of the right one's gastrocnemius."""
    inner = points("-6 128  -30 126  -54 170  -60 230  -50 285  -26 325  -8 300  -3 220")
    outer = points("4 128  28 126  48 165  56 225  49 275  28 308  8 290  2 220")
    meant, other = (inner, outer) if head == "inner" else (outer, inner)
    leg = [
        *_lower_leg(),
        area(other, OTHER),
        area(meant, MUSCLE),
        line([(-9, 325), (-6, 400), (-7, 480)], thin=True),
        line([(9, 305), (7, 400), (7, 480)], thin=True),
        line([(-38, 104), (0, 112), (38, 104)], thin=True),
    ]
    right = _at(300, 40, [*leg, *_calf_marks(head)])
    left = _at(130, 40, leg, mirrored=True)
    words = [
        text(130, 28, "left leg", "middle"),
        text(300, 28, "right leg, from behind", "middle"),
        *_calf_words(head),
    ]
    return svg(640, 610, [left, right, *words], f"Where to wear a sensor on the {head} calf")


def _lower_leg() -> list[str]:
    outline = LEG["outer"] + LEG["outer_foot"] + LEG["inner_foot"] + LEG["inner"]
    return [area(outline, SKIN, stroke=INK, closed=False)]


def _calf_marks(head: str) -> list[str]:
    reference = ring((-19, 415))
    if head == "inner":
        return [*sensor((-33, 232), (0, 1)), reference]
    return [
        dashes(KNOB, HEEL),
        bone(KNOB),
        *sensor(along(KNOB, HEEL, 1 / 3), toward(KNOB, HEEL)),
        reference,
    ]


def _calf_words(head: str) -> list[str]:
    common = pointer((425, 470), (287, 456), ["reference,", "at the ankle"])
    if head == "inner":
        bulge = pointer(
            (425, 190),
            (279, 262),
            [
                "sensor: middle of the",
                "inner bulge, where it",
                "stands out most;",
                "electrodes 2 cm apart,",
                "one above the other",
            ],
        )
        return [*bulge, *common, *pointer((425, 350), (338, 300), ["outer bulge,", "smaller and higher"])]
    return [
        *pointer((425, 120), (353, 168), ["knob of bone", "below the knee"]),
        *pointer((425, 260), (348, 302), ["sensor: one third", "of the way to the heel,", "electrodes 2 cm apart"]),
        *common,
        *pointer((425, 560), (306, 570), ["heel"]),
    ]


def shin() -> str:
    """A right lower leg from the front; the sensor is on the tibialis anterior, outside the shin bone."""
    knob, ankle = (-47, 138), (25, 455)
    outline = [(-x, y) for x, y in LEG["outer"]]
    back = [(-x, y) for x, y in LEG["inner"]]
    foot_outline = points("-30 470  -38 505  -52 545  -50 570  -30 580  0 582  26 586  36 570  30 530  28 490  30 462")
    leg = [
        area([*outline, *foot_outline, *back], SKIN, stroke=INK, closed=False),
        area(
            points("-40 150  -22 150  -9 200  -6 270  0 350  2 400  -8 350  -30 280  -44 210"),
            MUSCLE,
        ),
        area(points("0 68  22 76  24 100  10 120  -10 120  -24 100  -22 76"), OTHER, stroke=INK),
        line(points("-2 138  2 250  10 350  16 430"), thin=True),
        *(line([(x, 582), (x - 1, 562)], thin=True) for x in (-36, -24, -12, 4)),
    ]
    marks = [
        dashes(knob, ankle),
        bone(knob),
        bone(ankle),
        *sensor(along(knob, ankle, 1 / 3), toward(knob, ankle)),
        ring((-20, 430)),
    ]
    words = [
        text(300, 28, "right leg, from the front", "middle"),
        text(226, 330, "outer side", "end"),
        text(374, 330, "inner side"),
        *pointer((200, 130), (246, 174), ["knob of bone", "below the knee"], "end"),
        *pointer(
            (200, 225),
            (263, 278),
            ["sensor: one third of", "the way down, outside", "the edge of the shin bone,", "electrodes 2 cm apart"],
            "end",
        ),
        *pointer((200, 480), (272, 472), ["reference,", "at the ankle"], "end"),
        *pointer((400, 230), (304, 262), ["edge of the shin bone"]),
        *pointer((400, 480), (334, 492), ["inner ankle bone"]),
    ]
    return svg(600, 650, [_at(300, 40, [*leg, *marks]), *words], "Where to wear a sensor on the shin")


def foot() -> str:
    """A right foot from its inner side, 13 points to the centimetre."""
    outline = points(
        "228 8  218 80  208 125  180 165  135 205  90 234  50 247  26 255  16 271  30 288  62 291  "
        "98 294  140 281  190 267  235 271  290 291  335 294  361 276  366 240  348 190  333 140  327 80  332 8"
    )
    navicular, ankle = (222, 214), (286, 172)
    shapes = [
        area(outline, SKIN, stroke=INK, closed=False),
        area(
            points(
                "352 262  325 244  280 238  225 240  165 250  110 268  98 280  140 272  190 260  240 264  "
                "295 284  335 286"
            ),
            MUSCLE,
        ),
        line([(52, 248), (62, 258), (60, 272)], thin=True),
        bone(ankle, 15),
        bone(navicular, 8),
        *sensor((252, 252), (-1, -0.06), cm=13),
        ring((300, 130)),
    ]
    words = [
        text(280, 28, "right foot, from its inner side", "middle"),
        *pointer((430, 140), (372, 176), ["reference,", "above the ankle"]),
        *pointer((455, 225), (375, 215), ["inner ankle bone"]),
        *pointer((90, 190), (286, 254), ["bone that stands out", "half way between", "heel and ball"], "middle"),
        *pointer(
            (300, 385),
            (322, 312),
            ["sensor: just below and behind that bone,", "small electrodes 2 cm apart, towards the big toe"],
            "middle",
        ),
    ]
    return svg(600, 430, [_at(70, 40, shapes), *words], "Where to wear a sensor on the arch of the foot")


def thigh() -> str:
    """Both thighs from behind; the sensor is half way down the right one, 7 points to the centimetre."""
    seat, knob = (48, 172), (108, 452)
    outline = points("140 10  156 60  160 115  152 200  139 290  124 370  114 425  117 470  122 520")
    back = points("16 520  18 470  24 425  16 340  9 260  4 182")
    leg = [
        area([*outline, outline[-1], back[0], *back, (0, 100), (0, 10)], SKIN, closed=False),
        line(outline),
        line(back),
        area(
            points("46 192  70 205  98 280  110 360  111 425  102 440  88 390  64 310  46 240"),
            MUSCLE,
        ),
        line(points("4 184  30 196  70 198  104 184")),
        line([(34, 428), (68, 436), (104, 428)], thin=True),
    ]
    marks = [dashes(seat, knob), bone(seat, 9), bone(knob), *sensor(along(seat, knob, 1 / 2), toward(seat, knob), cm=8)]
    words = [
        text(150, 24, "left leg", "middle"),
        text(325, 24, "right leg, from behind", "middle"),
        line([(240, 50), (240, 215)]),
        *pointer((425, 150), (300, 212), ["bone that you sit on"]),
        *pointer((425, 300), (334, 350), ["sensor: half way,", "electrodes 2 cm apart"]),
        *pointer((425, 480), (358, 492), ["knob of bone", "below the knee"]),
    ]
    return svg(
        600,
        580,
        [_at(240, 40, leg, mirrored=True), _at(240, 40, [*leg, *marks]), *words],
        "Where to wear a sensor on the back of the thigh",
    )


def along(start: Point, end: Point, share: float) -> Point:
    """A point between two."""
    return (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))


def toward(start: Point, end: Point) -> Point:
    """The direction from one point to another."""
    return (end[0] - start[0], end[1] - start[1])


def sensor(center: Point, direction: Point, cm: float = 10.0) -> list[str]:
    """Two electrodes, 2 cm apart along a direction, in a case."""
    x, y = center
    angle = math.degrees(math.atan2(direction[1], direction[0])) - 90
    corner = f'x="{-cm:g}" y="{-2.2 * cm:g}" width="{2 * cm:g}" height="{4.4 * cm:g}" rx="{0.7 * cm:g}"'
    case = f'<rect {corner} fill="white" fill-opacity="0.75" stroke="{INK}" stroke-width="2"/>'
    dots = "".join(f'<circle cy="{sign * cm:g}" r="{0.5 * cm:g}" fill="{INK}"/>' for sign in (-1, 1))
    return [f'<g transform="translate({x:.1f} {y:.1f}) rotate({angle:.1f})">{case}{dots}</g>']


def ring(at: Point) -> str:
    """The reference electrode."""
    return f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="6" fill="white" stroke="{INK}" stroke-width="3"/>'


def bone(at: Point, radius: float = 7) -> str:
    """Something hard that a finger finds."""
    return f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="{radius:g}" fill="white" stroke="{INK}" stroke-width="1.5"/>'


def dashes(start: Point, end: Point) -> str:
    """A line to think of."""
    (x1, y1), (x2, y2) = start, end
    return (
        f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="7 5" fill="none"/>'
    )


def line(way: Sequence[Point], *, thin: bool = False) -> str:
    """A smooth line through these points."""
    width = 1 if thin else 2
    return f'<path d="{curve(way)}" fill="none" stroke="{INK}" stroke-width="{width}" stroke-linecap="round"/>'


def area(edge: Sequence[Point], fill: str, *, stroke: str = "none", closed: bool = True) -> str:
    """A shape with a smooth edge; one that is not closed has a straight one where it begins and ends."""
    path = curve([*edge, edge[0]]) + "Z" if closed else curve(edge)
    return f'<path d="{path}" fill="{fill}" stroke="{stroke}" stroke-width="2"/>'


def curve(way: Sequence[Point]) -> str:
    """A path through these points: cubic pieces whose tangents are parallel to the neighbours' chord (Catmull-Rom)."""
    ends = [way[0], *way, way[-1]]
    pieces = [f"M{way[0][0]:g} {way[0][1]:g}"]
    for before, start, end, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        pieces.append("C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in (first, second, end)))
    return "".join(pieces)


def pointer(at: Point, to: Point, lines: Sequence[str], anchor: str = "start") -> list[str]:
    """Words, and a thin line from them to what they name."""
    x, y = at
    gap = {"start": -6.0, "end": 6.0, "middle": 0.0}[anchor]
    beside = anchor != "middle"
    start = (x + gap, y - 5) if beside else (x, y + 18 * (len(lines) - 1) + 6 if to[1] > y else y - 18)
    words = [text(x, y + 18 * number, words, anchor) for number, words in enumerate(lines)]
    return [f'<path d="M{start[0]:g} {start[1]:g}L{to[0]:g} {to[1]:g}" stroke="{INK}" stroke-width="1"/>', *words]


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """A line of words."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>'


def _at(x: float, y: float, shapes: Iterable[str], *, mirrored: bool = False) -> str:
    flip = " scale(-1 1)" if mirrored else ""
    return f'<g transform="translate({x:g} {y:g}){flip}">{"".join(shapes)}</g>'


def svg(width: int, height: int, shapes: Sequence[str], title: str) -> str:
    """A whole picture, on white, so that it is legible on a dark page, too."""
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="15" fill="{INK}">\n<title>{title}</title>\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    main()
