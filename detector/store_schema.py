"""The night store's tables, and opening the file that holds them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from collector.contract.salvage import UNREADABLE
from detector import store_changes

APPLICATION_ID = 0x6E696768
"""SQLite's mark of whose file this is: the letters `nigh`."""
SCHEMA_VERSION = 2
"""Kept in the file's user_version; another number there means another set of tables.

Version 1 had no account of what changes (`store_changes`). Opening such a file to write adds it; a reader that does not
ask for changes finds all it needs in both.
"""
BUSY_TIMEOUT_S = 5.0
"""How long a connection waits for the other one: a checkpoint of a few megabytes takes well under a second."""

_TABLES = """
CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    wearer TEXT NOT NULL, site TEXT NOT NULL, name TEXT NOT NULL, info BLOB NOT NULL,
    start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, complete INTEGER NOT NULL,
    last_frame_ns INTEGER,
    UNIQUE (wearer, site, name)
);
CREATE TABLE event (
    id TEXT PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES session, stage TEXT NOT NULL, channel TEXT NOT NULL,
    onset_ns INTEGER NOT NULL, suspected_ns INTEGER NOT NULL, alerted_ns INTEGER, end_ns INTEGER,
    json BLOB NOT NULL
);
CREATE INDEX event_by_time ON event (session, onset_ns);
CREATE TABLE second (
    session INTEGER NOT NULL REFERENCES session, t_s INTEGER NOT NULL,
    motion_mg REAL, gravity_x_mg REAL, gravity_y_mg REAL, gravity_z_mg REAL,
    PRIMARY KEY (session, t_s)
) WITHOUT ROWID;
CREATE TABLE envelope (
    session INTEGER NOT NULL REFERENCES session, channel TEXT NOT NULL, t_s INTEGER NOT NULL,
    min_uv REAL, max_uv REAL, rest_uv REAL, threshold_uv REAL, quality INTEGER NOT NULL,
    PRIMARY KEY (session, channel, t_s)
) WITHOUT ROWID;
CREATE TABLE unwatched (
    session INTEGER NOT NULL REFERENCES session, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
    cause TEXT NOT NULL,
    PRIMARY KEY (session, start_ns)
) WITHOUT ROWID;
CREATE TABLE temperature (
    session INTEGER NOT NULL REFERENCES session, t_ns INTEGER NOT NULL, celsius REAL NOT NULL,
    PRIMARY KEY (session, t_ns)
) WITHOUT ROWID;
CREATE TABLE recent_frames (
    session INTEGER NOT NULL REFERENCES session, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
    frames BLOB NOT NULL,
    PRIMARY KEY (session, start_ns)
);
CREATE TABLE trace (event TEXT PRIMARY KEY REFERENCES event ON DELETE CASCADE, frames BLOB NOT NULL);
CREATE TABLE delivery (event TEXT NOT NULL, stage TEXT NOT NULL, published_ns INTEGER, PRIMARY KEY (event, stage));
CREATE TABLE snapshot (session INTEGER PRIMARY KEY REFERENCES session, state BLOB NOT NULL);
"""


class BadStore(ValueError):
    """The file is not a night store this program can use; the text says why in one line."""


# SQLite checks no page's content: after a bit has flipped a number may be a text, and JSON anything at all.
_DAMAGE = (
    *UNREADABLE,
    msgspec.DecodeError,
    ArithmeticError,
    AttributeError,
    IndexError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)


@contextmanager
def read_from(path: Path) -> Iterator[None]:
    """What reading rows that are damaged raises becomes BadStore."""
    try:
        yield
    except BadStore:
        raise
    except _DAMAGE as error:
        raise BadStore(f"{path}: is damaged ({error}); keep it, and put back a backup or start a new one") from error


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the night store, making it first where that is allowed; raises BadStore."""
    if read_only and not path.is_file():
        raise _not_yet(path)
    try:
        return _prepared(path, read_only=read_only)
    except (*UNREADABLE, OSError) as error:
        raise BadStore(f"{path}: cannot be opened as a night store ({error})") from error


def _prepared(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    mode = "ro" if read_only else "rwc"
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S
    )
    try:
        _check(path, db, read_only=read_only)
        if not read_only:
            _make_ready(db)
    except BaseException:
        db.close()
        raise
    return db


def _not_yet(path: Path) -> BadStore:
    return BadStore(f"{path}: there is no night store here yet; the detector makes it when it starts")


def _check(path: Path, db: sqlite3.Connection, *, read_only: bool) -> None:
    # The tables first: whoever makes them marks the file in the same transaction.
    tables, application, version = (
        int(db.execute(query).fetchone()[0])
        for query in ("SELECT count(*) FROM sqlite_schema", "PRAGMA application_id", "PRAGMA user_version")
    )
    if not tables and not read_only:
        return
    if not tables:
        raise _not_yet(path)
    if application != APPLICATION_ID:
        raise BadStore(f"{path}: this SQLite file is not a crampwatch night store; choose another file")
    if not 1 <= version <= SCHEMA_VERSION:
        raise BadStore(
            f"{path}: the night store has tables of version {version}, this program knows version {SCHEMA_VERSION}; "
            "use the program that wrote it, or keep that file and start a new one"
        )


def _make_ready(db: sqlite3.Connection) -> None:
    """Write-ahead log so that a report can read meanwhile; FULL so that a commit survives a power cut."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    tables = _TABLES if not version else ""
    db.executescript(
        f"BEGIN IMMEDIATE; {tables} {store_changes.script()}"
        f" PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )
