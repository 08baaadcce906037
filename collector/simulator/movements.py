"""Everything a leg does at night that is not a cramp but may look like one.

Each drawing function returns one `Movement` at time 0; the schedule puts it into the night. Figures are those of the
simulator specification; [guess] marks the ones nobody has measured.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from collector.simulator.motor_units import ENVELOPE_FS, FloatArray
from collector.simulator.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One movement: muscle `level` (share of maximal RMS) and `motion_mg` (RMS acceleration of the leg), both (steps,).

    Both start at `onset_s`, the motion `motion_lag_s` later. `tilt_deg` is how far the leg comes to lie turned.
    """

    kind: str
    onset_s: float = 0.0
    level: FloatArray
    motion_mg: FloatArray
    motion_lag_s: float = 0.0
    tilt_deg: float = 0.0
    upright: bool = False

    @property
    def duration_s(self) -> float:
        """Return how long the muscle is involved."""
        return len(self.level) / ENVELOPE_FS

    @property
    def end_s(self) -> float:
        """Return when the muscle comes to rest."""
        return self.onset_s + self.duration_s

    def at(self, onset_s: float) -> "Movement":
        """Return the same movement at another moment."""
        return replace(self, onset_s=onset_s)


def _steps(seconds: float) -> int:
    return max(round(seconds * ENVELOPE_FS), 1)


def _trapezoid(duration_s: float, rise_s: float, fall_s: float) -> FloatArray:
    """Return a hold of height 1 that rises and falls as a raised cosine."""
    time_s = (np.arange(_steps(duration_s)) + 0.5) / ENVELOPE_FS
    edge = np.minimum(time_s / rise_s, (duration_s - time_s) / fall_s)
    return np.asarray((1 - np.cos(np.pi * np.clip(edge, 0, 1))) / 2)


def _wavering(duration_s: float, depth: float, rng: np.random.Generator) -> FloatArray:
    """Return a factor around 1 that changes about every second, as effort does."""
    knots = np.clip(rng.normal(1, depth, int(duration_s) + 3), 0.2, None)
    return np.interp(np.arange(_steps(duration_s)) / ENVELOPE_FS, np.arange(len(knots)), knots)


def _short_pulse(duration_s: float) -> FloatArray:
    """Return a short burst of height 1 without ramps."""
    return np.ones(_steps(duration_s))


def _pulse_train(duration_s: float, starts_s: FloatArray, lengths_s: FloatArray) -> FloatArray:
    """Return 1 during each burst, 0 between, until the end of the last."""
    train = np.zeros(_steps(duration_s))
    for start_s, length_s in zip(starts_s, lengths_s, strict=True):
        train[round(start_s * ENVELOPE_FS) : round((start_s + length_s) * ENVELOPE_FS)] = 1.0
    return np.trim_zeros(train, "b")


def _only_ends(duration_s: float, length_s: float) -> FloatArray:
    """Return 1 in the first and last `length_s`, 0 between: a limb moves into a hold and out of it."""
    length_s = min(length_s, duration_s / 3)
    return _pulse_train(duration_s, np.array([0.0, duration_s - length_s]), np.full(2, length_s))


def _lognormal(rng: np.random.Generator, median: float, sigma: float, low: float, high: float) -> float:
    return float(np.clip(rng.lognormal(np.log(median), sigma), low, high))


def _leg_movement(kind: str, median_s: float, rng: np.random.Generator) -> Movement:
    shape = _trapezoid(_lognormal(rng, median_s, 0.55, 0.5, 10), 0.1, 0.2)
    return Movement(
        kind=kind,
        level=rng.uniform(0.05, 0.6) * shape * _wavering(len(shape) / ENVELOPE_FS, 0.3, rng),
        motion_mg=rng.uniform(15, 300) * shape,
        motion_lag_s=rng.uniform(-0.05, 0.15),
    )


def leg_movement(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw an isolated leg movement: median 2.4 s, 0.5-10 s, 5-60 % of maximum."""
    return _leg_movement("leg_movement", 2.4, rng)


def periodic_leg_movement(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw one movement of a periodic series: mean 3.2 s, thus a median of 2.75 s at sigma 0.55."""
    return _leg_movement("plm", 2.75, rng)


def large_movement(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a large-muscle-group movement: 3-45 s, mean 12.4 s; one in four without a gap in its EMG."""
    gap_free = rng.random() < 0.25
    duration_s = _lognormal(rng, 10.7, 0.55, 3, 45)
    effort = _trapezoid(duration_s, 0.15, 0.3) * _wavering(duration_s, 0.35, rng)
    bursts = np.ones_like(effort) if gap_free else _sub_bursts(duration_s, rng)
    return Movement(
        kind="lmm_gap_free" if gap_free else "lmm",
        level=rng.uniform(0.05, 0.6) * effort * bursts,
        motion_mg=rng.uniform(30, 400) * _trapezoid(duration_s, 0.1, 0.3) * _wavering(duration_s, 0.4, rng),
        motion_lag_s=rng.uniform(-0.3, 0.3),
        # 40 % of all large movements turn the leg; posture changes are a quarter of them, so 22 % of the others do.
        tilt_deg=rng.uniform(20, 90) if rng.random() < 0.22 else 0.0,
    )


def posture_change(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a turn of the whole body: a large movement after which the leg lies in another posture."""
    return replace(large_movement(subject, rng), kind="posture", tilt_deg=0.0)


def _sub_bursts(duration_s: float, rng: np.random.Generator) -> FloatArray:
    """Return 1 during bursts of 0.5-4 s, 0 in the gaps of up to 3 s between; scaled so that a burst ends it."""
    count = 2 + int(duration_s / 0.5)  # enough even of the shortest
    lengths_s, gaps_s = rng.uniform(0.5, 4, count), rng.uniform(0, 3, count)
    ends_s = np.cumsum(lengths_s + gaps_s) - gaps_s
    bursts = max(int(np.searchsorted(ends_s, duration_s)), 1) + 1
    scale = duration_s / ends_s[bursts - 1]
    return _pulse_train(duration_s, scale * (ends_s - lengths_s)[:bursts], scale * lengths_s[:bursts])


def stretch(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a stretch of the calf: median 4 s, 1.5-15 s, 20-80 % of maximum; the leg moves only at both ends."""
    duration_s = _lognormal(rng, 4, 0.5, 1.5, 15)
    ramp_s = rng.uniform(0.3, 1)
    return Movement(
        kind="stretch",
        level=rng.uniform(0.2, 0.8) * _trapezoid(duration_s, ramp_s, ramp_s) * _wavering(duration_s, 0.1, rng),
        motion_mg=rng.uniform(30, 200) * _only_ends(duration_s, ramp_s),
    )


def rhythmic_feet(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a hypnagogic foot tremor: 8-20 s of bursts of 300-700 ms at 0.8-2.2 Hz."""
    duration_s, rate_hz = rng.uniform(8, 20), rng.uniform(0.8, 2.2)
    starts = np.arange(0, duration_s - 0.3, 1 / rate_hz)
    # At 2.2 Hz the longest bursts would touch; a foot has to come back before the next.
    lengths = np.minimum(rng.uniform(0.3, 0.7, len(starts)), 0.75 / rate_hz)
    bursts = _pulse_train(duration_s, starts, lengths)
    return Movement(
        kind="rhythmic_feet", level=rng.uniform(0.05, 0.3) * bursts, motion_mg=rng.uniform(15, 120) * bursts
    )


def myoclonus(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a fragmentary myoclonus: 75-150 ms with peaks of 50-200 uV; hardly moves the leg."""
    pulse = _short_pulse(rng.uniform(0.075, 0.15))
    level = min(rng.uniform(50, 200) / 3 / subject.mvc_uv, 1.0)  # peaks of such a burst reach three times its RMS
    return Movement(kind="myoclonus", level=level * pulse, motion_mg=rng.uniform(0, 15) * pulse)


def hypnic_jerk(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a sleep start: one jerk of 75-250 ms that moves the whole leg."""
    pulse = _short_pulse(rng.uniform(0.075, 0.25))
    return Movement(kind="hypnic_jerk", level=rng.uniform(0.2, 0.8) * pulse, motion_mg=rng.uniform(100, 500) * pulse)


def rem_phasic(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a cluster of phasic REM activity: 10-60 s of bursts of 0.1-5 s at 4-15 times the background."""
    duration_s = rng.uniform(10, 60)
    starts = np.cumsum(rng.uniform(0.5, 5.5, int(duration_s / 2)))
    starts = np.append(0.0, starts[starts < duration_s - 1])
    bursts = _pulse_train(duration_s, starts, np.minimum(rng.lognormal(np.log(0.5), 0.9, len(starts)), 5).clip(0.1))
    background_uv = np.hypot(subject.rest_uv, subject.noise_uv)
    level = min(rng.uniform(4, 15) * background_uv / subject.mvc_uv, 0.6)
    return Movement(kind="rem_phasic", level=level * bursts, motion_mg=rng.uniform(0, 40) * bursts)


def awake_hold(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a calf tensed at will for 5-25 s, awake in bed; the foot moves into the hold and out of it."""
    duration_s = rng.uniform(5, 25)
    return Movement(
        kind="awake_hold",
        level=rng.uniform(0.1, 0.6) * _trapezoid(duration_s, 0.3, 0.3) * _wavering(duration_s, 0.1, rng),
        motion_mg=rng.uniform(10, 80) * _only_ends(duration_s, 0.6),
    )


def walk(subject: Subject, rng: np.random.Generator) -> Movement:
    """Draw a walk to the bathroom and back: 1-5 min upright, the calf pushing off at 1.0-1.8 Hz."""
    duration_s, stride_hz = rng.uniform(60, 300), rng.uniform(1.0, 1.8)
    push_off_s = 0.35 / stride_hz  # the calf works for about a third of the stride
    starts = np.arange(0, duration_s - 1, 1 / stride_hz)
    starts += rng.uniform(0, 0.05, len(starts))
    pauses = (starts > duration_s * 0.4) & (starts < duration_s * 0.6)  # in the bathroom, standing or sitting
    starts = starts[~pauses]
    bursts = _pulse_train(duration_s, starts, np.full(len(starts), push_off_s))
    return Movement(
        kind="walk",
        level=rng.uniform(0.2, 0.6) * bursts,
        motion_mg=rng.uniform(200, 500) * (0.3 + 0.7 * bursts),
        upright=True,
    )


DRAW: dict[str, Callable[[Subject, np.random.Generator], Movement]] = {
    "leg_movement": leg_movement,
    "plm": periodic_leg_movement,
    "lmm": large_movement,
    "posture": posture_change,
    "stretch": stretch,
    "rhythmic_feet": rhythmic_feet,
    "myoclonus": myoclonus,
    "hypnic_jerk": hypnic_jerk,
    "rem_phasic": rem_phasic,
    "awake_hold": awake_hold,
    "walk": walk,
}
