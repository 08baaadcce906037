"""What was suspected and then not counted, sorted into what deserves a look and what only deserves a number."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from detector.events import Event
from detector.settings import DetectorSettings

RULE = DetectorSettings()
MOVEMENT_LIMIT_S = 10.0
"""Scored leg movements last 0.5 to 10 s (AASM, WASM 2016)."""
NEAR_MISS_S = 5.0
"""Below this even a steady contraction is an ordinary stretch: the median of those seen in sleep is 4 s."""

NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Candidates(NamedTuple):
    """The rejected contractions of a night; each is in exactly one of the three."""

    near_misses: list[Event]
    """Steady, and still for at least 5 s or going on for at least 10 s: what a cramp looks like, but for one thing."""
    movements: list[Event]
    """Other contractions shorter than 10 s: twitches and leg movements."""
    others: dict[str, int]
    """How many of the rest there are for each kind of reason, the most frequent first."""


def sort_candidates(rejected: Sequence[Event]) -> Candidates:
    """Split the rejected contractions of a night."""
    near_misses = [event for event in rejected if is_near_miss(event)]
    movements = [event for event in rejected if is_movement(event)]
    rest = [event for event in rejected if not is_near_miss(event) and not is_movement(event)]
    return Candidates(near_misses, movements, dict(Counter(kind_of(event.reason) for event in rest).most_common()))


def kind_of(reason: str) -> str:
    """The reason without its numbers, which differ from one contraction to the next."""
    return NUMBER.sub("…", reason)


def is_near_miss(event: Event) -> bool:
    """Whether a rejected contraction deserves to be looked at."""
    if event.duration_s is None or not _is_tonic(event):
        return False
    return event.duration_s >= (MOVEMENT_LIMIT_S if leg_moved(event) else NEAR_MISS_S)


def is_movement(event: Event) -> bool:
    """Whether a rejected contraction was as short as a leg movement, and no near miss."""
    return event.duration_s is not None and event.duration_s < MOVEMENT_LIMIT_S and not is_near_miss(event)


def leg_moved(event: Event) -> bool:
    """Whether the leg was in motion for more of the contraction than the rule allows; False when that is unknown."""
    return (event.figures.moving_fraction or 0.0) > RULE.moving_fraction_max


def _is_tonic(event: Event) -> bool:
    figures = event.figures
    steady = figures.tonicity is None or figures.tonicity >= RULE.tonicity_min
    return steady and figures.longest_dip_s <= RULE.dip_limit_s
