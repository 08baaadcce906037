"""A night of one place as lines: what was detected, what was felt, what was said, in order of time."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from collector.contract.nights import bounds_ns
from collector.contract.topics import Place
from crampwatch.answering import clock
from crampwatch.config import Config
from crampwatch.happenings import events
from detector.alarm.messages import Command, EveningNote, FeltCramp, Verdict
from detector.diary.diary import Diary
from detector.events import Event

VERDICTS = {"cramp": "a cramp", "not": "no cramp", "unsure": "not sure"}


class _Line(NamedTuple):
    """Something that happened, and when."""

    t_ns: int
    text: str


def listing(diary: Diary, place: Place, night: date, config: Config) -> list[str]:
    """The lines of a night, the first being its heading."""
    span_ns = bounds_ns(night, config.zone)
    verdicts = diary.verdicts(place)
    lines = [_Line(event.onset_ns, _event(event, verdicts)) for event in events(config, [place], span_ns)]
    lines += [_Line(cramp.felt_ns, _felt(cramp)) for cramp in diary.cramps(place, night, config.zone)]
    lines += [_Line(wish.t_ns, _wish(wish)) for wish in diary.between(place, Command, span_ns)]
    heading = f"{place.wearer} {place.site}, night of {night}:"
    notes = [f"  {text}" for note in diary.evening(place, night) for text in _evening(note)]
    told = [f"  {clock(line.t_ns, config)}  {line.text}" for line in sorted(lines)]
    return [heading, *notes, *told] if notes or told else [f"{heading} nothing was detected or said."]


def _event(event: Event, verdicts: dict[str, Verdict]) -> str:
    kind = "alert" if event.was_alert else "candidate"
    lasted = "going on" if event.duration_s is None else f"{event.duration_s:.0f} s"
    said = verdicts.get(event.id)
    judged = f"{VERDICTS[said.verdict]}, says {said.by}" if said else "no verdict yet"
    return f"{kind}, {lasted}: {judged}  [{event.id}]"


def _felt(cramp: FeltCramp) -> str:
    known = {
        "pain": cramp.pain and f"{cramp.pain} of 10",
        "lasted": cramp.duration_s and f"{cramp.duration_s:g} s",
        "leg": cramp.leg,
        "muscle": cramp.muscle,
        "note": cramp.note,
    }
    return "; ".join(["felt a cramp", *(f"{name} {value}" for name, value in known.items() if value)])


def _wish(wish: Command) -> str:
    if wish.do in ("snooze", "mute"):
        lasts = f" for {wish.minutes} min" if wish.minutes else " until the morning"
    else:
        lasts = ""
    return f"{wish.do}{lasts}, by {wish.by}"


def _evening(note: EveningNote) -> Iterator[str]:
    for name in ("text", "alcohol", "coffee", "exercise", "medicine"):
        if value := getattr(note, name):
            yield f"{'note' if name == 'text' else name}: {value}"
