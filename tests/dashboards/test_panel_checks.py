"""The check of the panels finds what is missing, wrong, or there without being stored."""

from pathlib import Path

import pytest

from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import CRAMP, NIGHT, Point, Value
from detector.store import NightStore
from tests.dashboards.grafana import Visit, dashboards
from tests.dashboards.home import BERLIN, LAST, MORNING, deliver
from tests.dashboards.panel_checks import look_at, wrong
from tests.dashboards.stored import read
from tests.support.influx import InfluxServer

PLACE = {"wearer": "w1", "site": "left_calf"}
HOW_MANY = {"crampwatch-morning": {"Cramps", "Nights"}, "crampwatch-trend": {"Cramps", "Cramps per night", "Nights"}}


@pytest.fixture
def filed(influx: InfluxServer, bucket: str, tmp_path: Path) -> Path:
    path = tmp_path / "nights.sqlite"
    with NightStore(path) as store:
        LAST.file(store)
    deliver(path, influx, bucket)
    return path


def told_wrong(influx: InfluxServer, bucket: str, path: Path, uid: str) -> set[str]:
    (stored,) = read(path, BERLIN)
    return {it.what for it in wrong(look_at(Visit(influx, bucket, dashboards()[uid], MORNING, PLACE), stored))}


def overwrite(influx: InfluxServer, bucket: str, point: Point) -> None:
    sink = InfluxSink(influx.settings(bucket))
    sink.write([point])
    sink.close()


@pytest.mark.parametrize("uid", HOW_MANY)
def test_a_night_as_it_was_delivered_is_right(influx: InfluxServer, bucket: str, filed: Path, uid: str) -> None:
    assert told_wrong(influx, bucket, filed, uid) == set()


def test_minutes_that_are_gone_are_missed(influx: InfluxServer, bucket: str, filed: Path) -> None:
    influx.query('DROP MEASUREMENT "leg"', bucket)
    missed = {"The night by the minute", "Leg motion", "Skin temperature"}
    assert told_wrong(influx, bucket, filed, "crampwatch-morning") == missed


@pytest.mark.parametrize("uid", HOW_MANY)
def test_another_count_of_cramps_is_found_wherever_it_is_shown(
    influx: InfluxServer, bucket: str, filed: Path, uid: str
) -> None:
    at_ten_ns = 1_793_397_600_000_000_000  # 2026-10-30 22:00 UTC
    overwrite(influx, bucket, NIGHT.point(PLACE, at_ten_ns, {"cramps": 3}))
    assert told_wrong(influx, bucket, filed, uid) == HOW_MANY[uid]


def test_a_cramp_that_is_not_stored_is_found(influx: InfluxServer, bucket: str, filed: Path) -> None:
    tags = {**PLACE, "channel": "gastrocnemius"}
    fields: dict[str, Value | None] = {
        "stage": "ended",
        "night": "2026-10-30",
        "duration_s": 20.0,
        "text": "made up",
        "latency_s": 12.0,
    }
    overwrite(influx, bucket, CRAMP.point(tags, LAST.at(3000.0), fields))
    found = {"The night by the minute", "Cramps of the night", "annotation Cramps"}
    assert told_wrong(influx, bucket, filed, "crampwatch-morning") == found
