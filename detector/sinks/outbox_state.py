"""What the outbox remembers: how far each destination has got, and the points that were refused. One SQLite file.

It is a file of its own because the night store has one writer, the detector. Losing it costs nothing but time: without
it everything is sent again, and points replace themselves.
"""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from collector.contract.salvage import UNREADABLE, set_aside
from collector.contract.transaction import transaction
from detector.sinks.delivery import Rejected
from detector.sinks.influx_schema import Point

_log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 5.0
"""`crampwatch outbox retry` writes beside the running outbox, each for milliseconds."""

_TABLES = """
CREATE TABLE IF NOT EXISTS progress (
    destination TEXT NOT NULL, store TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (destination, store)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS doubt (
    destination TEXT NOT NULL, store TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (destination, store)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trouble (destination TEXT PRIMARY KEY, since_ns INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS quarantine (
    destination TEXT NOT NULL, identity TEXT NOT NULL,
    status INTEGER NOT NULL, reason TEXT NOT NULL, point BLOB NOT NULL,
    PRIMARY KEY (destination, identity)
) WITHOUT ROWID;
"""


_WRONG_TYPES = """
SELECT (SELECT count(*) FROM progress WHERE typeof(seq) <> 'integer')
     + (SELECT count(*) FROM trouble WHERE typeof(since_ns) <> 'integer' OR typeof(reason) <> 'text')
     + (SELECT count(*) FROM quarantine WHERE typeof(status) <> 'integer' OR typeof(reason) <> 'text')
"""


class Trouble(NamedTuple):
    """Since when a destination has not been taking points (by the host's clock), and why."""

    since_ns: int
    reason: str


class _Damaged(Exception):
    """The file holds something else than was written."""


class OutboxState:
    """The memory of one destination's deliveries from one store. A damaged file is set aside, and a new one begun."""

    def __init__(self, path: Path, destination: str, store_id: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _opened(path)
        except _Damaged:
            aside = set_aside(path)
            _log.error("%s is damaged and kept as %s: everything is sent once more", path.name, aside.name)
            self._db = _opened(path)
        self._key = (destination, store_id)
        self._destination = destination

    @property
    def seq(self) -> int:
        """The number of the last change that has been delivered; 0 when nothing has been."""
        row = self._db.execute("SELECT seq FROM progress WHERE (destination, store) = (?, ?)", self._key).fetchone()
        return int(row[0]) if row else 0

    def advance(self, seq: int, points: Sequence[Point], rejected: Sequence[Rejected]) -> None:
        """Note that everything up to this change has been delivered, but for the rejected points."""
        with transaction(self._db):
            self._put_aside(points, rejected)
            self._db.execute("INSERT OR REPLACE INTO progress VALUES (?, ?, ?)", (*self._key, seq))

    def begin_again(self) -> None:
        """Forget how far the deliveries have got; a doubt is then one about everything."""
        with transaction(self._db):
            self._db.execute("DELETE FROM progress WHERE (destination, store) = (?, ?)", self._key)
            self._db.execute("UPDATE doubt SET seq = 0 WHERE (destination, store) = (?, ?)", self._key)

    @property
    def in_doubt(self) -> bool:
        """Whether older points may have arrived in place of newer ones, or may still do so."""
        row = self._db.execute("SELECT 1 FROM doubt WHERE (destination, store) = (?, ?)", self._key).fetchone()
        return row is not None

    def note_doubt(self, seq: int) -> None:
        """What comes after `seq` may be replaced by something older; an earlier doubt reaches further back."""
        self._db.execute("INSERT OR IGNORE INTO doubt VALUES (?, ?, ?)", (*self._key, seq))

    def go_back(self) -> None:
        """Deliver once more everything since the first doubt; what was not delivered yet is never skipped."""
        with transaction(self._db):
            self._db.execute(
                "INSERT OR REPLACE INTO progress SELECT destination, store, min(doubt.seq, progress.seq)"
                " FROM doubt JOIN progress USING (destination, store) WHERE (destination, store) = (?, ?)",
                self._key,
            )
            self._db.execute("DELETE FROM doubt WHERE (destination, store) = (?, ?)", self._key)

    def put_aside(self, points: Sequence[Point], rejected: Sequence[Rejected]) -> None:
        """Keep the rejected ones of these points, and no longer those of them that were delivered after all."""
        with transaction(self._db):
            self._put_aside(points, rejected)

    def refused(self) -> int:
        """How many points were refused."""
        query = "SELECT count(*) FROM quarantine WHERE destination = ?"
        return int(self._db.execute(query, (self._destination,)).fetchone()[0])

    def quarantined(self, limit: int, after: str = "") -> list[Rejected]:
        """The points that were refused, in order of their identity, behind the given one; at most `limit`."""
        rows = self._db.execute(
            "SELECT point, status, reason FROM quarantine WHERE destination = ? AND identity > ?"
            " ORDER BY identity LIMIT ?",
            (self._destination, after, limit),
        )
        return [Rejected(msgspec.json.decode(point, type=Point), status, reason) for point, status, reason in rows]

    def trouble(self) -> Trouble | None:
        """What keeps the points from being delivered, if anything did at the last attempt."""
        row = self._db.execute(
            "SELECT since_ns, reason FROM trouble WHERE destination = ?", (self._destination,)
        ).fetchone()
        return Trouble(*row) if row else None

    def note_trouble(self, since_ns: int, reason: str) -> None:
        """Remember trouble, the reason being the latest and the time that of the first."""
        self._db.execute(
            "INSERT INTO trouble VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason",
            (self._destination, since_ns, reason),
        )

    def clear_trouble(self) -> None:
        """Points are taken again."""
        self._db.execute("DELETE FROM trouble WHERE destination = ?", (self._destination,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _put_aside(self, points: Iterable[Point], rejected: Sequence[Rejected]) -> None:
        if self._db.execute("SELECT 1 FROM quarantine LIMIT 1").fetchone():  # nearly always it is empty
            self._db.executemany(
                "DELETE FROM quarantine WHERE destination = ? AND identity = ?",
                [(self._destination, point.identity) for point in points],
            )
        self._db.executemany(
            "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?)",
            [
                (self._destination, it.point.identity, it.status, it.reason, msgspec.json.encode(it.point))
                for it in rejected
            ],
        )


def _opened(path: Path) -> sqlite3.Connection:
    """The file, made where there is none; raises _Damaged."""
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the last transactions back, whole: what they noted is then delivered again.
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(_TABLES)
        _check(db)
    except sqlite3.OperationalError as error:
        db.close()
        # A full disk or another's lock is no damage; what sqlite3 itself cannot read has no code.
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF != sqlite3.SQLITE_ERROR:
            raise
        raise _Damaged from error
    except (*UNREADABLE, msgspec.DecodeError, TypeError) as error:
        db.close()
        raise _Damaged from error
    return db


def _check(db: sqlite3.Connection) -> None:
    """Whether everything is as it was written: there is little, and nothing else would tell."""
    if db.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",) or db.execute(_WRONG_TYPES).fetchone() != (0,):
        raise sqlite3.DatabaseError("other content than was written")
    db.execute("SELECT destination, store FROM progress").fetchone()
    db.execute("SELECT destination FROM trouble").fetchone()
    for identity, point, _ in db.execute("SELECT identity, point, destination FROM quarantine"):
        if msgspec.json.decode(point, type=Point).identity != identity:
            raise sqlite3.DatabaseError("a refused point is not the one it was")
