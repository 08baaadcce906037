"""The alarm's state in words."""

from detector.alarm.faults import Wrong
from detector.alarm.machine import AlarmMachine
from detector.alarm.messages import AlarmState
from detector.alarm.settings import AlarmSettings
from detector.alarm.telling import state_message
from detector.catalogue import load
from tests.detector.alarm.moments import EVENING, MINUTE, ZONE, after, watching, wish

BATTERY = Wrong(kind="battery", since_ns=EVENING, detail="cramp-node: low; charge it")
DATABASE = Wrong(kind="database", since_ns=EVENING)
NO_SOUND = Wrong(kind="no_sound", since_ns=EVENING)
ALERT = "Possible calf cramp for 12 s. Straighten your leg, pull toes up. Stand up slowly, hold on to something."


def told(machine: AlarmMachine, *faults: Wrong, language: str = "en") -> AlarmState:
    machine.faults(frozenset(fault.kind for fault in faults), after(60))
    return state_message(machine, faults, load(language), ZONE, after(61), alert_text=ALERT)


def test_an_alert_has_its_own_sentence_and_sounds() -> None:
    machine = watching()
    machine.confirmed("a", after(50))
    state = told(machine)
    assert (state.state, state.text, state.sounding, state.event_id) == ("ALERT", ALERT, "cramp", "a")
    assert (state.since_ns, state.by, state.t_ns) == (after(50), "detector", after(61))


def test_a_fault_is_told_with_its_cause_its_cure_and_what_the_collector_said() -> None:
    state = told(watching(), DATABASE, BATTERY)
    assert state.text == (
        "The wearable's battery will not last the night."
        " Change the battery, or take the sensor off and charge it; never charge it on the leg."
    )
    assert [(fault.kind, fault.soft, fault.detail) for fault in state.faults] == [
        ("database", True, ""),
        ("battery", False, "cramp-node: low; charge it"),
    ]
    assert state.sounding == "fault"


def test_a_mute_says_when_it_ends_and_lists_what_is_wrong() -> None:
    machine = watching()
    wish(machine, "mute", after(0), minutes=30)
    state = told(machine, BATTERY)
    assert state.text == "Muted. Nothing will sound. Quiet until 22:30, then it sounds again by itself."
    assert (state.until_ns, state.sounding) == (after(30 * MINUTE), "none")
    assert [fault.kind for fault in state.faults] == ["battery"]


def test_a_snooze_says_of_what_it_is() -> None:
    machine = watching()
    wish(machine, "snooze", after(0), minutes=30)
    assert told(machine).text == "Snoozed. Cramp alerts are quiet until 22:30. A fault would sound."
    other = watching()
    other.faults(frozenset({"battery"}), after(0))
    wish(other, "snooze", after(0), minutes=30)
    assert told(other, BATTERY).text == "Snoozed. Faults are quiet until 22:30. A cramp would sound."


def test_disarmed_by_a_person_it_says_when_it_arms_itself() -> None:
    machine = watching()
    wish(machine, "disarm", after(0))
    assert told(machine).text == "Disarmed. Nothing will sound. Arms itself again at 20:00."


def test_without_a_recording_it_says_so() -> None:
    assert told(AlarmMachine(AlarmSettings(), ZONE)).text == "Not recording: no night is going on."


def test_in_silent_mode_it_says_that_nothing_sounds() -> None:
    state = told(watching(AlarmSettings(mode="silent")), BATTERY)
    assert (state.state, state.sounding) == ("FAULT", "none")
    assert state.text.endswith("Silent mode: all is recorded and shown, nothing sounds.")


def test_what_nobody_answered_is_said_until_somebody_does() -> None:
    machine = watching()
    machine.confirmed("a", after(0))
    machine.over("a", after(20))
    state = told(machine)
    assert (state.text, state.unanswered) == ("Watching. An alert was not answered.", True)


def test_once_all_rings_have_been_rung_nothing_is_said_to_sound() -> None:
    machine = watching()
    machine.confirmed("a", after(0))
    machine.tick(after(600))
    state = state_message(machine, (), load(), ZONE, after(600), alert_text=ALERT)
    assert (state.state, state.sounding, state.unanswered) == ("ALERT", "none", True)


def test_in_german_it_is_told_in_german() -> None:
    machine = watching()
    wish(machine, "mute", after(0), minutes=30)
    assert told(machine, language="de").text == (
        "Stumm. Es ertönt nichts. Still bis 22:30, danach von selbst wieder mit Ton."
    )


def test_of_several_faults_the_one_is_told_that_nobody_has_answered_yet() -> None:
    machine = watching()
    told(machine, Wrong(kind="electrode_off", since_ns=EVENING))
    wish(machine, "ack", after(62))
    assert "make a sound" in told(machine, Wrong(kind="electrode_off", since_ns=EVENING), NO_SOUND).text
