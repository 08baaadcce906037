"""The cramp itself: a focus in the muscle that fires by place, not by size, while the leg lies still."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from collector.simulator.motor_units import ENVELOPE_FS, FloatArray
from collector.simulator.truth import CrampKind, Ending

# Nights with no, one, two, three and four cramps; at least 40 % of the nights have to be without one.
COUNT_SHARES = (0.45, 0.25, 0.15, 0.10, 0.05)
FOLLOWS_SHARE, FOLLOWS_WITHIN_S = 0.3, 3600.0  # threshold frequency stays low for an hour after a cramp
QUICK_WAKE_SHARE = 0.3
STRETCHED_WHEN_AWAKE = 0.65  # about three of four wake before the end: half of all cramps are stretched away
PRELUDE_SHARE, PRELUDE_S = 0.3, 40.0  # [guess] the time the twitches take
WEAK_RATIOS = (2.4, 3.5)  # envelope over rest, profile "weak"

ISI_CV = 0.45  # 44.6 % in elicited cramps, Minetto 2009
DOUBLETS = 0.04  # 4.1 %, Minetto 2009
RATE_PPS, RATE_SD, RATE_LIMITS = 14.5, 5.0, (6.0, 25.0)  # Minetto 2009
RATE_TREND = (1.25, 0.8)  # times the rate, from the first moment to the last
STINT_S, STINT_SD_S = 23.6, 16.2  # a unit stays active this long, then re-enters: Minetto 2009
PAUSE_S = 4.0  # mean silence between two stints [guess: the focus moves slowly and most of it stays active]
RECRUITMENT_CURVE = (
    0.8  # half of the focus joins in the first third of `spread_s` [guess: foci infect their neighbours]
)
AWAKE_MOTION_DUTY = 0.6


@dataclass(frozen=True, kw_only=True)
class Cramp:
    """One planned cramp. Times in seconds; `onset_s` from the start of the night, the others as named."""

    onset_s: float
    duration_s: float
    kind: CrampKind
    wake_s: float  # from onset
    motion_mg: FloatArray  # (steps,) RMS acceleration of the leg from waking until it rests again
    ending: Ending
    ending_s: float  # dropout: how long the units take to fall silent; stretch: the burst before the end
    boost: float  # stretch: EMG amplitude of the burst over that before
    share: float  # of the motor units
    focus: float  # place across the muscle, 0 to 1
    spread_s: float  # recruitment of the focus
    drive_hz: float  # common drive
    drive_depth: float
    twitches: int  # fasciculations before the onset
    tilt_deg: float
    tremor_mg: float
    ratio: float | None  # envelope over rest to scale to; None: as the pool gives it

    @property
    def prelude_s(self) -> float:
        """Return when the heralding twitches begin; the onset itself when there are none."""
        return self.onset_s - (PRELUDE_S if self.twitches else 0.0)

    @property
    def end_s(self) -> float:
        """Return when the last motor unit stops."""
        return self.onset_s + self.duration_s

    @property
    def rest_s(self) -> float:
        """Return when the leg rests again after waking."""
        return self.onset_s + self.wake_s + len(self.motion_mg) / ENVELOPE_FS

    def at(self, onset_s: float) -> "Cramp":
        """Return the same cramp at another moment."""
        return replace(self, onset_s=onset_s)


def draw_cramp(rng: np.random.Generator, *, weak: bool) -> Cramp:
    """Draw a cramp from the ranges of the simulator specification, with its onset at 0."""
    quick = rng.random() < QUICK_WAKE_SHARE
    wake_s = rng.uniform(3, 10) if quick else float(np.clip(rng.normal(41, 11), 10, None))
    duration_s = float(np.clip(rng.lognormal(np.log(60), 0.9), 8, 600))
    # Nobody stretches a leg asleep, and it takes a few seconds to find the foot.
    stretch = duration_s > wake_s + 3 and rng.random() < STRETCHED_WHEN_AWAKE
    return Cramp(
        onset_s=0.0,
        duration_s=duration_s,
        kind="quick_wake" if quick else "asleep",
        wake_s=wake_s,
        motion_mg=_restless(max(duration_s - wake_s, 0) + rng.uniform(5, 20), rng),
        ending="stretch" if stretch else "dropout",
        ending_s=rng.uniform(0.5, 1.5) if stretch else min(rng.uniform(2, 20), duration_s / 2),
        boost=rng.uniform(1.2, 1.6),
        share=float(np.clip(rng.lognormal(np.log(0.3), 0.6), 0.05, 0.9)),
        focus=rng.random(),
        spread_s=float(np.clip(rng.lognormal(np.log(3), 0.9), 0.3, min(30, duration_s / 2))),
        drive_hz=float(np.clip(rng.normal(1.4, 0.4), 0.5, 2.5)),
        drive_depth=rng.uniform(0.05, 0.25),
        twitches=int(rng.integers(3, 16)) if rng.random() < PRELUDE_SHARE else 0,
        tilt_deg=rng.uniform(1, 5) * rng.choice([-1, 1]),
        tremor_mg=rng.uniform(2, 15),
        ratio=rng.uniform(*WEAK_RATIOS) if weak else None,
    )


def firing_rates(cramp: Cramp, position: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the rates (units, steps) of the cramp from its onset to its end, for units at `position` (units,).

    The focus is the `share` of units nearest to it. The nearest joins at once, the others by distance and ever
    slower until all have after `spread_s`; each is active in stints until it leaves.
    """
    focus = np.argsort(np.abs(position - cramp.focus))[: max(round(cramp.share * len(position)), 3)]
    time_s = np.arange(round(cramp.duration_s * ENVELOPE_FS)) / ENVELOPE_FS
    ranks = np.arange(len(focus)) / len(focus)
    join_s = np.log1p(-RECRUITMENT_CURVE * ranks) / np.log1p(-RECRUITMENT_CURVE) * cramp.spread_s
    common = _trend(cramp, time_s) * (1 + cramp.drive_depth * np.sin(2 * np.pi * cramp.drive_hz * time_s))
    rates = np.zeros((len(position), len(time_s)))
    for unit, join, leave in zip(focus, join_s, _leaving_times(cramp, len(focus), rng), strict=True):
        active = (time_s >= join) & (time_s < leave) & _stints(time_s - join, rng)
        rates[unit] = np.clip(rng.normal(RATE_PPS, RATE_SD), *RATE_LIMITS) * common * active
    return rates


def prelude_rates(cramp: Cramp, units: int, rng: np.random.Generator) -> FloatArray:
    """Return the rates (units, steps) of the heralding twitches, from `prelude_s` to the onset.

    A fasciculation is one discharge of one unit: a rate that yields one pulse in one step, on average.
    """
    rates = np.zeros((units, round(PRELUDE_S * ENVELOPE_FS)))
    rates[rng.integers(units, size=cramp.twitches), rng.integers(rates.shape[1], size=cramp.twitches)] = ENVELOPE_FS
    return rates


def _restless(duration_s: float, rng: np.random.Generator) -> FloatArray:
    """Return the RMS acceleration (steps,) of a leg in pain and awake: moved 60 % of the time, 60-500 mg."""
    motion = np.zeros(round(duration_s * ENVELOPE_FS))
    at_s = 0.0
    while at_s < duration_s:
        move_s = rng.uniform(0.5, 3)
        motion[round(at_s * ENVELOPE_FS) : round((at_s + move_s) * ENVELOPE_FS)] = rng.uniform(60, 500)
        at_s += move_s / AWAKE_MOTION_DUTY
    return motion


def _trend(cramp: Cramp, time_s: FloatArray) -> FloatArray:
    """Return the factor of all rates over time: falling, up at last in a stretch; RMS grows with its root."""
    trend = np.interp(time_s, [0, cramp.duration_s], RATE_TREND)
    if cramp.ending == "stretch":
        trend[time_s > cramp.duration_s - cramp.ending_s] *= cramp.boost**2
    return trend


def _leaving_times(cramp: Cramp, units: int, rng: np.random.Generator) -> FloatArray:
    """Return when each unit stops: spread over the drop-out or the half second of a stretch, the last at the end."""
    span_s = cramp.ending_s if cramp.ending == "dropout" else rng.uniform(0.1, 0.5)
    leave_s = cramp.duration_s - span_s * np.arange(units) / units
    return rng.permutation(leave_s)


def _stints(time_s: FloatArray, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return whether a unit that joined at 0 is active at `time_s`: stints and pauses in turn."""
    shape, scale = (STINT_S / STINT_SD_S) ** 2, STINT_SD_S**2 / STINT_S
    turns = 2 * (2 + int(time_s[-1] / 5))
    lengths = rng.gamma(shape, scale, turns)
    lengths[1::2] = rng.exponential(PAUSE_S, turns // 2)
    return np.asarray(np.searchsorted(np.cumsum(lengths), time_s, side="right") % 2 == 0)
