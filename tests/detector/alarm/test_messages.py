"""What is published and what is asked."""

import subprocess
import sys
from typing import Any, get_args

import msgspec
import pytest

from detector.alarm.messages import AlarmStateName, Command, FaultKind, FeltCramp, Transition, Verdict
from detector.alarm.settings import AlarmSettings
from detector.catalogue import languages, load

ASKED = {"do": "snooze", "by": "wearer", "t_ns": 1, "minutes": 10, "id": "a" * 32}


def test_the_states_are_those_agreed_on() -> None:
    agreed = {"DISARMED", "WATCHING", "CANDIDATE", "ALERT", "ACKED", "SNOOZED", "FAULT", "MUTED"}
    assert set(get_args(AlarmStateName)) == agreed


@pytest.mark.parametrize("language", languages())
def test_every_state_and_every_fault_has_its_words(language: str) -> None:
    said = set(load(language).keys)
    assert {f"fault.{kind}.{part}" for kind in get_args(FaultKind) for part in ("title", "cure")} <= said
    assert {f"{group}.{name}" for group in ("state", "name") for name in get_args(AlarmStateName)} <= said


@pytest.mark.parametrize(
    ("field", "value"),
    [("minutes", 0), ("minutes", 1441), ("do", "explode"), ("id", ""), ("by", "x" * 65), ("kind", "toothache")],
)
def test_a_command_that_cannot_be_is_refused(field: str, value: object) -> None:
    assert msgspec.convert(ASKED, Command).minutes == 10
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**ASKED, field: value}, Command)


@pytest.mark.parametrize(("field", "value"), [("pain", 0), ("pain", 11), ("duration_s", -1), ("leg", "middle")])
def test_a_felt_cramp_that_cannot_be_is_refused(field: str, value: object) -> None:
    felt: dict[str, Any] = {"felt_ns": 1, "by": "wearer", "t_ns": 2, "id": "a", "pain": 10, "leg": "left"}
    assert msgspec.convert(felt, FeltCramp).pain == 10
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**felt, field: value}, FeltCramp)


def test_a_verdict_is_one_of_three() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"event_id": "a", "verdict": "maybe", "by": "wearer", "t_ns": 1, "id": "a"}, Verdict)


def test_a_transition_survives_its_storage() -> None:
    change = Transition(before="ALERT", after="ACKED", t_ns=1, by="wearer", why="ack", event_id="a", faults=("mains",))
    assert msgspec.json.decode(msgspec.json.encode(change), type=Transition) == change


@pytest.mark.parametrize("wrong", [{"arm_at": "24:00"}, {"mode": "loud"}, {"cramp_rings_s": []}, {"first_level": 2}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, AlarmSettings)


def test_the_settings_as_toml_are_the_settings() -> None:
    assert msgspec.toml.decode(msgspec.toml.encode(AlarmSettings()), type=AlarmSettings) == AlarmSettings()


def test_messages_and_settings_load_nothing_heavy() -> None:
    modules = "detector.alarm.messages, detector.alarm.settings, detector.catalogue"
    code = f"import sys, {modules}; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
