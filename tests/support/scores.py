"""Scores as `crampwatch score` writes them, with the events a test wants."""

from collections.abc import Sequence

from detector.events import Figures
from detector.score import DetectorInfo, Score, ScoredEvent, Streams, StreamSummary, Unwatched
from detector.settings import DetectorSettings
from detector.version import VERSION

FIGURES = Figures(
    rise_s=0.2,
    longest_dip_s=0.0,
    low_fraction=0.0,
    tonicity=0.86,
    moving_fraction=0.0,
    lead_s=None,
    still_before_s=600.0,
    upright=False,
    invalid_s=0.0,
    line_ratio=0.01,
)


def found(onset_s: float, end_s: float | None, alerted_after_s: float = 12.0) -> ScoredEvent:
    """A confirmed contraction."""
    return ScoredEvent(
        id=f"{onset_s:016.3f}",
        site="leg",
        channel="EMG",
        stage="confirmed",
        onset="",
        onset_s=onset_s,
        suspected_s=onset_s + 0.5,
        alerted_s=onset_s + alerted_after_s,
        end="",
        end_s=end_s,
        duration_s=None if end_s is None else end_s - onset_s,
        peak_uv=40.0,
        mean_uv=30.0,
        rest_uv=4.0,
        threshold_uv=8.8,
        figures=FIGURES,
        reason="tonic",
    )


def score(
    *events: ScoredEvent,
    hours: float = 8.0,
    watched_s: float | None = None,
    gaps: Sequence[Unwatched] = (),
    recording: str = "night.edf",
) -> Score:
    """The score of a night, all of it watched unless told otherwise."""
    settings = DetectorSettings()
    return Score(
        recording=recording,
        start="2026-11-19T22:00:00.000",
        duration_s=hours * 3600,
        detector=DetectorInfo(VERSION, settings.parameters, settings.hash),
        streams=Streams(emg=StreamSummary(250.0, "uV", ["EMG"]), acc=None, temp=None, left_out=[]),
        notes=[],
        watched_s=hours * 3600 if watched_s is None else watched_s,
        gaps=list(gaps),
        events=list(events),
        candidates=[],
    )
