"""A whole simulated night: what the wearable would have recorded, and what really happened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from collector.simulator.artefacts import Artefact, plan_artefacts, plan_gaps
from collector.simulator.body import Leg, skin_temperature_c
from collector.simulator.motor_units import FloatArray
from collector.simulator.muscle import EMG_UV_PER_LSB, MuscleRecording
from collector.simulator.schedule import plan_night
from collector.simulator.spec import NightSpec, exact_rate
from collector.simulator.subject import draw_subject
from collector.simulator.truth import Interval, Truth

ACC_MG_PER_LSB = 0.25  # a power of two, so that EDF states +-8192 mg exactly
TEMP_C_PER_LSB = 0.01  # the resolution of the Bluetooth temperature characteristic (0x2A6E)

Int16 = NDArray[np.int16]
Gap = tuple[float, float]


@dataclass(frozen=True)
class Night:
    """A recording with its truth.

    `emg` (channels, samples) at `spec.fs`, `acc` (3, samples) at `spec.acc_fs`, `temp` (samples,) at `spec.temp_fs`,
    as the integers of the converters; times in seconds of the sample clock, which starts at `spec.start`.
    `gaps`: (start, end) of radio gaps; samples there repeat the last one received.
    """

    spec: NightSpec
    emg: Int16
    acc: Int16
    temp: Int16
    truth: Truth
    gaps: tuple[Gap, ...]
    emg_uv_per_lsb: float = EMG_UV_PER_LSB
    acc_mg_per_lsb: float = ACC_MG_PER_LSB
    temp_c_per_lsb: float = TEMP_C_PER_LSB

    def wall_time(self, sample_s: float) -> datetime:
        """Return the true local time at which the sample clock shows `sample_s`: a fast clock is early."""
        return self.spec.start + timedelta(seconds=sample_s / (1 + self.spec.clock_ppm * 1e-6))


def simulate_night(spec: NightSpec, progress: Callable[[float], None] = lambda share: None) -> Night:
    """Simulate a night; `progress` is told the finished share, 0 to 1.

    The same spec gives the same bits. What happens depends on seed, profile, length and `cramps`, not on the rates.

    Raises ValueError when the cramps asked for do not fit into the night.
    """
    # One stream of random numbers for each matter: changing one leaves the others as they were.
    streams = iter(np.random.default_rng(spec.seed).spawn(8))
    subject = draw_subject(spec.profile, next(streams))
    plan = plan_night(spec, subject, next(streams))
    cramps_s = [(cramp.prelude_s, cramp.rest_s) for cramp in plan.cramps]
    artefacts = plan_artefacts(spec, cramps_s, next(streams))
    gaps = plan_gaps(spec, next(streams))
    acc_fs, temp_fs = float(exact_rate(spec.acc_fs)), float(exact_rate(spec.temp_fs))
    leg = Leg(subject, plan.movements, plan.cramps, fs=acc_fs, samples=spec.samples(spec.acc_fs), rng=next(streams))
    skin_c = skin_temperature_c(subject, temp_fs, spec.samples(spec.temp_fs), next(streams))
    muscle = MuscleRecording(spec, subject, next(streams), progress)
    cramps = tuple(muscle.add_cramp(cramp) for cramp in plan.cramps)
    muscle.add_movements(plan.movements)
    muscle.add_electrodes(leg.shaking_mg, acc_fs, artefacts, next(streams))
    confounders = tuple(Interval(movement.kind, movement.onset_s, movement.end_s) for movement in plan.movements)
    night = Night(
        spec,
        emg=muscle.digital(spec.bits),
        acc=_digital(leg.acc_mg, ACC_MG_PER_LSB),
        temp=_digital(skin_c, TEMP_C_PER_LSB),
        truth=Truth(cramps, confounders, _artefact_truth(artefacts, gaps)),
        gaps=gaps,
    )
    for signal, fs in ((night.emg, muscle.fs), (night.acc, acc_fs), (night.temp, temp_fs)):
        _hold_in_gaps(signal, fs, gaps)
    progress(1.0)
    return night


def _digital(values: FloatArray, step: float) -> Int16:
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(values / step), limits.min, limits.max).astype(np.int16)


def _artefact_truth(artefacts: Sequence[Artefact], gaps: Sequence[Gap]) -> tuple[Interval, ...]:
    intervals = [Interval(artefact.kind, artefact.onset_s, artefact.end_s) for artefact in artefacts]
    intervals += [Interval("gap", start_s, end_s) for start_s, end_s in gaps]
    return tuple(sorted(intervals, key=lambda interval: interval.onset_s))


def _hold_in_gaps(signal: Int16, fs: float, gaps: Sequence[Gap]) -> None:
    """Repeat the last sample before each gap through it, in place."""
    for start_s, end_s in gaps:
        first, last = int(np.ceil(start_s * fs)), int(np.ceil(end_s * fs))
        signal[..., first:last] = signal[..., max(first - 1, 0), None]
