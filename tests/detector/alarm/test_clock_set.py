"""A clock that is set in the midst of a night changes nothing the alarm does: only the dates of what it tells."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import NS
from detector.alarm.machine import AlarmMachine
from detector.alarm.messages import Transition
from detector.alarm.ringing import Ring, Ringing
from detector.alarm.settings import AlarmSettings
from tests.detector.alarm.moments import EVENING, HOUR, MORNING_NOON, ZONE, after, at, wish
from tests.detector.alarm.test_machine_properties import Step, happenings, take

SETTINGS = AlarmSettings()
quarters = st.lists(st.builds(lambda wait_s, it: Step(wait_s, *it), st.integers(0, 900), happenings), max_size=20)


def lived(night: list[Step], set_at: int, step_s: int) -> tuple[AlarmMachine, list[Transition], list[Ring | None]]:
    """At most five hours from ten in the evening, looked at after each wait; the clock is set at one of them."""
    machine, ringing, now_ns = AlarmMachine(SETTINGS, ZONE), Ringing(SETTINGS), EVENING
    told, rung = list[Transition](), list[Ring | None]()
    for k, step in enumerate((Step(0, "recording", True), *night)):
        now_ns += round(step.wait_s * NS)
        if k == set_at:
            now_ns += step_s * NS
            machine.clock_set(step_s * NS, now_ns)
            ringing.clock_set(step_s * NS)
        told += take(machine, step, now_ns)
        rung.append(ringing.due(machine.calling, now_ns))
    return machine, told, rung


@given(quarters, st.integers(1, 20), st.integers(-HOUR, 4 * HOUR))
def test_the_same_is_told_and_rung_whenever_the_clock_is_set(night: list[Step], set_at: int, step_s: int) -> None:
    machine, told, rung = lived(night, set_at, step_s)
    _, told_without, rung_without = lived(night, set_at, 0)
    for one, other in zip(told, told_without, strict=True):
        assert msgspec.structs.replace(one, t_ns=0, until_ns=None) == msgspec.structs.replace(
            other, t_ns=0, until_ns=None
        )
    assert rung == rung_without
    assert machine.memory.night_end_ns == MORNING_NOON


def test_what_lasts_for_minutes_lasts_as_long_and_what_lasts_till_noon_lasts_till_noon() -> None:
    for minutes, end_ns in ((30, after(30 * 60 - HOUR)), (None, MORNING_NOON)):
        machine = AlarmMachine(SETTINGS, ZONE)
        machine.recording(True, EVENING)
        wish(machine, "snooze", EVENING, minutes=minutes)
        machine.clock_set(-HOUR * NS, after(-HOUR))
        machine.tick(after(-HOUR))
        assert (machine.state, machine.until_ns) == ("SNOOZED", end_ns)


def test_a_disarmed_alarm_arms_itself_at_the_time_that_was_shown_however_the_clock_was_set() -> None:
    machine = AlarmMachine(SETTINGS, ZONE)
    machine.recording(True, EVENING)
    wish(machine, "disarm", EVENING)
    machine.clock_set(-3 * HOUR * NS, after(-3 * HOUR))
    machine.tick(after(-3 * HOUR))
    assert machine.until_ns == at("2026-03-13 20:00")


def test_a_clock_that_was_a_day_behind_leaves_an_answer_owed() -> None:
    machine = AlarmMachine(SETTINGS, ZONE)
    machine.recording(True, EVENING)
    machine.confirmed("one", EVENING)
    machine.over("one", after(1))
    machine.tick(after(20))
    assert machine.memory.unanswered == "one"
    machine.clock_set(24 * HOUR * NS, after(24 * HOUR + 21))
    machine.tick(after(24 * HOUR + 21))
    assert machine.memory.unanswered == "one"
