"""Noon and evening by the wearer's clock."""

from zoneinfo import ZoneInfo

import pytest

from collector.contract.messages import NS
from detector.alarm.night_times import next_noon_ns, next_time_ns
from tests.detector.alarm.moments import ZONE, at


@pytest.mark.parametrize(
    ("now", "noon"),
    [
        ("2026-03-12 22:00", "2026-03-13 12:00"),
        ("2026-03-13 03:00", "2026-03-13 12:00"),
        ("2026-03-13 12:00", "2026-03-14 12:00"),
    ],
)
def test_a_night_ends_at_the_next_noon(now: str, noon: str) -> None:
    assert next_noon_ns(at(now), ZONE) == at(noon)


@pytest.mark.parametrize(
    ("now", "evening"),
    [
        ("2026-03-13 19:59", "2026-03-13 20:00"),
        ("2026-03-13 20:00", "2026-03-14 20:00"),
        ("2026-03-28 21:00", "2026-03-29 20:00"),  # the clocks go forward in between
        ("2026-10-24 21:00", "2026-10-25 20:00"),  # and back
    ],
)
def test_the_evening_is_the_next_moment_at_which_the_wall_clock_shows_it(now: str, evening: str) -> None:
    assert next_time_ns(at(now), "20:00", ZONE) == at(evening)


def test_on_the_day_the_clocks_go_forward_the_next_evening_is_23_hours_away() -> None:
    assert next_time_ns(at("2026-03-28 20:00"), "20:00", ZONE) - at("2026-03-28 20:00") == 23 * 3600 * NS


def test_a_moment_within_a_second_is_not_taken_for_the_second() -> None:
    utc = ZoneInfo("UTC")
    assert next_time_ns(20 * 3600 * NS + 1, "20:00", utc) == 44 * 3600 * NS
