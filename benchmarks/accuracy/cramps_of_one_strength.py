"""Cramps of a stated strength on a leg that otherwise does nothing: what the sensitivity curve is measured on.

Built from the simulator's own parts. For one seed wearer, cramps and noise are the same at every strength.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from collector.simulator.body import Leg, skin_temperature_c
from collector.simulator.cramps import Cramp, draw_cramp
from collector.simulator.muscle import MuscleRecording
from collector.simulator.night import ACC_MG_PER_LSB, TEMP_C_PER_LSB, Night
from collector.simulator.spec import NightSpec, exact_rate
from collector.simulator.subject import draw_subject
from collector.simulator.truth import Truth

CRAMPS = 10
DURATION_S = (16.0, 180.0)
"""From the shortest cramp that the targets speak of; longer ones than three minutes are no harder to find."""
APART_S = 150.0
"""More than the minute for which the leg has to have been still before its wearer counts as asleep."""
SALT = 0x57E4
"""Keeps these wearers from being those of the simulator's nights with the same seed."""


@dataclass(frozen=True, kw_only=True)
class StrengthSpec:
    """`ratio`: mean RMS envelope of every cramp over the RMS at rest. `fs` in Hz."""

    seed: int
    ratio: float
    fs: float = 500.0


def simulate_cramps_of_one_strength(spec: StrengthSpec) -> Night:
    """A recording with ten cramps of the stated strength, some minutes apart."""
    streams = iter(np.random.default_rng([SALT, spec.seed]).spawn(6))
    subject = draw_subject("healthy", next(streams))
    cramps = _cramps(spec.ratio, next(streams))
    night = NightSpec(seed=spec.seed, fs=spec.fs, hours=(cramps[-1].rest_s + APART_S) / 3600)
    acc_fs, temp_fs = (float(exact_rate(rate)) for rate in (night.acc_fs, night.temp_fs))
    leg = Leg(subject, (), cramps, fs=acc_fs, samples=night.samples(night.acc_fs), rng=next(streams))
    skin_c = skin_temperature_c(subject, temp_fs, night.samples(night.temp_fs), next(streams))
    muscle = MuscleRecording(night, subject, next(streams), lambda share: None)
    truth = tuple(muscle.add_cramp(cramp) for cramp in cramps)
    muscle.add_electrodes(leg.shaking_mg, acc_fs, (), next(streams))
    return Night(
        night,
        emg=muscle.digital(night.bits),
        acc=np.rint(leg.acc_mg / ACC_MG_PER_LSB).astype(np.int16),
        temp=np.rint(skin_c / TEMP_C_PER_LSB).astype(np.int16),
        truth=Truth(truth, (), ()),
        gaps=(),
    )


def _cramps(ratio: float, rng: np.random.Generator) -> Sequence[Cramp]:
    cramps: list[Cramp] = []
    onset_s = APART_S
    while len(cramps) < CRAMPS:
        cramp = draw_cramp(rng, weak=True)
        if DURATION_S[0] <= cramp.duration_s <= DURATION_S[1]:
            cramps.append(replace(cramp, ratio=ratio, onset_s=onset_s))
            onset_s = max(cramps[-1].rest_s, cramps[-1].end_s) + APART_S
    return cramps
