"""One night out of the night store, as a NightRecord."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval, bounds_ns
from collector.contract.topics import Place
from detector.batch import SessionInfo
from detector.events import Event
from detector.frames import CAUSES, Quality
from detector.night_record import NightRecord, Seconds, Trace
from detector.posture import axes_known, postures
from detector.store_frames import trace

NEAR_NS = NS // 5
"""Two frames: what is no longer than this at either end of a session shares the fate of the frame beside it."""


class NoSuchNight(LookupError):
    """Nothing was recorded in the night asked for."""


class _Session(NamedTuple):
    id: int
    info: bytes
    start_ns: int
    end_ns: int
    last_frame_ns: int | None
    complete: bool


class _NightReader:
    """The rows of a few sessions, put together in order of time."""

    def __init__(self, db: sqlite3.Connection, sessions: Sequence[_Session]) -> None:
        self._db = db
        self._sessions = sessions

    def rows(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        """The rows of every session, which is the query's first `?`."""
        for session in self._sessions:
            # Not `yield from` the cursor: left behind by damage, it would be closed after the database.
            yield from iter(self._db.execute(query, (session.id, *values)).fetchone, None)

    def table(self, query: str, *values: str, columns: int) -> NDArray[np.float64]:
        """The rows as numbers, shape (columns, n); NULL becomes NaN."""
        return np.array(list(self.rows(query, *values)), dtype=np.float64).reshape(-1, columns).T

    def events(self) -> list[Event]:
        """Every event, in order of onset."""
        return [
            msgspec.json.decode(row[0], type=Event)
            for row in self.rows("SELECT json FROM event WHERE session = ? ORDER BY onset_ns, channel")
        ]

    def traces(self) -> dict[str, Trace]:
        """The trace of each event that has one."""
        found = self.rows("SELECT id, channel, frames FROM trace JOIN event ON id = event WHERE session = ?")
        return {event: trace(frames, channel) for event, channel, frames in found}

    def delivered(self) -> dict[str, int]:
        """When each alert was published; one that was over before anyone could hear of it counts from its end."""
        found = self.rows(
            "SELECT event, min(published_ns) FROM delivery JOIN event ON id = event WHERE session = ?"
            " AND alerted_ns IS NOT NULL AND delivery.stage IN ('confirmed', 'ended') AND published_ns IS NOT NULL"
            " GROUP BY event"
        )
        return dict(found)

    def seconds(self) -> list[Seconds]:
        """The seconds of each channel, by its name."""
        channels = dict.fromkeys(row[0] for row in self.rows("SELECT DISTINCT channel FROM envelope WHERE session = ?"))
        return [self._seconds(channel) for channel in channels]

    def _seconds(self, channel: str) -> Seconds:
        t_s, low, high, rest, threshold, motion, quality = self.table(
            "SELECT t_s, min_uv, max_uv, rest_uv, threshold_uv, motion_mg, quality"
            " FROM envelope JOIN second USING (session, t_s) WHERE session = ? AND channel = ? ORDER BY t_s",
            channel,
            columns=7,
        )
        return Seconds(
            channel=channel,
            t_ns=t_s.astype(np.int64) * NS,
            envelope_min_uv=low,
            envelope_max_uv=high,
            rest_uv=rest,
            threshold_uv=threshold,
            motion_mg=motion,
            watched=quality == Quality.GOOD,
        )

    def postures(self) -> list[Interval]:
        """How the wearer lay; empty without an accelerometer."""
        t_s, *gravity = self.table(
            "SELECT t_s, gravity_x_mg, gravity_y_mg, gravity_z_mg FROM second WHERE session = ? ORDER BY t_s", columns=4
        )
        if not np.isfinite(gravity).any():
            return []
        return postures(t_s.astype(np.int64), np.column_stack(gravity))

    def temperatures(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The temperatures' times in nanoseconds, too long for a float, and their values."""
        rows = list(self.rows("SELECT t_ns, celsius FROM temperature WHERE session = ? ORDER BY t_ns"))
        return np.array([t for t, _ in rows], dtype=np.int64), np.array(
            [celsius for _, celsius in rows], dtype=np.float64
        )

    def unwatched(self) -> list[Interval]:
        """What was not watched, in order, the time between two sessions included."""
        between = [
            Interval(before.end_ns, after.start_ns, CAUSES[Quality.MISSING])
            for before, after in pairwise(self._sessions)
            if after.start_ns > before.end_ns
        ]
        return sorted([*between, *(interval for session in self._sessions for interval in self._unwatched(session))])

    def watched_s(self) -> float:
        """How long at least one channel could be judged."""
        recorded_ns = sum(_end_ns(session) - session.start_ns for session in self._sessions)
        blind_s = sum(interval.seconds for session in self._sessions for interval in self._unwatched(session))
        return max(0.0, recorded_ns / NS - blind_s)

    def _unwatched(self, session: _Session) -> list[Interval]:
        """The same stretches that `Coverage` finds in a recording."""
        rows = self._db.execute(
            "SELECT start_ns, end_ns, cause FROM unwatched WHERE session = ? AND end_ns > start_ns ORDER BY start_ns",
            (session.id,),
        )
        found = [Interval(*row) for row in rows]
        last_ns, end_ns = session.last_frame_ns or session.start_ns, _end_ns(session)
        if found and abs(found[0].start_ns - session.start_ns) <= NEAR_NS:
            found[0] = found[0]._replace(start_ns=session.start_ns)
        if end_ns - last_ns > NEAR_NS:
            found.append(Interval(last_ns, end_ns, CAUSES[Quality.MISSING]))
        elif found and found[-1].end_ns >= last_ns:
            found[-1] = found[-1]._replace(end_ns=end_ns)
        return found


def _end_ns(session: _Session) -> int:
    """The end of what is known: of a session that still goes on, the last frame's."""
    return session.end_ns if session.complete else session.last_frame_ns or session.end_ns


def read(db: sqlite3.Connection, place: Place, night: date, zone: ZoneInfo) -> NightRecord:
    """The night of that date's evening in that zone; raises NoSuchNight."""
    sessions = _sessions(db, place, night, zone)
    if not sessions:
        raise NoSuchNight(
            f"nothing was recorded for {place.wearer} at {place.site} in the night of {night} to the day after"
        )
    reader = _NightReader(db, sessions)
    info = msgspec.json.decode(sessions[-1].info, type=SessionInfo)
    events = reader.events()
    temperature_t_ns, temperature_c = reader.temperatures()
    return NightRecord(
        wearer=place.wearer,
        site=place.site,
        night=night,
        timezone=zone.key,
        start_ns=sessions[0].start_ns,
        end_ns=max(session.end_ns for session in sessions),
        watched_s=reader.watched_s(),
        unwatched=reader.unwatched(),
        events=[event for event in events if event.was_alert],
        candidates=[event for event in events if event.stage == "rejected" and not event.was_alert],
        delivered_ns=reader.delivered(),
        seconds=reader.seconds(),
        temperature_t_ns=temperature_t_ns,
        temperature_c=temperature_c,
        postures=reader.postures() if axes_known(info.parameters) else [],
        traces=reader.traces(),
        detector_version=info.detector_version,
        parameters=info.parameters,
        parameters_hash=info.parameters_hash,
        simulated=info.simulated,
        recording=None if sessions[-1].complete else info.session,
    )


class Outline(NamedTuple):
    """A night without its seconds: little, however long the night."""

    start_ns: int  # first sample
    end_ns: int  # behind the last sample
    watched_s: float
    complete: bool  # every session was watched to its end
    events: list[Event]
    info: SessionInfo  # of the last session
    recording: str | None  # the session that is still being recorded


def outline(db: sqlite3.Connection, place: Place, night: date, zone: ZoneInfo) -> Outline | None:
    """The night of that date's evening in that zone; None when there is none."""
    sessions = _sessions(db, place, night, zone)
    if not sessions:
        return None
    reader = _NightReader(db, sessions)
    info = msgspec.json.decode(sessions[-1].info, type=SessionInfo)
    return Outline(
        start_ns=sessions[0].start_ns,
        end_ns=max(session.end_ns for session in sessions),
        watched_s=reader.watched_s(),
        complete=all(session.complete for session in sessions),
        events=reader.events(),
        info=info,
        recording=None if sessions[-1].complete else info.session,
    )


def _sessions(db: sqlite3.Connection, place: Place, night: date, zone: ZoneInfo) -> list[_Session]:
    return [
        _Session(*row)
        for row in db.execute(
            "SELECT id, info, start_ns, end_ns, last_frame_ns, complete FROM session"
            " WHERE wearer = ? AND site = ? AND start_ns >= ? AND start_ns < ? ORDER BY start_ns, id",
            (*place, *bounds_ns(night, zone)),
        )
    ]
