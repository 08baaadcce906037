"""What happened in a recording, from a simulator's truth, from a scorer's EDF+ annotations, or from a table."""

import csv
from pathlib import Path

import msgspec

from collector.contract.edf_file import EdfFile
from collector.contract.errors import BadRecording
from collector.contract.messages import NS
from detector.evaluate import Span, Truth

SCHEMA = 1
CRAMP = "cramp"
_IMITATORS = ("confounder: ", "artefact: ")


class _Interval(msgspec.Struct):
    kind: str
    onset_s: float
    end_s: float


class _TruthFile(msgspec.Struct):
    """The simulator's file; what else it holds is not needed here."""

    schema: int
    recording: str
    cramps: list[_Interval]
    confounders: list[_Interval]
    artefacts: list[_Interval]


def read_truth(path: Path, recording: str) -> Truth:
    """The truth about `recording` (its file name).

    From `.json` (simulator), `.csv` (columns onset_s, duration_s, kind; kind `cramp` or what else it was), or an EDF+
    with annotations `Cramp` or `Cramp@@<label>`. Raises BadRecording when the file is none of these or is about another
    recording.
    """
    try:
        if path.suffix.lower() == ".json":
            return _from_json(path, recording)
        if path.suffix.lower() == ".csv":
            return _from_csv(path)
        return _from_edf(path)
    except BadRecording as error:
        raise BadRecording(f"{path.name}: {error}") from error
    except OSError as error:
        raise BadRecording(f"{path.name}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRecording(f"{path.name}: not a table of text in UTF-8 ({error})") from error


def _from_json(path: Path, recording: str) -> Truth:
    try:
        truth = msgspec.json.decode(path.read_bytes(), type=_TruthFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecording(f"not a simulator's truth ({error})") from error
    if truth.schema != SCHEMA:
        raise BadRecording(f"has schema {truth.schema}, this program reads {SCHEMA}")
    # A journal of the same night has another ending.
    if Path(truth.recording).stem != Path(recording).stem:
        raise BadRecording(f"the truth about {truth.recording}, not about {recording}")
    return Truth(_spans(truth.cramps), _spans(truth.confounders + truth.artefacts))


def _from_csv(path: Path) -> Truth:
    spans = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        if not {"onset_s", "duration_s"} <= set(table.fieldnames or ()):
            raise BadRecording("the first line has to name the columns onset_s, duration_s and kind")
        for number, row in enumerate(table, start=2):
            try:
                onset_s, duration_s = float(row["onset_s"]), float(row["duration_s"])
                spans.append(Span(onset_s, onset_s + duration_s, row.get("kind") or CRAMP))
            except (TypeError, ValueError):
                raise BadRecording(f"line {number}: onset_s and duration_s have to be numbers") from None
    return _told_apart(spans)


def _from_edf(path: Path) -> Truth:
    file = EdfFile(path)
    # Scores count from the first sample, annotations from the header's start.
    first_ns = file.onsets_ns[0] if file.onsets_ns else 0
    spans = [
        Span((mark.onset_ns - first_ns) / NS, (mark.end_ns - first_ns) / NS, kind)
        for mark in file.annotations
        if (kind := _annotated_kind(mark.text))
    ]
    return _told_apart(spans)


def _annotated_kind(text: str) -> str:
    """What an annotation marks, or nothing when it is about something else."""
    plain = text.partition("@@")[0].strip()
    for prefix in _IMITATORS:
        if plain.lower().startswith(prefix):
            return plain[len(prefix) :]
    return CRAMP if plain.lower() == CRAMP else ""


def _told_apart(spans: list[Span]) -> Truth:
    cramps = tuple(span for span in sorted(spans) if span.kind.lower() == CRAMP)
    return Truth(cramps, tuple(span for span in sorted(spans) if span.kind.lower() != CRAMP))


def _spans(intervals: list[_Interval]) -> tuple[Span, ...]:
    return tuple(sorted(Span(interval.onset_s, interval.end_s, interval.kind) for interval in intervals))
