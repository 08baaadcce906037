"""The measure of all costs: a bare `scipy.signal.sosfilt`, 4th-order Butterworth band-pass, over the same samples."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from benchmarks.accuracy.signals import BAND_HZ

Float = NDArray[np.float64]
Cost = Callable[[], float]
"""Does some work and tells how many CPU seconds it took."""
Tell = Callable[[int, int], None]
"""Is told how many of how many are done."""
Bars = Callable[[str], Tell]
"""Begins a progress bar for something."""

ORDER = 4
SLICE = 65_536
"""Half a megabyte of doubles: stays in the second-level cache of current processors."""


@dataclass(frozen=True)
class Comparison:
    """CPU seconds of some work and of the reference beside it, repetition by repetition."""

    work_s: tuple[float, ...]
    reference_s: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """Work over reference, each within its own repetition, so that a busy neighbour disturbs both."""
        return [work / reference for work, reference in zip(self.work_s, self.reference_s, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def text(self) -> str:
        """The ratio with the smallest and the largest."""
        middle, low, high = map(_figure, (self.ratio, min(self.ratios), max(self.ratios)))
        return f"{middle} ({low} to {high})"


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process and all its threads while `work` is done."""
    started = time.process_time()
    work()
    return time.process_time() - started


def band_pass(fs: float) -> Float:
    """The reference's second-order sections; where the band lies does not change what they cost."""
    return butter(ORDER, (BAND_HZ[0], min(BAND_HZ[1], 0.45 * fs)), "bandpass", fs=fs, output="sos")


def compare(costs: Mapping[str, Cost], emg: Float, fs: float, repetitions: int, tell: Tell) -> dict[str, Comparison]:
    """Each cost beside the reference over `emg` (channels, samples), all in turn and that `repetitions` times.

    The reference is the faster of one call and of calls by cache-sized slices: the stricter denominator.
    """
    sos = band_pass(fs)
    reference_s: list[float] = []
    work_s: dict[str, list[float]] = {name: [] for name in costs}
    for done in range(1, repetitions + 1):
        reference_s.append(min(cpu_s(lambda: sosfilt(sos, emg, axis=1)), cpu_s(lambda: _in_slices(sos, emg))))
        for name, cost in costs.items():
            work_s[name].append(cost())
        tell(done, repetitions)
    return {name: Comparison(tuple(seconds), tuple(reference_s)) for name, seconds in work_s.items()}


def _figure(ratio: float) -> str:
    """No more digits than a ratio has from run to run."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _in_slices(sos: Float, emg: Float) -> None:
    channels, samples = emg.shape
    ring = np.zeros((len(sos), channels, 2))
    step = SLICE // channels
    for start in range(0, samples, step):
        _, ring = sosfilt(sos, emg[:, start : start + step], axis=1, zi=ring)
