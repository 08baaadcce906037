"""Writes docs/reference/robustness-limits.md. Nothing in it but what follows from seeds."""

from collections.abc import Sequence

from benchmarks.accuracy import markdown
from benchmarks.accuracy.fingerprint import fingerprint
from benchmarks.robustness.limits import Limits, Outcome
from benchmarks.robustness.night import FS, HOURS, STRENGTHS

COLUMNS = (
    "found",
    *(f"{strength:g} times" for strength in STRENGTHS),
    "missed, watched",
    "missed, not watched",
    "false alarms",
    "time not watched",
)


def page(seeds: Sequence[int], limits: Sequence[Limits], note: str = "") -> str:
    """The page, with a note above it if there is one."""
    parts = [note, introduction(seeds), *(section(one) for one in limits)]
    return "\n\n".join(filter(None, parts)) + "\n"


def introduction(seeds: Sequence[int]) -> str:
    """What was measured, and what the columns say."""
    nights, cramps = len(seeds), len(seeds) * len(STRENGTHS)
    strengths = ", ".join(f"{strength:g}" for strength in STRENGTHS[:-1]) + f" and {STRENGTHS[-1]:g}"
    return f"""# Where robustness ends

<!-- Made by `python -m benchmarks.robustness`; do not edit. -->

This page is about {fingerprint()}.

**Everything here is simulated, nights and disturbances alike; nobody has measured it on sleepers.**
[What disturbs a night](robustness.md) says what it means.

Each row is the same {nights} nights with one thing wrong. They come from the product's simulator, profile `healthy`,
seeds {seeds[0]} to {seeds[-1]}: {HOURS:g} h each at {FS:g} Hz, another wearer in each, without artefacts of their own.
No number of the rule was chosen on these seeds. Every night has the movements of a sleeper and four cramps of
{strengths} times rest (mean envelope), in this order. Whatever is random in a disturbance comes from the
night's seed, so that rows differ by what their first column says and nothing else.

- *found*: cramps during which an alert was raised that began with or during them, of {cramps}; then by
  their strength, of {nights} each.
- *missed, watched*: the other cramps, at least half of which counts as watched: the report does not tell that
  anything was hidden.
- *missed, not watched*: the cramps of which more than half is reported as not watched.
- *false alarms*: alerts that did not begin with or during a cramp, in all {nights * HOURS:g} h.
- *time not watched*: share of all time. An undisturbed night's is the first seconds, in which the rest is learned."""


def section(limits: Limits) -> str:
    """A table of the page."""
    named = zip(limits.table.cases, limits.outcomes, strict=True)
    rows = [[case.name, *cells(outcome)] for case, outcome in named]
    return f"## {limits.table.title}\n\n{limits.table.text}\n\n{markdown.table(['disturbance', *COLUMNS], rows)}"


def cells(outcome: Outcome) -> list[str]:
    """An outcome in the order of the columns."""
    counts = (
        sum(outcome.found),
        *outcome.found,
        sum(outcome.unnoticed),
        outcome.missed_unwatched,
        outcome.false_alarms,
    )
    return [*map(str, counts), f"{100 * outcome.unwatched:.1f} %"]
