"""Every state the alarm can reach is visited, and what must hold in each is asked of each.

Time goes in steps of four hours, and every span of the settings is one or two of them, so that there are finitely many
states: days are alike, an event has no other identity than being the present one. The machine itself is not simplified.
"""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.contract.messages import NS
from detector.alarm.machine import AlarmMachine, Memory
from detector.alarm.messages import AlarmKind, AlarmStateName, Do
from detector.alarm.settings import AlarmSettings
from tests.detector.alarm.moments import command, wrong

STEP_S = 4 * 3600
STEP_NS = STEP_S * NS
DAY_NS = 24 * 3600 * NS
MIDNIGHT = round(datetime(2026, 1, 15, tzinfo=UTC).timestamp()) * NS
NOON = MIDNIGHT + 12 * 3600 * NS
STEPS_A_DAY = 6
LONGEST_WAY = 2 * STEPS_A_DAY  # disarmed in the evening it lasts a day; what it hid may last another half
SETTINGS = AlarmSettings(
    arm_at="20:00",
    latch_s=STEP_S,
    event_limit_s=2 * STEP_S,
    cramp_rings_s=(0.0,),
    fault_rings_s=(0.0,),
    command_timeout_s=STEP_S,
)
TOO_MANY = 20_000
"""Three times the states there are."""
ENDS = ("disarmed_until_ns", "muted_until_ns", "cramps_snoozed_until_ns", "faults_snoozed_until_ns", "night_end_ns")
FAULTS = {"all well": wrong(), "a fault": wrong("no_data")}
WISHES: dict[str, tuple[Do, int | None, AlarmKind | None]] = {
    "ack": ("ack", None, None),
    "snooze": ("snooze", 240, None),
    "snooze the fault": ("snooze", 240, "fault"),
    "mute": ("mute", 24 * 60, None),  # more than there is of any night
    "unmute": ("unmute", None, None),
    "disarm": ("disarm", None, None),
    "arm": ("arm", None, None),
}
NEWS = ("recording", "no recording", "confirmed", "over", *FAULTS)


class Node(NamedTuple):
    """A state and the time of day at which it is reached."""

    now_ns: int
    memory: Memory

    @property
    def machine(self) -> AlarmMachine:
        return AlarmMachine(SETTINGS, ZoneInfo("UTC"), self.memory)

    @property
    def state(self) -> AlarmStateName:
        return self.machine.state


Graph = dict[Node, dict[str, Node]]


def after(node: Node, what: str) -> Node:
    """What an input makes of a state."""
    machine, now_ns = node.machine, node.now_ns
    if what == "time":
        now_ns += STEP_NS
        machine.tick(now_ns)
    elif what in WISHES:
        do, minutes, kind = WISHES[what]
        machine.command(command(do, now_ns, minutes=minutes, kind=kind), now_ns)
    elif what in FAULTS:
        machine.faults(FAULTS[what], now_ns)
    elif what == "confirmed":
        machine.confirmed("next", now_ns)
    elif what == "over":
        machine.over("present", now_ns)
    else:
        machine.recording(what == "recording", now_ns)
    return alike(now_ns, machine.memory)


def alike(now_ns: int, memory: Memory) -> Node:
    """The same with everything left out by which a day, or an event, differs from any other."""
    shift_ns = DAY_NS if now_ns >= MIDNIGHT + DAY_NS else 0
    ends = {name: end_ns and end_ns - shift_ns for name in ENDS if (end_ns := getattr(memory, name)) is not None}
    alert, calling, unanswered = memory.alert, memory.calling, memory.unanswered
    if unanswered:
        unanswered = "present" if alert and alert.event_id == unanswered else "an earlier one"
    if calling:
        oldest_ns = now_ns - 2 * STEP_NS  # by then all rings have been rung
        since_ns = max(calling.since_ns, oldest_ns) - shift_ns
        event_id = calling.event_id and "present"
        calling = msgspec.structs.replace(calling, since_ns=since_ns, event_id=event_id)
    if alert:
        alert = msgspec.structs.replace(alert, event_id="present", since_ns=alert.since_ns - shift_ns)
    kept = msgspec.structs.replace(
        memory, **ends, alert=alert, calling=calling, unanswered=unanswered, done=(), since_ns=0, by=""
    )
    return Node(now_ns - shift_ns, kept)


@pytest.fixture(scope="module")
def graph() -> Graph:
    begin = Node(MIDNIGHT, Memory(by=""))
    found: Graph = {}
    waiting = deque([begin])
    while waiting:
        node = waiting.popleft()
        if node not in found:
            found[node] = {what: after(node, what) for what in ("time", *WISHES, *NEWS)}
            waiting.extend(found[node].values())
        assert len(found) < TOO_MANY, "something is remembered for ever"
    return found


def ticks(graph: Graph, node: Node) -> Iterator[Node]:
    """What time alone makes of it, at most until no end can be outstanding."""
    for _ in range(LONGEST_WAY):
        node = graph[node]["time"]
        yield node


def along(graph: Graph, node: Node, *inputs: str) -> Node:
    for what in inputs:
        node = graph[node][what]
    return node


def has_fault(node: Node) -> bool:
    return "no_data" in node.memory.faults


def test_every_state_is_reached_but_the_suspicion_which_is_tried_apart(graph: Graph) -> None:
    assert {node.state for node in graph} == {"DISARMED", "WATCHING", "ALERT", "ACKED", "SNOOZED", "FAULT", "MUTED"}
    assert len(graph) > 1000


def test_no_state_is_without_a_way_out_once_all_is_well_it_watches_again_by_itself(graph: Graph) -> None:
    for node in graph:
        well = along(graph, node, "recording", "all well", "over")
        assert "WATCHING" in {later.state for later in ticks(graph, well)}


def test_from_every_state_a_person_can_have_it_watch_or_be_told_why_not(graph: Graph) -> None:
    for node in graph:
        assert along(graph, node, "recording", "arm").state in {"WATCHING", "ALERT", "ACKED", "FAULT"}


def test_snooze_always_ends(graph: Graph) -> None:
    snoozed = [node for node in graph if node.state == "SNOOZED"]
    assert snoozed
    for node in snoozed:
        assert not all(later.machine.snoozed for later in ticks(graph, node))


def test_a_snooze_always_silences_what_sounds(graph: Graph) -> None:
    sounding = [node for node in graph if node.machine.calling]
    assert sounding
    for node in sounding:
        kind = node.machine.calling and node.machine.calling.kind
        calling = graph[node]["snooze"].machine.calling
        # Once the cramp is quiet, a fault may be what sounds.
        assert calling is None or (kind, calling.kind) == ("cramp", "fault")


def test_every_silence_shows_when_it_ends_and_none_outlives_the_night_but_a_disarm(graph: Graph) -> None:
    for node in graph:
        until_ns = node.machine.until_ns
        if node.state in ("SNOOZED", "MUTED"):
            assert until_ns is not None
            assert node.now_ns < until_ns <= node.memory.night_end_ns
        if node.state == "DISARMED" and node.memory.recording:
            assert until_ns is not None
            assert node.now_ns < until_ns <= node.now_ns + DAY_NS


def test_no_silent_dead_end_whatever_is_shown_as_wrong_calls_or_was_answered(graph: Graph) -> None:
    for node in graph:
        calling = node.machine.calling
        if node.state == "ALERT":
            assert calling is not None
            assert calling.kind == "cramp"
            assert not calling.spent or node.memory.unanswered == "present"
        elif node.state == "FAULT":
            assert calling or "no_data" in node.memory.acked_faults
        else:
            assert calling is None


def test_a_fault_is_never_hidden_by_a_mute_beyond_the_night(graph: Graph) -> None:
    muted = [node for node in graph if node.state == "MUTED" and has_fault(node)]
    assert muted
    for node in muted:
        noon = next(later for later in ticks(graph, node) if later.now_ns == NOON)
        assert noon.state in ({"DISARMED"} if noon.memory.disarmed_until_ns else {"FAULT", "ALERT"})


def test_a_fault_that_goes_on_calls_again_within_two_days_whoever_silenced_it(graph: Graph) -> None:
    for node in graph:
        if has_fault(node) and node.memory.recording:
            assert any(later.machine.calling for later in ticks(graph, node))


def test_a_cramp_calls_in_every_state_in_which_nobody_has_silenced_cramps(graph: Graph) -> None:
    for node in graph:
        memory = node.memory
        silenced = memory.disarmed_until_ns or memory.muted_until_ns or memory.cramps_snoozed_until_ns
        if memory.recording and not silenced:
            alarmed = graph[node]["confirmed"]
            assert alarmed.state == "ALERT"
            assert alarmed.machine.calling is not None


def test_a_fault_calls_in_every_state_in_which_nobody_has_silenced_faults_and_no_cramp_calls(graph: Graph) -> None:
    for node in graph:
        memory = node.memory
        silenced = memory.disarmed_until_ns or memory.muted_until_ns or memory.faults_snoozed_until_ns
        if memory.recording and not silenced and not has_fault(node) and node.state != "ALERT":
            assert graph[node]["a fault"].machine.calling is not None


def test_an_alert_that_passed_without_any_answer_is_shown_as_unanswered(graph: Graph) -> None:
    for node in graph:
        if node.state == "ALERT":
            later = graph[along(graph, node, "over")]["time"]
            if later.memory.alert is None and later.now_ns != NOON:
                assert later.memory.unanswered == "an earlier one"
