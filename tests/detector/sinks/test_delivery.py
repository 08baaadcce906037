"""Delivery: culprits are found by halving, and pauses grow with jitter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.sinks.delivery import Pauses, Unavailable, deliver
from detector.sinks.influx_schema import LEG, Point, Value
from tests.detector.sinks.nights import MemorySink


def points(count: int) -> list[Point]:
    return [LEG.point({"wearer": "w1", "site": "left_calf"}, k, {"watched_s": k}) for k in range(count)]


def stored(sink: MemorySink) -> list[dict[str, Value]]:
    return sorted(sink.stored.values(), key=lambda fields: fields["watched_s"])


@given(count=st.integers(0, 200), bad=st.sets(st.integers(0, 199)))
def test_all_points_are_stored_but_those_that_are_refused_by_themselves(count: int, bad: set[int]) -> None:
    sink = MemorySink(refuses=frozenset(bad))
    rejected = deliver(points(count), sink)
    assert [it.point.t_ns for it in rejected] == sorted(k for k in bad if k < count)
    assert stored(sink) == [{"watched_s": k} for k in range(count) if k not in bad]


@given(count=st.integers(2, 500), bad=st.integers(0, 499))
def test_one_culprit_costs_two_requests_for_each_halving(count: int, bad: int) -> None:
    sink = MemorySink(refuses=frozenset({bad % count}))
    deliver(points(count), sink)
    halvings = (count - 1).bit_length()  # of the larger half down to a single point
    assert len(sink.batches) <= 1 + 2 * halvings


def test_what_was_refused_is_told_with_status_and_reason() -> None:
    (rejected,) = deliver(points(8), MemorySink(refuses=frozenset({5})))
    assert rejected == (points(8)[5], 400, "field type conflict")


def test_nothing_is_rejected_while_the_server_is_away() -> None:
    sink = MemorySink(refuses=frozenset({1}), away=1)
    with pytest.raises(Unavailable):
        deliver(points(4), sink)
    assert not sink.stored


def test_nothing_is_sent_when_there_is_nothing() -> None:
    sink = MemorySink()
    assert deliver([], sink) == []
    assert sink.batches == []


def test_pauses_double_up_to_a_minute_when_there_is_no_jitter() -> None:
    pauses = Pauses(lambda: 1.0)
    assert [pauses.next_s(None) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    pauses.reset()
    assert pauses.next_s(None) == 1


@given(jitter=st.floats(0, 1, exclude_max=True))
def test_jitter_takes_away_up_to_half_of_a_pause(jitter: float) -> None:
    pauses = Pauses(lambda: jitter)
    assert 0.5 <= pauses.next_s(None) <= 1.0
    assert 1.0 <= pauses.next_s(None) <= 2.0


def test_the_server_may_ask_for_a_longer_pause_but_not_for_a_day() -> None:
    pauses = Pauses(lambda: 0.0)
    assert pauses.next_s(7.0) == 7
    assert pauses.next_s(86400.0) == 900
    assert pauses.next_s(0.1) == 2
