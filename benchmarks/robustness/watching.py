"""A disturbed night as a recording, what the detector makes of it, and how that compares with what happened."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from benchmarks.robustness.night import Float, Night
from collector.contract.channel_roles import LeftOut
from collector.contract.messages import NS, Channel, Clock, SampleBlock, StreamKind
from collector.contract.recording import Gap, StreamInfo
from collector.contract.topics import Place
from detector.evaluate import TOLERANCE_S, Span
from detector.score import Score, ScoredEvent, score_recording
from detector.settings import DetectorSettings

START_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
PLACE = Place("bedside", "left_calf")
SESSION = "bedside"
BLOCK_S = 60.0


@dataclass(frozen=True)
class Converter:
    """How microvolts become integers: `uv_per_digit` and the rails. The default is that of the simulated wearable."""

    uv_per_digit: float = 0.25
    lowest: int = -32768
    highest: int = 32767

    @property
    def channel(self) -> Channel:
        """As the blocks state it."""
        return Channel(name="EMG", scale=self.uv_per_digit, digital_min=self.lowest, digital_max=self.highest)

    def digits(self, emg_uv: Float) -> bytes:
        """The samples (n,) as they travel."""
        digits = np.clip(np.rint(emg_uv / self.uv_per_digit), self.lowest, self.highest)
        return digits.astype("<i2").tobytes()


WEARABLE = Converter()
AXES = tuple(Channel(name=f"ACC {axis}", unit="mg", scale=0.25) for axis in "XYZ")
Spans = Sequence[tuple[float, float]]
"""Stretches of the night: from, to, in seconds."""
ALL_NIGHT: Spans = ((0.0, math.inf),)


def blocks(
    night: Night,
    *,
    converter: Converter = WEARABLE,
    gaps: Spans = (),
    motion: Spans | None = ALL_NIGHT,
    clock_fs: float | None = None,
    block_s: float = BLOCK_S,
) -> list[SampleBlock]:
    """The night as it would arrive, undisturbed unless told otherwise.

    `gaps` are lost from both streams; `motion` is when the accelerometer sends, None when there is none; `clock_fs` is
    the EMG's rate as fitted, when it is not the nominal one.
    """
    streams: tuple[StreamKind, ...] = ("emg",) if motion is None else ("emg", "acc")
    fast = (clock_fs or night.fs) / night.fs
    emg = _whole("emg", streams, night.fs, fast, (converter.channel,), converter.digits(night.emg_uv))
    sent = _cut(emg, _without(gaps, ALL_NIGHT), night.seconds, block_s)
    if motion is not None:
        digits = np.rint(night.acc_mg / AXES[0].scale).astype("<i2").tobytes()
        acc = _whole("acc", streams, night.acc_fs, fast, AXES, digits)
        sent += _cut(acc, _without(gaps, motion), night.seconds, block_s)
    return _accelerometer_first(sent, block_s)


def _whole(
    kind: StreamKind,
    streams: tuple[StreamKind, ...],
    fs: float,
    fast: float,
    channels: tuple[Channel, ...],
    samples: bytes,
) -> SampleBlock:
    """All of a stream in one block; its clock runs `fast` times its nominal rate."""
    return SampleBlock(
        session=SESSION,
        streams=streams,
        stream=kind,
        seq=0,
        first_index=0,
        fs=fs,
        clock=Clock(0, START_NS, fs * fast),
        channels=channels,
        samples=samples,
    )


def _without(gaps: Spans, stretches: Spans) -> Spans:
    """The stretches less the gaps, which are in order and apart from each other."""
    edges = [0.0, *chain.from_iterable(gaps), math.inf]
    kept = list(zip(edges[::2], edges[1::2], strict=True))
    cut = ((max(a, start_s), min(b, stop_s)) for a, b in stretches for start_s, stop_s in kept)
    return [(a, b) for a, b in cut if a < b]


def _cut(whole: SampleBlock, stretches: Spans, seconds: float, block_s: float) -> list[SampleBlock]:
    """The stretches of a block that lasts `seconds`, cut where the night's blocks are."""
    out: list[SampleBlock] = []
    for start_s, end_s in stretches:
        stop_s = min(end_s, seconds)
        inner = np.arange(math.floor(start_s / block_s) + 1, math.ceil(stop_s / block_s)) * block_s
        edges = [min(round(at_s * whole.fs), whole.count) for at_s in (start_s, *inner.tolist(), stop_s)]
        out += [whole.cut(a, b, seq=len(out) + k) for k, (a, b) in enumerate(pairwise(edges)) if b > a]
    return out


def _accelerometer_first(sent: Iterable[SampleBlock], block_s: float) -> list[SampleBlock]:
    """Block by block as a recording has them: motion has to be known when the EMG is judged."""
    return sorted(sent, key=lambda block: (round(block.first_index / block.fs / block_s, 4) // 1, block.stream))


class InMemory:
    """Blocks as a recording."""

    name = "night"
    place = PLACE
    session = SESSION
    timezone: str | None = None
    gaps: tuple[Gap, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    cut_short: str | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, sent: Sequence[SampleBlock]) -> None:
        self._sent = sent
        self.streams: Mapping[StreamKind, StreamInfo] = {b.stream: StreamInfo(b.fs, b.channels) for b in sent}
        self.start_ns = min(block.t0_ns for block in sent)
        self.end_ns = max(block.end_ns for block in sent if block.stream == "emg")

    def blocks(self, block_s: float) -> Iterator[SampleBlock]:
        """As they came."""
        return iter(self._sent)


@dataclass(frozen=True)
class Watched:
    """What the detector said about a night with these cramps."""

    score: Score
    cramps: tuple[Span, ...]

    @property
    def found(self) -> list[Span]:
        """The cramps during which an alert was raised that also began during them."""
        return [cramp for cramp in self.cramps if any(_belongs(event, cramp) for event in self.score.events)]

    @property
    def missed(self) -> list[Span]:
        """The other cramps."""
        return [cramp for cramp in self.cramps if cramp not in self.found]

    @property
    def false_alarms(self) -> list[ScoredEvent]:
        """Alerts for something that did not begin with or during a cramp, whatever it then ran into."""
        return [event for event in self.score.events if not any(_belongs(event, cramp) for cramp in self.cramps)]

    @property
    def onsets_s(self) -> list[float]:
        """Where the alerted contractions are said to have begun."""
        return [event.onset_s for event in self.score.events]

    def unwatched_s(self, start_s: float, stop_s: float, cause: str | None = None) -> float:
        """How much of this stretch was not watched; for this cause alone, where one is named."""
        return sum(
            max(0.0, min(gap.end_s, stop_s) - max(gap.start_s, start_s))
            for gap in self.score.gaps
            if cause in (None, gap.cause)
        )


def _belongs(event: ScoredEvent, cramp: Span) -> bool:
    return cramp.onset_s - TOLERANCE_S <= event.onset_s <= cramp.end_s


def watch(night: Night, sent: Iterable[SampleBlock] | None = None, cramps: Sequence[Span] | None = None) -> Watched:
    """Score the night as it arrives (undisturbed on its way unless `sent` is given)."""
    recording = InMemory(list(blocks(night) if sent is None else sent))
    return Watched(score_recording(recording, DetectorSettings()), tuple(night.cramps if cramps is None else cramps))
