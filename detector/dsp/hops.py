"""Sums over hops of 50 ms, on a grid fixed by the sample index.

The filtered signal is rounded to 1/128 uV before it is summed. All sums, over a hop and over a window, are then sums of
integers below 2**53 (up to 20 kHz), which double precision holds exactly: no order of summation, no cut and no BLAS
kernel can change a bit of the result.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.dsp.filters import band
from detector.dsp.products import multiply
from detector.dsp.state import Remembers

Float = NDArray[np.float64]

STEPS_PER_UV = 128.0
"""Rounding to 0.008 uV adds 0.002 uV RMS of noise; an electrode has 0.5 uV at best."""
LIMIT = 2.0**20
"""8.2 mV in steps of 1/128 uV: surface EMG is below 5 mV, and a window's energy stays below 2**53."""
TONE_SCALE = 2.0**10
"""The mains' sines are rounded to 1/1024, which leaves -66 dB of the line."""

HOPS_PER_WINDOW = 5
HOPS_PER_STEP = 2
"""A frame every two hops: 250 ms windows every 100 ms."""


def hop_samples(fs: float, window_s: float) -> int:
    """Samples per hop: a fifth of the window, rounded to whole samples."""
    return max(1, round(fs * window_s / HOPS_PER_WINDOW))


def mains_tones(fs: float, low_hz: float, high_hz: float) -> tuple[list[float], list[float]]:
    """The harmonics of 50 Hz and of 60 Hz that can pass the band."""
    low, high = band(fs, low_hz, high_hz)
    inside = [
        [base * k for k in range(1, 20) if low * 0.8 <= base * k <= min(high * 1.1, 0.49 * fs)] for base in (50.0, 60.0)
    ]
    return inside[0], inside[1]


@dataclass(frozen=True, slots=True)
class HopSums:
    """H hops of c channels."""

    sums: Float  # (c, H, 2 + 2 tones), all of them whole numbers; the columns are ENERGY, RAILED and TONES
    low: Float  # (c, H) smallest raw sample
    high: Float  # (c, H) largest raw sample


ENERGY = 0
"""The sum of squares, in squared steps."""
RAILED = 1
"""The number of raw samples on a rail."""
TONES = slice(2, None)
"""The sums with each tone's cosine, then with each tone's sine; the phase is counted from the hop's start."""


class HopSummer(Remembers):
    """Cuts filtered and raw samples of shape (c, n) into hops; keeps the unfinished one for the next call."""

    memory = ("filtered", "raw")

    def __init__(self, fs: float, hop: int, tones: list[float], gain: Float, rails: Float) -> None:
        phase = 2 * np.pi * np.outer(np.arange(hop), np.array(tones)) / fs
        self._tones = np.rint(np.concatenate([np.cos(phase), np.sin(phase)], axis=1) * TONE_SCALE)
        self._hop = hop
        self._gain = (gain * STEPS_PER_UV)[:, np.newaxis]  # from filtered digits to steps
        self._rails = rails  # (2, c)
        self.reset()

    def reset(self) -> None:
        """Drop the unfinished hop, as behind a gap."""
        channels = len(self._gain)
        self.filtered: Float = np.empty((channels, 0))
        self.raw: NDArray[np.int64] = np.empty((channels, 0), np.int64)

    def push(self, filtered: Float, raw: NDArray[np.signedinteger]) -> HopSums:
        """The hops completed by these samples; `filtered` is in digits and is changed in place."""
        filtered *= self._gain
        np.rint(filtered, out=filtered)
        np.clip(filtered, -LIMIT, LIMIT, out=filtered)
        if self.filtered.shape[1]:
            filtered = np.concatenate([self.filtered, filtered], axis=1)
            raw = np.concatenate([self.raw.astype(raw.dtype), raw], axis=1)
        hops = filtered.shape[1] // self._hop
        used = hops * self._hop
        self.filtered = filtered[:, used:].copy()
        self.raw = raw[:, used:].astype(np.int64)
        shape = (len(self._gain), hops, self._hop)
        return self._sums(filtered[:, :used].reshape(shape), raw[:, :used].reshape(shape))

    def _sums(self, y: Float, raw: NDArray[np.signedinteger]) -> HopSums:
        # With the samples of a hop one below the other, the extremes are found row against row: half the time.
        columns = np.ascontiguousarray(raw.transpose(2, 0, 1))
        low, high = columns.min(axis=0).astype(np.float64), columns.max(axis=0).astype(np.float64)
        sums = np.empty((*low.shape, TONES.start + self._tones.shape[1]))
        sums[..., ENERGY] = np.vecdot(y, y)
        sums[..., RAILED] = self._count_railed(raw, low, high)
        multiply(y, self._tones, out=sums[..., TONES])
        return HopSums(sums, low, high)

    def _count_railed(self, raw: NDArray[np.signedinteger], low: Float, high: Float) -> Float:
        """Rails are rare, so only hops whose extremes touch one are counted sample by sample."""
        floor, ceiling = self._rails[:, :, np.newaxis]
        counts = np.zeros(low.shape)
        touching = (low <= floor) | (high >= ceiling)
        if touching.any():
            channel, hop = np.nonzero(touching)
            samples = raw[channel, hop]
            counts[channel, hop] = ((samples <= floor[channel]) | (samples >= ceiling[channel])).sum(axis=1)
        return counts
