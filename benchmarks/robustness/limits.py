"""Lays a table's disturbances over nights and counts what the detector then finds."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.robustness.night import Night, simulate
from benchmarks.robustness.tables import Case, Table, ends, tables
from benchmarks.robustness.watching import Watched, watch

SEEDS = tuple(range(61_001, 61_013))
"""Of the nights: no tuning and no other page uses them, and nothing was chosen on them."""
UNSEEN = 0.5
"""A missed cramp of which a larger share was not watched is told as such, the others are missed unnoticed."""

Done = Callable[[int, int], None]
"""Told how many are done of how many."""


class Plan(NamedTuple):
    """What is laid over which nights."""

    seeds: Sequence[int]
    tables: Sequence[Table]


class Outcome(NamedTuple):
    """What was found of all nights in one case; counts by the cramps' strength, from the weakest."""

    found: tuple[int, ...]
    unnoticed: tuple[int, ...]
    nights: int
    false_alarms: int
    unwatched: float

    @property
    def missed_unwatched(self) -> int:
        """How many missed cramps fell mostly into time that is told as not watched."""
        return self.nights * len(self.found) - sum(self.found) - sum(self.unnoticed)


class Limits(NamedTuple):
    """A table with an outcome for each of its cases."""

    table: Table
    outcomes: Sequence[Outcome]


def full() -> Plan:
    """What the page is made of."""
    return Plan(SEEDS, tables())


def quick() -> Plan:
    """One wearer and the ends of each table: shows that the parts fit, and nothing else."""
    return Plan(SEEDS[:1], ends(tables()))


def measure(plan: Plan, bars: Callable[[str], Done]) -> list[Limits]:
    """Every case over every night."""
    nights = {seed: simulate(seed=seed) for seed in plan.seeds}
    return [Limits(table, _outcomes(table, nights, bars(table.title))) for table in plan.tables]


def _outcomes(table: Table, nights: dict[int, Night], done: Done) -> list[Outcome]:
    outcomes = []
    for k, case in enumerate(table.cases):
        done(k, len(table.cases))
        outcomes.append(tally(_watched(case, nights)))
    done(len(table.cases), len(table.cases))
    return outcomes


def _watched(case: Case, nights: dict[int, Night]) -> list[Watched]:
    """Each night under this disturbance; what is random in it is the same in every case."""
    return [watch(night, case.disturb(night, np.random.default_rng(seed))) for seed, night in nights.items()]


def tally(nights: Iterable[Watched]) -> Outcome:
    """What was found of these nights together; all have the same number of cramps, the weakest first."""
    watched = list(nights)
    watched_s = sum(night.score.watched_s for night in watched)
    return Outcome(
        found=_by_strength([[cramp in night.found for cramp in night.cramps] for night in watched]),
        unnoticed=_by_strength([_unnoticed(night) for night in watched]),
        nights=len(watched),
        false_alarms=sum(len(night.false_alarms) for night in watched),
        unwatched=1 - watched_s / sum(night.score.duration_s for night in watched),
    )


def _unnoticed(night: Watched) -> list[bool]:
    return [
        cramp in night.missed
        and night.unwatched_s(cramp.onset_s, cramp.end_s) <= UNSEEN * (cramp.end_s - cramp.onset_s)
        for cramp in night.cramps
    ]


def _by_strength(nights: Iterable[Sequence[bool]]) -> tuple[int, ...]:
    return tuple(sum(cramps) for cramps in zip(*nights, strict=True))
