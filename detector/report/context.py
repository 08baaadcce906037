"""What came before the wearer's cramps: counts within one person, never a cause.

The half hour before each cramp is compared with the other half hours of the same nights. "More often than your usual"
is said only with enough cramps and nights, and when chance alone would rarely produce as much; otherwise it stays at
"before N of M". The limits behind the factors are those of the literature named beside each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from collector.contract.messages import NS
from detector.candidates import sort_candidates
from detector.night_record import NightRecord
from detector.posture import FACE_DOWN

MINUTE_NS = 60 * NS
WINDOW_NS = 30 * MINUTE_NS
RECURRENCE_NS = 60 * MINUTE_NS
"""After a cramp the threshold stays lowered for at least an hour (18 to 14 Hz)."""
SETTLING_NS = 20 * MINUTE_NS
"""A temperature sensor put on warms up with a time constant of 10 to 20 min; what it says before is about itself."""
COOLING_C = 1.5
"""Bed socks alone shift a foot's skin by 1.3 degrees; less than this is the bed, not the leg."""
COOL_C, WARM_C = 28.0, 35.5
"""Outside the range of a covered calf, 31 to 34.5 degrees, by a margin (a guess)."""
DWELL_NS = 86 * MINUTE_NS
"""At 1.6 turns an hour one posture in ten is kept for longer."""
MANY_MOVEMENTS = 13
"""The 90th percentile of healthy sleepers is 24.8 an hour."""

MIN_EVENTS = 5
MIN_NIGHTS = 7
MAX_P = 0.1


def _recent_cramp(record: NightRecord, t_ns: int) -> bool | None:
    ends = [event.end_ns for event in record.events if event.onset_ns < t_ns and event.end_ns is not None]
    return any(t_ns - RECURRENCE_NS <= end_ns <= t_ns for end_ns in ends)


def _many_movements(record: NightRecord, t_ns: int) -> bool | None:
    movements = sort_candidates(record.candidates).movements
    return sum(t_ns - WINDOW_NS <= movement.onset_ns < t_ns for movement in movements) >= MANY_MOVEMENTS


def _prone(record: NightRecord, t_ns: int) -> bool | None:
    return next((p.label == FACE_DOWN for p in record.postures if p.start_ns < t_ns <= p.end_ns), None)


def _long_same_posture(record: NightRecord, t_ns: int) -> bool | None:
    return next((t_ns - p.start_ns > DWELL_NS for p in record.postures if p.start_ns < t_ns <= p.end_ns), None)


def _skin_c(record: NightRecord, from_ns: int, to_ns: int) -> NDArray[np.float64]:
    """The skin temperatures of a stretch, without the sensor's own warming up."""
    from_ns = max(from_ns, record.start_ns + SETTLING_NS)
    inside = (record.temperature_t_ns >= from_ns) & (record.temperature_t_ns < to_ns)
    values = record.temperature_c[inside]
    return values[np.isfinite(values)]


def _skin_cooled(record: NightRecord, t_ns: int) -> bool | None:
    before = _skin_c(record, t_ns - WINDOW_NS, t_ns - WINDOW_NS + 5 * MINUTE_NS)
    after = _skin_c(record, t_ns - 5 * MINUTE_NS, t_ns)
    if not len(before) or not len(after):
        return None
    return bool(np.median(before) - np.median(after) >= COOLING_C)


def _skin_cool(record: NightRecord, t_ns: int) -> bool | None:
    skin_c = _skin_c(record, t_ns - WINDOW_NS // 2, t_ns)
    return bool(skin_c.max() < COOL_C) if len(skin_c) else None


def _skin_warm(record: NightRecord, t_ns: int) -> bool | None:
    skin_c = _skin_c(record, t_ns - WINDOW_NS // 2, t_ns)
    return bool(skin_c.min() >= WARM_C) if len(skin_c) else None


FACTORS: dict[str, Callable[[NightRecord, int], bool | None]] = {
    "recent_cramp": _recent_cramp,
    "many_movements": _many_movements,
    "prone": _prone,
    "long_same_posture": _long_same_posture,
    "skin_cooled": _skin_cooled,
    "skin_cool": _skin_cool,
    "skin_warm": _skin_warm,
}
"""Each says of the half hour before a moment whether the factor was there; None where it was not measured."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One factor in one night: how many half hours are known, and in how many of them it was there."""

    events: int
    seen: int
    others: int
    others_seen: int


@dataclass(frozen=True, slots=True)
class NightContext:
    """What a night adds to the comparison: all that has to be kept of earlier nights."""

    wearer: str
    site: str
    night: date
    simulated: bool
    parameters_hash: str
    tallies: dict[str, Tally]

    def comparable(self, other: "NightContext") -> bool:
        """Whether two nights may be counted together: one wearer, one site, one rule, and both real or both not."""
        mine, theirs = ((n.wearer, n.site, n.simulated, n.parameters_hash) for n in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Finding:
    """One factor over all comparable nights."""

    factor: str
    tonight: Tally
    events: int
    seen: int
    nights: int
    usual: float
    """Share of the half hours without a cramp in which the factor was there."""
    p: float
    """Chance of as many among the half hours before cramps if those were any half hours of their nights."""

    @property
    def more_often(self) -> bool:
        """Whether the record is long enough, and odd enough, to say so."""
        return self.events >= MIN_EVENTS and self.nights >= MIN_NIGHTS and self.p < MAX_P


def observe(record: NightRecord) -> NightContext:
    """Look at the half hours of one night."""
    onsets = [event.onset_ns for event in record.events]
    others = other_half_hours(record)
    tallies = {name: _tally(factor, record, onsets, others) for name, factor in FACTORS.items()}
    return NightContext(record.wearer, record.site, record.night, record.simulated, record.parameters_hash, tallies)


def other_half_hours(record: NightRecord) -> list[int]:
    """The ends of the night's half hours, in steps of half an hour, that were watched and far from any cramp."""
    taken = [(e.onset_ns - WINDOW_NS, record.end_ns if e.end_ns is None else e.end_ns) for e in record.events]
    ends = range(record.start_ns + WINDOW_NS, record.end_ns, WINDOW_NS)
    free = [t for t in ends if not any(start < t and t - WINDOW_NS < end for start, end in taken)]
    return [t_ns for t_ns in free if _unwatched_ns(record, t_ns - WINDOW_NS, t_ns) <= WINDOW_NS // 2]


def findings(tonight: NightContext, history: Sequence[NightContext]) -> list[Finding]:
    """The factors known before at least one cramp, over tonight and the earlier nights comparable with it."""
    earlier = [night for night in history if night.comparable(tonight) and night.night < tonight.night]
    nights = [tonight, *earlier]
    return [_finding(name, [night.tallies[name] for night in nights]) for name in FACTORS if _known(name, nights)]


def chance_of_as_many(tallies: Sequence[Tally]) -> float:
    """P(at least the factor's count before cramps) when each night's half hours are exchanged among themselves.

    Within a night that count is hypergeometric; nights are independent, so their distributions convolve. This is the
    exact permutation test, one-sided.
    """
    per_night = [
        hypergeom.pmf(np.arange(t.events + 1), t.events + t.others, t.seen + t.others_seen, t.events) for t in tallies
    ]
    distribution = reduce(np.convolve, per_night)
    return float(distribution[sum(t.seen for t in tallies) :].sum())


def _tally(
    factor: Callable[[NightRecord, int], bool | None], record: NightRecord, onsets: list[int], others: list[int]
) -> Tally:
    before = [there for t_ns in onsets if (there := factor(record, t_ns)) is not None]
    usual = [there for t_ns in others if (there := factor(record, t_ns)) is not None]
    return Tally(len(before), sum(before), len(usual), sum(usual))


def _known(name: str, nights: Sequence[NightContext]) -> bool:
    return any(night.tallies[name].events for night in nights)


def _finding(name: str, tallies: list[Tally]) -> Finding:
    others = sum(t.others for t in tallies)
    return Finding(
        factor=name,
        tonight=tallies[0],
        events=sum(t.events for t in tallies),
        seen=sum(t.seen for t in tallies),
        nights=sum(t.events + t.others > 0 for t in tallies),
        usual=sum(t.others_seen for t in tallies) / others if others else float("nan"),
        p=chance_of_as_many(tallies),
    )


def _unwatched_ns(record: NightRecord, from_ns: int, to_ns: int) -> int:
    return sum(max(0, min(to_ns, gap.end_ns) - max(from_ns, gap.start_ns)) for gap in record.unwatched)
