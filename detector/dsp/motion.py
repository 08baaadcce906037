"""From the accelerometer: how much the leg moves, and which way gravity points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.dsp.state import Remembers

Float = NDArray[np.float64]

HOP_S = 0.1
"""The motion is told every tenth of a second, like the EMG."""
HOPS_PER_WINDOW = 5
"""Over half a second: long enough for a 25 Hz accelerometer, too short for breathing or a slow tilt to show."""


@dataclass(frozen=True, slots=True)
class MotionFrames:
    """K windows of half a second."""

    motion_mg: Float  # (K,) standard deviation of the three axes together
    gravity_mg: Float  # (K, 3) their means


class Motion(Remembers):
    """Streaming windows over samples of shape (n, 3) in digits, on a grid fixed by the sample index.

    Sums are taken over the integers the device sent, so they are exact however the samples are cut.
    """

    memory = ("samples",)

    def __init__(self, fs: float, scale_mg: Float, offset_mg: Float) -> None:
        self.hop = max(1, round(fs * HOP_S))
        self._window = HOPS_PER_WINDOW * self.hop
        self._mean_mg = scale_mg / self._window
        self._offset_mg = offset_mg
        self.reset()

    def reset(self) -> None:
        """Forget what was before a gap."""
        self.samples: NDArray[np.int64] = np.empty((0, 3), np.int64)

    def push(self, digital: NDArray[np.signedinteger]) -> MotionFrames:
        """The windows completed by these samples; one ends with each hop from the fifth on."""
        samples = np.concatenate([self.samples, digital])
        windows = max(0, (len(samples) - self._window) // self.hop + 1)
        self.samples = samples[windows * self.hop :].copy()
        return self._frames(self._window_sums(samples, windows), self._window_sums(samples * samples, windows))

    def _window_sums(self, values: NDArray[np.int64], windows: int) -> NDArray[np.int64]:
        """Shape (K, 3): differences of the running sum, which are exact in integers, even where it overflows."""
        running = np.zeros((len(values) + 1, 3), np.int64)
        np.cumsum(values, axis=0, out=running[1:])
        span = windows * self.hop
        return running[self._window :: self.hop][:windows] - running[: span : self.hop]

    def _frames(self, sums: NDArray[np.int64], squares: NDArray[np.int64]) -> MotionFrames:
        # Exact in integers before the scaling: the difference of two large numbers is where precision would go.
        spread = (self._window * squares - sums * sums) * (self._mean_mg * self._mean_mg)
        motion = np.sqrt(spread[:, 0] + spread[:, 1] + spread[:, 2])
        return MotionFrames(motion, sums * self._mean_mg + self._offset_mg)
