"""From accelerometer sample blocks to the leg's motion at any moment the EMG asks about."""

import numpy as np
from numpy.typing import NDArray

from collector.contract.errors import Inconsistent
from collector.contract.messages import NS, Channel, SampleBlock
from detector.dsp.motion import HOPS_PER_WINDOW, Motion
from detector.dsp.state import Remembers

TO_MG = {"mg": 1.0, "g": 1e3, "G": 1e3, "m/s2": 1e3 / 9.80665, "m/s^2": 1e3 / 9.80665, "m/s²": 1e3 / 9.80665}
"""Thousandths of standard gravity per unit; a unit not listed is refused."""
STALE_NS = NS // 2
"""A motion older than its own window of half a second says nothing about now."""
KEPT_NS = 600 * NS
"""How far the accelerometer may run ahead of the EMG: ten minutes, 0.3 MB."""
AXES = 3


class MotionFront(Remembers):
    """Keeps the motion windows until the EMG has come as far."""

    memory = ("next_index", "base", "windows", "t_ns", "motion_mg", "gravity_mg")

    def __init__(self, fs: float, channels: tuple[Channel, ...]) -> None:
        if len(channels) != AXES:
            raise Inconsistent(f"an accelerometer has three axes, this one has {len(channels)} channels")
        if unknown := [c.unit for c in channels if c.unit not in TO_MG]:
            raise Inconsistent(f"acceleration in {unknown[0]!r} is not understood; use one of {', '.join(TO_MG)}")
        factor = np.array([TO_MG[c.unit] for c in channels])
        scale = np.array([c.scale for c in channels]) * factor
        offset = np.array([c.offset for c in channels]) * factor
        self.fs, self.channels = fs, channels
        self.motion = Motion(fs, scale, offset)
        self.next_index: int | None = None
        self.base = 0
        self.windows = 0
        self.t_ns: NDArray[np.int64] = np.empty(0, np.int64)  # ends of the windows kept
        self.motion_mg: NDArray[np.float64] = np.empty(0)
        self.gravity_mg: NDArray[np.float64] = np.empty((0, AXES))

    @property
    def until_ns(self) -> int:
        """The moment up to which motion is known; 0 before the first window."""
        return int(self.t_ns[-1]) if len(self.t_ns) else 0

    def push(self, block: SampleBlock) -> None:
        """Take in a block; samples already seen are ignored."""
        if block.fs != self.fs or block.channels != self.channels:
            raise Inconsistent("the accelerometer's rate or axes changed within a session; start a new session")
        if self.next_index is None or block.first_index > self.next_index:
            self.motion.reset()
            self.base, self.windows = block.first_index, 0
        skip = 0 if self.next_index is None else max(0, self.next_index - block.first_index)
        if skip >= block.count:
            return
        self.next_index = block.end_index
        frames = self.motion.push(block.digital()[skip:])
        count = len(frames.motion_mg)
        number = np.arange(self.windows, self.windows + count)
        self.windows += count
        sample = self.base + (number + HOPS_PER_WINDOW) * self.motion.hop
        clock = block.clock
        t_ns = clock.t_ns + np.rint((sample - clock.index) * (NS / clock.fs)).astype(np.int64)
        self.t_ns = np.concatenate([self.t_ns, t_ns])
        self.motion_mg = np.concatenate([self.motion_mg, frames.motion_mg])
        self.gravity_mg = np.concatenate([self.gravity_mg, frames.gravity_mg])
        self._forget(self.until_ns - KEPT_NS)

    def at(self, t_ns: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Motion (n,) and gravity (n, 3) in mg at these moments: the last window that ends by then; NaN when stale."""
        if not len(self.t_ns):
            return np.full(len(t_ns), np.nan), np.full((len(t_ns), AXES), np.nan)
        window = np.searchsorted(self.t_ns, t_ns, side="right") - 1
        known = (window >= 0) & (t_ns - self.t_ns[window] <= STALE_NS)
        motion = np.where(known, self.motion_mg[window], np.nan)
        gravity = np.where(known[:, np.newaxis], self.gravity_mg[window], np.nan)
        return motion, gravity

    def forget_before(self, t_ns: int) -> None:
        """Drop windows that no later moment can ask for."""
        self._forget(t_ns - STALE_NS)

    def _forget(self, t_ns: int) -> None:
        old = int(np.searchsorted(self.t_ns, t_ns))
        if old:
            self.t_ns, self.motion_mg, self.gravity_mg = self.t_ns[old:], self.motion_mg[old:], self.gravity_mg[old:]
