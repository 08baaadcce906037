"""What Grafana does with a dashboard's queries before InfluxDB sees them, and how it opens one.

After its frontend (date math, `${name:raw}`, `${__from}`) and its backend for InfluxQL (`$timeFilter`, `$__interval`).
InfluxDB's own clock is held still as well: `now()` becomes the time at which the dashboard is looked at.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.support.influx import READER, InfluxServer

FOLDER = Path(__file__).parents[2] / "dashboards" / "grafana" / "dashboards"
SPANS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
SMALLEST = {"1m": 60_000, "1d": 86_400_000}
SORTED_DOWN = 2
ROUND_MIN = (
    (1.5, 1), (3.5, 2), (7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (150, 120), (270, 180),
    (540, 360), (1440, 720), (10_080, 1440), (float("inf"), 10_080),
)  # fmt: skip
"""Below so many minutes a pixel `$__interval` is so many: those of Grafana's `rangeUtil`, from a minute on."""

Json = dict[str, Any]
Rows = list[dict[str, object]]


class Answer(NamedTuple):
    """What one query of a panel gave; each series has its name, tags, columns and values."""

    alias: str | None
    series: list[Json]

    @property
    def rows(self) -> Rows:
        """The rows of all series as a table, the time as `Time`, tags among the columns."""
        return [
            {**series.get("tags", {}), **dict(zip(["Time", *series["columns"][1:]], values, strict=True))}
            for series in self.series
            for values in series["values"]
        ]

    def curves(self) -> dict[str, dict[int, object]]:
        """By each series' name as Grafana shows it: the values by their time, nulls left out."""
        return {
            self._named(series): {t_ns: value for t_ns, value, *_ in series["values"] if value is not None}
            for series in self.series
        }

    def _named(self, series: Json) -> str:
        tags = series.get("tags", {})
        return re.sub(r"\$tag_(\w+)", lambda match: str(tags[match[1]]), self.alias or "")


def dashboards() -> dict[str, Json]:
    """The committed dashboards by their uid."""
    found = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    return {dashboard["uid"]: dashboard for dashboard in found}


def moment(text: str, now: datetime, *, is_end: bool = False) -> datetime:
    """Grafana's date math. `/d` rounds a start down to its day and an end up to the end of its day."""
    t = now
    for step in re.findall(r"[+-]\d+\w|/d", text.removeprefix("now")):
        if step == "/d":
            t = t.replace(hour=0, minute=0, second=0, microsecond=0)
            t += timedelta(days=1, milliseconds=-1) if is_end else timedelta(0)
        else:
            t += int(step[:-1]) * SPANS[step[-1]]
    return t


def round_interval_min(pixel_min: float) -> int:
    """The minutes of `$__interval` where a pixel, or a point, is so many minutes wide."""
    return next(rounded for limit, rounded in ROUND_MIN if pixel_min < limit)


@dataclass
class Visit:
    """Somebody looks at a dashboard at a time `now`; `chosen` variables go before what Grafana chooses."""

    influx: InfluxServer
    bucket: str
    dashboard: Json
    now: datetime
    chosen: dict[str, str] = field(default_factory=dict)
    span: tuple[datetime, datetime] | None = None

    def __post_init__(self) -> None:
        if self.span is None:
            opened = self.dashboard["time"]
            self.span = moment(opened["from"], self.now), moment(opened["to"], self.now, is_end=True)
        self.values: dict[str, str] = {}
        for variable in self.dashboard["templating"]["list"]:
            offered = self.offered(variable)
            first = offered[0] if offered else ""
            self.values[variable["name"]] = self.chosen.get(variable["name"], first)

    def offered(self, variable: Json) -> list[str]:
        """The values of a variable: of each row the second column, without doubles, sorted."""
        answer = self.ask(variable["query"])
        found = {str(values[1]) for series in answer for values in series["values"]}
        return sorted(found, reverse=variable["sort"] == SORTED_DOWN)

    def panel(self, title: str) -> list[Answer]:
        """What a panel's queries give."""
        (panel,) = [panel for panel in self.dashboard["panels"] if panel["title"] == title]
        return self.answers(panel)

    def answers(self, panel: Json) -> list[Answer]:
        """What a panel's queries give."""
        smallest = SMALLEST[panel.get("interval", "1m")]
        return [
            Answer(target.get("alias"), self.ask(target["query"], panel.get("maxDataPoints", 1500), smallest))
            for target in panel.get("targets", ())
        ]

    def everything(self) -> Iterator[tuple[str, list[Json]]]:
        """Every panel's and every annotation's answers."""
        for panel in self.dashboard["panels"]:
            for answer in self.answers(panel):
                yield panel["title"], answer.series
        for annotation in self.dashboard["annotations"]["list"]:
            yield annotation["name"], self.ask(annotation["target"]["query"])

    def ask(self, query: str, points: int = 1500, smallest_ms: int = 60_000) -> list[Json]:
        """The answer to a query, by the token that may only read."""
        return self.influx.query(self.expanded(query, points, smallest_ms), self.bucket, READER)

    def expanded(self, query: str, points: int = 1500, smallest_ms: int = 60_000) -> str:
        """The query as InfluxDB sees it; nothing of Grafana's is left in it."""
        assert self.span is not None
        start_ms, end_ms = (round(t.timestamp() * 1000) for t in self.span)
        interval_min = max(smallest_ms // 60_000, round_interval_min((end_ms - start_ms) / points / 60_000))
        known = {f"${{{name}:raw}}": value for name, value in self.values.items()}
        known |= {
            "${__from}": str(start_ms),
            "${__to}": str(end_ms),
            "$timeFilter": f"time >= {start_ms}ms and time <= {end_ms}ms",
            "$__interval": f"{interval_min}m",
            "now()": f"'{self.now.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}'",
        }
        for macro, value in known.items():
            query = query.replace(macro, value)
        assert "$" not in query, query
        return query
