"""What a night is: local noon to local noon, named by the date of its evening."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from collector.contract.messages import NS

NOON_HOUR = 12
"""Nobody's night spans noon less often than midnight: shift workers aside, noon splits no sleep."""


class Interval(NamedTuple):
    """A stretch of time with a word for it; nanoseconds since 1970-01-01 UTC, end exclusive."""

    start_ns: int
    end_ns: int
    label: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end_ns - self.start_ns) / NS


def night_of(t_ns: int, zone: ZoneInfo) -> date:
    """The night to which a moment belongs."""
    local = datetime.fromtimestamp(t_ns // NS, zone)
    return local.date() if local.hour >= NOON_HOUR else local.date() - timedelta(days=1)


def bounds_ns(night: date, zone: ZoneInfo) -> tuple[int, int]:
    """The noons between which a night lies; 23 h or 25 h apart when the clocks change."""
    noon = datetime(night.year, night.month, night.day, NOON_HOUR, tzinfo=zone)
    following = night + timedelta(days=1)
    next_noon = datetime(following.year, following.month, following.day, NOON_HOUR, tzinfo=zone)
    return round(noon.timestamp()) * NS, round(next_noon.timestamp()) * NS
