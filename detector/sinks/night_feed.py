"""The night store as points, in the order in which it changed: a portion at a time, so memory does not grow."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import reduce
from operator import or_
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from collector.contract.messages import NS
from collector.contract.nights import bounds_ns, night_of
from collector.contract.topics import Place
from detector import store_changes, store_record
from detector.batch import SessionInfo
from detector.events import Event
from detector.frames import CAUSES
from detector.posture import WORN, posture_of
from detector.sinks.diary_points import felt_point, night_counts
from detector.sinks.diary_view import UNHEARD, DiaryView
from detector.sinks.event_points import event_point, ms
from detector.sinks.influx_schema import (
    CANDIDATE,
    COLLECTOR,
    CRAMP,
    EMG,
    LEG,
    LINK,
    NIGHT,
    STREAM,
    UNWATCHED,
    WEEK,
    Point,
    Value,
    monday_of,
    night_ns,
)
from detector.sinks.minute import Minute
from detector.sinks.summaries import NIGHTS_A_WEEK, Sessions, alerts_of, night_values, week_values
from detector.store_changes import MINUTE_NS, Change
from detector.store_schema import BadStore, connect, read_from

PORTION_MINUTES = 250
"""InfluxDB likes some thousand points at a time: a minute has four, with eight channels eleven. As the store is read in
portions of this size, it is also what is in memory at once."""

AMONG = "SELECT value FROM json_each(?)"

_WITHDRAWN: dict[str, dict[str, Value]] = {
    "alert": {"stage": "withdrawn", "duration_s": 0.0},
    "candidate": {"stage": "withdrawn", "duration_s": 0.0},
    "unwatched": {"cause": "withdrawn", "duration_s": 0.0},
}
"""What is taken back lasts for nothing, so that sums come out right."""
_KINDS = {"alert": CRAMP, "candidate": CANDIDATE, "unwatched": UNWATCHED}


class Portion(NamedTuple):
    """Points, the number of the last change they tell of, and how many minutes, or entries of the diary, changed."""

    points: list[Point]
    seq: int
    minutes: int


class NightFeed:
    """Reads a night store beside its writer; raises BadStore. `zone` says which night a session belongs to.

    With a `diary` each event has what was said of it, and each night the cramps that were felt in it.
    """

    def __init__(self, path: Path, zone: ZoneInfo, diary: DiaryView | None = None) -> None:
        self._path = path
        self._db = connect(path, read_only=True)
        self._inode = _inode(path)
        self.zone = zone
        self._diary = diary
        self._known_channels: dict[str, str] = {}
        try:
            with read_from(path):
                self.store_id = store_changes.store_id(self._db)
        except BadStore as error:
            self._db.close()
            if not isinstance(error.__cause__, sqlite3.OperationalError):
                raise
            raise BadStore(
                f"{path}: an earlier version wrote this night store; start the detector once, it brings it up to date"
            ) from error

    def after(self, seq: int, minutes: int = PORTION_MINUTES) -> Portion:
        """Every point of the minutes that changed after the change numbered `seq`, at most so many; raises BadStore."""
        self._known_channels.clear()
        with read_from(self._path), self._one_view():
            changes = store_changes.since(self._db, seq, minutes)
            points = [point for change in changes for point in self._withdrawn(change)]
            for minute in dict.fromkeys(found for change in changes if (found := self._minute(change))):
                points += self._points(minute)
            nights = self._nights(AMONG, sorted({change.session for change in changes}))
            for place, night in nights:
                points += [*self._night(place, night), *self._felt(place, night)]
            for place, monday in {(place, monday_of(night)) for place, night in nights}:
                points += self._week(place, monday)
        return Portion(points, changes[-1].seq if changes else seq, len(changes))

    def retold(self, events: Sequence[str], felt_in: Collection[tuple[Place, date]]) -> list[Point]:
        """What new entries of the diary make anew: these events, what was felt in these nights, and their summaries.

        Raises BadStore.
        """
        with read_from(self._path), self._one_view():
            points = list(self._told(f"event.id IN ({AMONG})", _json(events)))
            for place, night in felt_in:
                points += self._felt(place, night)
            theirs = self._nights(f"SELECT session FROM event WHERE id IN ({AMONG})", events)
            for place, night in theirs | set(felt_in):
                points += self._night(place, night)
        return points

    def waiting(self, seq: int) -> int:
        """How many minutes changed after the change numbered `seq`."""
        with read_from(self._path):
            return store_changes.waiting(self._db, seq)

    def latest(self) -> int:
        """The number of the latest change."""
        with read_from(self._path):
            return store_changes.latest(self._db)

    def is_current(self) -> bool:
        """Whether the store's file is still the one that was opened."""
        return _inode(self._path) == self._inode

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _minute(self, change: Change) -> Minute | None:
        """The minute, as long as its session has not been dropped."""
        row = self._rows("SELECT wearer, site FROM session WHERE id = ?", (change.session,)).fetchone()
        if row is None:
            return None
        start_ns = change.minute * MINUTE_NS
        # A second of margin: a clock that is fitted anew moves times by milliseconds.
        ids = self._db.execute(
            "SELECT json_group_array(id) FROM session WHERE wearer = ? AND site = ? AND start_ns < ? AND end_ns >= ?",
            (*row, start_ns + MINUTE_NS + NS, start_ns - NS),
        ).fetchone()[0]
        return Minute(Place(*row), change.minute, ids, self._channels(ids))

    def _channels(self, sessions: str) -> str:
        """Looked up once for each portion: envelopes lie by session and channel, this reads all of a session's."""
        if sessions not in self._known_channels:
            self._known_channels[sessions] = self._rows(
                "SELECT json_group_array(DISTINCT channel) FROM envelope"
                " WHERE session IN (SELECT value FROM json_each(?))",
                (sessions,),
            ).fetchone()[0]
        return self._known_channels[sessions]

    def _points(self, minute: Minute) -> Iterator[Point]:
        yield from self._emg(minute)
        yield from self._leg(minute)
        yield from self._unwatched(minute)
        yield from self._events(minute)
        yield from self._health(minute)

    def _withdrawn(self, change: Change) -> Iterator[Point]:
        start_ns = change.minute * MINUTE_NS
        rows = self._db.execute(
            "SELECT kind, wearer, site, channel, t_ns FROM withdrawn WHERE session = ? AND t_ns >= ? AND t_ns < ?",
            (change.session, start_ns, start_ns + MINUTE_NS),
        )
        for kind, wearer, site, channel, t_ns in rows:
            tags = {"wearer": wearer, "site": site} | ({"channel": channel} if channel else {})
            yield _KINDS[kind].point(tags, t_ns, {**_WITHDRAWN[kind], "end_ms": ms(t_ns)})

    def _emg(self, minute: Minute) -> Iterator[Point]:
        for channel, bits, *levels in self._rows(
            "SELECT channel, group_concat(DISTINCT quality),"
            " min(min_uv), avg((min_uv + max_uv) / 2), max(max_uv), min(rest_uv), avg(rest_uv),"
            " max(rest_uv), min(threshold_uv), avg(threshold_uv), max(threshold_uv), sum(quality = 0)"
            " FROM envelope WHERE session IN (SELECT value FROM json_each(?))"
            " AND channel IN (SELECT value FROM json_each(?)) AND t_s >= ? AND t_s < ? GROUP BY channel",
            minute.envelopes,
        ):
            tags = {**minute.tags, "channel": channel}
            yield EMG.point(tags, minute.start_ns, dict(zip(EMG.fields, (*levels, _quality(bits)), strict=True)))

    def _leg(self, minute: Minute) -> Iterator[Point]:
        (motion,) = self._rows(
            "SELECT min(motion_mg), avg(motion_mg), max(motion_mg) FROM second"
            " WHERE session IN (SELECT value FROM json_each(?)) AND t_s >= ? AND t_s < ?",
            minute.seconds,
        )
        (temperature,) = self._rows(
            "SELECT min(celsius), avg(celsius), max(celsius) FROM temperature"
            " WHERE session IN (SELECT value FROM json_each(?)) AND t_ns >= ? AND t_ns < ?",
            minute.nanoseconds,
        )
        ((seconds, watched),) = self._rows(
            "SELECT count(*), count(DISTINCT CASE WHEN quality = 0 THEN t_s END)"
            " FROM envelope WHERE session IN (SELECT value FROM json_each(?))"
            " AND channel IN (SELECT value FROM json_each(?)) AND t_s >= ? AND t_s < ?",
            minute.envelopes,
        )
        if seconds:
            values = dict(zip(LEG.fields, (*motion, *temperature, watched, self._posture(minute)), strict=True))
            yield LEG.point(minute.tags, minute.start_ns, values)

    def _posture(self, minute: Minute) -> str | None:
        """The posture of most of its seconds; None without an accelerometer whose axes are known."""
        gravity = self._rows(
            "SELECT gravity_x_mg, gravity_y_mg, gravity_z_mg FROM second JOIN session ON id = session"
            " WHERE session IN (SELECT value FROM json_each(?)) AND t_s >= ? AND t_s < ? AND gravity_x_mg NOTNULL"
            " AND json_extract(CAST(info AS TEXT), '$.parameters.shank_axis') = ?",
            (*minute.seconds, WORN),
        ).fetchall()
        return str(Counter(posture_of(np.array(gravity)).tolist()).most_common(1)[0][0]) if gravity else None

    def _unwatched(self, minute: Minute) -> Iterator[Point]:
        for start_ns, end_ns, cause in self._rows(
            "SELECT start_ns, end_ns, cause FROM unwatched"
            " WHERE session IN (SELECT value FROM json_each(?)) AND start_ns >= ? AND start_ns < ?",
            minute.nanoseconds,
        ):
            values = {"cause": cause, "end_ms": ms(end_ns), "duration_s": (end_ns - start_ns) / NS}
            yield UNWATCHED.point(minute.tags, start_ns, values)

    def _events(self, minute: Minute) -> Iterator[Point]:
        yield from self._told(
            "event.session IN (SELECT value FROM json_each(?)) AND onset_ns >= ? AND onset_ns < ?", *minute.nanoseconds
        )

    def _told(self, which: str, *values: object) -> Iterator[Point]:
        """The alerts and candidates among some events."""
        for encoded, info, start_ns in self._rows(
            f"SELECT json, info, start_ns FROM event JOIN session ON session.id = event.session WHERE {which}", values
        ):
            event = msgspec.json.decode(encoded, type=Event)
            if event.was_alert or event.stage == "rejected":
                simulated = msgspec.json.decode(info, type=SessionInfo).simulated
                place = Place(event.wearer, event.site)
                heard = self._diary.heard(place, event.id, event.onset_ns) if self._diary else UNHEARD
                night = night_of(start_ns, self.zone)
                yield event_point(event, night, self.zone, simulated=simulated, heard=heard)

    def _health(self, minute: Minute) -> Iterator[Point]:
        for (encoded,) in self._rows(
            "SELECT json FROM health WHERE session IN (SELECT value FROM json_each(?)) AND minute = ? ORDER BY session",
            (minute.sessions, minute.minute),
        ):
            health = msgspec.json.decode(encoded)  # as it is: an earlier version may have told less
            told = {"unpublished": health.get("unpublished"), "refused": sum(health.get("refused", {}).values())}
            yield COLLECTOR.point(minute.tags, minute.start_ns, told)
            for link in health["links"]:
                known = {name: link.get(name) for name in LINK.fields}
                yield LINK.point({**minute.tags, "device": link["device"]}, minute.start_ns, known)
            for stream in health["samples"]:
                counted = {name: health.get(name, {}).get(stream) for name in STREAM.fields}
                yield STREAM.point({**minute.tags, "stream": stream}, minute.start_ns, counted)

    def _nights(self, sessions: str, values: Sequence[object]) -> set[tuple[Place, date]]:
        """The nights that these sessions belong to, as a query tells them from the values."""
        rows = self._rows(f"SELECT wearer, site, start_ns FROM session WHERE id IN ({sessions})", (_json(values),))
        return {(Place(wearer, site), night_of(start_ns, self.zone)) for wearer, site, start_ns in rows}

    def _night(self, place: Place, night: date) -> Iterator[Point]:
        outline = store_record.outline(self._db, place, night, self.zone)
        if outline is None:
            return
        sessions, published_ns = self._sessions(place, night), self._published(alerts_of(outline))
        values = night_values(outline, place, night, self.zone, sessions, published_ns)
        if self._diary:
            felt = self._diary.felt(place, bounds_ns(night, self.zone))
            values |= night_counts(place, outline, self._diary.verdicts(), felt)
        yield NIGHT.point({"wearer": place.wearer, "site": place.site}, night_ns(night), values)

    def _felt(self, place: Place, night: date) -> Iterator[Point]:
        felt = self._diary.felt(place, bounds_ns(night, self.zone)) if self._diary else []
        if felt:
            outline = store_record.outline(self._db, place, night, self.zone)
            yield from (felt_point(place, night, cramp, outline) for cramp in felt)

    def _week(self, place: Place, monday: date) -> Iterator[Point]:
        evenings = [monday + timedelta(days=day) for day in range(NIGHTS_A_WEEK)]
        outlines = [store_record.outline(self._db, place, evening, self.zone) for evening in evenings]
        if nights := [outline for outline in outlines if outline is not None]:
            tags = {"wearer": place.wearer, "site": place.site}
            yield WEEK.point(tags, night_ns(monday), week_values(monday, nights))

    def _sessions(self, place: Place, night: date) -> Sessions:
        ((count, still_open),) = self._rows(
            "SELECT count(*), coalesce(sum(NOT complete), 0) FROM session"
            " WHERE wearer = ? AND site = ? AND start_ns >= ? AND start_ns < ?",
            (*place, *bounds_ns(night, self.zone)),
        )
        return Sessions(count, still_open)

    def _published(self, alerts: Sequence[Event]) -> dict[str, int]:
        """When each alert was published; one that was over before anyone could hear of it counts from its end."""
        return dict(
            self._rows(
                "SELECT event, min(published_ns) FROM delivery WHERE event IN (SELECT value FROM json_each(?))"
                " AND stage IN ('confirmed', 'ended') AND published_ns NOTNULL GROUP BY event",
                (_json([event.id for event in alerts]),),
            ).fetchall()
        )

    def _rows(self, query: str, values: Sequence[object]) -> sqlite3.Cursor:
        return self._db.execute(query, values)

    @contextmanager
    def _one_view(self) -> Iterator[None]:
        """The file as it is now, while the detector goes on writing. Ends before anything is sent: a view kept open
        while a server is slow would keep the write-ahead log growing."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")


def _json(values: Sequence[object]) -> str:
    """A list, for a query's `json_each`."""
    return msgspec.json.encode(values).decode()


def _quality(bits: str) -> str:
    """The gravest cause in `1,16`, the distinct qualities of a minute's seconds."""
    union = reduce(or_, map(int, bits.split(",")))
    return next((words for cause, words in CAUSES.items() if union & cause), "good")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
