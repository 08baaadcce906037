"""What happens when in a night."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.accuracy.other_nights import movements
from benchmarks.accuracy.other_nights.cramps import Cramp, draw_cramp
from benchmarks.accuracy.other_nights.movements import Movement
from benchmarks.accuracy.other_nights.processes import log_uniform, overdispersed
from benchmarks.accuracy.other_nights.spec import OtherSpec

NIGHT_S = 8 * 3600
"""The night to which all counts refer."""
CRAMP_CLEARANCE_S = 30.0
"""Quiet around a cramp, that two of them are not one event with a pause."""
MOVEMENT_CLEARANCE_S = 1.0
TRIES_PER_CRAMP = 100
RECURRENCE = 0.3
"""How often a further cramp comes within an hour of the one before."""


@dataclass(frozen=True)
class Rates:
    """Mean counts wanted per 8 h; up to a fifth find the leg busy and are dropped."""

    leg_movements: float
    plm_trains: float
    body_movements: float
    rhythmic_feet: float
    stretches: float
    awake_holds: float


HEALTHY = Rates(62, 1, 63, 2.4, 12.5, 0.6)
RESTLESS = Rates(118, 11.5, 88, 5, 17, 1.2)
"""With some 20 movements to a train this leaves 75 and 300 leg movements, 51 and 70 LMM, 2 and 4 times rhythmic feet,
11 and 14 stretches, 0.5 and 1 awake hold a night."""


@dataclass(frozen=True)
class Timetable:
    """Cramps and movements with their onsets in seconds, in order."""

    cramps: list[tuple[float, Cramp]]
    movements: list[tuple[float, Movement]]

    def turmoil(self) -> list[tuple[float, float]]:
        """The stretches from a cramp's onset until its wearer lies still again."""
        return [(onset, onset + cramp.upset_s) for onset, cramp in self.cramps]


class Booking:
    """Which stretches of the night are taken: a leg does one thing at a time."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float]] = []

    def take(self, start: float, end: float) -> bool:
        """Take the stretch unless part of it is taken already."""
        k = bisect_left(self._taken, (start, end))
        if (k and self._taken[k - 1][1] > start) or (k < len(self._taken) and self._taken[k][0] < end):
            return False
        self._taken.insert(k, (start, end))
        return True


def plan_night(spec: OtherSpec, rng: Generator) -> Timetable:
    """Draw a night. Raises ValueError when the cramps asked for do not fit into it."""
    night_s, share = float(spec.duration_s), spec.duration_s / NIGHT_S
    rates = RESTLESS if spec.profile == "rls" else HEALTHY
    booking = Booking()
    cramps = _cramps(spec, booking, rng)
    placed: list[tuple[float, Movement]] = []

    def put(onsets: list[float], draw: Callable[[Generator], Movement]) -> None:
        placed.extend(_placed([(onset, draw(rng)) for onset in onsets], night_s, booking))

    put(_scattered(int(rng.binomial(2, 0.35 * min(1, share))), 0, night_s, rng), movements.walk)
    put(_scattered(overdispersed(13 * share, rng), 0, night_s, rng), movements.posture_change)
    for start in _scattered(overdispersed(rates.plm_trains * share, rng), 0, night_s, rng):
        train = [(start + onset, movement) for onset, movement in movements.plm_train(rng)]
        placed.extend(_placed(train, night_s, booking))
    gap_free_share = rng.uniform(0.1, 0.4)
    put(
        _scattered(overdispersed(rates.body_movements * share, rng), 0, night_s, rng),
        lambda rng: movements.body_movement(rng, gap_free_share),
    )
    for mean, draw in (
        (rates.awake_holds, movements.awake_hold),
        (rates.stretches, movements.stretch),
        (rates.rhythmic_feet, movements.rhythmic_feet),
        (rates.leg_movements, movements.leg_movement),
    ):
        put(_scattered(overdispersed(mean * share, rng), 0, night_s, rng), draw)
    # People fall asleep within some 20 minutes, and again after waking.
    put(_scattered(int(rng.integers(0, 3)), 0, min(night_s, 1200), rng), movements.hypnic_jerk)
    for start, end in _rem_stretches(night_s, rng):
        put(_scattered(overdispersed((end - start) / 40, rng), start, end, rng), movements.rem_phasic)
    placed += [(onset + cramp.wake_s, movements.waking(cramp.upset_s - cramp.wake_s, rng)) for onset, cramp in cramps]
    placed += _twitches(cramps, night_s, rng)
    return Timetable(cramps, sorted(placed, key=lambda item: item[0]))


def _placed(wanted: list[tuple[float, Movement]], night_s: float, booking: Booking) -> list[tuple[float, Movement]]:
    """Those that fall into the night and on a free stretch."""
    return [
        (onset, movement)
        for onset, movement in wanted
        if onset + movement.duration_s < night_s
        and booking.take(onset - MOVEMENT_CLEARANCE_S, onset + movement.duration_s + MOVEMENT_CLEARANCE_S)
    ]


def _scattered(count: int, start: float, end: float, rng: Generator) -> list[float]:
    """`count` onsets between two moments with heavy-tailed (Pareto) waits: in bouts, with long calms."""
    waits = 0.02 + rng.pareto(1.5, count + 1)
    return [float(onset) for onset in start + (end - start) * np.cumsum(waits)[:count] / waits.sum()]


def _rem_stretches(night_s: float, rng: Generator) -> list[tuple[float, float]]:
    """REM sleep at the end of each cycle of 80 to 120 minutes, longer towards the morning."""
    stretches, start = [], float(rng.uniform(600, 1500))
    while (end := start + rng.uniform(80, 120) * 60) < night_s:
        stretches.append((end - rng.uniform(0.1, 0.15 + 0.25 * end / night_s) * (end - start), end))
        start = end
    return stretches


def _twitches(cramps: list[tuple[float, Cramp]], night_s: float, rng: Generator) -> list[tuple[float, Movement]]:
    """Fragmentary myoclonus, which minds nothing else, and the twitches that herald a quarter of cramps."""
    per_hour = float(np.clip(rng.gamma(1.0, 36), 3, 150))  # median about 25, as published
    onsets = list(rng.uniform(0, night_s - 1, int(rng.poisson(per_hour * night_s / 3600))))
    for onset, _ in cramps:
        if rng.random() < 0.25:
            onsets += list(onset - 1 - rng.exponential(8, int(rng.integers(2, 12))))
    return [(float(onset), movements.myoclonus(rng)) for onset in onsets if onset > 0]


def _cramps(spec: OtherSpec, booking: Booking, rng: Generator) -> list[tuple[float, Cramp]]:
    count = _cramp_count(spec, rng) if spec.cramps is None else spec.cramps
    cramps: list[tuple[float, Cramp]] = []
    tries = 0
    while len(cramps) < count:
        tries += 1
        if tries > TRIES_PER_CRAMP * count:
            raise ValueError(f"{count} cramps do not fit into {spec.hours} h: ask for fewer or for more hours.")
        cramp = draw_cramp(rng, weak=spec.profile == "weak")
        onset = _cramp_onset(cramps, spec.duration_s, rng)
        end = onset + cramp.upset_s
        if end < spec.duration_s and booking.take(onset - CRAMP_CLEARANCE_S, end + CRAMP_CLEARANCE_S):
            cramps.append((onset, cramp))
    return sorted(cramps, key=lambda item: item[0])


def _cramp_count(spec: OtherSpec, rng: Generator) -> int:
    """None in half of the nights, else 1 to 5 per 8 h."""
    if spec.profile == "empty" or rng.random() < 0.5:
        return 0
    return int(rng.binomial(1 + rng.binomial(4, 0.3), min(1, spec.duration_s / NIGHT_S)))


def _cramp_onset(cramps: list[tuple[float, Cramp]], night_s: float, rng: Generator) -> float:
    """Anywhere once the wearer has lain down, or within an hour of the cramp before."""
    settled = min(300, night_s / 8)
    if cramps and rng.random() < RECURRENCE:
        onset, cramp = cramps[-1]
        return onset + cramp.upset_s + log_uniform(120, 3600, rng)
    return float(rng.uniform(settled, night_s))
