"""A test event on its way through real processes, and what it leaves behind."""

import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from collector.contract.messages import NS
from crampwatch.errors import UserError
from crampwatch.smoke.ear import Ear
from crampwatch.smoke.event import PLACE, simulated
from crampwatch.smoke.grafana_api import Grafana
from crampwatch.smoke.panels import asked
from detector.score import score_recording
from detector.settings import DetectorSettings
from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import NIGHT
from detector.store import NightStore
from tests.crampwatch.smoke.grafana import ADMIN, PASSWORD
from tests.crampwatch.smoke.stack import DAYS_AGO, Stack, of, problems
from tests.dashboards.grafana import FOLDER, dashboards


@pytest.mark.usefixtures("detector", "outbox")
def test_in_a_stack_that_works_the_command_sees_the_event_all_the_way_and_exits_with_zero(stack: Stack) -> None:
    command = [sys.executable, "-m", "crampwatch", "smoke", "--config", str(stack.settings)]
    command += ["--grafana", stack.grafana.url, "--dashboards", str(FOLDER)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert shown.returncode == 0, shown.stdout
    lines = [line for line in shown.stdout.splitlines() if "test event (" in line]
    assert all(line.startswith("ok ") for line in lines)
    for line, step in zip(lines, ("told ", "in the night store after ", "a row in Grafana after "), strict=True):
        assert f"): {step}" in line
    for secret in (stack.password_file.read_text().strip(), "writer-token"):
        assert secret not in shown.stdout + shown.stderr
    left_nothing_that_anyone_sees(stack)


def left_nothing_that_anyone_sees(stack: Stack) -> None:
    assert stack.config.broker is not None
    with Ear(stack.config.broker.as_role("viewer")) as ear:
        assert [what for what in ("status", "watch", "ack") if PLACE in ear.of(what)] == []
    with NightStore(stack.config.store, read_only=True) as store:
        (night,) = store.nights(stack.config.zone)
        record = store.record(*night, stack.config.zone)
    assert night[:2] == PLACE
    assert (datetime.now(stack.config.zone).date() - night.night).days in (DAYS_AGO, DAYS_AGO + 1)
    assert [(event.stage, event.id) for event in record.events] == [("ended", record.events[0].id)]
    rows = stack.influx.query('SELECT "event_id" FROM "cramp_event"', stack.bucket)
    assert [row[1] for series in rows for row in series["values"]] == [record.events[0].id]


def test_on_a_dashboard_a_person_comes_before_the_wearer_of_test_events(screen: Stack) -> None:
    """With an index in memory, as this InfluxDB has it, SHOW TAG VALUES offers wearers of any age."""
    with closing(InfluxSink(screen.influx.settings(screen.bucket))) as sink:
        for wearer, days_ago in (("w1", 1), (PLACE.wearer, DAYS_AGO)):
            t_ns = time.time_ns() - days_ago * 86_400 * NS
            sink.write([NIGHT.point({"wearer": wearer, "site": "left_calf"}, t_ns, {"cramps": 1})])
    grafana = Grafana(screen.grafana.url, ADMIN, PASSWORD)
    answers = list(asked(grafana, dashboards()["crampwatch-trend"], datetime.now(UTC)))
    assert {"Trend: Nights recorded"} < {answer.name for answer in answers if answer.has_rows}
    queries = [query["query"] for body in screen.grafana.asked for query in body["queries"]]
    assert [query for query in queries if PLACE.wearer in query] == []
    assert [query for query in queries if "'w1'" in query] != []


@pytest.mark.usefixtures("outbox")
def test_without_a_detector_it_says_that_nobody_answered_and_asks_no_further(stack: Stack) -> None:
    found = stack.smoke(days_ago=DAYS_AGO, patience_s=1.0)
    (told,), (traces,) = of(found, "test event"), of(found, "traces")
    assert (told.state, told.says) == ("problem", "the detector did not answer within 1 s")
    assert "docker compose logs detector" in told.cure
    assert (traces.state, "a detector that comes back will still" in traces.says) == ("warning", True)


@pytest.mark.slow
@pytest.mark.usefixtures("detector")
def test_without_an_outbox_it_says_how_far_the_event_came_and_that_no_row_is_there(stack: Stack) -> None:
    told, filed, lost = of(stack.smoke(days_ago=DAYS_AGO, patience_s=5.0), "test event")
    assert (told.state, filed.state, lost.state) == ("ok", "ok", "problem")
    assert lost.says == f"{told.says.partition(',')[0]}, but after 5 s Grafana has no row"
    assert "docker compose logs outbox" in lost.cure


@pytest.mark.slow
@pytest.mark.usefixtures("detector")
def test_without_influxdb_the_way_ends_in_the_night_store(stack: Stack) -> None:
    found = stack.smoke(msgspec.structs.replace(stack.config, influx=None), days_ago=DAYS_AGO)
    assert problems(found) == []
    assert [finding.state for finding in of(found, "InfluxDB")] == ["not asked"]
    assert [finding.state for finding in of(found, "test event")] == ["ok", "ok", "not asked"]


def test_with_parameters_that_find_no_cramp_none_is_sent(stack: Stack) -> None:
    deaf = msgspec.structs.replace(stack.config, detector=DetectorSettings(confirm_asleep_s=100.0))
    (told,) = of(stack.smoke(deaf, days_ago=DAYS_AGO), "test event")
    assert (told.state, "find nothing in a simulated cramp" in told.says) == ("not asked", True)


def test_a_settings_file_may_not_give_the_reserved_name_to_a_person(stack: Stack) -> None:
    (sensor,) = stack.config.sensors
    named = msgspec.structs.replace(sensor, wearer=PLACE.wearer, site="right_calf")
    with pytest.raises(UserError, match="reserved for test events"):
        stack.smoke(msgspec.structs.replace(stack.config, sensors=[named]))


def test_the_simulated_contraction_is_one_cramp_where_the_simulator_put_it(tmp_path: Path) -> None:
    start = datetime(2025, 7, 11, 1, 40, 15, 999, tzinfo=UTC)
    recording = simulated(tmp_path, start)
    assert recording.start_ns == 1_752_198_015 * 10**9  # date -u -d '2025-07-11 01:40:15' +%s
    (event,) = score_recording(recording, DetectorSettings()).events
    assert 35.0 < event.onset_s < 36.0
    assert recording.place == PLACE
