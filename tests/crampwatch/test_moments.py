"""Moments as people say them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crampwatch.errors import UserError
from crampwatch.moments import moment_ns

BERLIN = ZoneInfo("Europe/Berlin")


def at(utc: str) -> int:
    return int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("said", "now", "meant"),
    [
        ("03:12", "2026-11-20T06:00", "2026-11-20T02:12"),  # Berlin is an hour ahead in winter
        ("23:50", "2026-11-20T06:00", "2026-11-19T22:50"),  # of last evening, not of this one to come
        ("3:12", "2026-11-20T06:00", "2026-11-20T02:12"),
        ("07:00", "2026-11-20T06:00", "2026-11-20T06:00"),
        ("2026-11-18 03:12", "2026-11-20T06:00", "2026-11-18T02:12"),
        ("2026-07-18 03:12", "2026-11-20T06:00", "2026-07-18T01:12"),  # and two in summer
        ("2026-10-25 02:30", "2026-11-20T06:00", "2026-10-25T00:30"),  # comes twice: the first, still in summer time
    ],
)
def test_it_is_by_the_wearers_wall_clock_and_the_last_one_there_was(said: str, now: str, meant: str) -> None:
    assert moment_ns(said, at(now), BERLIN) == at(meant)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("2026-11-21 03:12", "still to come"),
        ("yesterday", "is no moment"),
        ("25:00", "is no moment"),
        ("2026-03-29 02:30", "did not exist: the clocks were set forward"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(said: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        moment_ns(said, at("2026-11-20T06:00"), BERLIN)
