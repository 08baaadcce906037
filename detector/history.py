"""The last minutes of one channel, frame by frame, for looking back from an onset."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.dsp.state import Remembers

FRAME = np.dtype(
    [
        ("t_ns", np.int64),
        ("sample", np.int64),
        ("envelope_uv", np.float64),  # NaN in a gap
        ("line_uv", np.float64),
        ("quality", np.uint8),  # bits of Quality
        ("spread_uv", np.float64),  # largest minus smallest raw sample; NaN in a gap
        ("motion_mg", np.float64),  # NaN where unknown
        ("upright", np.bool_),
    ],
    align=True,
)
"""One frame of one channel; its time and sample index are those of its end."""
ROW = np.dtype((np.void, FRAME.itemsize))
"""A frame as mere bytes: numpy copies those ten times as fast as field by field."""
ChannelFrames = NDArray[np.void]
"""Frames of one channel in order, shape (n,), of dtype FRAME."""


class Frame(NamedTuple):
    """One frame taken out of ChannelFrames."""

    t_ns: int
    sample: int
    envelope_uv: float
    line_uv: float
    quality: int
    spread_uv: float
    motion_mg: float
    upright: bool


class History(Remembers):
    """Frames by number, the youngest `length` of them at least."""

    memory = ("first", "frames")

    def __init__(self, length: int) -> None:
        self._length = length
        self.first = 0
        self.frames: ChannelFrames = np.empty(0, FRAME)

    @property
    def end(self) -> int:
        """The number of the next frame."""
        return self.first + len(self.frames)

    def extend(self, frames: ChannelFrames) -> ChannelFrames:
        """Append frames, drop those nobody will ask for, and give back the new ones where they are now kept."""
        surplus = max(0, len(self.frames) - self._length)
        self.frames = np.concatenate([self.frames[surplus:].view(ROW), frames.view(ROW)]).view(FRAME)
        self.first += surplus
        return self.frames[len(self.frames) - len(frames) :]

    def frame(self, number: int) -> Frame:
        """One frame."""
        return Frame._make(self.frames.item(number - self.first))

    def before(self, number: int, count: int) -> ChannelFrames:
        """The `count` frames before this one, or as many as are kept."""
        stop = number - self.first
        return self.frames[max(0, stop - count) : stop]

    def between(self, first: int, end: int) -> ChannelFrames:
        """Frames from `first` up to, not including, `end`."""
        return self.frames[first - self.first : end - self.first]

    def mark(self, number: int, quality: int) -> Frame:
        """Give a frame its quality bits; the frame as it now is."""
        self.frames["quality"][number - self.first] = quality
        return self.frame(number)

    def state(self) -> dict[str, object]:
        """The frames as bytes: a snapshot's arrays have no fields."""
        return super().state() | {"frames": self.frames.tobytes()}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave; raises TypeError or ValueError when its bytes are no frames."""
        super().restore(state)
        self.frames = np.frombuffer(self.frames, FRAME).copy()
