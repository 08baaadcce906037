"""The first set-up at a terminal: five questions, asked until they are answered, and never where settings are there."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from crampwatch.config import load
from crampwatch.stack.home import Household
from crampwatch.stack.questions import ask_household
from crampwatch.timezone import of_this_computer

USER = ["--user", "daemon"] if os.geteuid() == 0 else []
"""Root must name somebody else; on every Linux there is one of this name."""
WEARABLES = {"cramp-node": "cramp-node (own)", "myo": "myo (Thalmic)"}
PROPOSED = Household("w1", "left_calf", "UTC")
TIMEOUT_S = 60.0


def answered(*answers: str) -> tuple[Household, list[str]]:
    typed, told = iter(answers), list[str]()
    return ask_household(lambda _: next(typed), told.append, WEARABLES, PROPOSED), told


def test_enter_takes_what_is_proposed() -> None:
    assert answered("", "", "", "", "")[0] == Household("w1", "left_calf", "UTC", "cramp-node", "alarm")


def test_what_is_typed_goes_before() -> None:
    household, _ = answered("w7", "right_foot", "2", "s", "Europe/Berlin")
    assert household == Household("w7", "right_foot", "Europe/Berlin", "myo", "silent")


@pytest.mark.parametrize(
    "answers",
    [
        ("Aunt May", "w1", "", "", "", ""),
        ("", "left calf", "left_calf", "", "", ""),
        ("", "", "3", "1", "", ""),
        ("", "", "0", "polar", "cramp-node", "", ""),
        ("", "", "", "loud", "alarm", ""),
        ("", "", "", "", "Mars/Olympus", "UTC"),
    ],
)
def test_an_answer_that_does_not_work_is_asked_for_again(answers: Sequence[str]) -> None:
    household, _ = answered(*answers)
    assert household == Household("w1", "left_calf", "UTC", "cramp-node", "alarm")


def at_a_terminal(folder: Path, keys: str, *arguments: str) -> tuple[int, str]:
    """What `crampwatch setup` shows to somebody who types this, and its exit code."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "crampwatch", "setup", "--bare-metal", *USER, *arguments]
    process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    os.write(ours, keys.encode())
    shown, deadline_s = b"", time.monotonic() + TIMEOUT_S
    with suppress(OSError):  # Linux: the terminal's other end has been closed
        while time.monotonic() < deadline_s:
            if select.select([ours], [], [], 0.1)[0]:
                shown += os.read(ours, 4096)
    os.close(ours)
    return process.wait(TIMEOUT_S), shown.decode()


def test_at_a_terminal_the_answers_become_the_settings(tmp_path: Path) -> None:
    code, shown = at_a_terminal(tmp_path, "w7\nright_shin\nmyo\nalarm\nEurope/Lisbon\n")
    assert code == 0, shown
    settings = load(tmp_path / "home" / "crampwatch.toml")
    (sensor,) = settings.sensors
    assert (sensor.wearer, sensor.site, sensor.profile) == ("w7", "right_shin", "myo")
    assert settings.timezone == "Europe/Lisbon"


def test_a_silent_record_is_one_word(tmp_path: Path) -> None:
    at_a_terminal(tmp_path, "\n\n\nsilent\n\n")
    assert load(tmp_path / "home" / "crampwatch.toml").alarm.mode == "silent"


def test_only_wearables_with_a_muscle_signal_are_listed(tmp_path: Path) -> None:
    _, shown = at_a_terminal(tmp_path, "\n\n\n\n\n")
    assert "myo" in shown
    assert "polar-h10" not in shown


def test_each_question_shows_what_enter_will_take(tmp_path: Path) -> None:
    _, shown = at_a_terminal(tmp_path, "\n\n\n\n\n")
    proposed = ["w1", "left_calf", "cramp-node", "alarm", of_this_computer()]
    assert [f"[{answer}]: " in shown for answer in proposed] == [True] * 5


def test_settings_that_are_there_are_kept_and_nothing_is_asked(tmp_path: Path) -> None:
    at_a_terminal(tmp_path, "w7\n\n\n\n\n")
    before = (tmp_path / "home" / "crampwatch.toml").read_bytes()
    code, shown = at_a_terminal(tmp_path, "")
    assert (code, "1." in shown) == (0, False)
    assert "kept:" in shown
    assert (tmp_path / "home" / "crampwatch.toml").read_bytes() == before


def test_with_an_option_nothing_is_asked(tmp_path: Path) -> None:
    code, shown = at_a_terminal(tmp_path, "", "--wearer", "w3", "--profile", "myo")
    assert (code, "1." in shown) == (0, False)
    (sensor,) = load(tmp_path / "home" / "crampwatch.toml").sensors
    assert (sensor.wearer, sensor.site, sensor.profile) == ("w3", "left_calf", "myo")


def test_questions_that_are_broken_off_leave_nothing_behind(tmp_path: Path) -> None:
    end_of_file = "\x04"
    code, shown = at_a_terminal(tmp_path, f"w7\n{end_of_file}")
    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert "nothing has been written" in shown
