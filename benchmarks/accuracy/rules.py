"""Rules of other kinds as detectors of cramps: activity that is held for some seconds is one.

A rule tells when it sees the muscle active at a threshold; `Duration` makes alarms of that. Threshold and duration are
tuned together, on the tuning set, for the best F1: the same chance for every rule.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

from benchmarks.accuracy.plain_rules import Intervals
from benchmarks.accuracy.run import NightTruth
from detector.evaluate import Evaluation, evaluate
from detector.events import Figures
from detector.score import DetectorInfo, Score, ScoredEvent, Streams
from detector.settings import DetectorSettings

HELD_S = (6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 60.0)
BRIDGED_S = (0.25, 0.5, 1.0, 2.0)
"""Pauses up to this long do not end the activity."""


class Duration(NamedTuple):
    """Activity becomes an alarm once it has been held for `held_s`, pauses up to `bridged_s` included."""

    held_s: float
    bridged_s: float


DURATIONS = tuple(Duration(held, bridged) for held, bridged in product(HELD_S, BRIDGED_S))


class Tuned(NamedTuple):
    """What was best on the tuning set."""

    threshold: float
    duration: Duration


class RuleNight(NamedTuple):
    """What a rule saw in a night at each threshold, and what happened."""

    duration_s: float
    truth: NightTruth
    activity: Mapping[float, Intervals]


def alarms(activity: Intervals, duration: Duration) -> Intervals:
    """The stretches of activity that are held long enough."""
    joined: list[tuple[float, float]] = []
    for onset_s, end_s in activity:
        if joined and onset_s - joined[-1][1] <= duration.bridged_s:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((onset_s, end_s))
    return [(onset_s, end_s) for onset_s, end_s in joined if end_s - onset_s >= duration.held_s]


def evaluation(nights: Sequence[RuleNight], tuned: Tuned) -> Evaluation:
    """How right the rule is, by the same comparison as ours."""
    return evaluate(
        (as_score(alarms(night.activity[tuned.threshold], tuned.duration), tuned, night.duration_s), truth)
        for night in nights
        for truth in [night.truth.as_truth()]
    )


def tune(nights: Sequence[RuleNight]) -> Tuned:
    """The threshold and duration with the highest F1; of equals the earliest alarm."""
    choices = [Tuned(threshold, duration) for threshold in nights[0].activity for duration in DURATIONS]
    return max(choices, key=lambda tuned: (evaluation(nights, tuned).f1.value or 0.0, -tuned.duration.held_s))


def as_score(found: Intervals, tuned: Tuned, duration_s: float) -> Score:
    """A rule's alarms in the form that `evaluate` compares with the truth; a rule that says nothing saw everything."""
    settings = DetectorSettings()
    return Score(
        recording="",
        start="",
        duration_s=duration_s,
        # Only for what cramps count: those long enough for our own detector count for all.
        detector=DetectorInfo("", settings.parameters, ""),
        streams=Streams(emg=None, acc=None, temp=None, left_out=[]),
        notes=[],
        watched_s=duration_s,
        gaps=[],
        events=[_event(onset_s, end_s, onset_s + tuned.duration.held_s) for onset_s, end_s in found],
        candidates=[],
    )


def _event(onset_s: float, end_s: float, alerted_s: float) -> ScoredEvent:
    nothing_measured = Figures(
        rise_s=0.0,
        longest_dip_s=0.0,
        low_fraction=0.0,
        tonicity=None,
        moving_fraction=None,
        lead_s=None,
        still_before_s=None,
        upright=False,
        invalid_s=0.0,
        line_ratio=0.0,
    )
    return ScoredEvent(
        id="",
        site="",
        channel="",
        stage="confirmed",
        onset="",
        onset_s=onset_s,
        suspected_s=onset_s,
        alerted_s=alerted_s,
        end=None,
        end_s=end_s,
        duration_s=end_s - onset_s,
        peak_uv=0.0,
        mean_uv=0.0,
        rest_uv=0.0,
        threshold_uv=0.0,
        figures=nothing_measured,
        reason="",
    )
