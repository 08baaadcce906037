"""What holds after any news and wishes, in any order and at any time."""

from itertools import pairwise
from typing import NamedTuple, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import NS
from detector.alarm.machine import AlarmMachine, Memory
from detector.alarm.messages import AlarmKind, Command, Do, Transition
from detector.alarm.precedence import KINDS
from detector.alarm.settings import AlarmSettings
from tests.detector.alarm.moments import EVENING, ZONE, restarted, wish, wrong

EVENTS = st.sampled_from("abc")


class Step(NamedTuple):
    """Something that happens, so many seconds after what happened before."""

    wait_s: float
    what: str
    value: object


waits = st.one_of(st.just(0.0), st.floats(0, 60), st.floats(0, 8 * 3600))
commands = st.builds(
    Command,
    do=st.sampled_from(get_args(Do)),
    by=st.just("wearer"),
    t_ns=st.just(0),
    minutes=st.none() | st.integers(1, 120),
    event_id=st.none() | EVENTS,
    kind=st.none() | st.sampled_from(get_args(AlarmKind)),
    id=st.just("0"),
)
happenings = st.one_of(
    st.tuples(st.sampled_from(("suspected", "confirmed", "late", "over")), EVENTS),
    st.tuples(st.just("faults"), st.frozensets(st.sampled_from(KINDS), max_size=3)),
    st.tuples(st.just("command"), commands),
    st.tuples(st.just("recording"), st.booleans()),
    st.tuples(st.just("tick"), st.none()),
)
steps = st.builds(lambda wait_s, it: Step(wait_s, *it), waits, happenings)
nights = st.lists(steps, max_size=30)


def take(machine: AlarmMachine, step: Step, now_ns: int) -> list[Transition]:
    match step:
        case (_, "suspected", str(event_id)):
            return machine.suspected(event_id, now_ns)
        case (_, "confirmed" | "late" as how, str(event_id)):
            return machine.confirmed(event_id, now_ns, late=how == "late")
        case (_, "over", str(event_id)):
            return machine.over(event_id, now_ns)
        case (_, "faults", frozenset(kinds)):
            return machine.faults(kinds, now_ns)
        case (_, "recording", bool(going_on)):
            return machine.recording(going_on, now_ns)
        case (_, "command", Command() as command):
            return machine.command(command, now_ns)
        case _:
            return machine.tick(now_ns)


def lived(night: list[Step], *, restarting: bool = False) -> tuple[AlarmMachine, list[Transition], int]:
    """The alarm after a night, all it told, and when that was."""
    machine, now_ns, told = AlarmMachine(AlarmSettings(), ZONE), EVENING, list[Transition]()
    for step in (Step(0, "recording", True), *night):
        now_ns += round(step.wait_s * NS)
        told += take(machine, step, now_ns)
        if restarting:
            machine = restarted(machine)
    return machine, told, now_ns


@given(nights)
def test_restarts_change_nothing(night: list[Step]) -> None:
    machine, told, _ = lived(night)
    again, told_again, _ = lived(night, restarting=True)
    assert (again.memory, told_again) == (machine.memory, told)


@given(nights)
def test_what_is_told_joins_up_and_ends_where_the_alarm_stands(night: list[Step]) -> None:
    machine, told, _ = lived(night)
    for earlier, later in pairwise(told):
        assert earlier.after == later.before
        assert earlier.t_ns <= later.t_ns
    assert told[-1].after == machine.state
    assert told[-1].faults == machine.memory.faults
    assert told[-1].until_ns == machine.until_ns


@given(nights)
def test_a_second_look_at_the_same_moment_changes_nothing(night: list[Step]) -> None:
    machine, _, now_ns = lived(night)
    machine.tick(now_ns)
    assert machine.tick(now_ns) == []


@given(nights)
def test_after_two_quiet_days_all_silence_has_ended(night: list[Step]) -> None:
    machine, _, now_ns = lived([*night, Step(0, "recording", True), Step(0, "faults", wrong())])
    for hours in range(0, 49, 6):
        machine.tick(now_ns + hours * 3600 * NS)
    assert machine.state == "WATCHING"
    assert msgspec.structs.replace(machine.memory, done=(), since_ns=0, by="", night_end_ns=0) == Memory(
        recording=True, by=""
    )


@given(nights)
def test_an_alert_is_never_lost_it_is_answered_silenced_unanswered_or_still_calling(night: list[Step]) -> None:
    machine, _, now_ns = lived([*night, Step(0, "recording", True)])
    wish(machine, "arm", now_ns)
    machine.confirmed("new", now_ns)
    machine.over("new", now_ns + NS)
    machine.tick(now_ns + 5 * NS)
    assert (machine.state, machine.event_id) == ("ALERT", "new")
    machine.tick(now_ns + 10 * NS)
    is_new_night = machine.memory.night_end_ns <= now_ns + 10 * NS
    assert machine.memory.unanswered == (None if is_new_night else "new")


@given(nights, st.sampled_from(KINDS))
def test_every_fault_is_listed_in_every_state(night: list[Step], kind: str) -> None:
    machine, _, now_ns = lived(night)
    machine.faults(wrong(kind), now_ns)  # type: ignore[arg-type]  # one of KINDS, which hypothesis widens
    assert machine.memory.faults == (kind,)
