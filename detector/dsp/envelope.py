"""From hop sums to frames: the RMS envelope with the mains taken out, and what the raw samples did meanwhile."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from detector.dsp.hops import ENERGY, HOPS_PER_STEP, HOPS_PER_WINDOW, RAILED, STEPS_PER_UV, TONE_SCALE, TONES, HopSums
from detector.dsp.products import multiply
from detector.dsp.state import Remembers

Float = NDArray[np.float64]

TURN_SCALE = 2.0**10
"""A tone's advance by a hop is rounded like its sines, to 1/1024; it is not rounded at all where 20 hops make 1 s."""


@dataclass(frozen=True, slots=True)
class EnvelopeFrames:
    """K frames of c channels, each over one window."""

    envelope_uv: Float  # (K, c) RMS without the mains
    line_uv: Float  # (K, c) RMS of the mains
    spread: Float  # (K, c) largest minus smallest raw sample
    railed: Float  # (K, c) share of raw samples on a rail


class Envelope(Remembers):
    """Combines hops into overlapping frames; keeps the hops that the next frames still need.

    The mains is fitted to each window as the stronger of two harmonic series (50 or 60 Hz) and its power subtracted:
    a notch without memory, which neither rings nor has to be switched. Over 250 ms the tones of one series are
    orthogonal to within 0.1 % of power, so each is fitted on its own.
    """

    memory = ("pending",)

    def __init__(self, fs: float, hop: int, tones_50: list[float], tones_60: list[float]) -> None:
        self._windows = _hops_to_windows(np.array(tones_50 + tones_60) * hop / fs)
        self._fifties = len(tones_50)
        self._samples = HOPS_PER_WINDOW * hop
        self.reset()

    def reset(self) -> None:
        """Forget the hops before a gap."""
        self.pending: list[Float] = []  # the fields of HopSums, or nothing yet

    def push(self, hops: HopSums) -> EnvelopeFrames:
        """The frames completed by these hops."""
        parts = [hops.sums, hops.low, hops.high]
        if self.pending:
            parts = [np.concatenate(pair, axis=1) for pair in zip(self.pending, parts, strict=True)]
        frames = max(0, (parts[0].shape[1] - HOPS_PER_WINDOW) // HOPS_PER_STEP + 1)
        self.pending = [part[:, frames * HOPS_PER_STEP :].copy() for part in parts]
        sums, low, high = ([_nth_hops(part, j, frames) for j in range(HOPS_PER_WINDOW)] for part in parts)
        spread = reduce(np.maximum, high) - reduce(np.minimum, low)
        return self._frames(np.concatenate(sums, axis=2), spread)

    def _frames(self, hops: Float, spread: Float) -> EnvelopeFrames:
        """From the sums of all hops of each window, (c, K, hops per window x sums), to frames."""
        windows = multiply(hops, self._windows, out=np.empty((*spread.shape, self._windows.shape[1])))
        sums = np.ascontiguousarray(windows.transpose(2, 1, 0))
        power = sums[ENERGY] / self._samples
        line = self._line_power(sums[TONES])
        return EnvelopeFrames(
            envelope_uv=np.sqrt(np.maximum(power - line, 0.0)) / STEPS_PER_UV,
            line_uv=np.sqrt(line) / STEPS_PER_UV,
            spread=spread.T,
            railed=sums[RAILED] / self._samples,
        )

    def _line_power(self, tones: Float) -> Float:
        """Mean square of the fitted mains, shape (K, c), in squared steps, from a window's (2 tones, K, c)."""
        squares = tones * tones
        half = len(squares) // 2
        power = squares[:half] + squares[half:]
        # Tone by tone, not with the array's own sum, whose order of addition depends on the array's shape.
        none = np.zeros(power.shape[1:])
        fifty, sixty = sum(power[: self._fifties], none), sum(power[self._fifties :], none)
        return np.maximum(fifty, sixty) * (2.0 / (self._samples * TONE_SCALE * TURN_SCALE) ** 2)


def _nth_hops(part: Float, n: int, frames: int) -> Float:
    """Hop n of each window, shape (c, K, ...)."""
    return part[:, n : n + frames * HOPS_PER_STEP : HOPS_PER_STEP][:, :frames]


def _hops_to_windows(turns_per_hop: Float) -> Float:
    """The matrix of whole numbers, (hops per window x sums, sums), that adds a window's hops up.

    Each hop's tones count their phase from the hop's own start, and by the window's hop j a tone has made j times
    `turns_per_hop` turns: the matrix turns them to the window's phase.
    """
    blocks = []
    for j in range(HOPS_PER_WINDOW):
        cos, sin = (np.diag(np.rint(wave(2 * np.pi * j * turns_per_hop) * TURN_SCALE)) for wave in (np.cos, np.sin))
        blocks.append(block_diag(np.eye(TONES.start), np.block([[cos, sin], [-sin, cos]])))
    return np.concatenate(blocks)
