"""The dashboards' files as Grafana loads them: complete, consistent, and what the builder writes."""

import json
import re
import subprocess
import sys
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml  # type: ignore[import-untyped]  # comes with the test broker, without types

from dashboards.__main__ import GRAFANA, built, differences, encoded, files
from dashboards.influxql import select
from detector.sinks.influx_schema import LEG, MEASUREMENTS
from tests.dashboards.grafana import Json, dashboards, moment, round_interval_min

CORE = {"stat", "bargauge", "table", "timeseries", "state-timeline", "xychart", "histogram", "text"}
UNITS = {"s", "sec", "hours", "dthms", "percent", "µV", "mg", "celsius", "dBm", "ppm", "short", "dateTimeAsIso", None}
"""Ids of Grafana's own, but for `sec`, `hours`, `µV` and `mg`: what it does not know it writes as it is."""
ALL = list(dashboards().values())
NAMES = [dashboard["uid"] for dashboard in ALL]


def panels() -> list[tuple[str, Json]]:
    return [(f"{d['title']}: {p['title']}", p) for d in ALL for p in d["panels"]]


def queries(dashboard: Json) -> list[str]:
    asked = [target["query"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked += [variable["query"] for variable in dashboard["templating"]["list"]]
    return asked + [annotation["target"]["query"] for annotation in dashboard["annotations"]["list"]]


def test_the_committed_files_are_what_the_builder_writes() -> None:
    assert differences(files()) == [], "run `make dashboards`"


def test_a_file_that_was_changed_by_hand_is_found_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n  "title": "mine"\n}\n')
    told = differences({tmp_path / "a.json": '{\n  "title": "Morning"\n}\n', tmp_path / "b.json": "new\n"})
    assert {'-  "title": "mine"', '+  "title": "Morning"', "+new"} <= set(told)


def test_the_check_fails_and_says_what_to_do_when_a_file_is_stale() -> None:
    program = (
        "import dashboards.__main__ as it; from pathlib import Path;"
        "it.files = lambda: {Path('/nonexistent/x.json'): 'x'}; it.main(['--check'])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "run `make dashboards`" in run.stderr


@pytest.mark.parametrize("dashboard", ALL, ids=NAMES)
def test_the_sdk_reads_a_dashboard_and_writes_the_same(dashboard: Json) -> None:
    model = type(built()[0])
    again = json.loads(encoded(model.from_json(json.loads(json.dumps(dashboard)))))
    assert without_placement(again) == without_placement(dashboard)


def without_placement(value: Any) -> Any:
    """The SDK does not read where links and annotations are shown, and puts them into a menu."""
    if isinstance(value, dict):
        return {name: without_placement(part) for name, part in value.items() if name != "placement"}
    return [without_placement(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("dashboard", ALL, ids=NAMES)
def test_panels_have_numbers_of_their_own_and_do_not_overlap(dashboard: Json) -> None:
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert len({panel["title"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    for one, other in combinations([panel["gridPos"] for panel in dashboard["panels"]], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart or below


@pytest.mark.parametrize(("name", "panel"), panels(), ids=[name for name, _ in panels()])
def test_a_panel_is_one_of_grafanas_own_and_says_what_question_it_answers(name: str, panel: Json) -> None:
    assert panel["type"] in CORE
    if panel["type"] == "text":
        return
    assert "?" in panel["description"]
    assert panel["datasource"] == {"type": "influxdb", "uid": "crampwatch"}
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["noValue"].endswith((".", "tells why."))
    overridden = [p["value"] for o in panel["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "unit"]
    assert {defaults.get("unit"), *overridden} <= UNITS
    assert not defaults.get("custom", {}).get("spanNulls")


@pytest.mark.parametrize(("name", "panel"), panels(), ids=[name for name, _ in panels()])
def test_amber_and_red_stand_for_technical_states_only(name: str, panel: Json) -> None:
    coloured = {"Morning: Share watched", "Live: Age of the last sample"}
    steps = panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", [])
    assert ({step["color"] for step in steps} & {"orange", "red", "green"} != set()) == (name in coloured)


@pytest.mark.parametrize(("name", "panel"), panels(), ids=[name for name, _ in panels()])
def test_an_unknown_cell_does_not_say_what_an_empty_panel_says(name: str, panel: Json) -> None:
    """A cramp that is not over has no length yet: its row is not the place for `No cramp`."""
    if panel["type"] != "table":
        return
    for override in panel["fieldConfig"]["overrides"]:
        properties = {p["id"]: p["value"] for p in override["properties"]}
        assert properties.get("noValue") == "-" or "custom.hidden" in properties


@pytest.mark.parametrize("dashboard", ALL, ids=NAMES)
def test_every_query_has_a_bound_in_time_and_asks_for_what_there_is(dashboard: Json) -> None:
    schema = {m.name: {"time", "wearer", "site", *m.tags, *m.fields} for m in MEASUREMENTS}
    for query in queries(dashboard):
        (measurement,) = re.findall(r'FROM "(\w+)"', query)
        assert re.search(r"WHERE .*(\$timeFilter|\btime > )", query), query
        names = set(re.findall(r'"([^"]+)"', re.sub(r' AS "[^"]+"', "", query))) - {measurement}
        assert names <= schema[measurement], query


@pytest.mark.parametrize("dashboard", ALL, ids=NAMES)
def test_variables_are_inserted_as_they_are(dashboard: Json) -> None:
    """Another format than raw escapes the hyphen of a name, and nobody of that name is found."""
    for query in queries(dashboard):
        assert set(re.findall(r"\$\{(\w+)[^_}]*\}", query)) <= {"wearer", "site", "night", "__from", "__to"}
        assert not re.search(r"\$\{(wearer|site|night)(?!:raw)", query)


def test_what_the_schema_does_not_have_cannot_be_asked_for() -> None:
    with pytest.raises(KeyError, match="envelope_max_uv"):
        select(LEG, "max({envelope_max_uv})")


def test_morning_opens_with_last_night_from_eight_to_ten() -> None:
    now = datetime(2026, 10, 31, 7, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    span = dashboards()["crampwatch-morning"]["time"]
    assert f"{moment(span['from'], now):%d %H:%M}" == "30 20:00"
    assert f"{moment(span['to'], now, is_end=True):%d %H:%M}" == "31 09:59"


def test_dashboards_lead_to_each_other_and_only_those_about_a_night_keep_the_time() -> None:
    kept = {(d["title"], link["title"]) for d in ALL for link in d["links"] if link["keepTime"]}
    assert kept == {("Morning", "Technical"), ("Technical", "Morning")}
    for dashboard in ALL:
        assert {link["url"] for link in dashboard["links"]} == {f"/d/{uid}" for uid in NAMES if uid != dashboard["uid"]}
        assert all(link["includeVars"] for link in dashboard["links"])


def test_a_click_on_a_night_leads_to_its_own_time_and_wearer() -> None:
    for uid in ("crampwatch-morning", "crampwatch-trend"):
        (table,) = [panel for panel in dashboards()[uid]["panels"] if panel["title"] == "Nights"]
        (link,) = [p["value"] for o in table["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "links"]
        assert link[0]["url"] == (
            "/d/crampwatch-morning?from=${__data.fields.start_ms.numeric}&to=${__data.fields.end_ms.numeric}"
            "&var-night=${__data.fields.night}&${wearer:queryparam}&${site:queryparam}"
        )


# Provisioning

DATASOURCES = [*GRAFANA.glob("provisioning/datasources/*.yaml"), *GRAFANA.glob("variants/influxdb-*.yaml")]


@pytest.mark.parametrize("path", DATASOURCES, ids=[path.name for path in DATASOURCES])
def test_every_variant_of_the_datasource_has_the_uid_of_the_dashboards_and_no_secret(path: Path) -> None:
    (source,) = yaml.safe_load(path.read_text())["datasources"]
    assert (source["uid"], source["type"], source["access"]) == ("crampwatch", "influxdb", "proxy")
    assert source["jsonData"]["httpMode"] == "GET"
    assert all("$CRAMPWATCH_" in secret for secret in source["secureJsonData"].values())


def test_the_provider_loads_the_dashboards_from_a_folder_that_is_named_by_the_environment() -> None:
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/crampwatch.yaml").read_text())["providers"]
    assert provider["options"]["path"] == "$CRAMPWATCH_DASHBOARDS"
    assert provider["allowUiUpdates"] is False


def test_the_contact_point_is_the_one_the_policy_names() -> None:
    contact = yaml.safe_load((GRAFANA / "variants/contact-point.yaml").read_text())
    assert contact["policies"][0]["receiver"] == contact["contactPoints"][0]["name"]


def test_the_rules_are_yaml_too() -> None:
    text = (GRAFANA / "provisioning/alerting/rules.yaml").read_text()
    assert len(yaml.safe_load(text)["groups"][0]["rules"]) == 4


@pytest.mark.parametrize(("days", "minutes"), [(1, 1), (2, 1), (7, 5), (30, 20), (90, 60), (364, 180)])
def test_an_interval_is_rounded_as_by_grafana(days: int, minutes: int) -> None:
    """Of 2000 points; the values are those of roundInterval in @grafana/data 13.2.2, run by hand."""
    assert round_interval_min(days * 24 * 60 / 2000) == minutes
