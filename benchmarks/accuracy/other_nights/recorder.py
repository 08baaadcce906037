"""The converter, and the radio that loses samples."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.accuracy.other_nights.processes import Float, Signal, pareto
from benchmarks.accuracy.other_nights.truth import Interval
from benchmarks.accuracy.other_nights.wearer import Converter

Int16 = NDArray[np.int16]

SATURATION_PAUSE_S = 1.0
"""Clipped samples closer than this are one stretch of saturation."""


def converted(values: Float | Signal, converter: Converter) -> Int16:
    """Steps of the converter, clipped at its rails."""
    steps = values / values.dtype.type(converter.step)
    np.rint(steps, out=steps)
    np.clip(steps, -converter.codes, converter.codes, out=steps)
    return steps.astype(np.int16)


def saturations(emg: Int16, fs: float, codes: int) -> list[Interval]:
    """The stretches in which samples lie on a rail."""
    clipped = np.flatnonzero((emg == codes) | (emg == -codes))
    if not len(clipped):
        return []
    runs = np.split(clipped, np.flatnonzero(np.diff(clipped) > SATURATION_PAUSE_S * fs) + 1)
    return [Interval("saturation", float(run[0] / fs), float((run[-1] + 1) / fs)) for run in runs]


def draw_gaps(night_s: float, per_hour: float, rng: Generator) -> list[tuple[float, float]]:
    """Radio gaps of 0.1 to 30 s, heavy-tailed, in order and apart."""
    gaps: list[tuple[float, float]] = []
    for start in sorted(rng.uniform(1, night_s, rng.poisson(per_hour * night_s / 3600))):
        end = float(start + pareto(0.1, 0.7, 30, rng))
        if end < night_s and (not gaps or start > gaps[-1][1]):
            gaps.append((float(start), end))
    return gaps


def lose(samples: Int16, fs: float, gaps: list[tuple[float, float]]) -> None:
    """Repeat the last sample received, in place, along the last axis."""
    for start, end in gaps:
        first, stop = round(start * fs), round(end * fs)
        samples[..., first:stop] = samples[..., first - 1 : first]
