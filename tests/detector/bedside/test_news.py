"""What is news: what begins to sound, and what nobody answered. Each once."""

from typing import Any

import pytest

from detector.alarm.messages import AlarmState, FaultTold
from detector.bedside.news import news
from tests.support.blocks import START_NS

BATTERY = FaultTold(kind="battery", since_ns=START_NS, title="The battery is low.", cure="Charge it.")
DISK = FaultTold(kind="disk", since_ns=START_NS, title="The disk is full.", cure="Make room.")
DATABASE = FaultTold(kind="database", since_ns=START_NS, title="The database sleeps.", cure="Wake it.", soft=True)


def state(name: Any = "WATCHING", **more: Any) -> AlarmState:
    return AlarmState(state=name, since_ns=START_NS, by="detector", text=f"{name}!", t_ns=START_NS, **more)


WATCHING = state()
ALERT = state("ALERT", event_id="e1", sounding="cramp")
FAULT = state("FAULT", faults=(BATTERY,), sounding="fault")


def told(before: AlarmState | None, after: AlarmState) -> list[tuple[str, str]]:
    return [(item.what, item.text) for item in news(before, after)]


def test_a_cramp_that_begins_to_sound_is_news_with_its_event_and_what_to_do() -> None:
    (item,) = news(WATCHING, ALERT)
    assert (item.what, item.event_id, item.text, item.t_ns) == ("cramp", "e1", "ALERT!", START_NS)


def test_the_same_state_said_again_is_none() -> None:
    for same in (WATCHING, ALERT, FAULT, state(unanswered=True)):
        assert told(same, same) == []


def test_a_second_cramp_while_the_first_sounds_is_news() -> None:
    assert told(ALERT, state("ALERT", event_id="e2", sounding="cramp")) == [("cramp", "ALERT!")]


@pytest.mark.parametrize("name", ["ALERT", "SNOOZED", "MUTED", "DISARMED", "FAULT"])
def test_what_is_not_to_sound_is_no_news(name: str) -> None:
    """As in silent mode, where the state is the same."""
    assert told(WATCHING, state(name, event_id="e1", faults=(BATTERY,))) == []


def test_an_alert_that_sounds_again_after_a_snooze_is_news_again() -> None:
    assert told(state("SNOOZED", event_id="e1"), ALERT) == [("cramp", "ALERT!")]


def test_a_fault_is_told_with_its_cure_and_a_soft_one_beside_it_is_not() -> None:
    after = state("FAULT", faults=(BATTERY, DATABASE), sounding="fault")
    assert told(WATCHING, after) == [("fault", "The battery is low. Charge it.")]


def test_of_several_faults_only_the_new_one_is_told_and_one_that_is_cured_is_not() -> None:
    both = state("FAULT", faults=(BATTERY, DISK), sounding="fault")
    assert told(FAULT, both) == [("fault", "The disk is full. Make room.")]
    assert told(both, FAULT) == []


def test_a_fault_that_stood_before_it_might_sound_is_told_when_it_does() -> None:
    assert told(state("MUTED", faults=(BATTERY,)), FAULT) == [("fault", "The battery is low. Charge it.")]


def test_an_alert_that_nobody_answered_is_news_once() -> None:
    assert told(ALERT, state(unanswered=True)) == [("unanswered", "WATCHING!")]
    assert told(state(unanswered=True), state("CANDIDATE", unanswered=True)) == []


def test_a_bedside_that_starts_tells_all_that_sounds() -> None:
    assert told(None, ALERT) == [("cramp", "ALERT!")]
    assert told(None, state("FAULT", faults=(DISK,), sounding="fault", unanswered=True)) == [
        ("fault", "The disk is full. Make room."),
        ("unanswered", "FAULT!"),
    ]
