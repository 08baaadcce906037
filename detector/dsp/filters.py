"""The band-pass, as a stream: cut the samples anywhere, the output is the same to the last bit."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi

from detector.dsp.state import Remembers

Float = NDArray[np.float64]

ORDER = 4
"""A 4th-order Butterworth prototype: the simplest remedy that removes the heart at the calf (30 Hz, 24 dB/octave)."""
HIGHEST_SHARE = 0.45
"""The upper edge stays below this share of fs, so that the filter keeps its shape next to the Nyquist frequency."""
NARROW_LOW_HZ = 20.0
"""At 200 Hz the band would be narrow from 30 Hz; from 20 Hz it keeps enough power to measure."""
NARROW_HIGH_HZ = 100.0
AGAINST_DENORMALS = 1e-12
"""Added to every sample: a filter left ringing on exact zeros runs 60 to 80 times slower in denormal numbers."""


def band(fs: float, low_hz: float, high_hz: float) -> tuple[float, float]:
    """The pass band in Hz that is possible at this rate."""
    high = min(high_hz, HIGHEST_SHARE * fs)
    return (low_hz if high >= NARROW_HIGH_HZ else min(low_hz, NARROW_LOW_HZ)), high


class BandPass(Remembers):
    """A causal Butterworth band-pass over c channels; `ring` is its whole state, shape (sections, c, 2).

    The first sample after a reset seeds the state as if it had been there for ever, so that an offset does not ring.
    """

    memory = ("ring",)

    def __init__(self, fs: float, low_hz: float, high_hz: float) -> None:
        self._sos = butter(ORDER, band(fs, low_hz, high_hz), "bandpass", fs=fs, output="sos")
        self._steady = sosfilt_zi(self._sos)
        self.ring: Float | None = None

    def reset(self) -> None:
        """Forget everything, as behind a gap."""
        self.ring = None

    def push(self, x: Float) -> Float:
        """Filter samples of shape (c, n), contiguous; x is changed in place."""
        if x.shape[1] == 0:
            return x
        x += AGAINST_DENORMALS
        if self.ring is None:
            self.ring = self._steady[:, np.newaxis, :] * x[np.newaxis, :, :1]
        y, self.ring = sosfilt(self._sos, x, axis=1, zi=self.ring)
        return y
