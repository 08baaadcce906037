"""The whole night in one command, undisturbed and with its processes killed on the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.contract.nights import night_of
from collector.contract.topics import Place
from crampwatch.config import load
from detector.events import Event
from detector.night_record import NightRecord
from detector.store import NightStore
from detector.store_schema import BadStore

COMMAND = [sys.executable, "-m", "crampwatch", "demo", "--hours", "1", "--cramps", "2", "--seed", "2", "--out"]
BOUND_S = 240
SLEEPER = Place("sleeper", "left_calf")


def record(folder: Path) -> NightRecord:
    zone = load(folder / "demo.toml").zone
    with NightStore(folder / "nights.sqlite", read_only=True) as store:
        stored = next(stored for stored in store.sessions() if stored.info.place == SLEEPER)
        return store.record(*SLEEPER, night_of(stored.start_ns, zone), zone)


def told(events: list[Event]) -> list[tuple[object, ...]]:
    return [(e.stage, e.onset_ns, e.suspected_ns, e.alerted_ns, e.end_ns, e.figures, e.reason) for e in events]


def workers(parent: int) -> dict[str, int]:
    """The demonstration's own processes by their sub-command."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    found: dict[str, int] = {}
    for pid in children:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        found.update({word: int(pid) for word in ("collect", "detect") if word in words})
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "night"
    shown = subprocess.run([*COMMAND, str(folder)], capture_output=True, text=True, timeout=BOUND_S, check=True)
    return folder, shown.stdout


def test_ends_by_saying_what_happened(undisturbed: tuple[Path, str]) -> None:
    folder, shown = undisturbed
    assert "2 of 2 cramps found" in shown
    assert "Watched 59 min of 1 h 00 min" in shown
    assert "found exactly what `crampwatch score` finds" in shown
    assert f"The morning report: {folder / 'report.html'}" in shown
    assert shown.count("ALERT for sleeper: Possible calf cramp") == 2


def test_leaves_a_report_that_says_it_was_simulated(undisturbed: tuple[Path, str]) -> None:
    assert "Simulated night" in (undisturbed[0] / "report.html").read_text()


@pytest.mark.parametrize("victim", ["collect", "detect"])
def test_a_killed_process_changes_nothing_of_what_is_found(
    victim: str, undisturbed: tuple[Path, str], tmp_path: Path
) -> None:
    folder = tmp_path / "night"
    with subprocess.Popen([*COMMAND, str(folder)], stdout=subprocess.PIPE, text=True) as demo:
        _kill_midway(demo.pid, victim, folder)
        shown, _ = demo.communicate(timeout=BOUND_S)
    assert "Processes started again on the way: 1." in shown
    whole, disturbed = record(undisturbed[0]), record(folder)
    assert told(disturbed.events) == told(whole.events)
    assert told(disturbed.candidates) == told(whole.candidates)
    assert disturbed.watched_s == whole.watched_s


def _kill_midway(parent: int, victim: str, folder: Path) -> None:
    """Send SIGKILL when the night store holds the first half hour or so."""
    deadline_s = time.monotonic() + BOUND_S
    while time.monotonic() < deadline_s:
        time.sleep(0.05)
        if _filed_s(folder) > 600 and victim in (running := workers(parent)):
            os.kill(running[victim], signal.SIGKILL)
            return
    raise AssertionError("the demonstration did not get under way")


def _filed_s(folder: Path) -> float:
    try:
        with NightStore(folder / "nights.sqlite", read_only=True) as store:
            return max(((s.end_ns - s.start_ns) / 1e9 for s in store.sessions()), default=0.0)
    except BadStore:  # not made yet
        return 0.0
