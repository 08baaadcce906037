"""What phones are to be told: each matter once when it begins, the second person when nobody answers, and its end.

Who was called because nobody answered is told as soon as somebody has.
"""

import msgspec

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.alarm.machine import AlarmMachine, Calling
from detector.alarm.messages import FaultKind
from detector.bedside.push_queue import PushNote
from detector.catalogue.catalogue import Catalogue

TEST_GOOD_S = 120.0
"""A test that comes later tests nothing: whoever asked for it has gone to bed."""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What phones were told of and is not over: a cramp by its event, or faults.

    `unanswered`: the second person was called, and nobody has answered since. `answers`: how often somebody has after
    such a call; what was snoozed may sound again. `since_ns`: since when it is called for, by the clock as it is set.
    """

    subject: str
    text: str
    event_id: str | None = None
    faults: tuple[FaultKind, ...] = ()
    unanswered: bool = False
    answers: int = 0
    since_ns: int = 0


class Notes:
    """The notes of one place. `matters` outlasts a restart; a note that is made twice is one to the queue."""

    def __init__(self, place: Place, catalogue: Catalogue, matters: tuple[Matter, ...] = ()) -> None:
        self._place = place
        self._catalogue = catalogue
        self.matters = matters
        self._made: set[tuple[str, str]] = set()

    def due(self, machine: AlarmMachine, text: str, second_person: bool, now_ns: int) -> list[PushNote]:
        """What is to be told now; `text` is what the alarm shows, `second_person` whether nobody has answered."""
        notes = []
        if calling := machine.calling:
            matter = self._matter(calling, text)
            notes.append(self._note(matter, calling.kind, now_ns))
            if second_person:
                notes.append(self._second(calling, matter, now_ns))
        notes += [self._answered(matter, now_ns) for matter in self.matters if _is_answered(matter, machine)]
        notes += [self._over(matter, now_ns) for matter in self.matters if _is_over(matter, machine)]
        new = [note for note in notes if (note.subject, note.stage) not in self._made]
        self._made |= {(note.subject, note.stage) for note in new}
        return new

    def clock_set(self, step_ns: int) -> None:
        """The time of day is so much later than it would be had nobody set it: no matter is another one for that."""
        self.matters = tuple(
            msgspec.structs.replace(matter, since_ns=matter.since_ns + step_ns) for matter in self.matters
        )

    def test(self, identity: str, now_ns: int) -> PushNote:
        """That this is a test."""
        matter = Matter(subject=f"test/{identity}", text=self._catalogue.say("alert.test"))
        note = self._note(matter, "test", now_ns)
        return msgspec.structs.replace(note, good_until_ns=now_ns + round(TEST_GOOD_S * NS))

    def _matter(self, calling: Calling, text: str) -> Matter:
        known = next((matter for matter in self.matters if _is_about(matter, calling)), None)
        if known is None:
            known = Matter(
                subject=calling.event_id or f"{self._place.wearer}/{self._place.site}/faults/{calling.since_ns}",
                text=text,
                event_id=calling.event_id,
                faults=calling.faults,
                since_ns=calling.since_ns,
            )
            self.matters = (*self.matters, known)
        return known

    def _second(self, calling: Calling, matter: Matter, now_ns: int) -> PushNote:
        seconds = round((now_ns - calling.since_ns) / NS)
        text = self._catalogue.say(
            "alert.second_person", wearer=self._place.wearer, site=self._place.site, seconds=seconds
        )
        note = self._note(matter, _numbered("unanswered", matter), now_ns)
        self._change(matter, unanswered=True)
        return msgspec.structs.replace(note, audience="second", text=text)

    def _answered(self, matter: Matter, now_ns: int) -> PushNote:
        note = self._note(matter, _numbered("answered", matter), now_ns)
        self._change(matter, unanswered=False, answers=matter.answers + 1)
        return msgspec.structs.replace(note, audience="told", text=self._catalogue.say("alert.answered"))

    def _over(self, matter: Matter, now_ns: int) -> PushNote:
        self.matters = tuple(other for other in self.matters if other is not matter)
        note = self._note(matter, "over", now_ns)
        text = self._catalogue.say("alert.resolved", what=matter.text)
        return msgspec.structs.replace(note, audience="told", text=text)

    def _change(self, matter: Matter, **changes: object) -> None:
        changed = msgspec.structs.replace(matter, **changes)
        self.matters = tuple(changed if other is matter else other for other in self.matters)

    def _note(self, matter: Matter, stage: str, now_ns: int) -> PushNote:
        kind = self._catalogue.say("name.FAULT" if matter.faults else "name.ALERT")
        return PushNote(
            subject=matter.subject,
            stage=stage,
            audience="first",
            kind="fault" if matter.faults else "cramp",
            wearer=self._place.wearer,
            site=self._place.site,
            title=f"{kind}: {self._place.wearer}, {self._place.site}",
            text=matter.text,
            t_ns=now_ns,
        )


def _is_about(matter: Matter, calling: Calling) -> bool:
    """Calls for faults differ by when they began."""
    if calling.event_id:
        return matter.event_id == calling.event_id
    return matter.event_id is None and matter.since_ns == calling.since_ns


def _is_over(matter: Matter, machine: AlarmMachine) -> bool:
    if matter.faults:
        return not set(matter.faults) & set(machine.memory.faults)
    alert = machine.memory.alert
    return alert is None or alert.event_id != matter.event_id


def _is_answered(matter: Matter, machine: AlarmMachine) -> bool:
    alert = machine.memory.alert
    return matter.unanswered and alert is not None and alert.event_id == matter.event_id and not alert.answer_owed


def _numbered(stage: str, matter: Matter) -> str:
    """A note of its own each time: of two with the same stage, the queue keeps the first."""
    return f"{stage} {matter.answers + 1}" if matter.answers else stage
