"""Random processes and heavy-tailed laws of which the nights are made."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter

Float = NDArray[np.float64]
Signal = NDArray[np.float32]

CONTROL_FS = 100
"""Rate of everything that steers amplitude, Hz: the fastest is tremor at 12 Hz."""


def ornstein_uhlenbeck(n: int, fs: float, tau_s: float, sd: float, rng: Generator) -> Float:
    """Noise that forgets itself with time constant `tau_s`, stationary from the first sample."""
    memory = np.exp(-1 / (fs * tau_s))
    steps = sd * np.sqrt(1 - memory**2) * rng.standard_normal(n)
    steps[:1] = sd * rng.standard_normal()
    track: Float = lfilter([1.0], [1.0, -memory], steps)
    return track


def pink(n: int, rng: Generator) -> Float:
    """1/f noise of unit variance."""
    frequency = np.arange(n // 2 + 1)
    spectrum = rng.standard_normal(len(frequency)) + 1j * rng.standard_normal(len(frequency))
    spectrum[1:] /= np.sqrt(frequency[1:])
    spectrum[0] = 0
    track = np.fft.irfft(spectrum, n)
    scale = float(track.std())
    return track / scale if scale > 0 else np.zeros(n)


def tremor(n: int, fs: float, rng: Generator) -> Float:
    """A physiological tremor of unit amplitude: 8-12 Hz, its phase wandering."""
    frequency = rng.uniform(8, 12) + ornstein_uhlenbeck(n, fs, 0.5, 0.4, rng)
    return np.sin(2 * np.pi * (np.cumsum(frequency) / fs + rng.random()))


def smoothstep(n: int) -> Float:
    """From 0 to 1 without a corner, `n` samples."""
    t = np.linspace(0, 1, n)
    return t * t * (3 - 2 * t)


def log_logistic(median: float, shape: float, low: float, high: float, rng: Generator) -> float:
    """A draw from the log-logistic law (of `median` before truncation) between `low` and `high`."""
    below = 1 / (1 + (np.array([low, high]) / median) ** -shape)
    u = rng.uniform(*below)
    return float(median * (u / (1 - u)) ** (1 / shape))


def pareto(low: float, shape: float, high: float, rng: Generator) -> float:
    """A draw from the Pareto law from `low` on, truncated at `high`."""
    u = rng.uniform(0, 1 - (low / high) ** shape)
    return float(low * (1 - u) ** (-1 / shape))


def log_uniform(low: float, high: float, rng: Generator) -> float:
    """A draw whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def overdispersed(mean: float, rng: Generator) -> int:
    """A count that varies between nights more than Poisson's (negative binomial, shape 3)."""
    return int(rng.poisson(mean * rng.gamma(3, 1 / 3)))


def resampled(track: Float, fs_in: float, n: int, fs_out: float) -> Signal:
    """`n` samples at `fs_out` interpolated from a slower track; piecewise, as whole nights in float64 are large."""
    out = np.empty(n, np.float32)
    known = np.arange(len(track)) / fs_in
    for start in range(0, n, 1 << 20):
        stop = min(n, start + (1 << 20))
        out[start:stop] = np.interp(np.arange(start, stop) / fs_out, known, track)
    return out
