"""Surface EMG as shaped noise under an amplitude envelope.

Two families, one per night. `NoiseSpectrum`: Gaussian noise with the rational spectrum of Shwedyk et al. (1977) and
Stulen & De Luca (1981). `FibreSpectrum`: shot noise of action potentials travelling along fibres, in the frequency
domain after Lindstrom & Magnusson (1977). All amplitudes are RMS within the analysis band.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import oaconvolve
from scipy.special import k0

from benchmarks.accuracy.other_nights.processes import CONTROL_FS, Float, Signal, log_uniform, resampled

BAND_HZ = (30.0, 200.0)
NYQUIST_SHARE = 0.45
"""At low rates the band ends here, in units of fs, as no real filter reaches fs / 2."""
KERNEL_S = 0.128
"""Longer than any surface potential (6-16 ms) and than the memory of the narrowest spectrum used."""


class Spectrum(Protocol):
    """Amplitude and phase of the muscle's signal over frequency, on any scale."""

    @property
    def gaussian(self) -> bool:
        """Whether the signal is noise; else it is made of single potentials."""

    def response(self, f: Float) -> NDArray[np.complex128]:
        """The response at frequencies `f` > 0 in Hz."""


@dataclass(frozen=True)
class NoiseSpectrum:
    """Power k f^2 fh^4 / ((f^2 + fl^2)(f^2 + fh^2)^2)."""

    low_hz: float
    high_hz: float
    gaussian: bool = True

    def response(self, f: Float) -> NDArray[np.complex128]:
        """The root of the power, with zero phase."""
        return (f / np.hypot(f, self.low_hz) / (f**2 + self.high_hz**2)).astype(np.complex128)

    @classmethod
    def drawn(cls, rng: Generator) -> "NoiseSpectrum":
        """Corners that put the median frequency between 60 and 105 Hz."""
        return cls(rng.uniform(35, 70), rng.uniform(75, 130))


@dataclass(frozen=True)
class FibreSpectrum:
    """A Rosenfalck source z^3 exp(-z), z in mm, seen by two electrodes along the fibre through tissue.

    `velocity` of conduction in mm/ms, `depth_mm` of the fibres, `spacing_mm` between the electrodes, `scatter_ms`: SD
    of the fibres' arrival times within a motor unit.
    """

    velocity: float
    depth_mm: float
    spacing_mm: float
    scatter_ms: float
    gaussian: bool = False

    def response(self, f: Float) -> NDArray[np.complex128]:
        """Source current x tissue filter K0 x bipolar difference x arrival scatter."""
        omega = 2 * np.pi * f / 1000  # rad/ms
        k = omega / self.velocity  # rad/mm
        source = k**2 / (1 + 1j * k) ** 4
        geometry = k0(k * self.depth_mm) * np.sin(k * self.spacing_mm / 2)
        return np.asarray(source * geometry * np.exp(-0.5 * (omega * self.scatter_ms) ** 2), np.complex128)

    @classmethod
    def drawn(cls, rng: Generator) -> "FibreSpectrum":
        """Conduction at 3.2-4.8 m/s, electrodes 18-25 mm apart, 8-15 mm of tissue: median frequency 60 to 120 Hz."""
        return cls(rng.uniform(3.2, 4.8), rng.uniform(8, 15), rng.uniform(18, 25), rng.uniform(0.5, 1.5))


def band_edges(fs: float) -> tuple[float, float]:
    """The analysis band at this rate, Hz."""
    return BAND_HZ[0], min(BAND_HZ[1], NYQUIST_SHARE * fs)


def kernel(spectrum: Spectrum, fs: float) -> Float:
    """The impulse response that gives white noise of unit variance this spectrum and an RMS of 1 within the band."""
    n = 2 * round(KERNEL_S * fs / 2)
    f = np.fft.rfftfreq(n, 1 / fs).astype(np.float64)
    response = np.zeros(len(f), np.complex128)
    response[1:-1] = spectrum.response(f[1:-1])
    taps = np.fft.fftshift(np.fft.irfft(response, n)) * np.hanning(n)
    return taps / _band_gain(taps, fs)


def _band_gain(taps: Float, fs: float) -> float:
    """RMS within the band that the taps make of white noise of unit variance."""
    n = 4096
    f = np.fft.rfftfreq(n, 1 / fs)
    low, high = band_edges(fs)
    power = np.abs(np.fft.rfft(taps, n)) ** 2
    return float(np.sqrt(2 / n * power[(f >= low) & (f <= high)].sum()))


def white_noise(n: int, fs: float, rng: Generator) -> Signal:
    """White noise with an RMS of 1 within the band."""
    noise = rng.standard_normal(n, np.float32)
    noise /= np.float32(_band_gain(np.ones(1), fs))
    return noise


def carrier(n: int, fs: float, spectrum: Spectrum, rng: Generator) -> Signal:
    """A steady contraction, RMS 1 within the band."""
    excitation = rng.standard_normal(n, np.float32) if spectrum.gaussian else _pulses(n, fs, rng)
    shaped: Signal = oaconvolve(excitation, kernel(spectrum, fs).astype(np.float32), mode="same")
    return shaped


def _pulses(n: int, fs: float, rng: Generator) -> Signal:
    """Random firings of unit mean power: 200-1000 a second, as 20-70 units at about 14 a second give."""
    rate = log_uniform(200, 1000, rng)
    train = np.zeros(n, np.float32)
    at = rng.integers(0, n, rng.poisson(rate * n / fs))
    spread = 0.5  # of the units' log sizes within what one electrode pair sees
    # E[size^2] of a log-normal is exp(2 spread^2).
    sizes = rng.lognormal(0, spread, len(at)) * np.sqrt(fs / rate) * np.exp(-(spread**2))
    np.add.at(train, at, (sizes * rng.choice([-1, 1], len(at))).astype(np.float32))
    return train


def contraction(envelope_uv: Float, fs: float, first: Spectrum, last: Spectrum, rng: Generator) -> Float:
    """EMG in uV with this RMS envelope (at CONTROL_FS), its spectrum passing from `first` to `last` on the way."""
    n = round(len(envelope_uv) / CONTROL_FS * fs)
    angle = np.linspace(0, np.pi / 2, n)
    mixed = np.cos(angle) * carrier(n, fs, first, rng) + np.sin(angle) * carrier(n, fs, last, rng)
    return mixed * resampled(envelope_uv, CONTROL_FS, n, fs)
