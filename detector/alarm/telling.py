"""The alarm's state as a message: finished sentences in the bedside's language."""

from datetime import datetime
from zoneinfo import ZoneInfo

from collector.contract.messages import NS
from detector.alarm.faults import Wrong
from detector.alarm.machine import AlarmMachine
from detector.alarm.messages import AlarmState, FaultTold
from detector.alarm.precedence import SOFT
from detector.catalogue import Catalogue


def fault_told(fault: Wrong, catalogue: Catalogue) -> FaultTold:
    """A fault with its name and its cure."""
    return FaultTold(
        kind=fault.kind,
        since_ns=fault.since_ns,
        title=catalogue.say(f"fault.{fault.kind}.title"),
        cure=catalogue.say(f"fault.{fault.kind}.cure"),
        detail=fault.detail,
        soft=fault.kind in SOFT,
    )


def state_message(
    machine: AlarmMachine,
    faults: tuple[Wrong, ...],
    catalogue: Catalogue,
    zone: ZoneInfo,
    now_ns: int,
    alert_text: str = "",
) -> AlarmState:
    """What to publish now. `alert_text` is the open alert's own sentence, with its seconds."""
    memory, calling = machine.memory, machine.calling
    told = tuple(fault_told(fault, catalogue) for fault in faults)
    return AlarmState(
        state=machine.state,
        since_ns=memory.since_ns,
        until_ns=machine.until_ns,
        event_id=machine.event_id,
        unanswered=memory.unanswered is not None,
        sounding=calling.kind if calling and not calling.spent else "none",
        faults=told,
        by=memory.by,
        text=" ".join(_sentences(machine, told, catalogue, zone, alert_text)),
        t_ns=now_ns,
    )


def _sentences(
    machine: AlarmMachine, faults: tuple[FaultTold, ...], catalogue: Catalogue, zone: ZoneInfo, alert_text: str
) -> list[str]:
    """What it does, until when, and what nobody has answered."""
    state = machine.state
    said = [alert_text if state == "ALERT" and alert_text else catalogue.say(f"state.{state}")]
    if state == "FAULT":
        # Those that nobody has answered yet go first: it is one of them that sounds.
        hard = sorted((it for it in faults if not it.soft), key=lambda it: it.kind in machine.memory.acked_faults)
        said = [f"{fault.title} {fault.cure}" for fault in hard[:1]] or said
    if machine.until_ns is not None:
        key = f"ending.SNOOZED_{machine.snoozed}" if state == "SNOOZED" else f"ending.{state}"
        said.append(catalogue.say(key, time=_hhmm(machine.until_ns, zone)))
    if not machine.memory.recording:
        said = [catalogue.say("ending.not_recording")]
    if machine.is_silent:
        said.append(catalogue.say("ending.silent_mode"))
    if machine.memory.unanswered is not None and state != "ALERT":
        said.append(catalogue.say("ending.unanswered"))
    return said


def _hhmm(t_ns: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(t_ns // NS, zone):%H:%M}"
