"""The course of the check: rest, then one gentle contraction, then rest, told by the samples' own time.

By their time and not by the clock on the wall: so it works with a recording that plays, at any speed, and a prompt
and the samples it belongs to stay together when the radio stalls.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS, SampleBlock, StreamKind
from detector.emg_front import EmgFront, RawFrames
from detector.motion_front import MotionFront
from detector.settings import DetectorSettings

Phase = Literal["settling", "rest", "tense", "release", "done"]
LASTS_S: dict[Phase, float] = {"settling": 3.0, "rest": 20.0, "tense": 10.0, "release": 8.0}
"""In seconds of samples. The filters settle within one; 20 s of rest hold 200 frames; to read, to react and to hold
for 3 s takes 6 s, and samples of before the prompt are still under way for 1 to 2 s; so is the letting go."""
HOLD_S = 3.0
"""For which a contraction is asked: longer than a twitch, and nobody tires."""
PHASES: tuple[Phase, ...] = (*LASTS_S, "done")


@dataclass
class Observation:
    """What the samples held: frames of all EMG channels, and what is known of the other streams.

    `begins_ns` are the sample times at which the phases began. `motion_mg` (n,) and `gravity_mg` (n, 3) belong to the
    frames; NaN where unknown.
    """

    channels: tuple[str, ...]
    calibrated: bool
    step_s: float
    frames: RawFrames
    begins_ns: dict[Phase, int]
    streams: tuple[StreamKind, ...]
    motion_mg: NDArray[np.float64]
    gravity_mg: NDArray[np.float64]
    received: Counter[StreamKind] = field(default_factory=Counter)
    lost: Counter[StreamKind] = field(default_factory=Counter)

    def during(self, phase: Phase) -> slice:
        """The frames that ended in a phase."""
        following = PHASES[PHASES.index(phase) + 1]
        start, stop = (self.begins_ns.get(it, 2**63 - 1) for it in (phase, following))
        return slice(*np.searchsorted(self.frames.t_ns, [start, stop], side="right").tolist())


class Course:
    """Takes the blocks of one session and says when a phase begins."""

    def __init__(self, session: str, settings: DetectorSettings) -> None:
        self.session = session
        self._settings = settings
        self._emg: EmgFront | None = None
        self._acc: MotionFront | None = None
        self._frames: list[RawFrames] = []
        self._next: dict[StreamKind, int] = {}
        self._streams: tuple[StreamKind, ...] = ()
        self._begins_ns: dict[Phase, int] = {}
        self._received, self._lost = Counter[StreamKind](), Counter[StreamKind]()
        self.phase: Phase = "settling"

    def push(self, block: SampleBlock) -> list[Phase]:
        """Take in a block; the phases that begin with it, in order. Raises Inconsistent for an EMG no one can judge."""
        self._streams = block.streams
        self._count(block)
        if block.stream == "acc":
            self._acc = self._acc or MotionFront(block.fs, block.channels)
            self._acc.push(block)
        if block.stream != "emg":
            return []
        self._emg = self._emg or EmgFront(block.fs, block.channels, self._settings)
        self._frames += self._emg.push(block)
        return self._advance(block)

    def observation(self) -> Observation | None:
        """What has been seen so far; None before the first frame."""
        frames = [part for part in self._frames if len(part.t_ns)]
        if self._emg is None or not frames:
            return None
        joined = RawFrames.joined(frames)
        unknown = np.full(len(joined.t_ns), np.nan), np.full((len(joined.t_ns), 3), np.nan)
        motion_mg, gravity_mg = self._acc.at(joined.t_ns) if self._acc else unknown
        return Observation(
            channels=tuple(channel.name for channel in self._emg.channels),
            calibrated=self._emg.calibrated,
            step_s=self._emg.step_s,
            frames=joined,
            begins_ns=self._begins_ns,
            streams=self._streams,
            motion_mg=motion_mg,
            gravity_mg=gravity_mg,
            received=self._received,
            lost=self._lost,
        )

    def _advance(self, block: SampleBlock) -> list[Phase]:
        begun: list[Phase] = []
        self._begins_ns.setdefault("settling", block.t0_ns)
        while self.phase != "done" and self._elapsed_s(block) >= LASTS_S[self.phase]:
            until_ns = self._begins_ns[self.phase] + round(LASTS_S[self.phase] * NS)
            self.phase = PHASES[PHASES.index(self.phase) + 1]
            self._begins_ns[self.phase] = until_ns
            begun.append(self.phase)
        return begun

    def _elapsed_s(self, block: SampleBlock) -> float:
        return (block.end_ns - self._begins_ns[self.phase]) / NS

    def _count(self, block: SampleBlock) -> None:
        expected = self._next.get(block.stream, block.first_index)
        self._lost[block.stream] += max(0, block.first_index - expected)
        self._received[block.stream] += max(0, block.end_index - max(expected, block.first_index))
        self._next[block.stream] = max(expected, block.end_index)
