"""Our rule, plain rules and published onset detectors over the same nights."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import NamedTuple

from benchmarks.accuracy.figures import overall
from benchmarks.accuracy.peers import Found, find, rule_nights, titles
from benchmarks.accuracy.plan import Plan
from benchmarks.accuracy.progress import Progress
from benchmarks.accuracy.rules import Tuned, evaluation, tune
from benchmarks.accuracy.run import Cache, Outcome
from detector.evaluate import Evaluation

OURS = "crampwatch"


class RuleResult(NamedTuple):
    """A rule's figures; `cpu_s` is its mean processor time for a night."""

    title: str
    tuned: str
    evaluation: Evaluation
    cpu_s: float


def compare(
    ours: Mapping[str, Outcome],
    plan: Plan,
    cache: Cache,
    workers: int,
    progress: Progress,
) -> list[RuleResult]:
    """Tune the other rules on one set of nights and compare all on another; `ours` by the night's name."""
    seen = find(plan.tuning, plan.peers, cache, workers, progress.of("tuning the other rules"))
    chosen = {title: tune(known) for title in titles(plan.peers) if (known := rule_nights(seen, title))}
    told = [peer._replace(thresholds=(chosen[peer.title].threshold,)) for peer in plan.peers if peer.title in chosen]
    found = find(plan.compared, told, cache, workers, progress.of("other rules"))
    outcomes = [ours[night.name] for night in plan.compared]
    results = [RuleResult(OURS, "as shipped", overall(outcomes), mean(o.cpu_s for o in outcomes))]
    return results + [_result(title, tuned, found) for title, tuned in chosen.items()]


def _result(title: str, tuned: Tuned, found: Sequence[Found]) -> RuleResult:
    nights = rule_nights(found, title)
    seconds = mean(_cpu_s(night, title, tuned.threshold) for night in found if title in night.activities)
    words = f"{tuned.threshold:g}, held {tuned.duration.held_s:g} s, pauses to {tuned.duration.bridged_s:g} s"
    stopped = len(found) - len(nights)
    if stopped:
        words += f"; stopped for taking too long in {stopped} nights, which are left out"
    return RuleResult(title, words, evaluation(nights, tuned), seconds)


def _cpu_s(night: Found, title: str, threshold: float) -> float:
    return next(a.cpu_s for a in night.activities[title] if a.threshold == threshold)
