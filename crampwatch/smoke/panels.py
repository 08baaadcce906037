"""Every query of a dashboard, asked through Grafana as its pages do.

Grafana's server puts in `$timeFilter` and `$__interval`; `${__from}`, `${__to}` and the variables are its pages' own
work, and done here.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from crampwatch.doctor.finding import Finding
from crampwatch.smoke.dashboards import annotations_of
from crampwatch.smoke.grafana_api import Grafana, Json, Result
from crampwatch.words import counted

STEPS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
"""The units of time that our dashboards may have; Grafana knows more."""
DEFAULT_POINTS = 1500
"""About the pixels of a panel on a large screen, which is what Grafana's pages ask for."""
DESCENDING = 2
"""A variable's `sort`: alphabetical, the last one first."""
FAILURES_TOLD = 5
"""Of queries that fail there is mostly one cause."""
FAILED = "do `docker compose logs grafana influxdb` say more? After an upgrade: `docker compose up --detach`"


class Span(NamedTuple):
    """The time shown, in milliseconds since 1970."""

    start_ms: int
    end_ms: int

    def interval_ms(self, points: int, smallest: str) -> int:
        """How wide a point is, at the least the panel's `interval`."""
        smallest_ms = round(int(smallest[:-1]) * STEPS[smallest[-1]] / timedelta(milliseconds=1))
        return max(smallest_ms, (self.end_ms - self.start_ms) // points)


class Answered(NamedTuple):
    """What asks, what it was told, and how long that took."""

    name: str
    kind: str
    results: Sequence[Result]
    seconds: float

    @property
    def error(self) -> str | None:
        """The first error among the results."""
        return next((result.error for result in self.results if result.error), None)

    @property
    def has_rows(self) -> bool:
        """Whether there is anything to show."""
        return any(result.row_count for result in self.results)


def panels(grafana: Grafana, dashboards: Mapping[str, Json], now: datetime) -> Iterator[Finding]:
    """Ask everything of these dashboards; what fails is told one by one. `now` is in the wearer's time zone."""
    answers = [answer for dashboard in dashboards.values() for answer in asked(grafana, dashboard, now)]
    failed = [answer for answer in answers if answer.error]
    for answer in failed[:FAILURES_TOLD]:
        yield Finding(answer.kind, "problem", f"its query fails: {answer.error}", FAILED, answer.name)
    if len(failed) > FAILURES_TOLD:
        yield Finding("panels", "problem", f"{len(failed) - FAILURES_TOLD} more fail", "the cause may be the same")
    if answers:
        yield _in_short(answers, len(failed))


def asked(grafana: Grafana, dashboard: Json, now: datetime) -> Iterator[Answered]:
    """The answers to a dashboard's variables, panels and annotations, as it looks when it is opened."""
    opened = dashboard["time"]
    span = Span(_ms(moment(opened["from"], now)), _ms(moment(opened["to"], now, is_end=True)))
    known = {"__from": str(span.start_ms), "__to": str(span.end_ms)}
    for variable in dashboard["templating"]["list"]:
        target = {"refId": "metricFindQuery", "rawQuery": True, **{it: variable[it] for it in ("datasource", "query")}}
        answer = _answered(grafana, span, "variable", _name(dashboard, variable["name"]), known, [target])
        known[f"{variable['name']}:raw"] = _chosen(answer, variable["sort"])
        yield answer
    for panel in dashboard["panels"]:
        if targets := panel.get("targets"):
            points = panel.get("maxDataPoints") or DEFAULT_POINTS
            width = {"maxDataPoints": points, "intervalMs": span.interval_ms(points, panel.get("interval") or "1m")}
            name = _name(dashboard, panel["title"])
            yield _answered(grafana, span, "panel", name, known, [target | width for target in targets])
    for annotation in annotations_of(dashboard):
        name = _name(dashboard, annotation["name"])
        yield _answered(grafana, span, "annotation", name, known, [annotation["target"]])


def moment(text: str, now: datetime, *, is_end: bool = False) -> datetime:
    """A time as Grafana's dashboards write it, like `now-1d/d+10h`; `/d` is the start, or as an end the end, of a day.

    https://grafana.com/docs/grafana/latest/dashboards/use-dashboards/#time-units-and-relative-ranges
    """
    t = now
    for number, unit in re.findall(r"([+-]\d+)([dhms])|/d", text):
        if unit:
            t += int(number) * STEPS[unit]
        else:
            t = t.replace(hour=0, minute=0, second=0, microsecond=0)
            t += timedelta(days=1, milliseconds=-1) if is_end else timedelta(0)
    return t


def _answered(
    grafana: Grafana, span: Span, kind: str, name: str, known: Mapping[str, str], targets: Sequence[Json]
) -> Answered:
    began_s = time.monotonic()
    results = grafana.query([target | {"query": _filled(target["query"], known)} for target in targets], *span)
    return Answered(name, kind, list(results.values()), time.monotonic() - began_s)


def _filled(query: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        query = query.replace(f"${{{name}}}", value)
    return query


def _chosen(answer: Answered, sort: int) -> str:
    """What Grafana chooses when nobody has: the first. Of a table's columns the last is the value."""
    columns = [frame.columns[-1] for result in answer.results for frame in result.frames if frame.columns]
    offered = sorted({str(value) for column in columns for value in column}, reverse=sort == DESCENDING)
    return offered[0] if offered else ""


def _in_short(answers: Sequence[Answered], failures: int) -> Finding:
    of = {kind: [it for it in answers if it.kind == kind] for kind in ("panel", "variable", "annotation")}
    numbers = ", ".join(counted(len(asked), kind) for kind, asked in of.items())
    showing = sum(answer.has_rows for answer in of["panel"])
    slowest = max(answers, key=lambda answer: answer.seconds)
    says = (
        f"of {numbers} {failures or 'none'} failed; {showing} panels have rows, {len(of['panel']) - showing} have none;"
        f" the slowest took {slowest.seconds:.2f} s ({slowest.name})"
    )
    cure = "" if showing else "a new database has none; otherwise see `crampwatch outbox`"
    return Finding("panels", "problem" if failures else "ok", says, cure)


def _name(dashboard: Json, what: str) -> str:
    return f"{dashboard['title']}: {what}"


def _ms(t: datetime) -> int:
    return round(t.timestamp() * 1000)
