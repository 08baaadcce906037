from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import NS
from detector.report.local_clock import ClockChange, LocalClock

HOUR_NS = 3600 * NS


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


def clock(zone: str, start: str, hours: float) -> LocalClock:
    return LocalClock(ZoneInfo(zone), utc(start), utc(start) + round(hours * HOUR_NS))


def test_an_ordinary_night_has_no_change_and_its_times_no_zone() -> None:
    berlin = clock("Europe/Berlin", "2026-03-12T21:48", 8)
    assert berlin.changes == []
    assert berlin.hhmm(utc("2026-03-13T02:12:40")) == "03:12"
    assert berlin.hhmmss(utc("2026-03-13T02:12:40")) == "03:12:40"


def test_summer_time_ends_at_one_utc_in_europe() -> None:
    berlin = clock("Europe/Berlin", "2026-10-24T19:00", 10)
    assert berlin.changes == [ClockChange(utc("2026-10-25T01:00"), forward=False)]


def test_summer_time_begins_at_one_utc_in_europe() -> None:
    berlin = clock("Europe/Berlin", "2026-03-28T21:00", 8)
    assert berlin.changes == [ClockChange(utc("2026-03-29T01:00"), forward=True)]


def test_an_hour_that_comes_twice_has_two_ticks() -> None:
    labels = [label for _, label in clock("Europe/Berlin", "2026-10-24T22:30", 5).ticks(6)]
    assert labels == ["01:00", "02:00", "02:00", "03:00", "04:00"]


def test_an_hour_that_is_missing_has_no_tick() -> None:
    labels = [label for _, label in clock("Europe/Berlin", "2026-03-28T22:30", 5).ticks(6)]
    assert labels == ["00:00", "01:00", "03:00", "04:00", "05:00"]


def test_ticks_are_round_on_the_wall_where_the_zone_is_45_minutes_off() -> None:
    ticks = clock("Asia/Kathmandu", "2026-03-12T16:00", 4).ticks(5)
    assert ticks[0] == (utc("2026-03-12T16:15"), "22:00")


@given(st.floats(0.5, 25.0), st.integers(2, 14))
def test_there_are_never_more_ticks_than_fit(hours: float, at_most: int) -> None:
    ticks = clock("Europe/Berlin", "2026-03-12T11:00", hours).ticks(max(at_most, 3))
    assert len(ticks) <= max(at_most, 3)
