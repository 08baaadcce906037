"""Cramps: how they begin, waver, end, and wake the sleeper."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq

from benchmarks.accuracy.other_nights.processes import (
    CONTROL_FS,
    Float,
    log_uniform,
    ornstein_uhlenbeck,
    pink,
    smoothstep,
    tremor,
)
from benchmarks.accuracy.other_nights.truth import CrampKind

SHORTEST_S, LONGEST_S = 8.0, 540.0
QUICK_WAKE_SHARE = 0.3
WEAK_RATIO = (2.4, 3.5)
"""The class of weak cramps, in units of rest."""


@dataclass(frozen=True)
class Cramp:
    """A cramp before it is put into a night.

    `shape`: amplitude over time at CONTROL_FS, its plateau about 1. `ratio`: the mean RMS it shall have with rest, over
    rest. `tilt_deg`: how far it pulls the foot. `tremor_g`: shaking of the limb. `restless_s`: for how long the wearer,
    awake, still moves about after the cramp.
    """

    kind: CrampKind
    shape: Float
    ratio: float
    wake_s: float
    tilt_deg: float
    tremor_g: float
    restless_s: float

    @property
    def duration_s(self) -> float:
        """From the first activity to the last."""
        return len(self.shape) / CONTROL_FS

    @property
    def upset_s(self) -> float:
        """From onset until the wearer lies still again."""
        return max(self.duration_s, self.wake_s) + self.restless_s

    def amplitude(self) -> float:
        """The factor, in units of rest RMS, by which `shape` gives `ratio`: uncorrelated signals add in power."""

        def excess(factor: float) -> float:
            return float(np.sqrt(1 + (factor * self.shape) ** 2).mean()) - self.ratio

        return float(brentq(excess, 0, 1000))


def draw_cramp(rng: Generator, weak: bool) -> Cramp:
    """A cramp of random kind, length, strength, growth and ending."""
    quick = rng.random() < QUICK_WAKE_SHARE
    # Weibull, mean about 90 s: seconds to ten minutes are reported.
    duration = float(np.clip(SHORTEST_S + 82 * rng.weibull(0.9), SHORTEST_S, LONGEST_S))
    return Cramp(
        kind="quick_wake" if quick else "asleep",
        shape=_shape(round(duration * CONTROL_FS), rng),
        ratio=log_uniform(*WEAK_RATIO, rng) if weak else _ratio(rng),
        wake_s=float(rng.uniform(3, 10) if quick else max(12, rng.normal(41, 11))),  # Chaney & Sherman: 41 +- 11 s
        tilt_deg=float(rng.gamma(2, 1.2)),
        tremor_g=log_uniform(0.001, 0.012, rng),
        restless_s=float(rng.gamma(2, 8)),
    )


def _ratio(rng: Generator) -> float:
    """Spontaneous cramps rose to 2-6 times rest, laboratory ones much higher: a gamma law from 2 to 40."""
    while (ratio := 2 + float(rng.gamma(1.3, 5))) > 40:
        pass
    return ratio


def _shape(n: int, rng: Generator) -> Float:
    growth: Callable[[Float, Generator], Float] = GROWTHS[rng.integers(len(GROWTHS))]
    ending: Callable[[Float, Generator], Float] = ENDINGS[rng.integers(len(ENDINGS))]
    t = np.arange(n) / CONTROL_FS
    return ending(growth(t, rng) * _wavering(t, rng), rng)


def _wavering(t: Float, rng: Generator) -> Float:
    """Waxing and waning over 3-20 s, a wandering gain, 1/f drive, and in a third of cramps tremor."""
    n = len(t)
    waxing = rng.uniform(0.05, 0.3) * np.sin(2 * np.pi * (rng.uniform(0.05, 0.3) * t + rng.random()))
    gain = ornstein_uhlenbeck(n, CONTROL_FS, log_uniform(0.3, 3, rng), rng.uniform(0.05, 0.2), rng)
    drive = rng.uniform(0.02, 0.1) * pink(n, rng)
    shaking = rng.uniform(0.1, 0.4) * tremor(n, CONTROL_FS, rng) if rng.random() < 1 / 3 else np.zeros(n)
    return np.exp(gain + drive) * (1 + waxing) * (1 + shaking)


def _logistic(t: Float, rng: Generator) -> Float:
    """Recruitment that feeds on itself: 10 to 90 % in 0.3 to 6 s."""
    rate = 2 * np.log(9) / log_uniform(0.3, 6, rng)
    start = 1 / (1 + 9**1.5)  # growth begins at 3.6 % of the plateau, less of which nobody could see
    grown: Float = 1 / (1 + (1 / start - 1) * np.exp(-rate * t))
    return grown


def _step_and_creep(t: Float, rng: Generator) -> Float:
    """Most of it within 0.05 to 0.4 s, the rest over 5 to 40 s."""
    step = rng.uniform(0.4, 0.85)
    return step * (1 - np.exp(-t / rng.uniform(0.02, 0.15))) + (1 - step) * (1 - np.exp(-t / rng.uniform(3, 15)))


def _staircase(t: Float, rng: Generator) -> Float:
    """3 to 8 neighbouring foci that join one after the other, 0.1 to 3 s apart."""
    stairs = rng.integers(3, 9)
    sizes = rng.dirichlet(np.full(stairs, 3.0))
    joins = np.concatenate([[0.0], np.cumsum(np.clip(rng.gamma(1.5, 0.5, stairs - 1), 0.1, 3))])
    power = sum(size * (t >= join) for size, join in zip(sizes, joins, strict=True))
    return np.sqrt(np.asarray(power, np.float64))


def _exponential(shape: Float, rng: Generator) -> Float:
    """Dies away with a time constant of 0.4 to 2.5 s, and ends at a twentieth."""
    tau = min(rng.uniform(0.4, 2.5), len(shape) / CONTROL_FS / 9)
    tail = np.arange(round(3 * tau * CONTROL_FS)) / CONTROL_FS
    faded = shape.copy()
    faded[len(shape) - len(tail) :] *= np.exp(-tail / tau)
    return faded


def _stutter(shape: Float, rng: Generator) -> Float:
    """Pauses of 0.2 to 0.6 s, growing denser over the last 4 to 15 s."""
    stuttered = shape.copy()
    at = len(shape) - round(min(rng.uniform(4, 15), len(shape) / CONTROL_FS / 3) * CONTROL_FS)
    while at < len(shape):
        pause = round(rng.uniform(0.2, 0.6) * CONTROL_FS)
        if at + pause >= len(shape):
            break
        stuttered[at : at + pause] *= 0.05
        remaining = (len(shape) - at) / CONTROL_FS
        at += pause + round(CONTROL_FS * (0.2 + rng.exponential(0.15 * remaining)))
    return stuttered


def _stretched(shape: Float, rng: Generator) -> Float:
    """Pulled out: a stretch first drives the muscle harder for 0.4 to 1.2 s, then it is silent within 0.3 s."""
    stop = round(rng.uniform(0.1, 0.3) * CONTROL_FS)
    rise = round(rng.uniform(0.4, 1.2) * CONTROL_FS)
    pulled = shape.copy()
    pulled[-rise - stop : -stop] *= 1 + rng.uniform(0.1, 0.5) * np.sin(np.linspace(0, np.pi, rise))
    pulled[-stop:] *= 1 - smoothstep(stop)
    return pulled


GROWTHS = (_logistic, _step_and_creep, _staircase)
ENDINGS = (_exponential, _stutter, _stretched)
