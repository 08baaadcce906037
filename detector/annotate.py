"""A score as annotations of an EDF+ file, for a sleep laboratory's viewer."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from collector.contract.edf_annotate import add_annotations
from collector.contract.edf_annotations import Annotation
from collector.contract.edf_recording import EdfRecording
from collector.contract.edf_writer import edf_labels, write_edf
from collector.contract.messages import NS
from collector.contract.recording import Recording
from detector.score import Score, ScoredEvent


def annotate(recording: Recording, score: Score, target: Path) -> None:
    """Write `target`, an EDF+ with what the detector found in the recording.

    An EDF file is copied, its samples and annotations untouched; any other recording is written anew. Detections read
    `Cramp detected@@<label>`, which a scorer's `Cramp` cannot be mistaken for. Raises BadRecording.
    """
    if isinstance(recording, EdfRecording):
        lead_ns = recording.start_ns - recording.header_start_ns
        marks = [mark._replace(onset_ns=mark.onset_ns + lead_ns) for mark in _annotations(score, {})]
        add_annotations(recording.path, marks, target)
    else:
        names = [channel.name for channel in recording.streams["emg"].channels]
        labels = dict(zip(names, edf_labels(recording)["emg"], strict=True))
        write_edf(recording, target, list(_annotations(score, labels)))


def _annotations(score: Score, labels: Mapping[str, str]) -> Iterator[Annotation]:
    """Events, candidates and what was not watched, from the first sample on; `labels` where names were shortened."""
    for event in score.events:
        yield _annotation(event, "Cramp detected", labels)
    for event in score.candidates:
        yield _annotation(event, f"Cramp candidate, rejected: {event.reason}", labels)
    for gap in score.gaps:
        yield Annotation(_ns(gap.start_s), _ns(gap.end_s) - _ns(gap.start_s), f"Not watched: {gap.cause}")


def _annotation(event: ScoredEvent, text: str, labels: Mapping[str, str]) -> Annotation:
    duration_ns = None if event.duration_s is None else _ns(event.duration_s)
    return Annotation(_ns(event.onset_s), duration_ns, f"{text}@@{labels.get(event.channel, event.channel)}")


def _ns(seconds: float) -> int:
    """Scores are exact to the millisecond."""
    return round(seconds * 1000) * (NS // 1000)
