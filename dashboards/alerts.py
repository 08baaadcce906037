"""Grafana's alert rules, for what is slow: Grafana asks once a minute. What is urgent the detector tells by itself."""

import json
from typing import NamedTuple

from dashboards.influxql import named
from dashboards.panels import DATASOURCE
from detector.sinks.influx_schema import COLLECTOR, LEG, LINK, NIGHT, VALID_SHARE, Measurement

MINUTE_S, HOUR_S = 60, 3600
BATTERY_PERCENT = 20
"""A guess: enough for the rest of the night, so that it can be charged before the next."""
BEHIND = 600
"""Messages: about three minutes of three streams, each of a message a second."""
WHOSE = "{wearer}, {site}"
WHO = "{{ $labels.wearer }}, {{ $labels.site }}"
HEADER = """\
# Written by `python -m dashboards`; change dashboards/alerts.py instead. JSON, which YAML reads.
# A dollar sign is written twice, as Grafana takes a single one for a variable of its environment.
"""


class Series(NamedTuple):
    """One query as time series, over so many seconds back, reduced to a number for each place by `reducer`.

    Grafana asks for GROUP BY time in alert rules.
    """

    query: str
    back_s: int
    reducer: str


class Rule(NamedTuple):
    """Fires while `condition`, over the numbers A, B ... of its series, has been true for so long."""

    uid: str
    title: str
    tells: str
    series: tuple[Series, ...]
    condition: str
    lasting: str


def _series(
    measurement: Measurement, what: str, each: str, back_s: int, reducer: str, by: str = WHOSE, fill: str = "none"
) -> Series:
    text = f'SELECT {what} FROM "{measurement.name}" WHERE $timeFilter GROUP BY time({each}), {by} fill({fill})'
    return Series(named(measurement, text), back_s, reducer)


OPEN_SESSIONS = Series(
    named(
        NIGHT,
        f'SELECT last({{open_sessions}}) FROM "{NIGHT.name}" WHERE time > now() - 2d AND time < now() + 1d'
        f" GROUP BY time(4d), {WHOSE} fill(none)",
    ),
    2 * 24 * HOUR_S,
    "last",
)
"""Not $timeFilter: tonight's summary lies at a fixed hour, which may be still to come."""

RULES = (
    Rule(
        "crampwatch-no-data",
        "No data in a night being recorded",
        f"For ten minutes nothing has arrived in InfluxDB although the night of {WHO} is not over. Is it the sensor,"
        " the collector, the detector or the outbox? `crampwatch doctor` and `crampwatch outbox` tell.",
        (_series(LEG, "count({watched_s})", "5m", 12 * HOUR_S, "last", fill="0"), OPEN_SESSIONS),
        "$A == 0 && $B > 0",
        "10m",
    ),
    Rule(
        "crampwatch-battery",
        "Battery low",
        f"The wearable of {WHO} is below {BATTERY_PERCENT} %. Charge it before the night.",
        (_series(LINK, "last({battery_percent})", "1m", 30 * MINUTE_S, "last", by=WHOSE + ", {device}"),),
        f"$A < {BATTERY_PERCENT}",
        "5m",
    ),
    Rule(
        "crampwatch-coverage",
        "Too little is watched",
        f"In the last hour less than {VALID_SHARE:.0%} could be judged at {WHO}. *Signal quality* on the Technical"
        " dashboard tells why.",
        (_series(LEG, "mean({watched_s})", "1m", HOUR_S, "mean"),),
        f"$A < {VALID_SHARE * 60:g}",
        "15m",
    ),
    Rule(
        "crampwatch-backlog",
        "The broker does not take the data over",
        f"For ten minutes the collector of {WHO} has had more than {BEHIND} messages to publish. They are kept in its"
        " journal. Is the broker well?",
        (_series(COLLECTOR, "min({unpublished})", "1m", 10 * MINUTE_S, "min"),),
        f"$A > {BEHIND}",
        "10m",
    ),
)


def rules_file() -> str:
    """All rules, for Grafana's provisioning."""
    group = {
        "orgId": 1,
        "name": "crampwatch",
        "folder": "crampwatch",
        "interval": "1m",
        "rules": [_rule(r) for r in RULES],
    }
    text = json.dumps({"apiVersion": 1, "groups": [group]}, indent=2, ensure_ascii=False)
    return HEADER + text.replace("$", "$$") + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    letters = [chr(ord("A") + k) for k in range(len(rule.series))]
    asked = [_query(f"asked{letter}", series) for letter, series in zip(letters, rule.series, strict=True)]
    reduced = [_reduced(letter, series) for letter, series in zip(letters, rule.series, strict=True)]
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "fires",
        "data": [*asked, *reduced, _expression("fires", {"type": "math", "expression": rule.condition})],
        "for": rule.lasting,
        "noDataState": "OK",  # the day, when nobody wears a sensor
        "execErrState": "Error",
        "annotations": {"summary": rule.tells},
        "labels": {"crampwatch": "technical"},
    }


def _query(ref_id: str, series: Series) -> dict[str, object]:
    model = {"refId": ref_id, "query": series.query, "rawQuery": True, "resultFormat": "time_series"}
    return {
        "refId": ref_id,
        "relativeTimeRange": {"from": series.back_s, "to": 0},
        "datasourceUid": DATASOURCE.uid,
        "model": model,
    }


def _reduced(letter: str, series: Series) -> dict[str, object]:
    settings = {"mode": "dropNN"}
    return _expression(
        letter, {"type": "reduce", "expression": f"asked{letter}", "reducer": series.reducer, "settings": settings}
    )


def _expression(ref_id: str, model: dict[str, object]) -> dict[str, object]:
    datasource = {"type": "__expr__", "uid": "__expr__"}
    return {
        "refId": ref_id,
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": "__expr__",
        "model": {"refId": ref_id, "datasource": datasource, **model},
    }
