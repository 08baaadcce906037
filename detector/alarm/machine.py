"""The alarm of one place as a state machine: news and wishes in, transitions out. Time is handed in.

What it remembers is independent facts (an alert, faults, who silenced what until when); the state shown follows from
them by one order of precedence. So a snooze cannot lose an alert, and a fault survives whatever happens beside it.
The rules and their reasons: docs/decisions/0017-the-alarm-is-a-process-of-its-own.md.
"""

from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS
from detector.alarm.memory import Alert, Calling, Memory, Suspicion
from detector.alarm.messages import AlarmKind, AlarmStateName, Command, FaultKind, Transition, Why
from detector.alarm.night_times import next_noon_ns, next_time_ns
from detector.alarm.precedence import in_order
from detector.alarm.settings import AlarmSettings

__all__ = ["AlarmMachine", "Calling", "Memory"]

REMEMBERED_EVENTS = 32
"""Events whose repetition is known as such: a broker sends again what it was not told had arrived."""


class _View(NamedTuple):
    """What anybody can see or hear of it."""

    state: AlarmStateName
    event_id: str | None
    alert_id: str | None
    until_ns: int | None
    unanswered: str | None
    faults: tuple[FaultKind, ...]
    calling: Calling | None


class AlarmMachine:
    """The alarm of one wearer at one site.

    `zone` tells when the night ends. Each method returns the transitions it caused, none when all stays as it was;
    `memory` then is what to store, and what a new machine goes on from.
    """

    def __init__(self, settings: AlarmSettings, zone: ZoneInfo, memory: Memory | None = None) -> None:
        self._settings = settings
        self._zone = zone
        self.memory = memory or Memory()

    @property
    def state(self) -> AlarmStateName:
        """What is shown."""
        return self.memory.state

    @property
    def until_ns(self) -> int | None:
        """When the state shown ends by itself; None where it depends on other things than time."""
        return self.memory.until_ns

    @property
    def snoozed(self) -> AlarmKind | None:
        """What is snoozed."""
        return self.memory.snoozed

    @property
    def event_id(self) -> str | None:
        """The event that the alert or the suspicion is about."""
        return self.memory.event_id

    @property
    def is_silent(self) -> bool:
        """Whether all is recorded and shown, and nothing sounds."""
        return self._settings.mode == "silent"

    @property
    def calling(self) -> Calling | None:
        """For what somebody is to be called now, whether or not all rings have been rung."""
        return self.memory.calling

    def recording(self, going_on: bool, now_ns: int) -> list[Transition]:
        """Whether a night is being recorded; without one there is nothing to alarm about."""
        return self._after(now_ns, "bedside", "recording", lambda: self._set(recording=going_on))

    def suspected(self, event_id: str, now_ns: int) -> list[Transition]:
        """The detector suspects a contraction."""
        return self._after(now_ns, "detector", "suspected", lambda: self._suspect(event_id, now_ns))

    def confirmed(self, event_id: str, now_ns: int, *, late: bool = False) -> list[Transition]:
        """The detector has confirmed one. `late`: in data too old to help; for the record, not for the ear."""
        return self._after(now_ns, "detector", "confirmed", lambda: self._confirm(event_id, now_ns, late=late))

    def over(self, event_id: str, now_ns: int) -> list[Transition]:
        """The contraction has ended, or the suspicion was none."""
        return self._after(now_ns, "detector", "over", lambda: self._end(event_id))

    def faults(self, kinds: frozenset[FaultKind], now_ns: int) -> list[Transition]:
        """All that is wrong now; what is no longer among it has been cured."""
        return self._after(now_ns, "bedside", "faults", lambda: self._hold(kinds))

    def command(self, command: Command, now_ns: int) -> list[Transition]:
        """What a person asks for."""
        return self._after(now_ns, command.by, command.do, lambda: self._obey(command, now_ns))

    def tick(self, now_ns: int) -> list[Transition]:
        """What the passing of time has brought. To be called about once a second; late calls lose nothing."""
        return self._after(now_ns, "bedside", "time", lambda: None)

    def clock_set(self, step_ns: int, now_ns: int) -> None:
        """The time of day is so much later than it would be had nobody set it, and `now_ns` at present."""
        self.memory = self.memory.later(step_ns, next_noon_ns(now_ns, self._zone))

    # What is remembered

    def _suspect(self, event_id: str, now_ns: int) -> None:
        known = {suspicion.event_id for suspicion in self.memory.suspicions} | set(self.memory.done)
        if event_id not in known and event_id != self.event_id:
            self._set(suspicions=(*self.memory.suspicions, Suspicion(event_id=event_id, since_ns=now_ns)))

    def _confirm(self, event_id: str, now_ns: int, *, late: bool) -> None:
        self._drop_suspicion(event_id)
        alert = self.memory.alert
        known = event_id in self.memory.done or (alert and alert.event_id == event_id)
        if known or late:  # one that was late and goes on is confirmed again, not late
            return
        self._close_alert()
        self._set(alert=Alert(event_id=event_id, since_ns=now_ns))

    def _end(self, event_id: str) -> None:
        self._drop_suspicion(event_id)
        alert = self.memory.alert
        if alert and alert.event_id == event_id:
            # What other electrodes suspected meanwhile was the same contraction; nobody tells how that ended.
            self._set(alert=msgspec.structs.replace(alert, over=True), suspicions=())
        else:
            self._remember_done(event_id)

    def _hold(self, kinds: frozenset[FaultKind]) -> None:
        acked = tuple(kind for kind in self.memory.acked_faults if kind in kinds)
        self._set(faults=in_order(kinds), acked_faults=acked)

    def _obey(self, command: Command, now_ns: int) -> None:
        until_ns = self._quiet_until_ns(command, now_ns)
        match command.do:
            case "ack":
                self._acknowledge(command.event_id)
            case "snooze" if self._meant(command) == "fault":
                self._set(faults_snoozed_until_ns=until_ns)
            case "snooze":
                self._answer()
                self._set(cramps_snoozed_until_ns=until_ns)
            case "mute":
                self._answer()
                self._set(muted_until_ns=until_ns)
            case "disarm":
                self._answer()
                self._set(disarmed_until_ns=next_time_ns(now_ns, self._settings.arm_at, self._zone))
            case "unmute":
                self._let_sound()
            case "arm":
                self._let_sound()
                self._set(disarmed_until_ns=None)
            case "test":
                pass  # a sound, but no change

    def _acknowledge(self, event_id: str | None) -> None:
        """Answer one event, or whatever there is to be answered: a cramp first, then the faults that stand."""
        alert, state = self.memory.alert, self.state
        if event_id in (None, self.memory.unanswered):
            self._set(unanswered=None)
        if alert and event_id in (None, alert.event_id):
            self._set(alert=msgspec.structs.replace(alert, acked=True, answer_owed=False))
        if event_id is None and state != "ALERT":
            self._set(acked_faults=self.memory.faults)

    def _answer(self) -> None:
        """Somebody is there."""
        if self.memory.alert:
            self._set(alert=msgspec.structs.replace(self.memory.alert, answer_owed=False))
        self._set(unanswered=None)

    def _let_sound(self) -> None:
        self._set(muted_until_ns=None, cramps_snoozed_until_ns=None, faults_snoozed_until_ns=None)

    def _meant(self, command: Command) -> AlarmKind:
        """What a snooze is to silence: what it says, otherwise what sounds or is shown."""
        if command.kind:
            return command.kind
        if self.state in ("ALERT", "ACKED"):
            return "cramp"
        return "fault" if self.state == "FAULT" or self.snoozed == "fault" else "cramp"

    def _quiet_until_ns(self, command: Command, now_ns: int) -> int:
        """When a snooze or a mute ends: never after the night."""
        morning_ns = next_noon_ns(now_ns, self._zone)
        return morning_ns if command.minutes is None else min(now_ns + command.minutes * 60 * NS, morning_ns)

    def _drop_suspicion(self, event_id: str) -> None:
        left = tuple(suspicion for suspicion in self.memory.suspicions if suspicion.event_id != event_id)
        self._set(suspicions=left)

    def _close_alert(self) -> None:
        """Be done with the alert; whether anybody answered stays to be seen."""
        alert = self.memory.alert
        if alert:
            self._remember_done(alert.event_id)
            self._set(alert=None, unanswered=alert.event_id if alert.answer_owed else self.memory.unanswered)

    def _remember_done(self, event_id: str) -> None:
        if event_id not in self.memory.done:
            self._set(done=(*self.memory.done, event_id)[-REMEMBERED_EVENTS:])

    # What time brings

    def _expire(self, now_ns: int) -> None:
        memory = self.memory
        limit_ns = now_ns - round(self._settings.event_limit_s * NS)
        self._set(
            disarmed_until_ns=_unless_past(memory.disarmed_until_ns, now_ns),
            muted_until_ns=_unless_past(memory.muted_until_ns, now_ns),
            cramps_snoozed_until_ns=_unless_past(memory.cramps_snoozed_until_ns, now_ns),
            faults_snoozed_until_ns=_unless_past(memory.faults_snoozed_until_ns, now_ns),
            suspicions=tuple(suspicion for suspicion in memory.suspicions if suspicion.since_ns > limit_ns),
        )
        alert = memory.alert
        if alert:
            has_stood = now_ns - alert.since_ns >= self._settings.latch_s * NS
            if (alert.over and has_stood) or alert.since_ns <= limit_ns:
                self._close_alert()
        if now_ns >= memory.night_end_ns:  # a new night begins with nothing excused and nothing owed
            self._set(night_end_ns=next_noon_ns(now_ns, self._zone), acked_faults=(), unanswered=None)

    # What follows from it

    def _after(self, now_ns: int, by: str, why: Why, change: Callable[[], None]) -> list[Transition]:
        """Make a change, after what time alone has brought, and tell what either did."""
        return self._told(now_ns, "bedside", "time", lambda: self._expire(now_ns)) + self._told(now_ns, by, why, change)

    def _told(self, now_ns: int, by: str, why: Why, change: Callable[[], None]) -> list[Transition]:
        view_before = self._view()
        change()
        self._call(now_ns)
        view = self._view()
        if view == view_before:
            return []
        if (view.state, view.event_id) != (view_before.state, view_before.event_id):
            self._set(since_ns=now_ns)
        self._set(by=by)
        return [
            Transition(
                before=view_before.state,
                after=view.state,
                t_ns=now_ns,
                by=by,
                why=why,
                until_ns=view.until_ns,
                event_id=view.event_id,
                unanswered=view.unanswered is not None,
                faults=view.faults,
            )
        ]

    def _view(self) -> _View:
        memory = self.memory
        alert_id = memory.alert.event_id if memory.alert else None
        seen = self.state, self.event_id, alert_id, self.until_ns
        return _View(*seen, memory.unanswered, memory.faults, memory.calling)

    def _call(self, now_ns: int) -> None:
        """Begin, go on or cease calling somebody."""
        last, calling = self.memory.calling, self._due_call(now_ns)
        if calling is None:
            self._set(calling=None)
            return
        if last and _goes_on(last, calling):
            calling = msgspec.structs.replace(calling, since_ns=last.since_ns)
        elif calling.kind == "cramp" and self.memory.alert:
            self._set(alert=msgspec.structs.replace(self.memory.alert, answer_owed=True))
        rings_s = self._settings.cramp_rings_s if calling.kind == "cramp" else self._settings.fault_rings_s
        spent_ns = calling.since_ns + round((max(rings_s) + self._settings.command_timeout_s) * NS)
        if now_ns >= spent_ns:
            calling = msgspec.structs.replace(calling, spent=True)
            if calling.kind == "cramp":
                self._set(unanswered=calling.event_id)
        self._set(calling=calling)

    def _due_call(self, now_ns: int) -> Calling | None:
        if self.is_silent:
            return None
        if self.state == "ALERT":
            return Calling(kind="cramp", since_ns=now_ns, event_id=self.event_id)
        unanswered = tuple(kind for kind in self.memory.hard_faults if kind not in self.memory.acked_faults)
        return (
            Calling(kind="fault", since_ns=now_ns, faults=unanswered) if self.state == "FAULT" and unanswered else None
        )

    def _set(self, **changes: object) -> None:
        self.memory = msgspec.structs.replace(self.memory, **changes)


def _unless_past(end_ns: int | None, now_ns: int) -> int | None:
    return end_ns if end_ns is not None and now_ns < end_ns else None


def _goes_on(last: Calling, calling: Calling) -> bool:
    """Whether it is the same matter: the same event, or no fault that was not there before."""
    return (last.kind, last.event_id) == (calling.kind, calling.event_id) and set(calling.faults) <= set(last.faults)
