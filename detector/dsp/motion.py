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

    memory = ("samples", "sums")

    def __init__(self, fs: float, scale_mg: Float, offset_mg: Float) -> None:
        self.hop = max(1, round(fs * HOP_S))
        self._scale, self._offset = scale_mg, offset_mg
        self.reset()

    def reset(self) -> None:
        """Forget what was before a gap."""
        self.samples: NDArray[np.int64] = np.empty((0, 3), np.int64)
        self.sums: NDArray[np.int64] = np.empty((0, 2, 3), np.int64)

    def push(self, digital: NDArray[np.signedinteger]) -> MotionFrames:
        """The windows completed by these samples; one ends with each hop from the fifth on."""
        samples = np.concatenate([self.samples, digital.astype(np.int64)])
        hops = len(samples) // self.hop
        self.samples = samples[hops * self.hop :].copy()
        cut = samples[: hops * self.hop].reshape(hops, self.hop, 3)
        sums = np.concatenate([self.sums, np.stack([cut.sum(axis=1), (cut * cut).sum(axis=1)], axis=1)])
        windows = max(0, len(sums) - HOPS_PER_WINDOW + 1)
        self.sums = sums[windows:].copy()
        total = sum(sums[j : j + windows] for j in range(HOPS_PER_WINDOW))
        return self._frames(np.asarray(total).reshape(windows, 2, 3))

    def _frames(self, total: NDArray[np.int64]) -> MotionFrames:
        count = self.hop * HOPS_PER_WINDOW
        mean = total[:, 0] / count
        # Exact in integers before the division: the difference of two large numbers is where precision would go.
        variance = (count * total[:, 1] - total[:, 0] * total[:, 0]) / (count * count)
        axes = variance * (self._scale * self._scale)
        return MotionFrames(np.sqrt(axes[:, 0] + axes[:, 1] + axes[:, 2]), mean * self._scale + self._offset)
