"""The alert rules: their queries on a real InfluxDB, and what becomes of their numbers."""

import json
import operator
import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

import pytest

from dashboards.__main__ import GRAFANA
from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import COLLECTOR, LINK, Measurement, Value
from tests.dashboards.grafana import Visit, dashboards
from tests.dashboards.home import GOING_ON, LAST, STRANGE, seconds_after
from tests.support.influx import InfluxServer

RULES_FILE = GRAFANA / "provisioning" / "alerting" / "rules.yaml"
Numbers = dict[str, float]
REDUCERS: dict[str, Callable[[list[float]], float]] = {"last": lambda known: known[-1], "mean": fmean, "min": min}
COMPARED = {"==": operator.eq, "<": operator.lt, ">": operator.gt}


def rules() -> dict[str, Any]:
    """The rules as Grafana reads them: comments left out, `$$` for a dollar sign."""
    text = "\n".join(line for line in RULES_FILE.read_text().splitlines() if not line.startswith("#"))
    assert not re.search(r"(?<!\$)\$(?!\$)", text)
    (group,) = json.loads(text.replace("$$", "$"))["groups"]
    return {rule["uid"]: rule for rule in group["rules"]}


def numbers(influx: InfluxServer, bucket: str, rule: dict[str, Any], wearer: str, now: datetime) -> Numbers:
    """The letters of the condition, for one wearer."""
    found: Numbers = {}
    asked = {part["refId"]: part for part in rule["data"] if part["datasourceUid"] == "crampwatch"}
    for part in rule["data"]:
        if part["model"].get("type") != "reduce":
            continue
        query = asked[part["model"]["expression"]]
        back = timedelta(seconds=query["relativeTimeRange"]["from"])
        visit = Visit(influx, bucket, dashboards()["crampwatch-live"], now, span=(now - back, now))
        values = [
            row[1]
            for series in visit.ask(query["model"]["query"])
            if series["tags"]["wearer"] == wearer
            for row in series["values"]
            if row[1] is not None
        ]
        if values:
            found[part["refId"]] = REDUCERS[part["model"]["reducer"]](values)
    return found


def holds(condition: str, known: Numbers) -> bool:
    """Grafana's math; without one of its numbers there is no alert, as `noDataState` says."""
    parts = re.findall(r"\$([A-Z]) (==|<|>) (\d+)", condition)
    return all(letter in known and COMPARED[sign](known[letter], float(limit)) for letter, sign, limit in parts)


def fires(influx: InfluxServer, bucket: str, uid: str, wearer: str, now: datetime) -> bool:
    """Whether the condition held each minute for as long as the rule asks."""
    rule = rules()[uid]
    condition = rule["data"][-1]["model"]["expression"]
    minutes = range(int(rule["for"].removesuffix("m")) + 1)
    return all(holds(condition, numbers(influx, bucket, rule, wearer, now - timedelta(minutes=ago))) for ago in minutes)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(1, False), (9, False), (12, True), (600, True), (13 * 60, False)],
    ids=["data just now", "9 min ago", "12 min ago", "10 h ago", "another day"],
)  # fmt: skip
def test_data_missing_in_a_night_that_is_not_over_is_told(
    influx: InfluxServer, home: str, minutes: int, expected: bool
) -> None:
    now = seconds_after(GOING_ON, 60 * minutes)
    assert fires(influx, home, "crampwatch-no-data", "ann-e_2", now) is expected


def test_after_a_night_that_is_over_nothing_is_missing(influx: InfluxServer, home: str) -> None:
    assert not fires(influx, home, "crampwatch-no-data", "w1", seconds_after(LAST, 1200))


def test_a_battery_that_lasts_is_not_told(influx: InfluxServer, home: str) -> None:
    now = seconds_after(LAST, -60)
    known = numbers(influx, home, rules()["crampwatch-battery"], "w1", now)
    assert known == {"A": LAST.healths()[-1].links[0].battery_percent}
    assert not fires(influx, home, "crampwatch-battery", "w1", now)


def test_an_hour_of_which_too_little_was_watched_is_told(influx: InfluxServer, home: str) -> None:
    """LAST has a frame a second and so whole minutes; the gap ends 10,600 s after its start. STRANGE has one in ten."""
    an_hour_with_gap = seconds_after(LAST, 10_700 - 8 * 3600)
    known = numbers(influx, home, rules()["crampwatch-coverage"], "w1", an_hour_with_gap)
    assert known["A"] == pytest.approx(60 * (3600 - 600) / 3600, abs=1)
    assert not fires(influx, home, "crampwatch-coverage", "w1", an_hour_with_gap)
    assert fires(influx, home, "crampwatch-coverage", "ann-e_2", seconds_after(STRANGE, -60))


@pytest.mark.parametrize(
    ("uid", "measurement", "value"),
    [
        ("crampwatch-battery", LINK, {"battery_percent": 12.0}),
        ("crampwatch-backlog", COLLECTOR, {"unpublished": 700}),
    ],
)
def test_what_goes_wrong_for_half_an_hour_is_told_and_ends_with_it(
    influx: InfluxServer, bucket: str, uid: str, measurement: Measurement, value: dict[str, Value]
) -> None:
    well: dict[str, Value] = {"battery_percent": 80.0} if measurement is LINK else {"unpublished": 0}
    tags = {"wearer": "w1", "site": "left_calf", "device": "node-1"}
    known = {name: tag for name, tag in tags.items() if name in measurement.tags}
    points = [measurement.point(known, LAST.at(60 * k), value if k < 30 else well) for k in range(60)]
    with closing(InfluxSink(influx.settings(bucket))) as sink:
        sink.write(points)
    ends = seconds_after(LAST, 30 * 60 - 8 * 3600 - 5)
    assert fires(influx, bucket, uid, "w1", ends)
    assert not fires(influx, bucket, uid, "w1", ends + timedelta(minutes=15))


def test_a_small_backlog_is_not_told(influx: InfluxServer, home: str) -> None:
    now = seconds_after(LAST, -60)
    assert numbers(influx, home, rules()["crampwatch-backlog"], "w1", now)["A"] < 5
    assert not fires(influx, home, "crampwatch-backlog", "w1", now)


def test_every_rule_says_what_to_do_and_groups_by_time_as_grafana_demands() -> None:
    for rule in rules().values():
        assert rule["annotations"]["summary"].endswith((".", "?"))
        assert rule["noDataState"] == "OK"
        for part in rule["data"]:
            if part["datasourceUid"] == "crampwatch":
                assert "GROUP BY time(" in part["model"]["query"]
