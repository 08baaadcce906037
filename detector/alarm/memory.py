"""What the alarm of one place remembers, and the state that follows from it."""

from typing import TypeVar

import msgspec

from detector.alarm.messages import AlarmKind, AlarmStateName, FaultKind
from detector.alarm.precedence import sounding


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed event that is not done with."""

    event_id: str
    since_ns: int
    over: bool = False
    acked: bool = False
    answer_owed: bool = False
    """It was sounded, and nobody has answered since."""


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """An event that may become a cramp."""

    event_id: str
    since_ns: int


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is being called: for what, and since when the rings count. `spent`: all have been rung."""

    kind: AlarmKind
    since_ns: int
    event_id: str | None = None
    faults: tuple[FaultKind, ...] = ()
    spent: bool = False


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """All that the machine remembers, to be stored with each transition. Ends are absolute times."""

    recording: bool = False
    disarmed_until_ns: int | None = None
    muted_until_ns: int | None = None
    cramps_snoozed_until_ns: int | None = None
    faults_snoozed_until_ns: int | None = None
    night_end_ns: int = 0
    suspicions: tuple[Suspicion, ...] = ()
    alert: Alert | None = None
    done: tuple[str, ...] = ()
    unanswered: str | None = None
    faults: tuple[FaultKind, ...] = ()
    acked_faults: tuple[FaultKind, ...] = ()
    calling: Calling | None = None
    since_ns: int = 0
    by: str = "bedside"

    def later(self, step_ns: int, night_end_ns: int) -> "Memory":
        """The same by a clock that was set by so much: all is as old as it was, and what was asked for lasts as long.

        Noon and the time of arming are the wall clock's, and stay; the night ends at `night_end_ns`. A set clock alone
        begins no new night.
        """

        def ending(end_ns: int | None) -> int | None:
            return end_ns if end_ns in (None, self.night_end_ns) else min((end_ns or 0) + step_ns, night_end_ns)

        return msgspec.structs.replace(
            self,
            since_ns=self.since_ns + step_ns,
            muted_until_ns=ending(self.muted_until_ns),
            cramps_snoozed_until_ns=ending(self.cramps_snoozed_until_ns),
            faults_snoozed_until_ns=ending(self.faults_snoozed_until_ns),
            night_end_ns=night_end_ns,
            suspicions=tuple(_later(suspicion, step_ns) for suspicion in self.suspicions),
            alert=self.alert and _later(self.alert, step_ns),
            calling=self.calling and _later(self.calling, step_ns),
        )

    @property
    def state(self) -> AlarmStateName:
        """What is shown: the first of these that applies."""
        alert = self.alert
        order: tuple[tuple[object, AlarmStateName], ...] = (
            (not self.recording or self.disarmed_until_ns, "DISARMED"),
            (self.muted_until_ns, "MUTED"),
            (alert and not alert.acked and not self.cramps_snoozed_until_ns, "ALERT"),
            (self.hard_faults and not self.faults_snoozed_until_ns, "FAULT"),
            (alert and alert.acked, "ACKED"),
            (self.snoozed, "SNOOZED"),
            (self.suspicions, "CANDIDATE"),
        )
        return next((name for applies, name in order if applies), "WATCHING")

    @property
    def until_ns(self) -> int | None:
        """When the state shown ends by itself; None where it depends on other things than time."""
        snoozed_until_ns = self.cramps_snoozed_until_ns if self.snoozed == "cramp" else self.faults_snoozed_until_ns
        ends: dict[AlarmStateName, int | None] = {
            "DISARMED": self.disarmed_until_ns,
            "MUTED": self.muted_until_ns,
            "SNOOZED": snoozed_until_ns,
        }
        return ends.get(self.state)

    @property
    def snoozed(self) -> AlarmKind | None:
        """What is snoozed. That of faults shows only while there is one: without, all is watched as ever."""
        if self.cramps_snoozed_until_ns:
            return "cramp"
        return "fault" if self.faults_snoozed_until_ns and self.hard_faults else None

    @property
    def event_id(self) -> str | None:
        """The event that the alert or the suspicion is about."""
        if self.alert:
            return self.alert.event_id
        return self.suspicions[0].event_id if self.suspicions else None

    @property
    def hard_faults(self) -> tuple[FaultKind, ...]:
        """The faults that sound."""
        return sounding(self.faults)


Begun = TypeVar("Begun", Alert, Suspicion, Calling)


def _later(begun: Begun, step_ns: int) -> Begun:
    return msgspec.structs.replace(begun, since_ns=begun.since_ns + step_ns)
