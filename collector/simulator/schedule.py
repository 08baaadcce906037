"""What happens when in a night: cramps first, then everything else around them."""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from collector.simulator.cramps import COUNT_SHARES, FOLLOWS_SHARE, FOLLOWS_WITHIN_S, Cramp, draw_cramp
from collector.simulator.movements import DRAW, Movement
from collector.simulator.spec import NightSpec, Profile
from collector.simulator.subject import Subject

FULL_NIGHT_S = 8 * 3600.0

Range = tuple[float, float]
Window = tuple[float, float]

# How many per eight hours: each night draws its mean from the range, then a Poisson count. Sums follow the reference
# rates of the specification: healthy 75 leg movements (PLM included), 51 large ones, 11 stretches of the calf;
# restless legs 300, 70 and 14. Large movements that change the posture are counted apart, 1.6 per hour.
HEALTHY: dict[str, Range] = {
    "walk": (0, 2),
    "posture": (10, 16),
    "lmm": (30, 46),
    "stretch": (7, 15),
    "rhythmic_feet": (0, 4),
    "awake_hold": (0, 1),
    "plm_train": (0, 3),
    "rem_phasic": (4, 12),
    "leg_movement": (50, 75),
    "hypnic_jerk": (0, 3),
    "myoclonus": (24, 400),
}
RESTLESS_LEGS: dict[str, Range] = HEALTHY | {
    "lmm": (46, 68),
    "stretch": (10, 18),
    "rhythmic_feet": (3, 5),
    "awake_hold": (0, 2),
    "plm_train": (16, 26),
    "leg_movement": (80, 120),
    "myoclonus": (200, 1200),
}
RATES: dict[Profile, dict[str, Range]] = {
    "healthy": HEALTHY,
    "rls": RESTLESS_LEGS,
    "artefacts": HEALTHY,
    "weak": HEALTHY,
    "empty": HEALTHY,
}

SLEEP_LATENCY_S = (480, 1500)  # 8-25 min awake in bed
SLEEP_LATENCY_SHARE = 0.25  # of a night so short that it would not leave time to sleep
DOZING_S = 900.0  # sleep starts and foot tremor belong to the minutes around falling asleep
AWAKE_AFTER_WALK_S = 600.0
REM_CYCLE_S = (4800, 7200)
REM_SHARE = (0.1, 0.3)  # of each cycle, at its end, longer towards the morning
TRAIN_LENGTH = (4, 16)  # movements in a periodic series; fewer than four are none
TRAIN_PERIOD_S, TRAIN_JITTER = (18, 45), 0.15  # onset to onset; scorers accept 10-90 s
BETWEEN_EVENTS_S = 2.0
TRIES = 100

Event = TypeVar("Event", Cramp, Movement)


@dataclass(frozen=True)
class Plan:
    """What happens to the muscle in a night, each sorted by onset, nothing overlapping."""

    cramps: tuple[Cramp, ...]
    movements: tuple[Movement, ...]


def plan_night(spec: NightSpec, subject: Subject, rng: np.random.Generator) -> Plan:
    """Draw a night's events.

    Raises ValueError when the cramps asked for do not fit into the night.
    """
    night = _NightPlan(spec, subject, rng)
    night.place_cramps()
    for kind, rate in RATES[spec.profile].items():
        for _ in range(rng.poisson(rng.uniform(*rate) * spec.duration_s / FULL_NIGHT_S)):
            night.place_movement(kind)
    return Plan(tuple(sorted(night.cramps, key=_onset)), tuple(sorted(night.movements, key=_onset)))


def _onset(event: Cramp | Movement) -> float:
    return event.onset_s


class _Calendar:
    """Which stretches of the night are taken."""

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._taken = [(-np.inf, 0.0), (np.inf, np.inf)]

    def reserve(self, start_s: float, end_s: float) -> bool:
        """Take a stretch, or return False when something is within `BETWEEN_EVENTS_S` or the night is over."""
        following = bisect_left(self._taken, (start_s, end_s))
        earliest_s = self._taken[following - 1][1] + BETWEEN_EVENTS_S
        latest_s = min(self._taken[following][0], self._duration_s) - BETWEEN_EVENTS_S
        if start_s < earliest_s or end_s > latest_s:
            return False
        insort(self._taken, (start_s, end_s))
        return True


class _NightPlan:
    """A night being filled."""

    def __init__(self, spec: NightSpec, subject: Subject, rng: np.random.Generator) -> None:
        self.cramps: list[Cramp] = []
        self.movements: list[Movement] = []
        self._spec, self._subject, self._rng = spec, subject, rng
        self._calendar = _Calendar(spec.duration_s)
        self._asleep_s = min(rng.uniform(*SLEEP_LATENCY_S), SLEEP_LATENCY_SHARE * spec.duration_s)
        self._rem = _rem_windows(self._asleep_s, spec.duration_s, rng)

    def place_cramps(self) -> None:
        """Place as many cramps as asked for or drawn, some in the hour after another."""
        count = self._spec.cramps if self._spec.cramps is not None else self._cramp_count()
        asleep: Window = (self._asleep_s, self._spec.duration_s)
        for _ in range(count):
            cramp = None
            if self.cramps and self._rng.random() < FOLLOWS_SHARE:
                last_s = self.cramps[-1].rest_s
                cramp = self._place([(last_s, min(last_s + FOLLOWS_WITHIN_S, self._spec.duration_s))], self._draw_cramp)
            cramp = cramp or self._place([asleep], self._draw_cramp)
            if cramp is None:
                raise ValueError(f"{count} cramps do not fit into {self._spec.hours} h: ask for fewer or more hours.")
            self.cramps.append(cramp)

    def place_movement(self, kind: str) -> None:
        """Place a movement, or a series; what finds no room in a crowded night is left out."""
        if kind == "plm_train":
            self._place_train()
        elif movement := self._place(self._windows(kind), lambda: DRAW[kind](self._subject, self._rng)):
            self.movements.append(movement)

    def _cramp_count(self) -> int:
        """Draw how many; a shorter night keeps each with the chance that it falls into it."""
        if self._spec.profile == "empty":
            return 0
        full_night = self._rng.choice(len(COUNT_SHARES), p=COUNT_SHARES)
        return int(self._rng.binomial(full_night, min(self._spec.duration_s / FULL_NIGHT_S, 1)))

    def _draw_cramp(self) -> Cramp:
        return draw_cramp(self._rng, weak=self._spec.profile == "weak")

    def _place(self, windows: Sequence[Window], draw: Callable[[], Event]) -> Event | None:
        """Draw an event and a moment in one of the windows until it fits."""
        lengths = np.array([end_s - start_s for start_s, end_s in windows])
        if not lengths.size or lengths.sum() <= 0:
            return None
        for _ in range(TRIES):
            start_s, end_s = windows[self._rng.choice(len(windows), p=lengths / lengths.sum())]
            event = draw().at(self._rng.uniform(start_s, end_s))
            if self._calendar.reserve(*_extent(event)):
                return event
        return None

    def _place_train(self) -> None:
        """Place a periodic series; a movement that would hit something else is missing from it."""
        period_s = self._rng.uniform(*TRAIN_PERIOD_S)
        at_s = self._rng.uniform(self._asleep_s, self._spec.duration_s)
        for _ in range(self._rng.integers(*TRAIN_LENGTH)):
            movement = DRAW["plm"](self._subject, self._rng).at(at_s)
            if self._calendar.reserve(*_extent(movement)):
                self.movements.append(movement)
            at_s += period_s * max(self._rng.normal(1, TRAIN_JITTER), 0.5)

    def _windows(self, kind: str) -> list[Window]:
        """Return when a kind of movement can happen."""
        walks = [movement.end_s for movement in self.movements if movement.kind == "walk"]
        fallen_asleep = [self._asleep_s, *(end_s + AWAKE_AFTER_WALK_S for end_s in walks)]
        if kind == "awake_hold":
            return [(0, self._asleep_s), *((end_s, end_s + AWAKE_AFTER_WALK_S) for end_s in walks)]
        if kind in ("hypnic_jerk", "rhythmic_feet"):
            return [(max(at_s - DOZING_S / 2, 0), at_s + DOZING_S / 2) for at_s in fallen_asleep]
        if kind == "rem_phasic":
            return self._rem
        if kind in ("posture", "lmm", "leg_movement"):
            return [(0, self._spec.duration_s)]  # awake as well as asleep
        return [(self._asleep_s, self._spec.duration_s)]


def _extent(event: Cramp | Movement) -> Window:
    """Return the stretch an event takes, with its heralds and its aftermath."""
    if isinstance(event, Cramp):
        return event.prelude_s, event.rest_s
    return event.onset_s + min(event.motion_lag_s, 0), event.end_s + max(event.motion_lag_s, 0)


def _rem_windows(asleep_s: float, duration_s: float, rng: np.random.Generator) -> list[Window]:
    """Return the REM periods: at the end of cycles of 80-120 min, longer towards the morning."""
    windows: list[Window] = []
    at_s = asleep_s
    while (cycle_end_s := at_s + rng.uniform(*REM_CYCLE_S)) < duration_s:
        share = float(np.interp(cycle_end_s, [0, FULL_NIGHT_S], REM_SHARE))
        windows.append((cycle_end_s - share * (cycle_end_s - at_s), cycle_end_s))
        at_s = cycle_end_s
    return windows
