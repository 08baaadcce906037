"""What a night is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from collector.contract.messages import NS
from collector.contract.nights import bounds_ns, night_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "night"),
    [
        ("2026-11-19 12:00", "2026-11-19"),
        ("2026-11-19 23:59", "2026-11-19"),
        ("2026-11-20 11:59", "2026-11-19"),
        ("2026-10-25 11:59", "2026-10-24"),  # a night of 25 h
        ("2026-10-25 12:00", "2026-10-25"),
        ("2026-03-29 11:59", "2026-03-28"),  # and one of 23 h
    ],
)
def test_a_night_is_noon_to_noon_by_the_wearers_clock(local: str, night: str) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    assert night_of(round(moment.timestamp()) * NS, BERLIN) == date.fromisoformat(night)


@pytest.mark.parametrize(("night", "hours"), [("2026-11-19", 24), ("2026-10-24", 25), ("2026-03-28", 23)])
def test_a_night_lasts_as_long_as_the_clocks_say(night: str, hours: int) -> None:
    start_ns, end_ns = bounds_ns(date.fromisoformat(night), BERLIN)
    assert end_ns - start_ns == hours * 3600 * NS
    assert night_of(start_ns, BERLIN) == date.fromisoformat(night) == night_of(end_ns - 1, BERLIN)
