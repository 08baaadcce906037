"""The demonstration lands in a real InfluxDB and the dashboards show it: `make demo INFLUX=1`, an hour of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.influx import INFLUXD, MISSING, NGINX

COMMAND = [sys.executable, "-m", "tests.dashboards.demo", "--hours", "1", "--cramps", "2", "--seed", "2", "--out"]
BOUND_S = 240


@pytest.mark.skipif(INFLUXD is None or NGINX is None, reason=MISSING)
def test_the_demonstration_lands_in_influxdb_and_every_panel_shows_what_its_night_store_says(tmp_path: Path) -> None:
    run = subprocess.run([*COMMAND, str(tmp_path)], capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert "2 of 2 cramps found" in run.stdout
    assert "emg 62, leg 62" in run.stdout  # the hour has 60 minutes, the 64 s of the real recording begin two
    assert "none of them wrong" in run.stdout
    assert "WRONG" not in run.stdout
    assert run.returncode == 0, run.stdout + run.stderr
