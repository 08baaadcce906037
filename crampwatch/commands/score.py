"""`crampwatch score`: what the detector makes of recordings."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from crampwatch.errors import UserError
from crampwatch.progress import progress
from crampwatch.words import counted, hours_and_minutes

if TYPE_CHECKING:
    from collector.contract.channel_roles import Choice
    from detector.score import Score
    from detector.settings import DetectorSettings

STANDARD_OUTPUT = Path("-")
FAILED = 2
"""Also the exit code for whatever else the user can mend."""


def score(
    *files: Path,
    out: Annotated[Path, Parameter(allow_leading_hyphen=True)] = Path(),
    emg: str = "",
    acc: str = "",
    temp: str = "",
    table: Annotated[bool, Parameter(name="--csv", negative="")] = False,
    annotate: Path | None = None,
    config: Path | None = None,
    jobs: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
) -> int:
    """Find cramps in recordings (EDF, EDF+, BDF or a journal) and write RECORDING.events.json.

    A recording that cannot be scored, or not to its end, is told in one line and does not stop the others; the exit
    code is then 2.

    Parameters
    ----------
    files
        The recordings.
    out
        The folder for the results; "-" writes them to standard output, one line of JSON for each recording.
    emg
        Labels of the EMG signals, separated by commas, in place of those that look like a leg's.
    acc
        Labels of the accelerometer's x, y and z, separated by commas.
    temp
        Label of the temperature.
    table
        Write RECORDING.events.csv, too: a table of events and candidates.
    annotate
        Write this EDF+ file, too: the recording with what was found as annotations. For one recording.
    config
        The settings file; its table [detector] changes parameters of the detection rule.
    jobs
        How many recordings are scored at a time.
    """
    # Imported here: a mistyped option does not wait for scipy.
    from collector.contract.channel_roles import Choice
    from detector.cohort import Failure, score_files
    from detector.settings import DetectorSettings

    _check(files, out, table, annotate)
    settings = _detector_settings(config) if config else DetectorSettings()
    choice = Choice(emg=_labels(emg), acc=_labels(acc), temp=_labels(temp))
    to_stdout = out == STANDARD_OUTPUT
    told, errors = Console(stderr=to_stdout, highlight=False), Console(stderr=True, highlight=False)
    failed = False
    with progress(errors, "scoring") as shown:
        for path, result in score_files(files, choice, settings, jobs, shown):
            if isinstance(result, Failure):
                failed = True
                errors.print(f"crampwatch: {result.reason}", markup=False, soft_wrap=True)
                continue
            _write(result, path, out, table)
            if annotate:
                _annotate(path, choice, result, annotate)
            told.print(headline(result), markup=False, soft_wrap=True)
            if result.cut_short:
                failed = True
                errors.print(f"crampwatch: {result.recording}: {result.cut_short}", markup=False, soft_wrap=True)
            for note in result.notes if len(files) == 1 else ():
                errors.print(f"{result.recording}: {note}", markup=False, soft_wrap=True)
    return FAILED if failed else 0


def headline(score: "Score") -> str:
    """One sentence: how many cramps, when, and in how much watched time."""
    watched = f"{hours_and_minutes(score.watched_s)} of {hours_and_minutes(score.duration_s)} watched"
    cramps = ", ".join(f"{event.onset[11:19]} for {event.duration_s or 0:.0f} s" for event in score.events)
    return (
        f"{score.recording}: {counted(len(score.events), 'cramp')} in {watched}"
        f"{f' ({cramps})' if cramps else ''}, {counted(len(score.candidates), 'candidate')}"
    )


def _check(files: Sequence[Path], out: Path, table: bool, annotate: Path | None) -> None:
    if not files:
        raise UserError("name at least one recording: crampwatch score night.edf")
    if annotate and len(files) > 1:
        raise UserError("--annotate is for one recording at a time")
    if table and out == STANDARD_OUTPUT:
        raise UserError("--csv needs a folder: --out DIR")
    stems = [path.stem for path in files]
    twice = {stem for stem in stems if stems.count(stem) > 1}
    if twice and out != STANDARD_OUTPUT:
        raise UserError(f"two recordings are called {twice.pop()}; score them into different folders")


def _write(score: "Score", path: Path, out: Path, table: bool) -> None:
    from detector.score import encode_score

    if out == STANDARD_OUTPUT:
        import msgspec

        print(msgspec.json.encode(score).decode())  # noqa: T201 - the result itself, for another program to read
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{path.stem}.events.json").write_bytes(encode_score(score))
        if table:
            _write_table(score, out / f"{path.stem}.events.csv")
    except OSError as error:
        raise UserError(f"{out}: cannot be written to ({error.strerror}); choose a folder with --out") from error


COLUMNS = (
    "id",
    "site",
    "channel",
    "stage",
    "onset",
    "onset_s",
    "suspected_s",
    "alerted_s",
    "end",
    "end_s",
    "duration_s",
    "peak_uv",
    "mean_uv",
    "rest_uv",
    "threshold_uv",
    "reason",
)


def _write_table(score: "Score", path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for event in sorted([*score.events, *score.candidates], key=lambda event: event.onset_s):
            rows.writerow(getattr(event, column) for column in COLUMNS)


def _annotate(path: Path, choice: "Choice", score: "Score", target: Path) -> None:
    from collector.contract.recordings import open_recording
    from detector.annotate import annotate

    try:
        annotate(open_recording(path, choice), score, target)
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror})") from error


def _detector_settings(path: Path) -> "DetectorSettings":
    """The table [detector] of a settings file, which for scoring has to name no sensor."""
    import msgspec

    from crampwatch.config import Config

    try:
        return msgspec.toml.decode(path.read_bytes(), type=Config).detector
    except OSError as error:
        raise UserError(f"{path}: the settings cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from error


def _labels(listed: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in listed.split(",") if label.strip())
