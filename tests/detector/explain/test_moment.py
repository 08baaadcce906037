"""A time of day means the moment of the recording that someone read off the clock, or is refused with a choice."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import NS
from collector.contract.recording import Recording
from detector.explain import BadMoment, moment_ns
from detector.explain.moment import clock_of, tenths

BERLIN = "Europe/Berlin"


def ns(text: str) -> int:
    """An ISO time with its offset, in nanoseconds."""
    return round(datetime.fromisoformat(text).timestamp()) * NS


def night(start: str, end: str, timezone: str | None) -> Recording:
    return cast("Recording", SimpleNamespace(name="night.edf", start_ns=ns(start), end_ns=ns(end), timezone=timezone))


WINTER = night("2026-11-19T22:30+01:00", "2026-11-20T06:30+01:00", BERLIN)
CLOCKS_GO_BACK = night("2026-10-24T23:00+02:00", "2026-10-25T07:00+01:00", BERLIN)
CLOCKS_GO_FORWARD = night("2026-03-28T23:00+01:00", "2026-03-29T07:00+02:00", BERLIN)
NO_ZONE = night("2026-11-19T22:30+00:00", "2026-11-20T06:30+00:00", None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("23:59:59", "2026-11-19T23:59:59+01:00"),
        ("00:00:01", "2026-11-20T00:00:01+01:00"),
        ("02:13", "2026-11-20T02:13:00+01:00"),
        (" 02:13:12 ", "2026-11-20T02:13:12+01:00"),
        ("2026-11-20T02:13:12", "2026-11-20T02:13:12+01:00"),
        ("2026-11-20 01:13:12Z", "2026-11-20T02:13:12+01:00"),
    ],
)
def test_a_time_is_that_of_the_wearers_clock_on_either_side_of_midnight(text: str, moment: str) -> None:
    assert moment_ns(text, WINTER) == ns(moment)


def test_tenths_of_a_second_count() -> None:
    assert moment_ns("02:13:12.4", WINTER) == ns("2026-11-20T02:13:12+01:00") + 4 * NS // 10


def test_without_a_zone_the_recorders_own_time_is_meant() -> None:
    assert moment_ns("02:13:12", NO_ZONE) == ns("2026-11-20T02:13:12+00:00")


def test_a_time_outside_is_refused_with_the_times_that_are_covered() -> None:
    with pytest.raises(BadMoment, match=r"covers 2026-11-19T22:30:00 to 2026-11-20T06:30:00"):
        moment_ns("12:00", WINTER)


def test_what_is_no_time_is_refused_with_an_example() -> None:
    with pytest.raises(BadMoment, match="'half past two' is no time; write it like 02:13:12"):
        moment_ns("half past two", WINTER)


def test_a_time_that_comes_twice_is_refused_with_both_and_each_of_them_is_understood() -> None:
    first, second = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"
    with pytest.raises(BadMoment) as refused:
        moment_ns("02:30", CLOCKS_GO_BACK)
    assert f"write {first} or {second}" in str(refused.value)
    assert moment_ns(first, CLOCKS_GO_BACK) == ns(first)
    assert moment_ns(second, CLOCKS_GO_BACK) == ns(second)


def test_a_time_that_the_clock_skips_is_not_in_the_recording() -> None:
    with pytest.raises(BadMoment, match="02:30 is not in"):
        moment_ns("02:30", CLOCKS_GO_FORWARD)


def test_tenths_are_told_with_the_zone_only_where_the_clock_changes() -> None:
    t_ns = ns("2026-10-25T01:30:00+01:00") + 7 * NS // 10
    assert tenths(clock_of(CLOCKS_GO_BACK), t_ns) == "02:30:00.7 CEST"
    assert tenths(clock_of(NO_ZONE), ns("2026-11-20T02:13:12+00:00")) == "02:13:12.0"


@given(st.integers(min_value=0, max_value=8 * 3600 - 1))
def test_every_second_of_a_night_is_found_again_by_its_time_of_day(second: int) -> None:
    t_ns = WINTER.start_ns + second * NS
    local = datetime.fromtimestamp(t_ns // NS, UTC).astimezone(ZoneInfo(BERLIN))
    assert moment_ns(f"{local:%H:%M:%S}", WINTER) == t_ns
