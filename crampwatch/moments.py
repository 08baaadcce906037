"""Moments as people say them: `03:12`, or with a date before it, by the wearer's wall clock."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crampwatch.errors import UserError

NS = 1_000_000_000
_CLOCK = re.compile(r"\d{1,2}:\d{2}")


def moment_ns(said: str, now_ns: int, zone: ZoneInfo) -> int:
    """The moment meant, in nanoseconds since 1970; a time of day alone is the last one there was.

    Where the clocks are set back and an hour comes twice, the first is meant. Raises UserError for what cannot be, and
    for what lies ahead.
    """
    now = datetime.fromtimestamp(now_ns / NS, zone)
    if _CLOCK.fullmatch(said):
        hour, minute = map(int, said.split(":"))
        meant = _wall(said, now.date().isoformat(), hour, minute, zone)
        if meant > now:
            yesterday = (now.date() - timedelta(days=1)).isoformat()
            meant = _wall(said, yesterday, hour, minute, zone)
    else:
        meant = _dated(said, zone)
    if meant > now:
        raise UserError(f"{said!r} is still to come; now it is {now:%Y-%m-%d %H:%M}")
    return round(meant.timestamp()) * NS


def _wall(said: str, date: str, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    return _dated(f"{date} {hour:02d}:{minute:02d}", zone, said)


def _dated(text: str, zone: ZoneInfo, said: str = "") -> datetime:
    try:
        meant = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{said or text!r} is no moment; write it like 03:12 or 2026-11-20 03:12") from None
    meant = meant if meant.tzinfo else meant.replace(tzinfo=zone)
    if datetime.fromtimestamp(meant.timestamp(), meant.tzinfo).replace(fold=0) != meant.replace(fold=0):
        raise UserError(f"{said or text!r} did not exist: the clocks were set forward over it")
    return meant
