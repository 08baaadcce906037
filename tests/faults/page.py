"""The results as docs/reference/reliability.md."""

from collections.abc import Sequence
from statistics import median

from tests.faults.result import Result

INTRODUCTION = """# What is lost when something fails

Written by `make faults`. {runs} faults of {kinds} kinds were put to a household of real parts while simulated nights
of two wearers were played through it as fast as it kept up: one quiet, one with a bad electrode and radio gaps, half an
hour each, and two and a half where something is away for an hour. The parts are virtual wearables behind bleak's own
client, `crampwatch collect`, mosquitto, `crampwatch detect`, `crampwatch outbox run`, and InfluxDB 1.6.7 behind nginx.
Afterwards everything was compared with the same nights undisturbed:

- *samples lost, doubled*: instants in the journals, value by value;
- *events missing, doubled*: cramps and candidates in the night store with all their times, figures, reasons and traces;
- *rows*: all else that was derived: envelopes, resting levels, thresholds, motion, temperature, unwatched stretches;
- *points*: what is in InfluxDB, point for point and field for field, without the state of the radio;
- *recovery*: seconds of the clock on the wall from the harm, or from its end where it lasted, until the night went on:
  median and longest. A process that was killed starts again first: Python and its libraries take most of it.

{verdict}

| fault | injections | samples | lost | doubled | events missing | doubled | rows | points | recovery | remarks |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|
"""
NOTHING = "**Nothing was lost, and nothing happened twice.**"
SOMETHING = "**Not everything was the same afterwards; the rows that are not zero say what.**"

END = """
## What this does not show

The wearables are virtual and can be asked again for what a dead collector missed, as those with a memory can. One that
keeps nothing leaves a gap for as long as nobody listens; that time is marked as not watched. What a real radio, a real
power cut or a failing card does is not tested here; torn and damaged files are
(`tests/collector/test_journal_repair.py`, `tests/detector/test_store_repair.py`), and so is any order of messages,
restarts and losses (`tests/detector/test_service_interleavings.py`).

Measured on {machine}
"""


def page(results: Sequence[Result], machine: str) -> str:
    """The page as Markdown."""
    verdict = NOTHING if all(result.difference.nothing for result in results) else SOMETHING
    head = INTRODUCTION.format(
        runs=sum(result.injections for result in results),
        kinds=len(results),
        verdict=verdict,
    )
    return head + "".join(_row(result) for result in results) + END.format(machine=machine)


def _row(result: Result) -> str:
    found = result.difference
    cells = (
        result.fault, result.injections, f"{result.samples:,}",
        found.samples_lost, found.samples_doubled, found.events_missing, found.events_doubled, found.rows, found.points,
        _seconds(result.recovery_s), result.remark,
    )  # fmt: skip
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def _seconds(recovery_s: Sequence[float]) -> str:
    return f"{median(recovery_s):.1f}, {max(recovery_s):.1f} s" if recovery_s else ""
