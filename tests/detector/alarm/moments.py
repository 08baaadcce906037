"""A night in which alarms are tried, and the wishes a person has in it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS
from detector.alarm.machine import AlarmMachine, Calling, Memory
from detector.alarm.messages import AlarmKind, AlarmStateName, Command, Do, FaultKind
from detector.alarm.settings import AlarmSettings

ZONE = ZoneInfo("Europe/Berlin")
MINUTE = 60
HOUR = 3600


def at(text: str) -> int:
    """A moment of the wearer's wall clock, such as `2026-03-12 23:00`."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * NS


EVENING = at("2026-03-12 22:00")
MORNING_NOON = at("2026-03-13 12:00")


def after(seconds: float, start_ns: int = EVENING) -> int:
    """So many seconds after the evening's beginning."""
    return start_ns + round(seconds * NS)


def command(
    do: Do,
    t_ns: int,
    *,
    minutes: int | None = None,
    event_id: str | None = None,
    kind: AlarmKind | None = None,
    by: str = "wearer",
) -> Command:
    return Command(do=do, by=by, t_ns=t_ns, minutes=minutes, event_id=event_id, kind=kind, id="0" * 32)


def watching(settings: AlarmSettings | None = None, now_ns: int = EVENING) -> AlarmMachine:
    """An alarm whose night has begun."""
    machine = AlarmMachine(settings or AlarmSettings(), ZONE)
    machine.recording(True, now_ns)
    return machine


def restarted(machine: AlarmMachine, settings: AlarmSettings | None = None) -> AlarmMachine:
    """The same after its process was killed: all that is left is what was stored."""
    stored = msgspec.json.encode(machine.memory)
    return AlarmMachine(settings or AlarmSettings(), ZONE, msgspec.json.decode(stored, type=Memory))


def wish(
    machine: AlarmMachine,
    do: Do,
    now_ns: int,
    *,
    minutes: int | None = None,
    event_id: str | None = None,
    kind: AlarmKind | None = None,
) -> None:
    """The wearer asks for something now."""
    machine.command(command(do, now_ns, minutes=minutes, event_id=event_id, kind=kind), now_ns)


def wrong(*kinds: FaultKind) -> frozenset[FaultKind]:
    """All that is wrong."""
    return frozenset(kinds)


def shown(machine: AlarmMachine) -> AlarmStateName:
    return machine.state


def is_calling(machine: AlarmMachine) -> bool:
    return machine.calling is not None


def call(machine: AlarmMachine) -> Calling:
    """The call that goes on."""
    assert machine.calling is not None
    return machine.calling
