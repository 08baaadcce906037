"""CrampDetector: sample blocks in, events out. The live service, replay, score and tests all use this object."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collector.contract.errors import Inconsistent
from collector.contract.messages import NS, Channel, SampleBlock, StreamKind
from collector.contract.topics import Place, place
from detector import snapshot
from detector.channel import ChannelWatch, Identity
from detector.emg_front import EmgFront, RawFrames
from detector.events import Event
from detector.frames import Frames
from detector.history import FRAME, ChannelFrames
from detector.motion_front import MotionFront
from detector.settings import DetectorSettings
from detector.site import SiteEvents

AXIS = {"x": 0, "y": 1, "z": 2}


class CrampDetector:
    """Watches one session of one wearer at one site.

    Blocks of a stream come in order; samples seen before are ignored and a jump of the index is a gap. Streams may be
    interleaved freely as long as the accelerometer lags the EMG by no more than `settings.lag_s`, and leads it by no
    more than ten minutes: then the same samples give the same events, frames and reasons to the last bit.
    Raises `collector.contract.errors.Inconsistent` for blocks that cannot belong to the session.
    """

    def __init__(
        self,
        place: Place,
        session: str,
        streams: Sequence[StreamKind],
        settings: DetectorSettings | None = None,
    ) -> None:
        self.place, self.session, self.streams = place, session, tuple(streams)
        self.settings = settings or DetectorSettings()
        self.site = SiteEvents()
        self.emg: EmgFront | None = None
        self.motion: MotionFront | None = None
        self.channels: list[ChannelWatch] = []
        self.pending: list[RawFrames] = []
        self.decided: list[Frames] = []

    def push(self, block: SampleBlock) -> list[Event]:
        """Take in a block; the events that it decides, in the order of their decision."""
        if block.stream == "acc":
            self._start_motion(block).push(block)
        elif block.stream == "emg":
            emg = self._start_emg(block)
            self.pending += [frames for frames in emg.push(block) if len(frames.t_ns)]
        return self._decide(self._decidable_ns())

    def finish(self) -> list[Event]:
        """No block will follow: decide what is pending and close what is open."""
        events = self._decide(np.iinfo(np.int64).max)
        return events + self.site.merge(event for channel in self.channels for event in channel.finish())

    def take_frames(self) -> Frames | None:
        """The frames decided since the last call; None when there are none. Take them after every push."""
        decided, self.decided = self.decided, []
        return Frames.joined(decided) if decided else None

    def snapshot(self) -> bytes:
        """Everything this detector remembers; `restore` makes one that goes on with identical results.

        Frames not taken yet are not part of it: take them first.
        """
        return snapshot.encode(self)

    @classmethod
    def restore(cls, data: bytes, settings: DetectorSettings | None = None) -> "CrampDetector":
        """A detector from a snapshot; raises SnapshotMismatch when it was made by another rule or is damaged."""
        saved = snapshot.decode(data, settings or DetectorSettings())
        detector = cls(place(saved.wearer, saved.site), saved.session, saved.streams, settings)
        try:
            if saved.emg is not None:
                detector._begin_emg(saved.emg.fs, saved.emg.channels)
            if saved.motion is not None:
                detector.motion = MotionFront(saved.motion.fs, saved.motion.channels)
        except Inconsistent as error:
            raise snapshot.SnapshotMismatch(f"the snapshot is damaged: {error}") from error
        snapshot.fill(detector, saved)
        return detector

    def _start_emg(self, block: SampleBlock) -> EmgFront:
        return self.emg or self._begin_emg(block.fs, block.channels)

    def _begin_emg(self, fs: float, channels: tuple[Channel, ...]) -> EmgFront:
        self.emg = emg = EmgFront(fs, channels, self.settings)
        self.channels = [self._watch(emg, k) for k in range(len(channels))]
        return emg

    def _watch(self, emg: EmgFront, k: int) -> ChannelWatch:
        identity = Identity(self.place, self.session, emg.channels[k].name, self.settings.hash)
        return ChannelWatch(identity, self.settings, emg.step_s, emg.floor_uv(k), calibrated=emg.calibrated)

    def _start_motion(self, block: SampleBlock) -> MotionFront:
        if self.motion is None:
            self.motion = MotionFront(block.fs, block.channels)
        return self.motion

    def _decidable_ns(self) -> int:
        """Frames up to here can be judged: motion is known, or has been waited for long enough."""
        if "acc" not in self.streams:
            return int(np.iinfo(np.int64).max)
        latest = self.pending[-1].t_ns[-1] if self.pending else 0
        known = self.motion.until_ns if self.motion else 0
        return max(known, int(latest) - round(self.settings.lag_s * NS))

    def _decide(self, until_ns: int) -> list[Event]:
        if not self.pending or self.pending[0].t_ns[0] > until_ns:
            return []
        frames = RawFrames.joined(self.pending)
        count = int(np.searchsorted(frames.t_ns, until_ns, side="right"))
        rest = frames.part(count, len(frames.t_ns))
        self.pending = [rest] if len(rest.t_ns) else []
        return self._judge(frames.part(0, count))

    def _judge(self, frames: RawFrames) -> list[Event]:
        motion, gravity = self._motion_at(frames.t_ns)
        upright = self._upright(gravity)
        judged = [channel.push(_of_channel(frames, k, motion, upright)) for k, channel in enumerate(self.channels)]
        self.decided.append(
            Frames(
                channels=tuple(channel.name for channel in self._emg_channels()),
                step_s=self.emg.step_s if self.emg else math.nan,
                t_ns=frames.t_ns,
                envelope_uv=frames.envelope_uv,
                rest_uv=np.stack([j.rest_uv for j in judged], axis=1),
                threshold_uv=np.stack([j.threshold_uv for j in judged], axis=1),
                quality=np.stack([j.quality for j in judged], axis=1),
                motion_mg=motion,
                gravity_mg=gravity,
            )
        )
        # By the frame that decided, then by channel, so that the order does not depend on how the samples were cut.
        decisions = [(number, k, event) for k, j in enumerate(judged) for number, event in j.events]
        decisions.sort(key=lambda decision: decision[:2])
        return self.site.merge(event for _, _, event in decisions)

    def _emg_channels(self) -> Sequence[Channel]:
        return self.emg.channels if self.emg else ()

    def _motion_at(self, t_ns: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.motion is None:
            return np.full(len(t_ns), np.nan), np.full((len(t_ns), 3), np.nan)
        motion = self.motion.at(t_ns)
        self.motion.forget_before(int(t_ns[-1]))
        return motion

    def _upright(self, gravity_mg: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether the shank is within the stated angle of the vertical; never, where its axis is not known."""
        axis = self.settings.shank_axis
        if axis is None:
            return np.zeros(len(gravity_mg), np.bool_)
        squares = gravity_mg * gravity_mg
        along = np.abs(gravity_mg[:, AXIS[axis]])
        length = np.sqrt(squares[:, 0] + squares[:, 1] + squares[:, 2])
        return along > math.cos(math.radians(self.settings.upright_deg)) * length


def _of_channel(frames: RawFrames, k: int, motion_mg: NDArray[np.float64], upright: NDArray[np.bool_]) -> ChannelFrames:
    one = np.empty(len(motion_mg), FRAME)
    one["t_ns"], one["sample"] = frames.t_ns, frames.sample
    one["envelope_uv"], one["line_uv"] = frames.envelope_uv[:, k], frames.line_uv[:, k]
    one["quality"], one["spread_uv"] = frames.quality[:, k], frames.spread_uv[:, k]
    one["motion_mg"], one["upright"] = motion_mg, upright
    return one
