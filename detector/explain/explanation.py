"""Why there was, or was not, an alert at a moment: what is looked at, and for how long around."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval
from collector.contract.recording import Recording
from detector.coverage import Coverage
from detector.dsp.filters import band
from detector.events import Event
from detector.explain.moment import clock_of
from detector.explain.rule import Decision
from detector.explain.samples import Samples, samples
from detector.explain.surroundings import Surroundings, surroundings
from detector.frames import ARRAYS, Frames, Quality
from detector.report.local_clock import LocalClock
from detector.settings import DetectorSettings

PER_CHANNEL = ("envelope_uv", "rest_uv", "threshold_uv", "quality")
"""The fields of Frames with a column for each channel."""


class UnknownChannel(ValueError):
    """The recording's EMG has no channel of that name; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One moment explained, all of it for one EMG channel and for the time from `start_ns` to `end_ns`.

    Either `event` is the contraction that the moment is about, perhaps judged on another channel, with the `decision`
    on it; or `gap` is the stretch without judgement into which the moment falls; or nothing began.
    """

    recording: str
    clock: LocalClock
    settings: DetectorSettings
    t_ns: int
    start_ns: int
    end_ns: int
    channel: str
    event: Event | None
    decision: Decision | None
    gap: Interval | None
    watched_elsewhere: bool  # another channel could be judged at the moment
    others: list[Event]  # the other contractions of the picture
    unwatched: list[Interval]
    samples: Samples | None
    frames: Frames  # of the one channel
    off_uv: NDArray[np.float64]  # (n,) release threshold
    band_hz: tuple[float, float]  # what of the samples is judged

    def seconds(self, t_ns: int) -> float:
        """A moment in seconds from the start of the picture."""
        return (t_ns - self.start_ns) / NS

    @property
    def has_motion(self) -> bool:
        """Whether the leg's motion is known at any time shown."""
        return bool(np.isfinite(self.frames.motion_mg).any())


class _Focus(NamedTuple):
    """What a moment is about, and the channel to show."""

    event: Event | None
    gap: Interval | None
    channel: str


def explain(
    recording: Recording,
    settings: DetectorSettings,
    t_ns: int,
    span_s: float,
    channel: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Explanation:
    """Explain the contraction at a moment, or the nearest within `span_s`, or why there is none.

    The picture reaches `span_s` beyond the moment and the contraction on both sides. Without a `channel` that of the
    contraction is shown, else the one that came closest to one. `progress` is told how many seconds are done. Raises
    UnknownChannel, and BadRecording when nothing of the recording could be judged.
    """
    known = [shown.name for shown in recording.streams["emg"].channels]
    if channel is not None and channel not in known:
        raise UnknownChannel(f"{recording.name} has no EMG channel {channel!r}; it has {', '.join(known)}")
    span_ns = round(span_s * NS)
    around = surroundings(recording, settings, t_ns, span_ns, progress)
    event, gap, shown = _focus(around, t_ns, span_ns, channel)
    k = known.index(shown)
    first_ns, last_ns = (min(t_ns, event.onset_ns), max(t_ns, end_ns_of(event))) if event else (t_ns, t_ns)
    start_ns, end_ns = max(around.from_ns, first_ns - span_ns), min(around.to_ns, last_ns + span_ns)
    inside = slice(*np.searchsorted(around.frames.t_ns, (start_ns, end_ns)))
    return Explanation(
        recording=recording.name,
        clock=clock_of(recording),
        settings=settings,
        t_ns=t_ns,
        start_ns=start_ns,
        end_ns=end_ns,
        channel=shown,
        event=event,
        decision=around.decisions[event.id] if event else None,
        gap=gap,
        watched_elsewhere=bool(_judged(around.frames, t_ns).any()),
        others=[e for e in around.events if e is not event and e.onset_ns < end_ns and end_ns_of(e) > start_ns],
        unwatched=[part for part in _unwatched(around, k) if part.start_ns < end_ns and part.end_ns > start_ns],
        samples=samples(around.emg, shown, settings, start_ns, end_ns),
        frames=_of_channel(around.frames, k, inside),
        off_uv=around.off_uv[inside, k],
        band_hz=band(recording.streams["emg"].fs, settings.band_low_hz, settings.band_high_hz),
    )


def distance_ns(event: Event, t_ns: int) -> int:
    """How far a moment lies outside a contraction; 0 while it lasts."""
    return max(0, event.onset_ns - t_ns, t_ns - end_ns_of(event))


def end_ns_of(event: Event) -> int:
    """The end of a contraction, which every one has that is over."""
    return event.onset_ns if event.end_ns is None else event.end_ns


def _focus(around: Surroundings, t_ns: int, span_ns: int, channel: str | None) -> _Focus:
    """A contraction at the moment comes first, then a gap at the moment, then the nearest contraction."""
    event = _nearest(around.events, t_ns, span_ns, channel)
    if event and distance_ns(event, t_ns) == 0:
        return _Focus(event, None, channel or event.channel)
    shown = channel or _liveliest(around.frames, t_ns, span_ns)
    gaps = _unwatched(around, around.frames.channels.index(shown))
    gap = next((gap for gap in gaps if gap.start_ns <= t_ns < gap.end_ns), None)
    if event is None or gap:
        return _Focus(None, gap, shown)
    return _Focus(event, None, channel or event.channel)


def _nearest(events: Sequence[Event], t_ns: int, span_ns: int, channel: str | None) -> Event | None:
    """The contraction at the moment or else the nearest; of several at once the channel's own, then the alert."""
    near = [event for event in events if distance_ns(event, t_ns) <= span_ns]

    def rank(event: Event) -> tuple[int, bool, bool]:
        return distance_ns(event, t_ns), event.channel != channel, not event.was_alert

    return min(near, key=rank, default=None)


def _liveliest(frames: Frames, t_ns: int, span_ns: int) -> str:
    """Of the channels that could be judged at the moment the one whose envelope came closest to its threshold."""
    first, stop = np.searchsorted(frames.t_ns, (t_ns - span_ns, t_ns + span_ns))
    good = frames.quality == Quality.GOOD
    share = np.where(good, frames.envelope_uv / frames.threshold_uv, 0.0)[first:stop].max(axis=0, initial=0.0)
    judged = _judged(frames, t_ns)
    return frames.channels[max(range(len(share)), key=lambda k: (judged[k], share[k]))]


def _judged(frames: Frames, t_ns: int) -> NDArray[np.bool_]:
    """Which channels could be judged at the moment, shape (c,)."""
    at = min(int(np.searchsorted(frames.t_ns, t_ns)), len(frames) - 1)
    good: NDArray[np.bool_] = frames.quality[at] == Quality.GOOD
    return good


def _unwatched(around: Surroundings, k: int) -> list[Interval]:
    """The stretches in which this channel could not be judged."""
    coverage = Coverage(around.from_ns)
    coverage.add(_of_channel(around.frames, k, slice(None)))
    return coverage.intervals(around.to_ns)


def _of_channel(frames: Frames, k: int, part: slice) -> Frames:
    arrays = {name: getattr(frames, name)[part] for name in ARRAYS}
    arrays |= {name: arrays[name][:, [k]] for name in PER_CHANNEL}
    return replace(frames, channels=(frames.channels[k],), **arrays)
