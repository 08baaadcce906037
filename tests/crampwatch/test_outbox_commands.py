"""`crampwatch outbox` and `crampwatch backfill`, as a person calls them, with a real InfluxDB."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from crampwatch.cli import build
from crampwatch.errors import UserError
from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import Point
from detector.store import NightStore
from tests.detector.sinks.nights import at, fill
from tests.support.influx import WRITER, InfluxServer, bucket, influx, influx_server

__all__ = ["bucket", "influx", "influx_server"]

SENSOR = 'timezone = "UTC"\ndata_directory = "data"\n[[sensor]]\nwearer = "w1"\nsite = "left_calf"\n'


@pytest.fixture
def config(tmp_path: Path, influx: InfluxServer, bucket: str) -> Path:
    """A settings file beside a store with one short night."""
    (tmp_path / "data").mkdir()
    with NightStore(tmp_path / "data" / "nights.sqlite") as store:
        fill(store)
    (tmp_path / "token").write_text(WRITER + "\n")
    path = tmp_path / "crampwatch.toml"
    path.write_text(
        f'{SENSOR}[influx]\nurl = "{influx.url}"\nbucket = "{bucket}"\ntoken_file = "token"\npoll_s = 0.1\n'
    )
    return path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command prints, or the error in which it ends."""

    def call(*arguments: str) -> str:
        with suppress(SystemExit):
            try:
                build()(arguments)
            except UserError as error:
                return str(error)
        return capsys.readouterr().out

    return call


def test_the_outbox_runs_until_it_is_stopped_and_shows_how_far_it_is(
    config: Path, influx: InfluxServer, bucket: str, said: Callable[..., str]
) -> None:
    before = said("outbox", "--config", str(config))
    assert before == f"{influx.url} bucket {bucket}: 4 minutes of the nights still to be sent.\n"
    command = [sys.executable, "-m", "crampwatch", "outbox", "run", "--config", str(config)]
    running = subprocess.Popen(command, env={**os.environ})
    while not influx.query("SHOW MEASUREMENTS", bucket):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 0
    after = said("outbox", "--config", str(config))
    assert after == f"{influx.url} bucket {bucket}: everything is sent.\n"


def test_a_backfill_fills_an_empty_database_and_what_it_refuses_is_shown_and_taken_later(
    config: Path, influx: InfluxServer, bucket: str, said: Callable[..., str]
) -> None:
    sink = InfluxSink(influx.settings(bucket))
    sink.write([Point("cramp_event", {"wearer": "other"}, at(75), {"peak_uv": "high"})])
    sink.close()
    assert "15 points sent, 1 refused." in said("backfill", "--config", str(config))
    shown = said("outbox", "--config", str(config))
    assert "It refused 1 point, kept here" in shown
    assert "2026-11-19 22:01:15 cramp_event w1 left_calf gastrocnemius: 400" in shown
    influx.query("DROP MEASUREMENT cramp_event", bucket)
    assert said("outbox", "retry", "--config", str(config)) == "1 point taken, 0 refused again.\n"
    assert len(influx.points(bucket)) == 16


def test_without_an_influxdb_in_the_settings_it_says_what_to_write(tmp_path: Path, said: Callable[..., str]) -> None:
    (tmp_path / "crampwatch.toml").write_text(SENSOR)
    for command in (["outbox"], ["outbox", "run"], ["outbox", "retry"], ["backfill"]):
        text = said(*command, "--config", str(tmp_path / "crampwatch.toml"))
        assert text.startswith("no InfluxDB is named: write its url, bucket and token_file under [influx]")


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path, said: Callable[..., str]) -> None:
    (tmp_path / "crampwatch.toml").write_text(f'{SENSOR}[influx]\ntoken_file = "none"\n')
    text = said("backfill", "--config", str(tmp_path / "crampwatch.toml"))
    assert text == f"{tmp_path}/none: the token cannot be read (No such file or directory)"
