"""What is said of Grafana, its data source, its dashboards and their queries."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.embedded_broker import free_port
from crampwatch.smoke.grafana_api import Grafana
from crampwatch.smoke.panels import asked, moment, panels
from detector.store import NightStore
from tests.crampwatch.smoke.grafana import ADMIN, DOWN, PASSWORD
from tests.crampwatch.smoke.stack import Stack, of, problems
from tests.dashboards.grafana import Visit, dashboards
from tests.dashboards.home import LAST, MORNING, deliver
from tests.support.influx import InfluxServer

BERLIN = ZoneInfo("Europe/Berlin")


def test_in_a_new_stack_every_query_is_asked_and_empty_panels_are_no_failure(screen: Stack) -> None:
    found = screen.screen()
    assert problems(found) == []
    (told,) = of(found, "panels")
    with_queries = sum("targets" in panel for one in dashboards().values() for panel in one["panels"])
    assert told.says.startswith(f"of {with_queries} panels, 9 variables, 6 annotations none failed; 0 panels have rows")
    (compared,) = of(found, "dashboards")
    assert compared.says == "all 4 are there and ask what this version's ask"


def test_a_wrong_password_is_tried_once_and_is_told_with_its_cure(screen: Stack) -> None:
    screen.password_file.write_text("another\n")
    grafana = of(screen.screen(), "Grafana")
    assert [finding.state for finding in grafana] == ["ok", "problem"]
    assert grafana[1].says == "it does not take the password of admin"
    assert "--password-file" in grafana[1].cure


def test_a_password_file_that_is_not_there_is_told(screen: Stack) -> None:
    screen.password_file.unlink()
    (told,) = of(screen.screen(), "Grafana")
    assert told.says == "the password of admin cannot be read (No such file or directory)"


def test_no_grafana_at_the_address_is_told(screen: Stack) -> None:
    (told,) = of(screen.screen(grafana=f"http://127.0.0.1:{free_port()}"), "Grafana")
    assert (told.state, told.says) == ("problem", "it cannot be reached (Connection refused)")


def test_something_else_at_the_address_is_told(screen: Stack) -> None:
    (told,) = of(screen.screen(grafana=screen.influx.url), "Grafana")
    assert (told.state, told.says) == ("problem", "what answers there is no Grafana")


def test_a_data_source_that_does_not_work_is_told_once_and_its_queries_are_not_asked(screen: Stack) -> None:
    screen.grafana.token = "wrong"
    found = screen.screen()
    assert problems(found) == ["data source"]
    assert "InfluxDB returned error: 401" in of(found, "data source")[0].says
    assert of(found, "panels") == []


def test_a_data_source_that_was_not_provisioned_is_told(screen: Stack) -> None:
    screen.grafana.uid = "made-by-hand"
    (told,) = of(screen.screen(), "data source")
    assert (told.state, told.says) == ("problem", "there is none of the uid crampwatch")


def test_a_dashboard_that_is_missing_is_told(screen: Stack) -> None:
    del screen.grafana.dashboards["crampwatch-trend"]
    (told,) = of(screen.screen(), "dashboards")
    assert (told.state, told.says) == ("problem", "crampwatch-trend not there")


def test_a_dashboard_of_another_version_is_told_with_what_is_different(screen: Stack) -> None:
    panel = next(it for it in screen.grafana.dashboards["crampwatch-live"]["panels"] if it["title"] == "Link")
    panel["targets"][0]["query"] += " LIMIT 1"
    (told,) = of(screen.screen(), "dashboards")
    assert (told.state, told.about) == ("warning", "crampwatch-live")
    assert told.says == "asks other than this version's: Link"


def test_what_grafana_adds_to_a_dashboard_makes_it_no_other_version(screen: Stack) -> None:
    built_in = {"builtIn": 1, "name": "Annotations & Alerts", "datasource": {"type": "grafana", "uid": "-- Grafana --"}}
    screen.grafana.dashboards["crampwatch-trend"]["annotations"]["list"].append(built_in)
    screen.grafana.dashboards["crampwatch-trend"]["schemaVersion"] = 43
    assert [finding.state for finding in of(screen.screen(), "dashboards")] == ["ok"]


def test_without_the_shipped_files_the_queries_are_those_of_grafana_and_it_says_so(
    screen: Stack, tmp_path: Path
) -> None:
    found = screen.screen(dashboards=tmp_path / "elsewhere")
    (told,) = of(found, "dashboards")
    assert (told.state, "of which version cannot be told" in told.says) == ("not asked", True)
    assert [finding.state for finding in of(found, "panels")] == ["ok"]


def test_a_query_that_fails_is_told_with_its_panel_and_what_influxdb_said(screen: Stack) -> None:
    screen.grafana.failing = "non_negative_difference"
    found = [finding for finding in screen.screen() if finding.state == "problem"]
    told = {finding.about: finding.says for finding in found if finding.area == "panel"}
    assert told == dict.fromkeys(("Morning: Samples lost", "Technical: Samples lost"), f"its query fails: {DOWN}")
    assert "2 failed" in found[-1].says


def test_of_many_failures_the_first_are_told_and_the_others_counted(screen: Stack) -> None:
    screen.grafana.failing = "FROM"
    found = screen.screen()
    told = [finding for finding in found if finding.area in ("panel", "variable", "annotation")]
    assert len(told) == 5
    grafana = Grafana(screen.grafana.url, ADMIN, PASSWORD)
    queries = sum(len(list(asked(grafana, dashboard, MORNING))) for dashboard in dashboards().values())
    assert of(found, "panels")[0].says == f"{queries - 5} more fail"


def test_each_panel_has_rows_where_grafanas_own_page_would_show_some(
    influx: InfluxServer, screen: Stack, tmp_path: Path
) -> None:
    path = tmp_path / "nights.sqlite"
    with NightStore(path) as store:
        LAST.file(store)
    deliver(path, influx, screen.bucket)
    screen.grafana.now = MORNING
    grafana = Grafana(screen.grafana.url, ADMIN, PASSWORD)
    for uid, dashboard in dashboards().items():
        visit = Visit(influx, screen.bucket, dashboard, MORNING)
        answers = [answer for answer in asked(grafana, dashboard, MORNING) if answer.kind == "panel"]
        with_queries = [panel for panel in dashboard["panels"] if "targets" in panel]
        expected = {it["title"]: any(answer.series for answer in visit.answers(it)) for it in with_queries}
        assert expected
        assert [answer.has_rows for answer in answers] == list(expected.values()), uid
        if uid == "crampwatch-trend":
            shown = sum(expected.values())
    (told,) = panels(grafana, {"crampwatch-trend": dashboards()["crampwatch-trend"]}, MORNING)
    # Of a week with one night no rate is shown.
    assert f"none failed; {shown} panels have rows, 1 have none" in told.says


@pytest.mark.parametrize(
    ("text", "is_end", "expected"),
    [
        ("now", False, datetime(2026, 10, 25, 7, 30, tzinfo=BERLIN)),
        ("now-10m", False, datetime(2026, 10, 25, 7, 20, tzinfo=BERLIN)),
        ("now+1d", True, datetime(2026, 10, 26, 7, 30, tzinfo=BERLIN)),
        ("now/d-4h", False, datetime(2026, 10, 24, 20, 0, tzinfo=BERLIN)),
        ("now-1d/d+10h", True, datetime(2026, 10, 25, 9, 59, 59, 999000, tzinfo=BERLIN)),
    ],
)
def test_a_dashboards_time_is_what_grafanas_manual_says(text: str, is_end: bool, expected: datetime) -> None:
    # The manual: `now/d` as a start is 00:00:00, as an end 23:59:59; what follows is added to that.
    assert moment(text, datetime(2026, 10, 25, 7, 30, tzinfo=BERLIN), is_end=is_end) == expected
