"""The night store as points, in the order in which it changed: a portion at a time, so memory does not grow."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
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
from detector.posture import posture_of
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
from detector.sinks.summaries import NIGHTS_A_WEEK, Sessions, alerts_of, night_values, week_values
from detector.store_changes import MINUTE_NS, MINUTE_S, Change
from detector.store_schema import BadStore, connect, read_from

PORTION_MINUTES = 250
"""InfluxDB likes some thousand points at a time: a minute has four, with eight channels eleven. As the store is read in
portions of this size, it is also what is in memory at once."""

_WITHDRAWN: dict[str, dict[str, Value]] = {
    "alert": {"stage": "withdrawn", "duration_s": 0.0},
    "candidate": {"stage": "withdrawn", "duration_s": 0.0},
    "unwatched": {"cause": "withdrawn", "duration_s": 0.0},
}
"""What is taken back lasts for nothing, so that sums come out right."""
_KINDS = {"alert": CRAMP, "candidate": CANDIDATE, "unwatched": UNWATCHED}


class Portion(NamedTuple):
    """Points, the number of the last change they tell of, and how many minutes changed."""

    points: list[Point]
    seq: int
    minutes: int


class _Minute(NamedTuple):
    """A minute at a place, since 1970, and as JSON lists the sessions that reach into it and their channels.

    Mostly that is one session; where one ends and the next begins within a minute, its points tell of both.
    """

    place: Place
    minute: int
    sessions: str
    channels: str

    @property
    def start_ns(self) -> int:
        return self.minute * MINUTE_NS

    @property
    def tags(self) -> dict[str, str]:
        return {"wearer": self.place.wearer, "site": self.place.site}

    @property
    def seconds(self) -> tuple[str, int, int]:
        return self.sessions, self.minute * MINUTE_S, (self.minute + 1) * MINUTE_S

    @property
    def envelopes(self) -> tuple[str, str, int, int]:
        return self.sessions, self.channels, self.minute * MINUTE_S, (self.minute + 1) * MINUTE_S

    @property
    def nanoseconds(self) -> tuple[str, int, int]:
        return self.sessions, self.start_ns, self.start_ns + MINUTE_NS


class NightFeed:
    """Reads a night store beside its writer; raises BadStore. `zone` says which night a session belongs to."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self._path = path
        self._db = connect(path, read_only=True)
        self._inode = _inode(path)
        self._zone = zone
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
            nights = self._nights(changes)
            for place, night in nights:
                points += self._night(place, night)
            for place, monday in {(place, monday_of(night)) for place, night in nights}:
                points += self._week(place, monday)
        return Portion(points, changes[-1].seq if changes else seq, len(changes))

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

    def _minute(self, change: Change) -> _Minute | None:
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
        return _Minute(Place(*row), change.minute, ids, self._channels(ids))

    def _channels(self, sessions: str) -> str:
        """Looked up once for each portion: envelopes lie by session and channel, this reads all of a session's."""
        if sessions not in self._known_channels:
            self._known_channels[sessions] = self._rows(
                "SELECT json_group_array(DISTINCT channel) FROM envelope"
                " WHERE session IN (SELECT value FROM json_each(?))",
                (sessions,),
            ).fetchone()[0]
        return self._known_channels[sessions]

    def _points(self, minute: _Minute) -> Iterator[Point]:
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

    def _emg(self, minute: _Minute) -> Iterator[Point]:
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

    def _leg(self, minute: _Minute) -> Iterator[Point]:
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

    def _posture(self, minute: _Minute) -> str | None:
        """The posture of most of its seconds; None without an accelerometer."""
        gravity = self._rows(
            "SELECT gravity_x_mg, gravity_y_mg, gravity_z_mg FROM second"
            " WHERE session IN (SELECT value FROM json_each(?)) AND t_s >= ? AND t_s < ? AND gravity_x_mg NOTNULL",
            minute.seconds,
        ).fetchall()
        return str(Counter(posture_of(np.array(gravity)).tolist()).most_common(1)[0][0]) if gravity else None

    def _unwatched(self, minute: _Minute) -> Iterator[Point]:
        for start_ns, end_ns, cause in self._rows(
            "SELECT start_ns, end_ns, cause FROM unwatched"
            " WHERE session IN (SELECT value FROM json_each(?)) AND start_ns >= ? AND start_ns < ?",
            minute.nanoseconds,
        ):
            values = {"cause": cause, "end_ms": ms(end_ns), "duration_s": (end_ns - start_ns) / NS}
            yield UNWATCHED.point(minute.tags, start_ns, values)

    def _events(self, minute: _Minute) -> Iterator[Point]:
        for encoded, info, start_ns in self._rows(
            "SELECT json, info, start_ns FROM event JOIN session ON session.id = event.session"
            " WHERE event.session IN (SELECT value FROM json_each(?)) AND onset_ns >= ? AND onset_ns < ?",
            minute.nanoseconds,
        ):
            event = msgspec.json.decode(encoded, type=Event)
            if event.was_alert or event.stage == "rejected":
                simulated = msgspec.json.decode(info, type=SessionInfo).simulated
                yield event_point(event, night_of(start_ns, self._zone), self._zone, simulated=simulated)

    def _health(self, minute: _Minute) -> Iterator[Point]:
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

    def _nights(self, changes: Sequence[Change]) -> set[tuple[Place, date]]:
        """The nights that these changes belong to."""
        rows = self._rows(
            "SELECT wearer, site, start_ns FROM session WHERE id IN (SELECT value FROM json_each(?))",
            (msgspec.json.encode(sorted({change.session for change in changes})).decode(),),
        )
        return {(Place(wearer, site), night_of(start_ns, self._zone)) for wearer, site, start_ns in rows}

    def _night(self, place: Place, night: date) -> Iterator[Point]:
        outline = store_record.outline(self._db, place, night, self._zone)
        if outline is None:
            return
        sessions, published_ns = self._sessions(place, night), self._published(alerts_of(outline))
        values = night_values(outline, place, night, self._zone, sessions, published_ns)
        yield NIGHT.point({"wearer": place.wearer, "site": place.site}, night_ns(night), values)

    def _week(self, place: Place, monday: date) -> Iterator[Point]:
        evenings = [monday + timedelta(days=day) for day in range(NIGHTS_A_WEEK)]
        outlines = [store_record.outline(self._db, place, evening, self._zone) for evening in evenings]
        if nights := [outline for outline in outlines if outline is not None]:
            tags = {"wearer": place.wearer, "site": place.site}
            yield WEEK.point(tags, night_ns(monday), week_values(monday, nights))

    def _sessions(self, place: Place, night: date) -> Sessions:
        ((count, still_open),) = self._rows(
            "SELECT count(*), coalesce(sum(NOT complete), 0) FROM session"
            " WHERE wearer = ? AND site = ? AND start_ns >= ? AND start_ns < ?",
            (*place, *bounds_ns(night, self._zone)),
        )
        return Sessions(count, still_open)

    def _published(self, alerts: Sequence[Event]) -> dict[str, int]:
        """When each alert was published; one that was over before anyone could hear of it counts from its end."""
        ids = msgspec.json.encode([event.id for event in alerts]).decode()
        return dict(
            self._rows(
                "SELECT event, min(published_ns) FROM delivery WHERE event IN (SELECT value FROM json_each(?))"
                " AND stage IN ('confirmed', 'ended') AND published_ns NOTNULL GROUP BY event",
                (ids,),
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


def _quality(bits: str) -> str:
    """The gravest cause in `1,16`, the distinct qualities of a minute's seconds."""
    union = reduce(or_, map(int, bits.split(",")))
    return next((words for cause, words in CAUSES.items() if union & cause), "good")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
