"""What the page tells, out of scored nights; every share and interval is `detector.evaluate`'s."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from benchmarks.accuracy.run import Cramp, Interval, Outcome
from detector.evaluate import Evaluation, Span, Truth, evaluate, match
from detector.score import Score, ScoredEvent

Wanted = Callable[[Cramp], bool]

LONG_S = 16.0
STRONG, WEAK_FROM = 3.5, 2.4
EDGE_S = 2.0
"""What an artefact does to filters and levels is over by then."""
EPISODES = ("lead_off", "mains", "gap")


class Class(NamedTuple):
    """A class of cramps that a target speaks of."""

    name: str
    holds: Wanted


ASLEEP = Class(
    "asleep, 3.5 x rest or more", lambda c: c.kind == "asleep" and c.ratio >= STRONG and c.duration_s >= LONG_S
)
QUICK_WAKE = Class(
    "early woken, 3.5 x rest or more", lambda c: c.kind == "quick_wake" and c.ratio >= STRONG and c.duration_s >= LONG_S
)
WEAK = Class("2.4 to 3.5 x rest", lambda c: WEAK_FROM <= c.ratio < STRONG and c.duration_s >= LONG_S)
CLASSES = (ASLEEP, QUICK_WAKE, WEAK)


def overall(outcomes: Iterable[Outcome]) -> Evaluation:
    """All cramps and all false alarms of these nights."""
    return evaluate((outcome.score, outcome.truth.as_truth()) for outcome in outcomes)


def of_class(outcomes: Iterable[Outcome], wanted: Wanted) -> Evaluation:
    """How cramps of one class were found; its false alarms mean nothing."""
    return evaluate(_only(outcome, wanted) for outcome in outcomes)


def suspicions(outcomes: Iterable[Outcome], wanted: Wanted) -> Evaluation:
    """As `of_class`, with the moment of the silent mark in place of the alert's."""
    return evaluate((_at_suspicion(score), truth) for score, truth in (_only(o, wanted) for o in outcomes))


def _only(outcome: Outcome, wanted: Wanted) -> tuple[Score, Truth]:
    """The cramps of a class and the detections that belong to them."""
    chosen = outcome.truth.as_truth(wanted)
    events = [event for event, cramp in _pairs(outcome) if cramp in chosen.cramps]
    return replace(outcome.score, events=events), chosen


def _at_suspicion(score: Score) -> Score:
    return replace(score, events=[replace(event, alerted_s=event.suspected_s) for event in score.events])


def _pairs(outcome: Outcome) -> list[tuple[ScoredEvent, Span]]:
    return match(outcome.score, outcome.truth.as_truth().cramps).pairs


class Errors(NamedTuple):
    """Seconds, one value a cramp found: onset late (+) or early (-), alert after onset, duration too long (+)."""

    onset: list[float]
    latency: list[float]
    duration: list[float]


def errors(outcomes: Iterable[Outcome], wanted: Wanted) -> Errors:
    """The signed errors of the cramps of a class that were found, for plots."""
    found = Errors([], [], [])
    for outcome in outcomes:
        score, truth = _only(outcome, wanted)
        for event, cramp in match(score, truth.cramps).pairs:
            found.onset.append(event.onset_s - cramp.onset_s)
            found.latency.append((event.alerted_s or event.suspected_s) - cramp.onset_s)
            found.duration.append((event.duration_s or 0.0) - (cramp.end_s - cramp.onset_s))
    return found


def alarms_in_episodes(outcomes: Iterable[Outcome]) -> dict[str, tuple[int, int]]:
    """For electrode-off, mains and gap: false alarms that nothing but such an episode explains, and the episodes.

    A false alarm during a movement is the movement's, even when the mains hum meanwhile.
    """
    counts = dict.fromkeys(EPISODES, (0, 0))
    for outcome in outcomes:
        truth = outcome.truth
        false = match(outcome.score, truth.as_truth().cramps).false
        unexplained = [alarm for alarm in false if not _touching(alarm, truth.confounders, 0.0)]
        for kind in EPISODES:
            episodes = [artefact for artefact in truth.artefacts if artefact.kind == kind]
            alarms = sum(_touching(alarm, episodes, EDGE_S) for alarm in unexplained)
            before = counts[kind]
            counts[kind] = (before[0] + alarms, before[1] + len(episodes))
    return counts


def _touching(alarm: Span, intervals: Sequence[Interval], within_s: float) -> bool:
    return any(i.onset_s - within_s < alarm.end_s and alarm.onset_s < i.end_s + within_s for i in intervals)
