"""What phones are to be told: each matter once when it begins, the second person when nobody answers, and its end."""

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
    """What phones were told of and is not over: a cramp by its event, or faults."""

    subject: str
    text: str
    event_id: str | None = None
    faults: tuple[FaultKind, ...] = ()


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
        notes += [self._over(matter, now_ns) for matter in self.matters if _is_over(matter, machine)]
        new = [note for note in notes if (note.subject, note.stage) not in self._made]
        self._made |= {(note.subject, note.stage) for note in new}
        return new

    def test(self, identity: str, now_ns: int) -> PushNote:
        """That this is a test."""
        matter = Matter(subject=f"test/{identity}", text=self._catalogue.say("alert.test"))
        note = self._note(matter, "test", now_ns)
        return msgspec.structs.replace(note, good_until_ns=now_ns + round(TEST_GOOD_S * NS))

    def _matter(self, calling: Calling, text: str) -> Matter:
        subject = calling.event_id or f"{self._place.wearer}/{self._place.site}/faults/{calling.since_ns}"
        known = next((matter for matter in self.matters if matter.subject == subject), None)
        if known is None:
            known = Matter(subject=subject, text=text, event_id=calling.event_id, faults=calling.faults)
            self.matters = (*self.matters, known)
        return known

    def _second(self, calling: Calling, matter: Matter, now_ns: int) -> PushNote:
        seconds = round((now_ns - calling.since_ns) / NS)
        text = self._catalogue.say(
            "alert.second_person", wearer=self._place.wearer, site=self._place.site, seconds=seconds
        )
        note = self._note(matter, "unanswered", now_ns)
        return msgspec.structs.replace(note, audience="second", text=text)

    def _over(self, matter: Matter, now_ns: int) -> PushNote:
        self.matters = tuple(other for other in self.matters if other is not matter)
        note = self._note(matter, "over", now_ns)
        text = self._catalogue.say("alert.resolved", what=matter.text)
        return msgspec.structs.replace(note, audience="told", text=text)

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


def _is_over(matter: Matter, machine: AlarmMachine) -> bool:
    if matter.faults:
        return not set(matter.faults) & set(machine.memory.faults)
    alert = machine.memory.alert
    return alert is None or alert.event_id != matter.event_id
