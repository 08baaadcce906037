"""Who sleeps, and with what sensor: everything that stays the same for a night."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.accuracy.other_nights.muscle import FibreSpectrum, NoiseSpectrum, Spectrum
from benchmarks.accuracy.other_nights.processes import Float, log_uniform
from benchmarks.accuracy.other_nights.spec import OtherSpec


@dataclass(frozen=True)
class Converter:
    """Symmetric codes: a full scale of `limit` physical units is `codes` steps either way."""

    limit: float
    codes: int

    @property
    def step(self) -> float:
        """One step in physical units."""
        return self.limit / self.codes


@dataclass(frozen=True)
class AccelerometerSensor:
    """`mounting`: rotation from the leg's axes (x towards the knee) to the sensor's, with its gain errors."""

    fs: int
    noise_g: float
    mounting: Float
    offset_g: Float
    converter: Converter


@dataclass(frozen=True)
class Wearer:
    """Levels are RMS within the analysis band, at the electrodes.

    `mvc_uv` at a maximal voluntary contraction, `tone_uv` of the resting muscle, `noise_uv` of the sensor;
    `motion_uv_per_g`: how much the electrodes pick up of movement below 12 Hz.
    """

    mvc_uv: float
    tone_uv: float
    noise_uv: float
    noise_like: bool
    ecg_uv: float
    heart_hz: float
    mains_hz: float
    motion_uv_per_g: float
    emg: Converter
    accelerometer: AccelerometerSensor

    def spectrum(self, rng: Generator) -> Spectrum:
        """The spectrum of a contraction: always of the wearer's family, never twice the same."""
        return NoiseSpectrum.drawn(rng) if self.noise_like else FibreSpectrum.drawn(rng)


def draw_wearer(spec: OtherSpec, rng: Generator) -> Wearer:
    """Draw a wearer and sensors from published ranges."""
    dry = rng.random() < (0.5 if spec.profile == "artefacts" else 0.15)
    noise_uv = float(rng.uniform(5, 14) if dry else 1.2 + rng.gamma(2, 0.6))
    bits = spec.bits or int(rng.choice([8, 10, 12, 16, 24]))
    return Wearer(
        mvc_uv=float(np.clip(40 + 170 * rng.weibull(1.8), 40, 600)),
        tone_uv=log_uniform(0.4, 2.5, rng),
        noise_uv=noise_uv,
        noise_like=bool(rng.random() < 0.5),
        ecg_uv=float(rng.exponential(5)),
        heart_hz=float(rng.uniform(48, 80) / 60),
        mains_hz=float(rng.choice([50, 60])),
        motion_uv_per_g=log_uniform(20, 400, rng),
        emg=_emg_converter(bits, noise_uv, rng),
        accelerometer=_accelerometer(rng),
    )


def _emg_converter(bits: int, noise_uv: float, rng: Generator) -> Converter:
    """Full scale 0.8 to 8 mV, but with steps that the noise still fills; beyond 16 bits EDF's own 16 decide."""
    codes: int = 2 ** (min(bits, 16) - 1) - 1
    limit_uv = min(log_uniform(800, 8000, rng), 1.5 * noise_uv * codes)
    return Converter(float(round(limit_uv)), codes)


def _accelerometer(rng: Generator) -> AccelerometerSensor:
    """A wearable's sensor, strapped on in any direction: steps of 0.24, 2 or 3.9 mg, offsets of some 30 mg."""
    rotation = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))  # a rotation, not a reflection
    return AccelerometerSensor(
        fs=int(rng.choice([25, 52, 100])),
        noise_g=log_uniform(0.0006, 0.005, rng),
        mounting=(1 + 0.015 * rng.standard_normal((3, 1))) * rotation,
        offset_g=0.02 * rng.standard_normal((3, 1)),
        converter=(Converter(8.0, 2**15 - 1), Converter(4.0, 2**11 - 1), Converter(2.0, 2**9 - 1))[rng.integers(3)],
    )
