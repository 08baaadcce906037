"""Writes docs/reference/cost.md."""

from collections.abc import Sequence

from benchmarks.accuracy import markdown
from benchmarks.accuracy.fingerprint import fingerprint
from benchmarks.accuracy.page import VERDICTS
from benchmarks.cost.section import Section


def page(machine: str, sections: Sequence[Section], note: str = "") -> str:
    """The page, with a note above it if there is one."""
    parts = [note, introduction(machine), against_targets(sections)]
    parts += [f"## {section.title}\n\n{section.text}" for section in sections]
    return "\n\n".join(filter(None, parts)) + "\n"


def introduction(machine: str) -> str:
    """What the figures are, and what of them travels."""
    return f"""# Cost

<!-- Made by `make bench`; do not edit. -->

This page is about {fingerprint()}.

Measured on: {machine}

**Seconds differ from machine to machine; the ratios are what counts.** They are taken against one bare
`scipy.signal.sosfilt`, a 4th-order Butterworth band-pass in double precision over the same samples: in one call or by
slices that fit the cache, whichever was faster. Both are measured in turn in one run, so that a busy neighbour disturbs
both; a ratio is the median of the repetitions' ratios, with the smallest and the largest. CPU seconds are those of the
process with all its threads.

The signals are simulated: one stretch of a healthy night with one cramp, looped to the length that is needed."""


def against_targets(sections: Sequence[Section]) -> str:
    """The targets of all sections."""
    verdicts = [verdict for section in sections for verdict in section.verdicts]
    rows = [[v.what, v.wanted, v.measured, VERDICTS[v.met]] for v in verdicts]
    return f"## Targets\n\n{markdown.table(['what', 'target', 'measured', ''], rows)}"
