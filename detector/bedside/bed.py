"""The alarm of one place: what is heard of its collector and detector goes in, what is to sound and be told comes out.

Time is handed in; nothing here publishes, sounds or files.
"""

from zoneinfo import ZoneInfo

import msgspec

from collector.contract.errors import Inconsistent
from collector.contract.messages import NS, Faults, Health, SampleBlock, Status
from collector.contract.topics import Place
from detector.alarm.faults import FaultMemory, FaultWatch
from detector.alarm.machine import AlarmMachine, Memory
from detector.alarm.messages import AlarmKind, AlarmState, Command, FaultKind, Transition, Verdict
from detector.alarm.ringing import Ring, Ringing
from detector.alarm.settings import AlarmSettings
from detector.alarm.telling import state_message
from detector.bedside.inbox import check_fresh
from detector.bedside.notes import Matter, Notes
from detector.bedside.push_queue import PushNote
from detector.bedside.tonight import NightFigures, Tonight
from detector.catalogue.catalogue import Catalogue
from detector.diary.entries import Latency, Said
from detector.messages import EventMessage
from detector.muscles import alert_sentence
from detector.sight import Seen

FRESH_S = 120.0
"""What the broker kept of the detector's word counts for this long: an older cramp is over or has woken the sleeper."""
HEARD_S = 15.0
"""The detector speaks every 10 s; while it has not for longer, nothing is watched."""


class BedMemory(msgspec.Struct, frozen=True, kw_only=True):
    """All that has to outlast a restart. `said_ns` is when the detector spoke last, by its own clock."""

    machine: Memory = Memory()
    faults: FaultMemory = FaultMemory()
    said_ns: int = 0
    latency: Latency | None = None
    latest_event: str | None = None
    matters: tuple[Matter, ...] = ()
    tonight: Tonight | None = None


class Bed:
    """What one place's alarm knows. After each input, `look` tells what time has brought."""

    def __init__(
        self,
        place: Place,
        settings: AlarmSettings,
        zone: ZoneInfo,
        catalogue: Catalogue,
        now_ns: int,
        memory: BedMemory | None = None,
    ) -> None:
        known = memory or BedMemory()
        # Where the clock was set back while nobody looked, go on from the last look, and then set the clock.
        begin_ns = max(now_ns, known.tonight.t_ns if known.tonight else 0)
        self.place = place
        self.latest_event = known.latest_event
        self._zone = zone
        self._catalogue = catalogue
        self._machine = AlarmMachine(settings, zone, known.machine)
        self._faults = FaultWatch(settings, zone, begin_ns, known.faults)
        self._ringing = Ringing(settings)
        self._notes = Notes(place, catalogue, known.matters)
        self._figures = NightFigures(zone, begin_ns, known.tonight)
        self._latency = self._filed_latency = known.latency
        self._seen: tuple[Seen, int] | None = None
        self._said_ns = known.said_ns
        self._ended: str | None = None  # the session that has come to its end
        self._tests: list[Command] = []
        self._happened: list[Transition] = []
        self.clock_set(now_ns - begin_ns, now_ns)

    # What is heard

    def status(self, status: Status, now_ns: int) -> None:
        """Whether the collector is there."""
        self._ended = status.session if status.state == "ended" else None
        self._faults.status(status, now_ns)

    @property
    def has_ended(self) -> bool:
        """Whether the collector's last word was that its session is complete."""
        return self._ended is not None

    def health(self, health: Health, now_ns: int) -> None:
        """The collector's account of itself; what it still says of a night that has ended does not begin it again."""
        if health.session is not None and health.session == self._ended:
            return
        self._faults.health(health, now_ns)
        self._figures.health(now_ns, health)

    def reported(self, faults: Faults, now_ns: int) -> None:
        """What the collector says is wrong."""
        self._faults.reported(faults, now_ns)

    def temperature(self, block: SampleBlock, now_ns: int) -> None:
        """The skin temperature."""
        self._figures.temperature(now_ns, block)

    def host(self, kind: FaultKind, now_ns: int, trouble: str | None) -> None:
        """What the bedside itself finds wrong with what all places share; None: nothing."""
        self._faults.host(kind, now_ns, wrong=trouble is not None, detail=trouble or "")

    def seen(self, seen: Seen, now_ns: int, *, retained: bool) -> None:
        """What the detector sees. It also tells of the events whose own messages were missed."""
        if retained and abs(now_ns - seen.t_ns) > FRESH_S * NS:
            return  # the last word of a detector that may be gone
        if retained and seen.t_ns < self._said_ns:
            return  # it has said something else since, such as that there is a cramp
        self._said_ns = seen.t_ns
        self._faults.seen(seen, now_ns)
        self._seen = seen, now_ns
        alert = self._machine.memory.alert
        if seen.state == "CANDIDATE" and seen.event_id:
            self._happened += self._machine.suspected(seen.event_id, now_ns)
        elif seen.state == "ALERT" and seen.event_id:
            self._confirmed(seen.event_id, now_ns, late=False)
        elif seen.state == "WATCHING" and alert and not alert.over:
            self._happened += self._machine.over(alert.event_id, now_ns)
        if seen.state == "WATCHING":
            for suspicion in self._machine.memory.suspicions:
                self._happened += self._machine.over(suspicion.event_id, now_ns)

    def event(self, event: EventMessage, now_ns: int) -> None:
        """A cramp, at one of its stages."""
        self._figures.event(now_ns, event)
        self._said_ns = event.t_ns
        if event.stage == "confirmed":
            known = self._latency is not None and self._latency.event_id == event.id
            if not event.late and not known:
                self._latency = _latency(event, now_ns)
            self._confirmed(event.id, now_ns, late=event.late)
        else:
            self._happened += self._machine.over(event.id, now_ns)

    def command(self, command: Command, now_ns: int) -> None:
        """What a person asks for; raises Stale for what was asked too long ago."""
        check_fresh(command, now_ns)
        if command.do == "test":
            self._tests.append(command)
        elif _is_answer(command) and command.event_id in (None, *self._to_be_answered):
            self._answered(now_ns)
        self._happened += self._machine.command(command, now_ns)

    def verdict(self, verdict: Verdict, now_ns: int) -> None:
        """What a person says an event was; who says so about the one that sounds has heard it."""
        self._figures.verdict(verdict.event_id, verdict.verdict)
        if verdict.event_id in self._to_be_answered:
            self._answered(now_ns)
            said = Command(do="ack", by=verdict.by, t_ns=now_ns, event_id=verdict.event_id, id=verdict.id)
            self._happened += self._machine.command(said, now_ns)

    def clock_set(self, step_ns: int, now_ns: int) -> None:
        """The time of day is so much later than it would be had nobody set it: all stays as old as it was."""
        if step_ns:
            self._machine.clock_set(step_ns, now_ns)
            self._faults.clock_set(step_ns)
            self._ringing.clock_set(step_ns)
            self._notes.clock_set(step_ns)
            self._figures.clock_set(step_ns)
            self._seen = self._seen and (self._seen[0], self._seen[1] + step_ns)

    # What comes of it

    def look(self, now_ns: int) -> None:
        """Take note of the passing of time."""
        recording = self._faults.recording(now_ns)
        standing = self._faults.standing(now_ns)
        self._happened += self._machine.recording(recording, now_ns)
        self._happened += self._machine.faults(frozenset(fault.kind for fault in standing), now_ns)
        self._happened += self._machine.tick(now_ns)
        self._figures.passed(now_ns, recording=recording, watched=self._is_watched(now_ns))

    @property
    def called_for(self) -> AlarmKind | None:
        """What somebody is called for now."""
        calling = self._machine.calling
        return calling.kind if calling else None

    def ring(self, now_ns: int) -> Ring | None:
        """The sound to be made now, if one is due. A test waits for nothing, but a cramp goes before it."""
        ring = self._ringing.due(self._machine.calling, now_ns)
        return self._ringing.test() if ring is None and self._tests else ring

    def words(self, ring: Ring, now_ns: int) -> str:
        """What a sound is about."""
        return self._catalogue.say("alert.test") if ring.kind == "test" else self.state(now_ns).text

    def sounded(self, ring: Ring, now_ns: int) -> None:
        """The sound has begun."""
        latency = self._latency
        if ring.kind == "cramp" and latency and latency.sounded_ns is None and self._is_about_alert(latency):
            self._latency = msgspec.structs.replace(latency, sounded_ns=now_ns)

    def notes(self, text: str, now_ns: int) -> list[PushNote]:
        """What phones are to be told; `text` is what is shown."""
        second = self._ringing.second_person_due(self._machine.calling, now_ns)
        tests = [self._notes.test(command.id, now_ns) for command in self._tests]
        self._tests = []
        return self._notes.due(self._machine, text, second, now_ns) + tests

    def state(self, now_ns: int) -> AlarmState:
        """What is shown."""
        faults = self._faults.standing(now_ns)
        return state_message(self._machine, faults, self._catalogue, self._zone, now_ns, self._alert_text())

    def tonight(self, now_ns: int) -> Tonight:
        """The night's figures so far."""
        return self._figures.message(now_ns)

    def said(self) -> list[Said]:
        """What is to be filed now: what happened since the last call."""
        happened: list[Said] = [*self._happened]
        if self._latency and self._latency != self._filed_latency:
            happened.append(self._latency)
        self._happened, self._filed_latency = [], self._latency
        return happened

    def memory(self, now_ns: int) -> BedMemory:
        """What to file beside it."""
        return BedMemory(
            machine=self._machine.memory,
            faults=self._faults.memory,
            said_ns=self._said_ns,
            latency=self._latency,
            latest_event=self.latest_event,
            matters=self._notes.matters,
            tonight=self.tonight(now_ns),
        )

    def _confirmed(self, event_id: str, now_ns: int, *, late: bool) -> None:
        self.latest_event = event_id
        self._happened += self._machine.confirmed(event_id, now_ns, late=late)

    def _answered(self, now_ns: int) -> None:
        latency = self._latency
        if latency and latency.acknowledged_ns is None and latency.event_id in self._to_be_answered:
            self._latency = msgspec.structs.replace(latency, acknowledged_ns=now_ns)

    @property
    def _to_be_answered(self) -> tuple[str, ...]:
        """The events that an answer may be about: the alert's, and one that ended before anybody answered."""
        memory = self._machine.memory
        return tuple(it for it in (memory.alert and memory.alert.event_id, memory.unanswered) if it)

    def _is_about_alert(self, latency: Latency) -> bool:
        alert = self._machine.memory.alert
        return alert is not None and alert.event_id == latency.event_id

    def _is_watched(self, now_ns: int) -> bool:
        """Whether a cramp would be seen now."""
        if self._seen is None:
            return False
        seen, heard_ns = self._seen
        return seen.state != "OFFLINE" and seen.blind is None and now_ns - heard_ns <= HEARD_S * NS

    def _alert_text(self) -> str:
        latency = self._latency
        if latency is None or not self._is_about_alert(latency):
            return ""
        return alert_sentence(self.place.site, (latency.confirmed_ns - latency.onset_ns) / NS, self._catalogue)


def _is_answer(command: Command) -> bool:
    """Whether it shows that somebody has heard the cramp's sound."""
    return command.do in ("ack", "snooze", "mute", "disarm") and command.kind != "fault"


def _latency(event: EventMessage, now_ns: int) -> Latency:
    """Raises Inconsistent for times that nobody could file."""
    times = {
        "onset_ns": event.onset_ns,
        "suspected_ns": event.suspected_ns,
        "confirmed_ns": event.alerted_ns or event.suspected_ns,
        "published_ns": event.t_ns,
        "delivered_ns": now_ns,
    }
    try:
        return msgspec.convert({"event_id": event.id, **times}, Latency)
    except msgspec.ValidationError as error:
        raise Inconsistent(f"the times of event {event.id} cannot be: {error}") from error
