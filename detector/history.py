"""The last minutes of one channel, frame by frame, for looking back from an onset."""

from typing import NamedTuple

from detector.dsp.state import Remembers


class Frame(NamedTuple):
    """One frame of one channel; its time and sample index are those of its end."""

    number: int
    t_ns: int
    sample: int
    envelope_uv: float
    line_uv: float
    good: bool
    spread_uv: float  # NaN in a gap
    motion_mg: float  # NaN where unknown
    upright: bool


class History(Remembers):
    """Frames by number, the youngest `length` of them at least. Plain lists: they are read one number at a time."""

    memory = ("first", "t_ns", "sample", "envelope_uv", "line_uv", "good", "spread_uv", "motion_mg", "upright")

    def __init__(self, length: int) -> None:
        self._length = length
        self.first = 0
        self.t_ns: list[int] = []
        self.sample: list[int] = []
        self.envelope_uv: list[float] = []
        self.line_uv: list[float] = []
        self.good: list[bool] = []
        self.spread_uv: list[float] = []
        self.motion_mg: list[float] = []
        self.upright: list[bool] = []

    @property
    def end(self) -> int:
        """The number of the next frame."""
        return self.first + len(self.t_ns)

    def extend(
        self,
        t_ns: list[int],
        sample: list[int],
        envelope_uv: list[float],
        line_uv: list[float],
        good: list[bool],
        spread_uv: list[float],
        motion_mg: list[float],
        upright: list[bool],
    ) -> None:
        """Append frames and drop those nobody will ask for."""
        new = (t_ns, sample, envelope_uv, line_uv, good, spread_uv, motion_mg, upright)
        surplus = max(0, len(self.t_ns) - self._length)
        for name, values in zip(self.memory[1:], new, strict=True):
            column = getattr(self, name)
            del column[:surplus]
            column.extend(values)
        self.first += surplus

    def frame(self, number: int) -> Frame:
        """One frame."""
        k = number - self.first
        return Frame(
            number,
            self.t_ns[k],
            self.sample[k],
            self.envelope_uv[k],
            self.line_uv[k],
            self.good[k],
            self.spread_uv[k],
            self.motion_mg[k],
            self.upright[k],
        )
