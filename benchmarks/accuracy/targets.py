"""The targets of the project, each with the measurement that it is held against."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.accuracy import markdown, nights
from benchmarks.accuracy.figures import (
    ASLEEP,
    QUICK_WAKE,
    WEAK,
    Class,
    alarms_in_episodes,
    of_class,
    overall,
    suspicions,
)
from benchmarks.accuracy.run import Cramp, Outcome
from detector.evaluate import Evaluation, Spread

Tiers = Mapping[str, Sequence[Outcome]]
"""The outcomes of one generator's nights by tier."""


class Measurement(NamedTuple):
    """What was measured, in words, and whether that meets the target; None when there was nothing to measure."""

    text: str
    met: bool | None


class Target(NamedTuple):
    """A target and how it is measured on one generator's nights."""

    what: str
    wanted: str
    measure: Callable[[Tiers], Measurement]


def _sensitivity(cls: Class, at_least: float) -> Target:
    def measure(tiers: Tiers) -> Measurement:
        share = of_class(_with_accelerometer(tiers), cls.holds).sensitivity
        return Measurement(markdown.percent(share), None if share.value is None else share.value >= at_least)

    return Target(f"cramps found: {cls.name}, 16 s or longer", f"at least {100 * at_least:g} %", measure)


def _false_alarms(what: str, names: Sequence[str], at_most: float) -> Target:
    def measure(tiers: Tiers) -> Measurement:
        rate = overall(o for name in names for o in tiers.get(name, ())).false_alarms_per_night
        return Measurement(markdown.rate(rate), None if rate.value is None else rate.value <= at_most)

    return Target(f"false alarms per 8 h watched, {what}", f"at most {at_most:.2f}", measure)


def _episodes(tiers: Tiers) -> Measurement:
    counts = alarms_in_episodes(o for outcomes in tiers.values() for o in outcomes)
    text = ", ".join(f"{alarms} in {total} of {kind.replace('_', '-')}" for kind, (alarms, total) in counts.items())
    return Measurement(text, all(not alarms for alarms, _ in counts.values()))


def _seconds(
    what: str,
    median_s: float | None,
    p95_s: float,
    evaluation: Callable[[Iterable[Outcome]], Evaluation],
    figure: Callable[[Evaluation], Spread],
) -> Target:
    def measure(tiers: Tiers) -> Measurement:
        found = figure(evaluation(_with_accelerometer(tiers)))
        if found.median is None or found.p95 is None:
            return Measurement(markdown.NONE, None)
        met = found.p95 <= p95_s and (median_s is None or found.median <= median_s)
        return Measurement(f"{markdown.spread(found)} (n = {found.n})", met)

    wanted = f"95th percentile at most {p95_s:g} s"
    return Target(what, wanted if median_s is None else f"median at most {median_s:g} s, {wanted}", measure)


def _asleep(cramp: Cramp) -> bool:
    return cramp.kind == "asleep"


TARGETS = (
    _sensitivity(ASLEEP, 0.99),
    _sensitivity(QUICK_WAKE, 0.95),
    _sensitivity(WEAK, 0.90),
    _false_alarms("healthy nights", (nights.HEALTHY, nights.EMPTY), 0.10),
    _false_alarms("restless nights", (nights.RESTLESS,), 0.20),
    _false_alarms("artefact nights", (nights.ARTEFACTS,), 0.10),
    Target("false alarms that only an electrode-off, mains or gap episode explains", "none", _episodes),
    _seconds(
        "alert after true onset, asleep, median / 95th percentile, s",
        12.5,
        14.0,
        lambda outcomes: of_class(outcomes, _asleep),
        lambda evaluation: evaluation.latency_s,
    ),
    _seconds(
        "silent mark after true onset, median / 95th percentile, s",
        None,
        1.5,
        lambda outcomes: suspicions(outcomes, lambda cramp: True),
        lambda evaluation: evaluation.latency_s,
    ),
    _seconds(
        "onset error, median / 95th percentile, s", 0.2, 1.5, overall, lambda evaluation: evaluation.onset_error_s
    ),
    _seconds(
        "duration error, median / 95th percentile, s",
        0.5,
        3.0,
        overall,
        lambda evaluation: evaluation.duration_error_s,
    ),
)


def _with_accelerometer(tiers: Tiers) -> list[Outcome]:
    return [o for name, outcomes in tiers.items() if name != nights.NO_ACCELEROMETER for o in outcomes]
