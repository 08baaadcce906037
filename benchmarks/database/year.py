"""A year of points: those of four weeks, again and again, each time four weeks earlier."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from benchmarks.database.plan import MONTH_DAYS
from collector.contract.messages import NS
from detector.sinks.influx_schema import Point, Value
from detector.sinks.night_feed import NightFeed

MOVED = "_ms"
"""How the fields end that are times."""
DAY_MS = 86_400_000


def points_of(store: Path) -> list[Point]:
    """Everything that InfluxDB is told of a night store, each point once, as it is told last."""
    found: dict[str, Point] = {}
    with closing(NightFeed(store, ZoneInfo("UTC"))) as feed:
        seq, end = 0, feed.latest()
        while seq < end:
            portion = feed.after(seq)
            found.update({point.identity: point for point in portion.points})
            seq = portion.seq
    return list(found.values())


def per_measurement(points: Sequence[Point]) -> Counter[str]:
    """How many points each measurement has."""
    return Counter(point.measurement for point in points)


def earlier(points: Sequence[Point], months: int) -> Iterator[Point]:
    """The same so many times four weeks earlier, with all that they say of dates; sentences stay as they are."""
    days = months * MONTH_DAYS
    for point in points:
        fields = {name: _moved(name, value, days) for name, value in point.fields.items()}
        yield replace(point, t_ns=point.t_ns - days * DAY_MS * NS // 1000, fields=fields)


def _moved(name: str, value: Value, days: int) -> Value:
    if name.endswith(MOVED) and isinstance(value, int):
        return value - days * DAY_MS
    if name == "night" and isinstance(value, str):
        return (date.fromisoformat(value) - timedelta(days)).isoformat()
    if name == "week" and isinstance(value, str):
        year, week = map(int, value.split("-W"))
        return f"{date.fromisocalendar(year, week, 1) - timedelta(days):%G-W%V}"
    return value
