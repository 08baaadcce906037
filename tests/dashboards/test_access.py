"""Who may do what: Grafana's token reads and cannot write, the outbox's writes and cannot read."""

from contextlib import closing
from urllib.error import HTTPError

import pytest

from detector.sinks.delivery import Unavailable
from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import NIGHT, night_ns
from tests.dashboards.grafana import Visit, dashboards
from tests.dashboards.home import LAST, MORNING
from tests.support.influx import READER, WRITER, InfluxServer

POINT = NIGHT.point({"wearer": "w1", "site": "left_calf"}, night_ns(LAST.evening), {"cramps": 99})


def a_query() -> str:
    return str(dashboards()["crampwatch-trend"]["panels"][0]["targets"][0]["query"])


def test_the_token_of_the_dashboards_cannot_write(influx: InfluxServer, home: str) -> None:
    with closing(InfluxSink(influx.settings(home, READER))) as sink, pytest.raises(Unavailable, match="403"):
        sink.write([POINT])


@pytest.mark.parametrize(("token", "status"), [(WRITER, 403), ("wrong", 401), ("", 401)])
def test_no_other_token_can_read(influx: InfluxServer, home: str, token: str, status: int) -> None:
    visit = Visit(influx, home, dashboards()["crampwatch-trend"], MORNING)
    with pytest.raises(HTTPError, match=str(status)):
        influx.query(visit.expanded(a_query()), home, token)


def test_the_token_of_the_dashboards_can_neither_change_nor_drop_anything(influx: InfluxServer, home: str) -> None:
    for order in ("DROP MEASUREMENT night_summary", f'DROP DATABASE "{home}"', "CREATE USER x WITH PASSWORD 'x'"):
        with pytest.raises((HTTPError, AssertionError), match=r"403|not authorized|requires admin"):
            influx.query(order, home, READER)
