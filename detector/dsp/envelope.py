"""From hop sums to frames: the RMS envelope with the mains taken out, and what the raw samples did meanwhile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.dsp.hops import HOPS_PER_STEP, HOPS_PER_WINDOW, STEPS_PER_UV, TONE_SCALE, HopSums
from detector.dsp.state import Remembers

Float = NDArray[np.float64]


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
        tones = np.array(tones_50 + tones_60)
        turn = 2 * np.pi * np.outer(np.arange(HOPS_PER_WINDOW), tones * hop / fs)
        # (hops per window, 1, 1, tones): to be multiplied with (hops per window, frames, channels, tones)
        self._cos = np.cos(turn)[:, np.newaxis, np.newaxis]
        self._sin = np.sin(turn)[:, np.newaxis, np.newaxis]
        self._series = (slice(0, len(tones_50)), slice(len(tones_50), len(tones)))
        self._samples = HOPS_PER_WINDOW * hop
        self.reset()

    def reset(self) -> None:
        """Forget the hops before a gap."""
        self.pending: list[Float] = []  # the fields of HopSums, or nothing yet

    def push(self, hops: HopSums) -> EnvelopeFrames:
        """The frames completed by these hops."""
        joined = hops
        if self.pending:
            joined = HopSums(*map(np.concatenate, zip(self.pending, _fields(hops), strict=True)))
        count = len(joined.energy)
        frames = max(0, (count - HOPS_PER_WINDOW) // HOPS_PER_STEP + 1)
        kept = frames * HOPS_PER_STEP
        self.pending = [part[kept:].copy() for part in _fields(joined)]
        return self._frames(joined, frames)

    def _frames(self, hops: HopSums, frames: int) -> EnvelopeFrames:
        def windows(part: Float) -> Float:
            """Shape (hops per window, frames, ...): the first hop of every window, then the second, and so on."""
            starts = range(HOPS_PER_WINDOW)
            return np.stack([part[j : j + frames * HOPS_PER_STEP : HOPS_PER_STEP][:frames] for j in starts])

        power = windows(hops.energy).sum(axis=0) / self._samples
        line = self._line_power(windows(hops.tones))
        residual = np.maximum(power - line, 0.0)
        return EnvelopeFrames(
            envelope_uv=np.sqrt(residual) / STEPS_PER_UV,
            line_uv=np.sqrt(line) / STEPS_PER_UV,
            spread=windows(hops.high).max(axis=0) - windows(hops.low).min(axis=0),
            railed=windows(hops.railed).sum(axis=0) / self._samples,
        )

    def _line_power(self, tones: Float) -> Float:
        """Mean square of the fitted mains, per frame and channel, in squared steps.

        Each hop's sums count their phase from the hop's own start; turning them by the tone's advance over j hops
        puts all of them on the window's phase. Written in real arithmetic, with sums along the first axis, because
        every operation is then exact to rounding element by element, whatever the array's length.
        """
        half = self._cos.shape[-1]
        re, im = tones[..., :half], tones[..., half:]
        turned_re = (re * self._cos - im * self._sin).sum(axis=0)
        turned_im = (im * self._cos + re * self._sin).sum(axis=0)
        power = (turned_re * turned_re + turned_im * turned_im) * (2.0 / (self._samples * TONE_SCALE) ** 2)
        fifty, sixty = (power[..., series].sum(axis=2) for series in self._series)
        line: Float = np.maximum(fifty, sixty)
        return line


def _fields(hops: HopSums) -> tuple[Float, ...]:
    return hops.energy, hops.tones, hops.low, hops.high, hops.railed
