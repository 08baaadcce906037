"""The night store: what was watched and what happened, in one SQLite file that survives a power cut.

One writer, any number of readers. Whatever the detector derived from the samples goes in together with the snapshot
from which it continues, in one transaction: after a crash the two can not disagree.
"""

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.file_lock import FileLock
from collector.contract.messages import Health
from collector.contract.nights import night_of
from collector.contract.salvage import legible
from collector.contract.topics import Place
from collector.contract.transaction import transaction
from detector import store_frames, store_record
from detector.batch import Batch, SessionInfo
from detector.events import Event, Stage
from detector.night_record import NightRecord
from detector.store_changes import MINUTE_NS
from detector.store_schema import connect, read_from

PUBLISHED_STAGES: tuple[Stage, ...] = ("confirmed", "ended", "rejected")
"""The stages the outside hears of; a suspicion is a silent mark."""
_OF_A_SESSION = ("event", "second", "envelope", "unwatched", "temperature", "recent_frames", "snapshot", "health")
"""The tables that go with a session."""


class StoredSession(NamedTuple):
    """A session in the store."""

    info: SessionInfo
    start_ns: int
    end_ns: int
    complete: bool


class NightKey(NamedTuple):
    """A night there is something to tell about."""

    wearer: str
    site: str
    night: date


class NightStore:
    """An open night store. Close it, or use it as a context manager.

    Raises BadStore when the file is not one, Occupied when there is another writer.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._db = connect(path, read_only=read_only)
        self._lock = None if read_only else self._lock_beside(path)

    def commit(self, batch: Batch) -> None:
        """File a batch, whole or not at all: when this returns it survives a power cut.

        Rows follow from samples, so filing the same batch twice changes nothing; frames that were decided anew replace
        what was filed from their first moment on.

        Raises sqlite3.OperationalError when the disk does not take it; nothing has changed then.
        """
        with transaction(self._db):
            session = self._put_session(batch)
            if batch.frames is not None:
                store_frames.put(self._db, session, batch.frames)
            self._put_events(session, batch.events)
            if batch.announced:
                self._put_deliveries(batch.events)
            if batch.frames is not None:
                store_frames.cut_traces(self._db, session, int(batch.frames.t_ns[0]))
            self._db.executemany(
                "INSERT OR REPLACE INTO temperature VALUES (?, ?, ?)", [(session, *row) for row in batch.temperatures]
            )
            if batch.snapshot is not None:
                self._db.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?)", (session, batch.snapshot))

    def forget(self, place: Place, session: str) -> None:
        """Drop what was derived from a session, so that it can be watched anew from its first sample.

        What was published stays known: an event that comes out again is not announced again.
        """
        with transaction(self._db):
            row = self._db.execute(
                "SELECT id FROM session WHERE wearer = ? AND site = ? AND name = ?", (*place, session)
            ).fetchone()
            for table in _OF_A_SESSION:
                self._db.execute(f"DELETE FROM {table} WHERE session = ?", row or (None,))
            self._db.execute("DELETE FROM session WHERE id = ?", row or (None,))

    def snapshot(self, place: Place, session: str) -> bytes | None:
        """The state from which watching this session continues; None when it has not been seen."""
        row = self._db.execute(
            "SELECT CAST(state AS BLOB) FROM snapshot JOIN session ON session.id = snapshot.session"
            " WHERE wearer = ? AND site = ? AND name = ?",
            (*place, session),
        ).fetchone()
        return row[0] if row else None

    def is_complete(self, place: Place, session: str) -> bool:
        """Whether this session has been watched to its end."""
        row = self._db.execute(
            "SELECT complete FROM session WHERE wearer = ? AND site = ? AND name = ?", (*place, session)
        ).fetchone()
        return bool(row and row[0])

    def sessions(self) -> list[StoredSession]:
        """Every session, in order of time; raises BadStore."""
        with read_from(self._path):
            rows = self._db.execute(
                "SELECT info, CAST(start_ns AS INTEGER), CAST(end_ns AS INTEGER), complete FROM session"
                " ORDER BY start_ns, id"
            )
            return [
                StoredSession(info, start_ns, end_ns, bool(complete))
                for encoded, start_ns, end_ns, complete in rows
                if (info := legible(encoded, SessionInfo, self._path.name))
            ]

    def nights(self, zone: ZoneInfo) -> list[NightKey]:
        """Every night of which there is a session, the latest last."""
        with read_from(self._path):
            found = {
                NightKey(stored.info.wearer, stored.info.site, night_of(stored.start_ns, zone))
                for stored in self.sessions()
            }
        return sorted(found, key=lambda key: (key.night, key.wearer, key.site))

    def record(self, wearer: str, site: str, night: date, zone: ZoneInfo) -> NightRecord:
        """Everything known about one night; raises NoSuchNight, and BadStore where it is damaged."""
        with (
            read_from(self._path),
            transaction(self._db, "DEFERRED"),
        ):  # one view of the file while the detector goes on writing
            return store_record.read(self._db, Place(wearer, site), night, zone)

    def events(self, start_ns: int, end_ns: int) -> list[Event]:
        """The events and candidates with an onset within this span (end exclusive), of every place, in order of it."""
        with read_from(self._path):
            rows = self._db.execute(
                "SELECT json FROM event WHERE onset_ns >= ? AND onset_ns < ? ORDER BY onset_ns", (start_ns, end_ns)
            )
            return [event for row in rows if (event := legible(row[0], Event, self._path.name))]

    def alerts(self, besides: Collection[str] = ()) -> list[Event]:
        """Every alert, and besides the events with these ids, of every place, in order of onset."""
        with read_from(self._path):
            rows = self._db.execute(
                "SELECT json FROM event WHERE alerted_ns IS NOT NULL OR id IN (SELECT value FROM json_each(?))"
                " ORDER BY onset_ns",
                (msgspec.json.encode(sorted(besides)).decode(),),
            )
            return [event for row in rows if (event := legible(row[0], Event, self._path.name))]

    def undelivered(self) -> list[Event]:
        """The events whose latest stage has not been published yet, in order of onset."""
        with read_from(self._path):
            rows = self._db.execute(
                "SELECT json FROM delivery JOIN event ON event.id = delivery.event AND event.stage = delivery.stage"
                " WHERE published_ns IS NULL ORDER BY onset_ns"
            )
            return [event for row in rows if (event := legible(row[0], Event, self._path.name))]

    def delivered(self, event: str, stage: Stage, published_ns: int) -> None:
        """Note that the broker has taken over an event's message, at this time by the host's clock.

        The event itself may follow: on a full disk it is told before it is filed.
        """
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO delivery VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET published_ns = excluded.published_ns WHERE published_ns IS NULL",
                (event, stage, published_ns),
            )
            # It belongs to what is told of the night: the event's minute counts as changed.
            self._db.execute("UPDATE event SET stage = stage WHERE id = ?", (event,))

    def file_health(self, place: Place, health: Health) -> None:
        """Keep the collector's account of itself, the first of each minute; of a session not seen yet, none."""
        self._db.execute(
            "INSERT OR IGNORE INTO health SELECT id, ?, ? FROM session WHERE wearer = ? AND site = ? AND name = ?",
            (health.t_ns // MINUTE_NS, msgspec.json.encode(health), *place, health.session),
        )

    def close(self) -> None:
        """Close the file, and let another writer in."""
        self._db.close()
        if self._lock:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> "NightStore":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _lock_beside(self, path: Path) -> FileLock:
        """Not on the file itself: closing it a second time would release SQLite's own locks."""
        told = f"another detector writes {path}"
        try:
            return FileLock(path.with_name(f"{path.name}.lock"), told, "stop that one, or name another store")
        except BaseException:
            self._db.close()
            raise

    def _put_session(self, batch: Batch) -> int:
        info = batch.info
        return int(
            self._db.execute(
                "INSERT INTO session (wearer, site, name, info, start_ns, end_ns, complete)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET start_ns = excluded.start_ns, end_ns = excluded.end_ns,"
                " complete = excluded.complete RETURNING id",
                (
                    *(info.wearer, info.site, info.session, msgspec.json.encode(info)),
                    *(batch.start_ns, batch.end_ns, batch.complete),
                ),
            ).fetchone()[0]
        )

    def _put_events(self, session: int, events: Sequence[Event]) -> None:
        for e in events:
            self._db.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET stage = excluded.stage, alerted_ns = excluded.alerted_ns,"
                " end_ns = excluded.end_ns, json = excluded.json",
                (
                    *(e.id, session, e.stage, e.channel, e.onset_ns, e.suspected_ns, e.alerted_ns, e.end_ns),
                    msgspec.json.encode(e),
                ),
            )

    def _put_deliveries(self, events: Sequence[Event]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO delivery VALUES (?, ?, NULL)",
            [(e.id, e.stage) for e in events if e.stage in PUBLISHED_STAGES],
        )
