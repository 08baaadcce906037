"""What was recorded, judged and decided around a moment: the detector once more, from the recording's start."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.contract.errors import BadRecording
from collector.contract.messages import NS, SampleBlock
from collector.contract.recording import SCORING_BLOCK_S, Recording
from detector.channel import ChannelWatch
from detector.emg_front import EmgFront
from detector.events import Event
from detector.explain.rule import Decision, ExplainedRule
from detector.frames import Frames
from detector.pipeline import CrampDetector
from detector.settings import DetectorSettings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All channels, from some time before the moment until nothing near it is undecided.

    `from_ns` and `to_ns` bound what is known. `events` are the confirmed and the rejected ones, as `score` tells them,
    in order of onset; `decisions` are by the id of the event.
    """

    from_ns: int
    to_ns: int
    frames: Frames
    off_uv: NDArray[np.float64]  # (n, c) release threshold; NaN while the resting level is learned
    emg: list[SampleBlock]
    events: list[Event]
    decisions: dict[str, Decision]


class _Witness(CrampDetector):
    """The detector, keeping how each channel decided."""

    def __init__(self, recording: Recording, settings: DetectorSettings) -> None:
        super().__init__(recording.place, recording.session, tuple(recording.streams), settings)
        self.rules: dict[str, ExplainedRule] = {}

    def _watch(self, emg: EmgFront, k: int) -> ChannelWatch:
        channel = super()._watch(emg, k)
        channel.rule = self.rules[emg.channels[k].name] = ExplainedRule(self.settings, emg.step_s)
        return channel

    @property
    def undecided(self) -> bool:
        return any(channel.contraction is not None for channel in self.channels)

    def decisions(self, events: Iterable[Event]) -> dict[str, Decision]:
        return {event.id: self.rules[event.channel].decisions[event.onset_index] for event in events}

    def off_uv(self, rest_uv: NDArray[np.float64]) -> NDArray[np.float64]:
        """The release thresholds that belong to resting levels of shape (n, c)."""
        columns = [
            np.array([channel.off_uv(level) for level in rest_uv[:, k]]) for k, channel in enumerate(self.channels)
        ]
        return np.stack(columns, axis=1)


def surroundings(
    recording: Recording,
    settings: DetectorSettings,
    t_ns: int,
    span_ns: int,
    progress: Callable[[float], None] | None = None,
) -> Surroundings:
    """Run the detector as `score` does, until `span_ns` after the moment and after whatever contraction is near it.

    Memory is bounded by the stretch that is kept: a contraction at the moment began at most `relearn_s` before it.
    `progress` is told how many seconds of the recording are done. Raises BadRecording when nothing could be judged.
    """
    detector = _Witness(recording, settings)
    keep_ns = t_ns - span_ns - round(settings.relearn_s * NS)
    events: dict[str, Event] = {}
    parts: list[Frames] = []
    emg: list[SampleBlock] = []
    for block in recording.blocks(SCORING_BLOCK_S):
        events.update((event.id, event) for event in detector.push(block))
        parts = _kept(parts, detector.take_frames(), keep_ns)
        if block.stream == "emg" and block.end_ns >= keep_ns:
            emg.append(block)
        if progress:
            progress((block.end_ns - recording.start_ns) / NS)
        if parts and not detector.undecided and parts[-1].t_ns[-1] >= _enough_ns(events.values(), t_ns, span_ns):
            to_ns = int(parts[-1].t_ns[-1])
            break
    else:
        events.update((event.id, event) for event in detector.finish())
        parts = _kept(parts, detector.take_frames(), keep_ns)
        to_ns = recording.end_ns
    if not parts:
        raise BadRecording(f"{recording.name}: its EMG is too short to be judged")
    frames = Frames.joined(parts)
    told = sorted(
        (e for e in events.values() if e.was_alert or e.stage == "rejected"), key=lambda event: event.onset_ns
    )
    return Surroundings(
        from_ns=recording.start_ns if keep_ns <= recording.start_ns else int(frames.t_ns[0]),
        to_ns=to_ns,
        frames=frames,
        off_uv=detector.off_uv(frames.rest_uv),
        emg=emg,
        events=told,
        decisions=detector.decisions(told),
    )


def _kept(parts: list[Frames], new: Frames | None, from_ns: int) -> list[Frames]:
    """What is still of use of the frames so far; the latest always are."""
    return parts if new is None else [*(part for part in parts if part.t_ns[-1] >= from_ns), new]


def _enough_ns(events: Iterable[Event], t_ns: int, span_ns: int) -> int:
    """How far one has to look to see the moment, and whatever contraction is near it, to the end."""
    ends = [event.end_ns for event in events if event.onset_ns <= t_ns + span_ns and event.end_ns is not None]
    return max([t_ns, *ends]) + span_ns
