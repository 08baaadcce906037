"""What the detector found against what happened: event by event, never by counts alone.

A detection belongs to a cramp when the two overlap, to at most one, and at most one to each. Times are seconds from the
recording's first sample.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median, quantiles
from typing import NamedTuple

import msgspec

from collector.contract.errors import BadRecording
from detector import confidence
from detector.confidence import Estimate
from detector.score import Score, ScoredEvent

TOLERANCE_S = 1.0
"""Detections and scored cramps this far apart still belong together; people place marks no better."""
NIGHT_S = 8 * 3600
DAY_S = 24 * 3600
UNKNOWN = "nothing known"
SAME_CRAMP = "a cramp that was found already"


class Span(NamedTuple):
    """Something of `kind` from `onset_s` to `end_s`."""

    onset_s: float
    end_s: float
    kind: str

    def overlap_s(self, other: "Span") -> float:
        """How long both last; negative is the distance between them."""
        return min(self.end_s, other.end_s) - max(self.onset_s, other.onset_s)

    def coincidence(self, other: "Span") -> float:
        """The time that both last over the time from the first onset to the last end; the Jaccard index."""
        return self.overlap_s(other) / (max(self.end_s, other.end_s) - min(self.onset_s, other.onset_s))


class Truth(NamedTuple):
    """What happened: cramps, and what might be taken for one (confounders of the body, artefacts of the sensor)."""

    cramps: tuple[Span, ...]
    imitators: tuple[Span, ...]


class Spread(msgspec.Struct, frozen=True):
    """The middle and the 95th percentile of n values; None without any."""

    n: int
    median: float | None
    p95: float | None


class Tally(msgspec.Struct, frozen=True):
    """How many of `total` were confirmed."""

    confirmed: int
    total: int
    share: Estimate


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The figures for any number of recordings, pooled.

    Cramps too short to be confirmed are `ineligible`: they are told apart, and finding one is no false alarm. The
    interval of F1 is that of TP/(TP+FP+FN), a share of which it is a rising function. Errors are absolute; latency is
    from the true onset to the alert.
    """

    recordings: int
    watched_s: float
    eligible_s: float
    true_positives: int
    false_positives: int
    false_negatives: int
    missed_while_not_watched: int
    ineligible: Tally
    sensitivity: Estimate
    precision: Estimate
    f1: Estimate
    false_alarms_per_night: Estimate
    false_alarms_per_day: Estimate
    onset_error_s: Spread
    latency_s: Spread
    duration_error_s: Spread
    by_kind: dict[str, Tally]
    false_alarm_causes: dict[str, int]
    imitators: dict[str, Tally]


class Matched(NamedTuple):
    """One recording's detections and cramps, paired; the rest is left alone on its side."""

    pairs: list[tuple[ScoredEvent, Span]]
    false: list[Span]
    missed: list[Span]


def evaluate(pairs: Iterable[tuple[Score, Truth]]) -> Evaluation:
    """Compare scores with the truth about the same recordings."""
    pooled = _Pool()
    for score, truth in pairs:
        pooled.add(score, truth)
    return pooled.evaluation()


def match(score: Score, cramps: Sequence[Span]) -> Matched:
    """Pair detections with cramps, the longest overlap first."""
    spans = [Span(event.onset_s, _end_s(event, score), event.channel) for event in score.events]
    overlaps = sorted(
        (-span.overlap_s(cramp), i, k)
        for i, span in enumerate(spans)
        for k, cramp in enumerate(cramps)
        if span.overlap_s(cramp) >= -TOLERANCE_S
    )
    chosen: dict[int, int] = {}
    for _, i, k in overlaps:
        if i not in chosen and k not in chosen.values():
            chosen[i] = k
    return Matched(
        pairs=[(score.events[i], cramps[k]) for i, k in sorted(chosen.items())],
        false=[span for i, span in enumerate(spans) if i not in chosen],
        missed=[cramp for k, cramp in enumerate(cramps) if k not in chosen.values()],
    )


class _Pool:
    """Gathers recordings until the figures are asked for."""

    def __init__(self) -> None:
        self.recordings = 0
        self.watched_s = 0.0
        self.eligible_s = 0.0
        self.found: list[tuple[ScoredEvent, Span]] = []
        self.missed: list[Span] = []
        self.missed_blind = 0
        self.found_ineligible = self.ineligible = 0
        self.causes: Counter[str] = Counter()
        self.imitators: Counter[str] = Counter()
        self.confirmed_imitators: Counter[str] = Counter()

    def add(self, score: Score, truth: Truth) -> None:
        eligible_s = _eligible_s(score)
        self.recordings += 1
        self.watched_s += score.watched_s
        self.eligible_s = max(self.eligible_s, eligible_s)
        matched = match(score, truth.cramps)
        for event, cramp in matched.pairs:
            if _lasts(cramp, eligible_s):
                self.found.append((event, cramp))
            else:
                self.found_ineligible += 1
        missed = [cramp for cramp in matched.missed if _lasts(cramp, eligible_s)]
        self.missed += missed
        self.missed_blind += sum(_is_blind(score, cramp) for cramp in missed)
        self.ineligible += sum(not _lasts(cramp, eligible_s) for cramp in truth.cramps)
        self.causes.update(_cause(false, truth) for false in matched.false)
        self.imitators.update(imitator.kind for imitator in truth.imitators)
        self.confirmed_imitators.update(
            imitator.kind
            for imitator in truth.imitators
            if any(imitator.overlap_s(false) > 0 for false in matched.false)
        )

    def evaluation(self) -> Evaluation:
        found, missed, false = len(self.found), len(self.missed), self.causes.total()
        return Evaluation(
            recordings=self.recordings,
            watched_s=round(self.watched_s, 3),
            eligible_s=self.eligible_s,
            true_positives=found,
            false_positives=false,
            false_negatives=missed,
            missed_while_not_watched=self.missed_blind,
            ineligible=_tally(self.found_ineligible, self.ineligible),
            sensitivity=confidence.share(found, found + missed),
            precision=confidence.share(found, found + false),
            f1=_f1(found, false, missed),
            false_alarms_per_night=confidence.rate(false, self.watched_s / NIGHT_S),
            false_alarms_per_day=confidence.rate(false, self.watched_s / DAY_S),
            onset_error_s=_spread(abs(event.onset_s - cramp.onset_s) for event, cramp in self.found),
            latency_s=_spread(
                event.alerted_s - cramp.onset_s for event, cramp in self.found if event.alerted_s is not None
            ),
            duration_error_s=_spread(
                abs(event.duration_s - (cramp.end_s - cramp.onset_s))
                for event, cramp in self.found
                if event.duration_s is not None
            ),
            by_kind=self._by_kind(),
            false_alarm_causes=dict(self.causes.most_common()),
            imitators={
                kind: _tally(self.confirmed_imitators[kind], total) for kind, total in sorted(self.imitators.items())
            },
        )

    def _by_kind(self) -> dict[str, Tally]:
        found = Counter(cramp.kind for _, cramp in self.found)
        total = found + Counter(cramp.kind for cramp in self.missed)
        return {kind: _tally(found[kind], count) for kind, count in sorted(total.items())}


def _eligible_s(score: Score) -> float:
    """How long a cramp has to last to be confirmed by the rule that scored."""
    try:
        return float(str(score.detector.parameters["confirm_asleep_s"]))
    except (KeyError, ValueError):
        raise BadRecording(f"{score.recording}: its events.json names no confirm_asleep_s; score it again") from None


def _end_s(event: ScoredEvent, score: Score) -> float:
    return score.duration_s if event.end_s is None else event.end_s


def _lasts(cramp: Span, eligible_s: float) -> bool:
    return cramp.end_s - cramp.onset_s >= eligible_s


def _is_blind(score: Score, cramp: Span) -> bool:
    """Whether less than half of a cramp was watched."""
    blind_s = sum(max(0.0, cramp.overlap_s(Span(gap.start_s, gap.end_s, gap.cause))) for gap in score.gaps)
    return blind_s > (cramp.end_s - cramp.onset_s) / 2


def _cause(false: Span, truth: Truth) -> str:
    """What a false alarm coincides with best: the largest share of what either lasts that both last.

    Not what it overlaps longest, or half an hour of hum would explain every movement within it.
    """
    known = [*truth.imitators, *(cramp._replace(kind=SAME_CRAMP) for cramp in truth.cramps)]
    overlapping = [span for span in known if span.overlap_s(false) > 0]
    return max(overlapping, key=false.coincidence).kind if overlapping else UNKNOWN


def _f1(found: int, false: int, missed: int) -> Estimate:
    jaccard = confidence.share(found, found + false + missed)
    value = None if jaccard.value is None else _f1_of(jaccard.value)
    return Estimate(value, _f1_of(jaccard.low), _f1_of(jaccard.high))


def _f1_of(jaccard: float) -> float:
    """2TP/(2TP+FP+FN) out of TP/(TP+FP+FN)."""
    return 2 * jaccard / (1 + jaccard)


def _tally(confirmed: int, total: int) -> Tally:
    return Tally(confirmed, total, confidence.share(confirmed, total))


def _spread(values: Iterable[float]) -> Spread:
    ordered = sorted(values)
    if not ordered:
        return Spread(0, None, None)
    p95 = quantiles(ordered, n=20, method="inclusive")[-1] if len(ordered) > 1 else ordered[0]
    return Spread(len(ordered), round(median(ordered), 3), round(p95, 3))
