"""The night store as points, in the order in which it changed: a portion at a time, so memory does not grow."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS
from collector.contract.nights import night_of
from collector.contract.topics import Place
from detector import store_changes, store_record, texts
from detector.batch import SessionInfo
from detector.events import Event
from detector.sinks.influx_schema import (
    CANDIDATE,
    CRAMP,
    EMG,
    LEG,
    LINK,
    NIGHT,
    STREAM,
    UNWATCHED,
    Point,
    Value,
    night_ns,
)
from detector.store_changes import MINUTE_NS, MINUTE_S, Change
from detector.store_schema import BadStore, connect

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
            self.store_id = store_changes.store_id(self._db)
        except sqlite3.OperationalError as error:
            self._db.close()
            raise BadStore(
                f"{path}: an earlier version wrote this night store; start the detector once, it brings it up to date"
            ) from error

    def after(self, seq: int, minutes: int = PORTION_MINUTES) -> Portion:
        """Every point of the minutes that changed after the change numbered `seq`, at most so many minutes."""
        self._known_channels.clear()
        with self._one_view():
            changes = store_changes.since(self._db, seq, minutes)
            points = [point for change in changes for point in self._withdrawn(change)]
            for minute in dict.fromkeys(found for change in changes if (found := self._minute(change))):
                points += self._points(minute)
            for place, night in self._nights(changes):
                points += self._night(place, night)
        return Portion(points, changes[-1].seq if changes else seq, len(changes))

    def waiting(self, seq: int) -> int:
        """How many minutes changed after the change numbered `seq`."""
        return store_changes.waiting(self._db, seq)

    def latest(self) -> int:
        """The number of the latest change."""
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
            yield _KINDS[kind].point(tags, t_ns, {**_WITHDRAWN[kind], "end_ms": _ms(t_ns)})

    def _emg(self, minute: _Minute) -> Iterator[Point]:
        for channel, *levels in self._rows(
            "SELECT channel, min(min_uv), avg((min_uv + max_uv) / 2), max(max_uv), min(rest_uv), avg(rest_uv),"
            " max(rest_uv), min(threshold_uv), avg(threshold_uv), max(threshold_uv), sum(quality = 0)"
            " FROM envelope WHERE session IN (SELECT value FROM json_each(?))"
            " AND channel IN (SELECT value FROM json_each(?)) AND t_s >= ? AND t_s < ? GROUP BY channel",
            minute.envelopes,
        ):
            tags = {**minute.tags, "channel": channel}
            yield EMG.point(tags, minute.start_ns, dict(zip(EMG.fields, levels, strict=True)))

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
            values = dict(zip(LEG.fields, (*motion, *temperature, watched), strict=True))
            yield LEG.point(minute.tags, minute.start_ns, values)

    def _unwatched(self, minute: _Minute) -> Iterator[Point]:
        for start_ns, end_ns, cause in self._rows(
            "SELECT start_ns, end_ns, cause FROM unwatched"
            " WHERE session IN (SELECT value FROM json_each(?)) AND start_ns >= ? AND start_ns < ?",
            minute.nanoseconds,
        ):
            values = {"cause": cause, "end_ms": _ms(end_ns), "duration_s": (end_ns - start_ns) / NS}
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
                yield _event(event, night_of(start_ns, self._zone), simulated=simulated)

    def _health(self, minute: _Minute) -> Iterator[Point]:
        for (encoded,) in self._rows(
            "SELECT json FROM health WHERE session IN (SELECT value FROM json_each(?)) AND minute = ? ORDER BY session",
            (minute.sessions, minute.minute),
        ):
            health = msgspec.json.decode(encoded)  # as it is: an earlier version may have told less
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
        alerts = [event for event in outline.events if event.was_alert]
        lengths = [event.duration_s for event in alerts if event.duration_s is not None]
        values: dict[str, Value | None] = {
            "night": night.isoformat(),
            "cramps": len(alerts),
            "candidates": sum(event.stage == "rejected" for event in outline.events),
            "cramp_s": sum(lengths),
            "longest_s": max(lengths, default=0.0),
            "recorded_s": (outline.end_ns - outline.start_ns) / NS,
            "watched_s": outline.watched_s,
            "start_ms": _ms(outline.start_ns),
            "end_ms": _ms(outline.end_ns),
            "complete": outline.complete,
            "simulated": outline.info.simulated,
        }
        yield NIGHT.point({"wearer": place.wearer, "site": place.site}, night_ns(night), values)

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


def _event(event: Event, night: date, *, simulated: bool) -> Point:
    if event.was_alert:
        measurement, text = CRAMP, texts.alert(event) if event.stage == "confirmed" else texts.over(event)
    else:
        measurement, text = CANDIDATE, texts.rejected(event)
    told: dict[str, Value | None] = {
        "stage": event.stage,
        "night": night.isoformat(),
        "duration_s": event.duration_s,
        "end_ms": _ms(event.end_ns),
        "suspected_ms": _ms(event.suspected_ns),
        "peak_uv": event.peak_uv,
        "mean_uv": event.mean_uv,
        "rest_uv": event.rest_uv,
        "threshold_uv": event.threshold_uv,
        "text": text,
        "reason": event.reason,
        "event_id": event.id,
        "session": event.session,
        "detector_version": event.detector_version,
        "parameters_hash": event.parameters_hash,
        "simulated": simulated,
    }
    if event.was_alert:
        told["alerted_ms"] = _ms(event.alerted_ns)
    tags = {"wearer": event.wearer, "site": event.site, "channel": event.channel}
    return measurement.point(tags, event.onset_ns, told)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _ms(t_ns: int | None) -> int | None:
    return None if t_ns is None else t_ns // 1_000_000
