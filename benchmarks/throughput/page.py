"""Writes docs/reference/throughput.md."""

from collections.abc import Sequence

from benchmarks.cost.page import against_targets
from benchmarks.cost.section import Section


def page(machine: str, sections: Sequence[Section], note: str = "") -> str:
    """The page, with a note above it if there is one."""
    parts = [note, introduction(machine), against_targets(sections)]
    parts += [f"## {section.title}\n\n{section.text}" for section in sections]
    return "\n\n".join(filter(None, parts)) + "\n"


def introduction(machine: str) -> str:
    """What the figures are."""
    return f"""# Throughput

<!-- Made by `make bench`; do not edit. -->

How many wearers one detector and one broker serve, how soon an alert is out, and how fast they catch up after an
outage. What the detector's rule alone takes is told in [Cost](cost.md), how memory behaves over a day in
[Soak](soak.md), and what faults do to a night in [Reliability](reliability.md).

Measured on: {machine} Wearers, broker and detector share its cores, so a machine that only has to detect does more."""
