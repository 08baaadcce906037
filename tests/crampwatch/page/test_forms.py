"""When a cramp was felt, as people write it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import NS
from crampwatch.page.forms import Mistake, felt_cramp, felt_ns
from tests.crampwatch.page.home import BERLIN, THREE, moment


@pytest.mark.parametrize("written", ["02:05", "2:05", "2.05", "0205", "205"])
def test_a_time_is_understood_however_it_is_written(written: str) -> None:
    assert felt_ns({"clock": written, "day": "2026-11-20"}, BERLIN, THREE) == moment("2026-11-20 02:05")


def test_a_time_that_was_written_goes_before_one_that_was_chosen() -> None:
    assert felt_ns({"clock": "0205", "when": "10"}, BERLIN, THREE) == moment("2026-11-20 02:05")


def test_a_time_without_a_day_is_the_last_one_there_was() -> None:
    assert felt_ns({"clock": "0312"}, BERLIN, THREE) == moment("2026-11-20 03:12")
    assert felt_ns({"clock": "2330"}, BERLIN, THREE) == moment("2026-11-19 23:30")


@given(minutes=st.integers(0, 9999))
def test_minutes_ago_are_counted_back_from_now(minutes: int) -> None:
    assert felt_ns({"when": str(minutes)}, BERLIN, THREE) == THREE - minutes * 60 * NS


def test_a_cramp_may_be_entered_days_later() -> None:
    assert felt_ns({"clock": "0400", "day": "2026-11-02"}, BERLIN, THREE) == moment("2026-11-02 04:00")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({"clock": "25:00"}, "page.mistake_time"),
        ({"clock": "12:60"}, "page.mistake_time"),
        ({"clock": "three"}, "page.mistake_time"),
        ({"clock": "²²²²"}, "page.mistake_time"),
        ({"clock": "12345"}, "page.mistake_time"),
        ({"clock": "0313", "day": "2026-11-20"}, "page.mistake_time"),
        ({"clock": "0200", "day": "9999-12-31"}, "page.mistake_time"),
        ({"clock": "0230", "day": "2026-03-29"}, "page.mistake_time"),
        ({"clock": "0200", "day": "20.11.2026"}, "page.mistake_day"),
        ({"clock": "0000", "day": "0001-01-01"}, "page.mistake_day"),
        ({"when": "a while"}, "page.mistake_number"),
        ({"when": "-1"}, "page.mistake_number"),
    ],
)
def test_a_time_that_cannot_be_is_told_instead_of_guessed(written: dict[str, str], key: str) -> None:
    with pytest.raises(Mistake) as mistake:
        felt_ns(written, BERLIN, THREE)
    assert mistake.value.key == key


def test_an_hour_that_comes_twice_is_the_earlier_one() -> None:
    # On 25 October 2026 Berlin's clocks went from 03:00 summer time (UTC+2) back to 02:00.
    felt = felt_ns({"clock": "0230", "day": "2026-10-25"}, BERLIN, THREE)
    assert datetime.fromtimestamp(felt / NS, UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [({"minutes": "1", "seconds": "34"}, 94), ({"minutes": "2"}, 120), ({"seconds": "40"}, 40), ({}, None)],
)
def test_how_long_it_lasted_is_minutes_and_seconds_together(written: dict[str, str], seconds: float | None) -> None:
    assert felt_cramp(written, BERLIN, THREE).duration_s == seconds


def test_a_duration_that_is_no_number_is_told() -> None:
    with pytest.raises(Mistake):
        felt_cramp({"minutes": "a few"}, BERLIN, THREE)
