"""A recording in, what the detector makes of it out: the CrampDetector that also watches live, at full speed."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.errors import BadRecording
from collector.contract.messages import NS, StreamKind
from collector.contract.recording import SCORING_BLOCK_S, Recording, duration_s
from detector.coverage import Coverage
from detector.events import Event, Figures
from detector.pipeline import CrampDetector
from detector.settings import DetectorSettings
from detector.version import VERSION

SCHEMA = 1


class DetectorInfo(msgspec.Struct, frozen=True):
    """By which rule a recording was scored."""

    version: str
    parameters: dict[str, object]
    parameters_hash: str


class StreamSummary(msgspec.Struct, frozen=True):
    """A stream that was used."""

    fs: float
    unit: str
    channels: list[str]


class LeftOutSignal(msgspec.Struct, frozen=True):
    """A signal that was not used."""

    label: str
    why: str


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """What of the recording was used; None for a stream that it does not have."""

    emg: StreamSummary | None
    acc: StreamSummary | None
    temp: StreamSummary | None
    left_out: list[LeftOutSignal]


class Unwatched(msgspec.Struct, frozen=True):
    """A stretch that could not be judged; seconds from the recording's first sample."""

    start_s: float
    end_s: float
    cause: str


class ScoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A contraction; seconds from the recording's first sample, and the same moments by the clock.

    `rejected` is there only for a candidate: the reason why it was no cramp.
    """

    id: str
    site: str
    channel: str
    stage: str
    onset: str
    onset_s: float
    suspected_s: float
    alerted_s: float | None
    end: str | None
    end_s: float | None
    duration_s: float | None
    peak_uv: float
    mean_uv: float
    rest_uv: float
    threshold_uv: float
    figures: Figures
    reason: str
    rejected: str | msgspec.UnsetType = msgspec.UNSET


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """All that scoring a recording tells; the content of `<recording>.events.json`.

    `cut_short` is there only for a file that does not hold all that it promises, and says so.
    """

    schema: int = SCHEMA
    recording: str
    start: str
    duration_s: float
    detector: DetectorInfo
    streams: Streams
    cut_short: str | msgspec.UnsetType = msgspec.UNSET
    notes: list[str]
    watched_s: float
    gaps: list[Unwatched]
    events: list[ScoredEvent]
    candidates: list[ScoredEvent]


def score_recording(
    recording: Recording, settings: DetectorSettings, progress: Callable[[float], None] | None = None
) -> Score:
    """Run the detector over a recording. `progress` is told how many seconds of it are done."""
    detector = CrampDetector(recording.place, recording.session, tuple(recording.streams), settings)
    coverage = Coverage(recording.start_ns)
    events: dict[str, Event] = {}
    for block in recording.blocks(SCORING_BLOCK_S):
        events.update((event.id, event) for event in detector.push(block))
        if (frames := detector.take_frames()) is not None:
            coverage.add(frames)
        if progress:
            progress((block.end_ns - recording.start_ns) / NS)
    events.update((event.id, event) for event in detector.finish())
    if (frames := detector.take_frames()) is not None:
        coverage.add(frames)
    return _score(recording, settings, coverage, sorted(events.values(), key=lambda event: event.onset_ns))


def decode_score(payload: bytes, name: str) -> Score:
    """A Score from the JSON of an `events.json`; raises BadRecording naming the file."""
    try:
        score = msgspec.json.decode(payload, type=Score)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecording(f"{name}: not the events.json of `crampwatch score` ({error})") from error
    if score.schema != SCHEMA:
        raise BadRecording(f"{name}: has schema {score.schema}, this program reads {SCHEMA}; score the recording again")
    return score


def encode_score(score: Score) -> bytes:
    """A Score as the JSON text of an `events.json`."""
    return msgspec.json.format(msgspec.json.encode(score), indent=1) + b"\n"


def _score(recording: Recording, settings: DetectorSettings, coverage: Coverage, events: list[Event]) -> Score:
    moments = _Moments(recording)
    return Score(
        recording=recording.name,
        start=moments.clock(recording.start_ns),
        duration_s=round(duration_s(recording), 3),
        detector=DetectorInfo(VERSION, settings.parameters, settings.hash),
        streams=_streams(recording),
        cut_short=recording.cut_short or msgspec.UNSET,
        notes=[*recording.notes, *_missing_streams(recording, settings)],
        watched_s=round(coverage.watched_s(recording.end_ns), 3),
        gaps=[
            Unwatched(moments.seconds(gap.start_ns), moments.seconds(gap.end_ns), gap.label)
            for gap in coverage.intervals(recording.end_ns)
        ],
        events=[_scored(event, moments) for event in events if event.was_alert],
        candidates=[_scored(event, moments) for event in events if event.stage == "rejected"],
    )


class _Moments:
    """Nanoseconds to what is written: seconds from the recording's start and the time of day, both to the millisecond.

    The time of day bears an offset from UTC only where the recording knows its zone.
    """

    def __init__(self, recording: Recording) -> None:
        self._start_ns = recording.start_ns
        self._zone = ZoneInfo(recording.timezone) if recording.timezone else None

    def seconds(self, t_ns: int) -> float:
        return round((t_ns - self._start_ns) / NS, 3)

    def clock(self, t_ns: int) -> str:
        seconds, rest_ns = divmod(round(t_ns, -6), NS)
        moment = datetime.fromtimestamp(seconds, self._zone or UTC).replace(microsecond=rest_ns // 1000)
        return (moment if self._zone else moment.replace(tzinfo=None)).isoformat(timespec="milliseconds")


def _scored(event: Event, moments: _Moments) -> ScoredEvent:
    is_candidate = event.stage == "rejected"
    return ScoredEvent(
        id=event.id,
        site=event.site,
        channel=event.channel,
        stage="rejected" if is_candidate else "confirmed",
        onset=moments.clock(event.onset_ns),
        onset_s=moments.seconds(event.onset_ns),
        suspected_s=moments.seconds(event.suspected_ns),
        alerted_s=None if event.alerted_ns is None else moments.seconds(event.alerted_ns),
        end=None if event.end_ns is None else moments.clock(event.end_ns),
        end_s=None if event.end_ns is None else moments.seconds(event.end_ns),
        duration_s=None if event.duration_s is None else round(event.duration_s, 3),
        peak_uv=round(event.peak_uv, 3),
        mean_uv=round(event.mean_uv, 3),
        rest_uv=round(event.rest_uv, 3),
        threshold_uv=round(event.threshold_uv, 3),
        figures=event.figures,
        reason=event.reason,
        rejected=event.reason if is_candidate else msgspec.UNSET,
    )


def _streams(recording: Recording) -> Streams:
    def summary(kind: StreamKind) -> StreamSummary | None:
        info = recording.streams.get(kind)
        if info is None:
            return None
        return StreamSummary(info.fs, info.channels[0].unit, [channel.name for channel in info.channels])

    left_out = [LeftOutSignal(signal.label, signal.why) for signal in recording.left_out]
    return Streams(emg=summary("emg"), acc=summary("acc"), temp=summary("temp"), left_out=left_out)


def _missing_streams(recording: Recording, settings: DetectorSettings) -> list[str]:
    notes = []
    if "acc" not in recording.streams:
        notes.append(
            "no accelerometer: movements are told from cramps by the EMG alone, so false alarms are more likely, and "
            f"a cramp counts only from {settings.confirm_awake_s:g} s on, as nothing shows that the leg was still"
        )
    if "temp" not in recording.streams:
        notes.append("no temperature: cramps are found without it, but cooling before them cannot be seen")
    return notes
