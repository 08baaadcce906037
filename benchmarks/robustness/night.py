"""The night that every disturbance is laid over: a simulated wearer with cramps of stated strength, and movements."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from collector.simulator.body import Leg
from collector.simulator.muscle import EMG_UV_PER_LSB, MuscleRecording
from collector.simulator.night import ACC_MG_PER_LSB
from collector.simulator.schedule import plan_night
from collector.simulator.spec import NightSpec, exact_rate
from collector.simulator.subject import draw_subject
from detector.evaluate import Span

Float = NDArray[np.float64]

FS = 250.0
ACC_FS = 50.0
HOURS = 1.0
SEED = 517
STRENGTHS = (3.5, 4.5, 6.0, 9.0)
"""The cramps' mean envelope over the resting one. Spontaneous cramps were 2 to 6 times rest (Chaney and Sherman)."""

NORMAL_MEDIAN = 0.6745
"""The median magnitude of normally distributed samples over their RMS."""


@dataclass(frozen=True)
class Night:
    """What electrodes and accelerometer pick up before a converter sees it, and the truth in seconds from the start.

    `emg_uv` (n,) at `fs`, `acc_mg` (m, 3) at `acc_fs`; both as exact as the simulator's own converters (0.25 uV,
    0.25 mg), so that an untouched stretch is digitised again without a change.
    """

    emg_uv: Float
    acc_mg: Float
    cramps: tuple[Span, ...]
    fs: float = FS
    acc_fs: float = ACC_FS

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.emg_uv) / self.fs

    def sampled_at(self, fs: float) -> "Night":
        """The same samples, taken at another rate: everything happens that much faster or slower."""
        slower = self.fs / fs
        return replace(
            self,
            fs=fs,
            acc_fs=self.acc_fs / slower,
            cramps=tuple(c._replace(onset_s=c.onset_s * slower, end_s=c.end_s * slower) for c in self.cramps),
        )

    def heard(self, emg_uv: Float) -> "Night":
        """The same night with another EMG."""
        return replace(self, emg_uv=emg_uv)

    @property
    def quiet_s(self) -> float:
        """The middle of the longest pause between cramps."""
        pauses = [(after.onset_s - before.end_s, before.end_s) for before, after in pairwise(self.cramps)]
        longest_s, begins_s = max(pauses)
        return begins_s + longest_s / 2

    def strength_uv(self, cramp: Span) -> float:
        """A cramp's RMS, from the median of its samples' magnitudes: jolts of the electrodes within it do not count."""
        part = self.emg_uv[round(cramp.onset_s * self.fs) : round(cramp.end_s * self.fs)]
        return float(np.median(np.abs(part))) / NORMAL_MEDIAN


def simulate(fs: float = FS, acc_fs: float = ACC_FS, seed: int = SEED) -> Night:
    """A night of the simulator's, without artefacts of its own; the same events at any rate."""
    spec = NightSpec(seed=seed, hours=HOURS, fs=fs, acc_fs=acc_fs, cramps=len(STRENGTHS))
    streams = iter(np.random.default_rng(seed).spawn(5))
    subject = draw_subject(spec.profile, next(streams))
    plan = plan_night(spec, subject, next(streams))
    cramps = [replace(cramp, ratio=strength) for cramp, strength in zip(plan.cramps, STRENGTHS, strict=True)]
    exact_fs, exact_acc_fs = float(exact_rate(fs)), float(exact_rate(acc_fs))
    leg = Leg(subject, plan.movements, cramps, fs=exact_acc_fs, samples=spec.samples(acc_fs), rng=next(streams))
    muscle = MuscleRecording(spec, subject, next(streams), lambda share: None)
    for cramp in cramps:
        muscle.add_cramp(cramp)
    muscle.add_movements(plan.movements)
    muscle.add_electrodes(leg.shaking_mg, exact_acc_fs, (), next(streams))
    return Night(
        emg_uv=muscle.digital(bits=16)[0] * EMG_UV_PER_LSB,
        acc_mg=np.rint(leg.acc_mg.T / ACC_MG_PER_LSB) * ACC_MG_PER_LSB,
        cramps=tuple(Span(cramp.onset_s, cramp.end_s, cramp.kind) for cramp in cramps),
        fs=exact_fs,
        acc_fs=exact_acc_fs,
    )
