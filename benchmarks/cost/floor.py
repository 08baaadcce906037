"""The least that numpy and scipy can do it for: the steps that no detector with this band-pass can leave out."""

import statistics
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from benchmarks.accuracy import markdown
from benchmarks.cost.looped_night import simulate
from benchmarks.cost.plan import Plan
from benchmarks.cost.section import Section
from benchmarks.cost.sosfilt_reference import SLICE, Bars, Comparison, Float, band_pass, compare, cpu_s
from benchmarks.cost.whole_nights import AT_MOST, TARGET

HOP_S = 0.05
"""A fifth of the 250 ms window: what frames every 100 ms can be put together from."""
CONVERSION, FILTER, POWER, ALL = "integers to double precision", "band-pass", "sums of squares over 50 ms", "all three"

Sample = TypeVar("Sample", bound=np.generic)


class Steps:
    """The steps over slices of one channel; each is what the next one needs."""

    def __init__(self, fs: float) -> None:
        self._sos, self._hop = band_pass(fs), round(fs * HOP_S)
        self._ring = np.zeros((len(self._sos), 2))

    def convert(self, digital: NDArray[np.int16]) -> Float:
        """To doubles."""
        return digital.astype(np.float64)

    def filter(self, emg: Float) -> Float:
        """The band-pass, with its state carried on."""
        filtered, self._ring = sosfilt(self._sos, emg, zi=self._ring)
        return filtered

    def power(self, filtered: Float) -> Float:
        """Energy hop by hop; a hop cut by the slice's end is left out."""
        hops = filtered[: len(filtered) // self._hop * self._hop].reshape(-1, self._hop)
        power: Float = np.einsum("hn,hn->h", hops, hops)
        return power

    def all(self, digital: NDArray[np.int16]) -> Float:
        """One after the other."""
        return self.power(self.filter(self.convert(digital)))


def measure(plan: Plan, bars: Bars) -> dict[str, Comparison]:
    """Each step by itself, and all."""
    night = simulate(plan.simulated_hours, TARGET.fs)
    emg = night.emg(plan.hours)
    whole, digits = emg[0], emg[0].astype(np.int16)
    steps = Steps(TARGET.fs)
    costs = {
        CONVERSION: lambda: _by_slices(steps.convert, digits),
        FILTER: lambda: _by_slices(steps.filter, whole),
        POWER: lambda: _by_slices(steps.power, whole),
        ALL: lambda: _by_slices(steps.all, digits),
    }
    return compare(costs, emg, TARGET.fs, plan.repetitions, bars("the floor"))


def _by_slices(step: Callable[[NDArray[Sample]], object], samples: NDArray[Sample]) -> float:
    """What a step costs when its results are used up while they are in the cache; kept, they would cost more."""

    def all_slices() -> None:
        for start in range(0, len(samples), SLICE):
            step(samples[start : start + SLICE])

    return cpu_s(all_slices)


def section(steps: Mapping[str, Comparison]) -> Section:
    """The steps, and what is above them."""
    rows = [[name, f"{statistics.median(step.work_s):.3f}", step.text] for name, step in steps.items()]
    text = f"""What a detector with an RMS envelope behind this band-pass cannot leave out, for {TARGET.title}:
{steps[ALL].ratio:.2f} times sosfilt. Between that and the target of {AT_MOST:g} is room for the mains' tones, the
converter's rails, the accelerometer and the rule itself. Loops compiled for the purpose were tried when this was
designed and are not measured here: in numba the band-pass alone took 0.8 times sosfilt, one loop from integers over
band-pass and three notches to the envelope 1.7 times. Loading and compiling took about two seconds, more than that
saves in a night.

{markdown.table(["step", "CPU s", "times sosfilt"], rows)}"""
    return Section("The floor", text)
