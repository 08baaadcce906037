"""`crampwatch doctor` as a person meets it, and what it gives away."""

import json
import os
import subprocess
import sys
from pathlib import Path

from crampwatch.doctor.finding import Finding, exit_code

SECRETS = (
    "anna",
    "left_calf_of_anna",
    "sock of Anna",
    "C4:AA:BB:CC:DD:EE",
    "broker-at-annas",
    "hunter2",
    "annas-nights",
)
SETTINGS = """
data_directory = "annas-nights"
[broker]
host = "broker-at-annas.invalid"
username = "anna"
password = "hunter2"
[influx]
url = "http://influx-at-annas.invalid"
token = "hunter3"
[[sensor]]
wearer = "anna"
site = "left_calf_of_anna"
name = "sock of Anna"
address = "C4:AA:BB:CC:DD:EE"
[[sensor]]
wearer = "anna"
site = "right"
profile = "annas-nights"
"""


def doctor(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    nowhere = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/nobody"}
    command = [sys.executable, "-m", "crampwatch", "doctor", *arguments]
    return subprocess.run(command, cwd=folder, env=nowhere, capture_output=True, text=True, timeout=60, check=False)


def test_without_bluetooth_one_line_says_so_and_the_exit_code_is_one(tmp_path: Path) -> None:
    shown = doctor(tmp_path)
    about_bluetooth = [line for line in shown.stdout.splitlines() if "Bluetooth" in line]
    what, cure = "there is no D-Bus and so no Bluetooth", "start bluetoothd, or in a container mount /run/dbus"
    assert about_bluetooth == [f"problem    Bluetooth: {what}; {cure}"]
    assert (shown.returncode, shown.stderr) == (1, "")


def test_what_is_given_away_names_nobody_and_nothing(tmp_path: Path) -> None:
    (tmp_path / "crampwatch.toml").write_text(SETTINGS)
    shown, given = doctor(tmp_path), doctor(tmp_path, "--json")
    assert "anna right" in shown.stdout  # a person needs to know which sensor it is
    assert not [secret for secret in (*SECRETS, str(tmp_path)) if secret.lower() in given.stdout.lower()]
    areas = {line["area"]: line["state"] for line in json.loads(given.stdout)}
    assert {"broker": "problem", "Bluetooth": "problem", "data": "ok", "database": "warning"}.items() <= areas.items()


def test_settings_that_are_not_understood_are_a_problem_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    (tmp_path / "crampwatch.toml").write_text("sensors = 1")
    shown = doctor(tmp_path)
    assert shown.stdout.startswith("problem    settings (")
    assert "clock:" in shown.stdout


def test_only_a_problem_makes_the_exit_code_one() -> None:
    assert exit_code([Finding("a", "ok", ""), Finding("b", "warning", ""), Finding("c", "not asked", "")]) == 0
    assert exit_code([Finding("a", "ok", ""), Finding("b", "problem", "")]) == 1


def test_addresses_in_the_words_of_others_are_left_out() -> None:
    said = Finding("a", "problem", "no reply from /org/bluez/hci0/dev_C4_AA_BB_CC_DD_EE", "forget c4:aa:bb:cc:dd:ee")
    assert "aa" not in json.dumps(said.redacted()).lower()
