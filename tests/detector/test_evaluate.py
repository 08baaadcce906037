"""Detections are held against the truth one by one, and no figure stands without its interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.errors import BadRecording
from detector.evaluate import SAME_CRAMP, UNKNOWN, Span, Truth, evaluate, match
from detector.score import Unwatched
from tests.support.scores import found, score

HOUR = 3600.0


def cramp(onset_s: float, end_s: float, kind: str = "asleep") -> Span:
    return Span(onset_s, end_s, kind)


def truth(*cramps: Span, imitators: tuple[Span, ...] = ()) -> Truth:
    return Truth(cramps, imitators)


def test_a_night_worked_out_by_hand() -> None:
    night = score(found(100.4, 160.0), found(500.0, 533.0, 18.0), found(2000.0, 2020.0), found(5000.0, 5030.0))
    happened = truth(
        cramp(100.0, 161.0),
        cramp(501.0, 531.0, "quick_wake"),
        cramp(9000.0, 9060.0),
        cramp(12_000.0, 12_005.0),
        imitators=(Span(1990.0, 2015.0, "stretch"), Span(3000.0, 3010.0, "stretch")),
    )
    figures = evaluate([(night, happened)])
    assert (figures.true_positives, figures.false_positives, figures.false_negatives) == (2, 2, 1)
    assert figures.sensitivity.value == pytest.approx(2 / 3)
    assert figures.precision.value == pytest.approx(2 / 4)
    assert figures.f1.value == pytest.approx(4 / 7)
    assert figures.false_alarms_per_night.value == pytest.approx(2.0)
    assert figures.false_alarms_per_day.value == pytest.approx(6.0)
    # Errors 0.4 and 1.0 s; alerts 12.4 and 17.0 s after the true onset; durations 59.6 for 61 and 33 for 30 s.
    assert (figures.onset_error_s.n, figures.onset_error_s.median) == (2, 0.7)
    assert figures.latency_s.median == 14.7
    assert figures.duration_error_s.median == 2.2
    assert figures.onset_error_s.p95 == pytest.approx(0.97)  # 0.4 + 0.95 * 0.6
    assert {kind: (tally.confirmed, tally.total) for kind, tally in figures.by_kind.items()} == {
        "asleep": (1, 2),
        "quick_wake": (1, 1),
    }
    assert (figures.ineligible.confirmed, figures.ineligible.total) == (0, 1)
    assert figures.false_alarm_causes == {"stretch": 1, UNKNOWN: 1}
    assert (figures.imitators["stretch"].confirmed, figures.imitators["stretch"].total) == (1, 2)


def test_right_counts_at_wrong_times_score_nothing() -> None:
    night = score(*(found(t + 620.0, t + 650.0) for t in (1000.0, 5000.0, 9000.0)))
    figures = evaluate([(night, truth(*(cramp(t, t + 30.0) for t in (1000.0, 5000.0, 9000.0))))])
    assert (figures.true_positives, figures.false_positives, figures.false_negatives) == (0, 3, 3)
    assert figures.f1.value == 0.0


def test_marks_a_second_apart_still_belong_together() -> None:
    assert len(match(score(found(131.0, 150.0)), [cramp(100.0, 130.0)]).pairs) == 1
    assert len(match(score(found(131.1, 150.0)), [cramp(100.0, 130.0)]).pairs) == 0


def test_one_detection_over_two_cramps_finds_the_one_it_overlaps_longest() -> None:
    matched = match(score(found(100.0, 200.0)), [cramp(95.0, 120.0), cramp(140.0, 210.0)])
    assert [span.onset_s for _, span in matched.pairs] == [140.0]
    assert [span.onset_s for span in matched.missed] == [95.0]


def test_a_cramp_found_twice_is_one_hit_and_one_false_alarm() -> None:
    figures = evaluate([(score(found(100.0, 130.0), found(140.0, 200.0)), truth(cramp(100.0, 200.0)))])
    assert (figures.true_positives, figures.false_positives) == (1, 1)
    assert figures.false_alarm_causes == {SAME_CRAMP: 1}


def test_finding_a_cramp_too_short_to_be_confirmed_is_neither_hit_nor_false_alarm() -> None:
    figures = evaluate([(score(found(100.0, 113.0)), truth(cramp(101.0, 112.9)))])
    assert (figures.true_positives, figures.false_positives, figures.false_negatives) == (0, 0, 0)
    assert (figures.ineligible.confirmed, figures.ineligible.total) == (1, 1)
    assert figures.eligible_s == 12.0


def test_a_cramp_missed_while_nobody_watched_is_missed_and_said_to_be_so() -> None:
    night = score(gaps=[Unwatched(90.0, 140.0, "no data")], watched_s=8 * HOUR - 50)
    figures = evaluate([(night, truth(cramp(100.0, 160.0), cramp(1000.0, 1060.0)))])
    assert figures.false_negatives == 2
    assert figures.missed_while_not_watched == 1


def test_false_alarms_are_per_time_watched_and_not_per_time_recorded() -> None:
    figures = evaluate([(score(found(100.0, 130.0), watched_s=4 * HOUR), truth())])
    assert figures.false_alarms_per_night.value == pytest.approx(2.0)


def test_an_event_still_going_on_lasts_to_the_end_of_the_recording() -> None:
    matched = match(score(found(8 * HOUR - 60, None)), [cramp(8 * HOUR - 20, 8 * HOUR)])
    assert len(matched.pairs) == 1


def test_nights_are_pooled() -> None:
    nights = [(score(found(100.0, 130.0)), truth(cramp(100.0, 130.0))), (score(), truth(cramp(100.0, 130.0)))]
    figures = evaluate(nights)
    assert (figures.recordings, figures.watched_s) == (2, 16 * HOUR)
    assert figures.sensitivity.value == 0.5


def test_without_cramps_and_events_there_is_nothing_to_estimate() -> None:
    figures = evaluate([(score(), truth())])
    assert figures.sensitivity.value is None
    assert figures.onset_error_s.median is None
    # Rule of three, exactly: no false alarm in one night bounds the rate below 3.69.
    assert figures.false_alarms_per_night.high == pytest.approx(3.689, abs=1e-3)


spans = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 60)), max_size=8)


@given(spans, spans)
def test_every_detection_and_every_cramp_is_accounted_for_once(
    detections: list[tuple[int, int]], happened: list[tuple[int, int]]
) -> None:
    night = score(*(found(float(onset), float(onset + length)) for onset, length in detections))
    cramps = [cramp(float(onset), float(onset + length)) for onset, length in happened]
    matched = match(night, cramps)
    assert len(matched.pairs) + len(matched.false) == len(detections)
    assert sorted([span for _, span in matched.pairs] + matched.missed) == sorted(cramps)
    # No detection and cramp that were both left alone belong together.
    assert all(span.overlap_s(left) < -1.0 for span in matched.false for left in matched.missed)


def test_a_score_that_does_not_tell_how_long_a_cramp_has_to_last_is_refused() -> None:
    told = score(found(10, 40))
    told.detector.parameters.pop("confirm_asleep_s")
    with pytest.raises(BadRecording, match="names no confirm_asleep_s"):
        evaluate([(told, Truth((), ()))])
