"""What night store and diary know of one wearer's site: all that a dashboard may show of it."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS, Health
from collector.contract.nights import Interval, night_of
from collector.contract.topics import Place
from detector.alarm.messages import EveningNote, FeltCramp, Transition, Verdict
from detector.alarm.preflight_message import Preflight
from detector.diary.diary import Diary
from detector.diary.entries import Latency
from detector.night_record import NightRecord
from detector.store import NightStore, StoredSession

MINUTE_NS = 60 * NS
HEALTHS = """SELECT json FROM health JOIN session ON session.id = health.session WHERE wearer = ? AND site = ?
 AND session.start_ns < (minute + 1) * 60000000000 AND session.end_ns >= minute * 60000000000 ORDER BY minute"""
"""What the collector told within the session's own time. In a demonstration it tells by the clock on the wall of a
night that is played at another time: there is no minute of that night to which it belongs."""
UNWATCHED = """SELECT unwatched.start_ns, unwatched.end_ns, cause FROM unwatched JOIN session ON session.id = session
 WHERE wearer = ? AND site = ? ORDER BY unwatched.start_ns"""
"""As they were filed; a NightRecord rounds those at an end of the night to its end."""


@dataclass(frozen=True)
class StoredNight:
    """A night, and the sessions it consists of."""

    record: NightRecord
    sessions: list[StoredSession]

    @property
    def is_complete(self) -> bool:
        return all(session.complete for session in self.sessions)

    @property
    def counts(self) -> bool:
        """By the rule in words: watched for four hours, and for four fifths of the recording."""
        return self.record.watched_s >= max(4 * 3600, 0.8 * self.record.recorded_s)

    @property
    def kind(self) -> tuple[bool, str]:
        """Nights that differ in this are not counted together."""
        return self.record.simulated, self.record.parameters_hash

    @property
    def summary_ns(self) -> int:
        return ten_in_the_evening_ns(self.record.night)


@dataclass(frozen=True)
class Told:
    """What the diary says of one wearer's site; all of it in order of time, and empty where there is no diary."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    latencies: dict[str, Latency] = field(default_factory=dict)
    felt: list[FeltCramp] = field(default_factory=list)
    changes: list[Transition] = field(default_factory=list)
    notes: list[EveningNote] = field(default_factory=list)
    looks: list[Preflight] = field(default_factory=list)

    def answerer(self, latency: Latency | None) -> str | None:
        """Who changed the alarm when it was answered, other than the alarm itself."""
        people = {change.t_ns: change.by for change in self.changes if change.by not in ("detector", "bedside")}
        return None if latency is None or latency.acknowledged_ns is None else people[latency.acknowledged_ns]


@dataclass(frozen=True)
class Stored:
    """All nights of one wearer's site, in order of time, what was not watched, what its collector told, the diary."""

    place: Place
    zone: ZoneInfo
    nights: list[StoredNight]
    unwatched: list[Interval]
    healths: list[Health]
    told: Told

    def night(self, evening: str) -> StoredNight | None:
        """The night of that date, if there is one."""
        return next((night for night in self.nights if night.record.night.isoformat() == evening), None)


def read(path: Path, zone: ZoneInfo) -> list[Stored]:
    """Everything in a night store and in the diary beside it, by wearer and site."""
    with NightStore(path, read_only=True) as store:
        sessions = store.sessions()
        places = dict.fromkeys(session.info.place for session in sessions)
        nights = {place: list(_nights(store, place, sessions, zone)) for place in places}
    with closing(sqlite3.connect(path)) as db:
        return [
            Stored(place, zone, nights[place], _unwatched(db, place), _healths(db, place), _told(path, place))
            for place in places
        ]


def ten_in_the_evening_ns(day: date) -> int:
    """22:00 UTC, where the summary of an evening's night lies."""
    return round(datetime.combine(day, time(22), UTC).timestamp()) * NS


def _nights(
    store: NightStore, place: Place, sessions: Iterable[StoredSession], zone: ZoneInfo
) -> Iterable[StoredNight]:
    by_evening: dict[date, list[StoredSession]] = {}
    for session in sessions:
        if session.info.place == place:
            by_evening.setdefault(night_of(session.start_ns, zone), []).append(session)
    for evening in sorted(by_evening):
        yield StoredNight(store.record(*place, evening, zone), by_evening[evening])


def _unwatched(db: sqlite3.Connection, place: Place) -> list[Interval]:
    return [Interval(*row) for row in db.execute(UNWATCHED, place)]


def _healths(db: sqlite3.Connection, place: Place) -> list[Health]:
    return [msgspec.json.decode(encoded, type=Health) for (encoded,) in db.execute(HEALTHS, place)]


def _told(store: Path, place: Place) -> Told:
    path = store.with_name("diary.sqlite")
    if not path.exists():
        return Told()
    with Diary(path, read_only=True) as diary:
        return Told(
            diary.verdicts(place),
            {latency.event_id: latency for latency in diary.latencies(place)},
            diary.between(place, FeltCramp),
            diary.transitions(place),
            diary.between(place, EveningNote),
            diary.between(place, Preflight),
        )
