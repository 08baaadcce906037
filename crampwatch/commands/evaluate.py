"""`crampwatch evaluate`: how right the detector was."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from crampwatch.errors import UserError
from crampwatch.words import counted, hours_and_minutes

if TYPE_CHECKING:
    from detector.confidence import Estimate
    from detector.evaluate import Evaluation, Spread, Tally, Truth
    from detector.score import Score

EVENTS_SUFFIX = ".events.json"
TRUTH_SUFFIXES = (".truth.json", ".csv", ".edf", ".bdf")
"""What is looked for in a folder, in this order: a simulated night has its truth in the first and in the EDF."""


def evaluate(events: Path, truth: Path, *, json: bool = False) -> None:
    """Compare what was found with what happened, event by event, with 95 % confidence intervals.

    Parameters
    ----------
    events
        The events.json of a recording, or a folder of them.
    truth
        What happened: the simulator's truth.json, an EDF+ with annotations "Cramp", or a CSV with the columns onset_s,
        duration_s and kind. For a folder of events: the folder with one of these for each recording.
    json
        Write the figures as JSON instead of tables.
    """
    # Imported here: a mistyped option does not wait for numpy.
    import msgspec

    from detector.evaluate import evaluate as compare

    figures = compare(_pairs(events, truth))
    if json:
        text = msgspec.json.format(msgspec.json.encode(figures), indent=1)
        print(text.decode())  # noqa: T201 - the result itself, for another program to read
    else:
        _show(figures, Console(highlight=False))


def _pairs(events: Path, truth: Path) -> "Iterator[tuple[Score, Truth]]":
    from detector.score import decode_score
    from detector.truth_file import read_truth

    for events_file, truth_file in _files(events, truth):
        try:
            score = decode_score(events_file.read_bytes(), events_file.name)
        except OSError as error:
            raise UserError(f"{events_file}: cannot be read ({error.strerror})") from error
        yield score, read_truth(truth_file, score.recording)


def _files(events: Path, truth: Path) -> list[tuple[Path, Path]]:
    """Each events file with the truth about the same recording."""
    if not events.is_dir():
        return [(events, truth)]
    found = sorted(events.glob(f"*{EVENTS_SUFFIX}"))
    if not found:
        raise UserError(f"{events}: holds no *{EVENTS_SUFFIX}; `crampwatch score --out {events} ...` writes them")
    return [(file, _truth_beside(truth, file.name.removesuffix(EVENTS_SUFFIX))) for file in found]


def _truth_beside(folder: Path, stem: str) -> Path:
    for suffix in TRUTH_SUFFIXES:
        if (file := folder / f"{stem}{suffix}").is_file():
            return file
    raise UserError(f"{folder}: holds no truth for {stem} ({', '.join(stem + suffix for suffix in TRUTH_SUFFIXES)})")


def _show(figures: "Evaluation", console: Console) -> None:
    console.print(
        f"{counted(figures.recordings, 'recording')}, {hours_and_minutes(figures.watched_s)} watched. "
        f"{counted(figures.true_positives, 'cramp')} found, {figures.false_negatives} missed "
        f"({figures.missed_while_not_watched} of them while not watched), "
        f"{counted(figures.false_positives, 'false alarm')}.",
        soft_wrap=True,
    )
    if figures.ineligible.total:
        console.print(
            f"Shorter than {figures.eligible_s:g} s and not counted: {counted(figures.ineligible.total, 'cramp')}, "
            f"{figures.ineligible.confirmed} of them found.",
            soft_wrap=True,
        )
    console.print(_rates(figures))
    console.print(_errors(figures))
    for title, tallies in (("cramps found, by kind", figures.by_kind), ("taken for a cramp", figures.imitators)):
        if tallies:
            console.print(_tallies(title, tallies))
    if figures.false_alarm_causes:
        causes = ", ".join(f"{cause} {count}" for cause, count in figures.false_alarm_causes.items())
        console.print(f"The false alarms were: {causes}.", soft_wrap=True)


def _rates(figures: "Evaluation") -> Table:
    table = Table("", "value", "95 % interval")
    for name, estimate in (
        ("sensitivity", figures.sensitivity),
        ("precision", figures.precision),
        ("F1", figures.f1),
    ):
        table.add_row(name, *_estimate(estimate, 100, " %"))
    table.add_row("false alarms per night (8 h watched)", *_estimate(figures.false_alarms_per_night))
    table.add_row("false alarms per 24 h watched", *_estimate(figures.false_alarms_per_day))
    return table


def _errors(figures: "Evaluation") -> Table:
    table = Table("seconds", "median", "95th percentile", "n")
    for name, spread in (
        ("onset error", figures.onset_error_s),
        ("onset to alert", figures.latency_s),
        ("duration error", figures.duration_error_s),
    ):
        table.add_row(name, *_spread(spread))
    return table


def _tallies(title: str, tallies: "dict[str, Tally]") -> Table:
    table = Table(title, "confirmed", "of", "share", "95 % interval")
    for kind, tally in tallies.items():
        table.add_row(kind, str(tally.confirmed), str(tally.total), *_estimate(tally.share, 100, " %"))
    return table


def _estimate(estimate: "Estimate", factor: float = 1.0, unit: str = "") -> tuple[str, str]:
    if estimate.value is None:
        return "none to tell from", ""
    digits = 1 if unit else 2
    low, high = (f"{bound * factor:.{digits}f}" for bound in (estimate.low, estimate.high))
    return f"{estimate.value * factor:.{digits}f}{unit}", f"{low} to {high}{unit}"


def _spread(spread: "Spread") -> tuple[str, str, str]:
    if spread.median is None or spread.p95 is None:
        return "", "", "0"
    return f"{spread.median:.2f}", f"{spread.p95:.2f}", str(spread.n)
