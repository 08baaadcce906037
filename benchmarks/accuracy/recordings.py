"""Real recordings: none holds a cramp, so what is confirmed in them is a false alarm."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from collector.contract.errors import ContractError
from collector.contract.recordings import open_recording
from detector.score import score_recording
from detector.settings import DetectorSettings

SUFFIXES = (".edf", ".bdf")


class RealRecording(NamedTuple):
    """A recording and what became of it; `refused` tells why it could not be scored."""

    name: str
    duration_s: float = 0.0
    watched_s: float = 0.0
    fs: float = 0.0
    confirmed: int = 0
    candidates: int = 0
    refused: str = ""


def score_folders(folders: Iterable[Path]) -> list[RealRecording]:
    """Every recording of the folders, by name; one that is in several is taken from the first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                found.setdefault(path.name, path)
    return [_scored(found[name]) for name in sorted(found)]


def _scored(path: Path) -> RealRecording:
    try:
        score = score_recording(open_recording(path), DetectorSettings())
    except ContractError as error:
        return RealRecording(path.name, refused=str(error).removeprefix(f"{path.name}: "))
    return RealRecording(
        name=path.name,
        duration_s=score.duration_s,
        watched_s=score.watched_s,
        fs=score.streams.emg.fs if score.streams.emg else 0.0,
        confirmed=len(score.events),
        candidates=len(score.candidates),
    )
