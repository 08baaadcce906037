"""The nights in the night store, and what was said of them, put into words."""

from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch.page.said import felt, noted
from crampwatch.page.wording import Wording, name_of, path_of
from detector.alarm.messages import Verdict
from detector.candidates import is_movement
from detector.diary.diary import Diary
from detector.events import Event
from detector.night_record import ENOUGH_WATCHED
from detector.store import NightKey, NightStore
from detector.store_record import Outline, outline
from detector.store_schema import connect, read_from

LISTED = 30
"""How many nights the list shows, the latest first: a month."""


@dataclass(frozen=True)
class Line:
    """A night in the list."""

    path: str
    night: str
    name: str
    summary: str
    unjudged: str


@dataclass(frozen=True)
class Judged:
    """An alert or a candidate, and what a person said it was; of a candidate the detector's reason, in English."""

    event_id: str
    text: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class NightView:
    """One night, for who looks back on it."""

    place: str
    path: str
    date: str
    night: str
    name: str
    summary: str
    simulated: bool
    alerts: list[Judged]
    candidates: list[Judged]
    felt: list[str]
    notes: list[list[tuple[str, str]]]  # for each evening note the names and texts of its parts


class Nights:
    """Reads the night store, as it is at the moment of asking."""

    def __init__(self, store: Path, wording: Wording) -> None:
        self._store = store
        self._wording = wording

    def lines(self, diary: Diary) -> list[Line]:
        """The latest nights; none where there is no night store yet. Raises BadStore."""
        if not self._store.exists():
            return []
        with NightStore(self._store, read_only=True) as store:
            keys = store.nights(self._wording.zone)[-LISTED:]
        verdicts = diary.verdicts()
        found = [(key, it) for key in reversed(keys) if (it := self.outline(key)) is not None]
        return [self._line(key, it, verdicts) for key, it in found]

    def view(self, key: NightKey, diary: Diary) -> NightView | None:
        """One night; None when nothing was recorded in it. Raises BadStore."""
        it = self.outline(key)
        if it is None:
            return None
        place = Place(key.wearer, key.site)
        verdicts, cramps = diary.verdicts(place), diary.cramps(place, key.night, self._wording.zone)
        return NightView(
            place=path_of(place),
            path=path_to(key),
            date=key.night.isoformat(),
            night=self._wording.night(key.night),
            name=name_of(place),
            summary=self._summary(it),
            simulated=it.info.simulated,
            alerts=[self._judged(event, it, verdicts) for event in _alerts(it)],
            candidates=[self._judged(event, it, verdicts) for event in _candidates(it)],
            felt=[felt(cramp, it.start_ns, self._wording) for cramp in cramps],
            notes=[noted(note, self._wording) for note in diary.evening(place, key.night)],
        )

    def outline(self, key: NightKey) -> Outline | None:
        """What the night store tells of a night without its seconds; None when nothing was recorded in it."""
        if not self._store.exists():
            return None
        with read_from(self._store), closing(connect(self._store, read_only=True)) as db:
            return outline(db, Place(key.wearer, key.site), key.night, self._wording.zone)

    def _line(self, key: NightKey, it: Outline, verdicts: dict[str, Verdict]) -> Line:
        unjudged = sum(event.id not in verdicts for event in _alerts(it))
        return Line(
            path=path_to(key),
            night=self._wording.night(key.night),
            name=name_of(Place(key.wearer, key.site)),
            summary=self._summary(it),
            unjudged=self._wording.say("page.unjudged", n=unjudged) if unjudged else "",
        )

    def _summary(self, it: Outline) -> str:
        """Never a count without the time that was watched, and no zero where that was little."""
        say, duration = self._wording.say, self._wording.duration
        recorded_s, times = (it.end_ns - it.start_ns) / NS, [self._clock(event.onset_ns, it) for event in _alerts(it)]
        watched = say("page.watched", watched=duration(it.watched_s), recorded=duration(recorded_s))
        if not times and it.watched_s < ENOUGH_WATCHED * recorded_s:
            return f"{say('page.too_little')} {watched}"
        if not times:
            return f"{say('page.no_alert')} {watched}"
        return f"{say('page.alerts', n=len(times), times=', '.join(times))} {watched}"

    def _judged(self, event: Event, it: Outline, verdicts: dict[str, Verdict]) -> Judged:
        time = self._clock(event.onset_ns, it)
        length = event.duration_s
        text = (
            self._wording.say("page.going_on", time=time)
            if length is None
            else self._wording.say("page.lasted", time=time, duration=self._wording.duration(length))
        )
        verdict = verdicts.get(event.id)
        return Judged(event.id, text, verdict.verdict if verdict else "", "" if event.was_alert else event.reason)

    def _clock(self, t_ns: int, it: Outline) -> str:
        return self._wording.clock(t_ns, it.start_ns)


def key_of(place: Place, night: str) -> NightKey | None:
    """A night by its address; None where that is no date."""
    try:
        return NightKey(*place, date.fromisoformat(night))
    except ValueError:
        return None


def path_to(key: NightKey) -> str:
    """The address of a night."""
    return f"/nights/{key.wearer}/{key.site}/{key.night.isoformat()}"


def _alerts(it: Outline) -> list[Event]:
    return [event for event in it.events if event.was_alert]


def _candidates(it: Outline) -> list[Event]:
    """What was suspected and turned down, but for what was as short as a leg movement: those are dozens a night."""
    return [event for event in it.events if event.stage == "rejected" and not is_movement(event)]
