"""What stands between muscle and converter: contact, heart, mains, pops and loose leads.

Each function adds to the EMG in place (uV, at fs) and returns what it did.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter

from benchmarks.accuracy.other_nights.processes import (
    Float,
    Signal,
    log_uniform,
    ornstein_uhlenbeck,
    resampled,
)
from benchmarks.accuracy.other_nights.truth import Interval

CONTACT_FS = 1
"""Contact changes over minutes, or from one second to the next."""
RESEAT_GAIN = (0.5, 2.0)
RESEAT_S = 6.0
LEAD_OFF_S = (5.0, 1200.0)


@dataclass(frozen=True)
class Contact:
    """Factors on the muscle's signal (`gain`) and on the sensor's noise (`floor`) over the night, at CONTACT_FS."""

    gain: Float
    floor: Float
    reseats: list[Interval]


def draw_contact(night_s: int, reseats: list[float], rng: Generator) -> Contact:
    """A gain that wanders and drifts, and jumps wherever the electrodes are seated anew."""
    drift = np.cumsum(rng.standard_normal(night_s)) * 0.2 / np.sqrt(8 * 3600)
    gain = np.exp(drift + ornstein_uhlenbeck(night_s, CONTACT_FS, log_uniform(600, 3600, rng), 0.08, rng))
    floor = np.exp(ornstein_uhlenbeck(night_s, CONTACT_FS, 1800, 0.06, rng))
    for at in reseats:
        anew = int(at) + 2  # tracks are interpolated: the step lies within the second before, while hands are at work
        gain[anew:] *= log_uniform(*RESEAT_GAIN, rng)
        floor[anew:] *= log_uniform(0.65, 1.6, rng)
    return Contact(gain, floor, [Interval("reseat", at, at + float(rng.uniform(2, RESEAT_S))) for at in reseats])


def add_heart(emg: Signal, fs: float, rms_uv: float, heart_hz: float, rng: Generator) -> None:
    """The heart as seen from the calf: a Ricker wavelet and a slow T wave, the rate breathing and wandering."""
    beats = round(len(emg) / fs * heart_hz * 1.2)
    breath = np.sin(2 * np.pi * 0.23 * np.arange(beats) / heart_hz)
    intervals = (1 + 0.03 * breath + ornstein_uhlenbeck(beats, 1, 60, 0.05, rng)) / heart_hz
    t = np.arange(-0.12, 0.4, 1 / fs)
    spread = rng.uniform(0.008, 0.014)
    wave = (1 - (t / spread) ** 2) * np.exp(-0.5 * (t / spread) ** 2) + 0.2 * np.exp(-0.5 * ((t - 0.28) / 0.05) ** 2)
    wave *= rms_uv / np.sqrt((wave**2).sum() / fs * heart_hz)
    at = (np.cumsum(np.maximum(intervals, 0.55)) * fs).astype(int)  # beats never touch: a wave lasts 0.52 s
    at = at[at + len(t) < len(emg)]
    emg[at[:, None] + np.arange(len(t))] += wave.astype(np.float32)


def add_mains(emg: Signal, fs: float, nominal_hz: float, bad: bool, rng: Generator) -> list[Interval]:
    """Hum that steps with contact, slowly pulsing, up to 0.3 Hz off nominal, with harmonics."""
    intervals, at, night_s = [], 0.0, len(emg) / fs
    while at < night_s:
        end = min(night_s, at + rng.exponential(600 if bad else 3000))
        if rng.random() < (0.5 if bad else 0.2):
            rms_uv = min(float(rng.lognormal(np.log(6 if bad else 2), 0.9)), 60.0)
            part = emg[round(at * fs) : round(end * fs)]
            part += (rms_uv * _hum(len(part), fs, nominal_hz, rng)).astype(np.float32)
            intervals.append(Interval("mains", at, end))
        at = end
    return intervals


def _hum(n: int, fs: float, nominal_hz: float, rng: Generator) -> Float:
    """Mains of RMS 1; harmonics beyond half the sampling rate are left to the anti-aliasing filter."""
    seconds = int(n / fs) + 2
    off = np.clip(rng.uniform(-0.2, 0.2) + ornstein_uhlenbeck(seconds, 1, 120, 0.05, rng), -0.3, 0.3)
    phase = 2 * np.pi * np.cumsum(resampled(nominal_hz + off, 1, n, fs).astype(np.float64)) / fs
    wave = np.sin(phase)
    for harmonic in (2, 3, 5):
        if harmonic * (nominal_hz + 0.3) < fs / 2:
            wave += rng.uniform(0, 0.3) * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    wave *= 1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * np.arange(n) / fs / rng.uniform(20, 120))
    return wave * np.sqrt(2) if n else wave


def add_pops(emg: Signal, fs: float, onsets: list[float], rng: Generator) -> list[Interval]:
    """Jumps of the electrode's half-cell potential behind a high-pass: fast up, back with an undershoot."""
    intervals = []
    for onset in onsets:
        tau = log_uniform(0.05, 0.5, rng)
        t = np.arange(0, 6 * tau, 1 / fs)
        pop = (1 - np.exp(-t / rng.uniform(0.002, 0.01))) * (1 - 0.6 * t / tau) * np.exp(-t / tau)
        pop *= rng.choice([-1, 1]) * log_uniform(200, 4000, rng)
        part = emg[round(onset * fs) :][: len(t)]
        part += pop[: len(part)].astype(np.float32)
        intervals.append(Interval("pop", onset, onset + len(part) / fs))
    return intervals


def loosen(emg: Signal, fs: float, stretches: list[tuple[float, float]], limit_uv: float, rng: Generator) -> None:
    """Take the electrodes off: the converter sees a rail, nothing, hum, or floating noise instead of the muscle."""
    for start, end in stretches:
        part = emg[round(start * fs) : round(end * fs)]
        n, form = len(part), rng.integers(4)
        if form == 0:
            part[:] = rng.choice([-1, 1]) * 1.2 * limit_uv
        elif form == 1:
            part[:] = 0.2 * rng.standard_normal(n)
        elif form == 2:
            part[:] = log_uniform(100, 1500, rng) * _hum(n, fs, float(rng.choice([50, 60])), rng)
        else:
            memory = float(np.exp(-1 / (fs * 0.3)))
            part[:] = log_uniform(2, 40, rng) * lfilter([1.0], [1.0, -memory], rng.standard_normal(n))
