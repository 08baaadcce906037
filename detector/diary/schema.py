"""The diary's tables, and opening the file that holds them."""

import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from collector.contract.salvage import UNREADABLE

APPLICATION_ID = 0x64696172
"""SQLite's mark of whose file this is: the letters `diar`."""
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0
"""How long one process waits for another: each writes for milliseconds."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE entry (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, wearer TEXT NOT NULL, site TEXT NOT NULL,
    t_ns INTEGER NOT NULL, id TEXT UNIQUE, json BLOB NOT NULL
);
CREATE INDEX entry_by_time ON entry (kind, wearer, site, t_ns);
CREATE TABLE memory (
    wearer TEXT NOT NULL, site TEXT NOT NULL, memory BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (wearer, site)
) WITHOUT ROWID;
CREATE TABLE progress (only INTEGER PRIMARY KEY CHECK (only = 1), obeyed INTEGER NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class BadDiary(ValueError):
    """The file is not a diary this program can use; the text says why in one line."""


class DiaryUnavailable(BadDiary):
    """It cannot be used now, for want of room or rights, or because it is damaged."""


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the diary, making it first where that is allowed; raises BadDiary."""
    try:
        if not path.exists():
            if read_only:
                raise BadDiary(f"{path}: there is no diary yet; whoever says something first makes it")
            _make(path)
        return _opened(path, "ro" if read_only else "rw")
    except (*UNREADABLE, OSError) as error:
        raise DiaryUnavailable(f"{path}: cannot be opened as a diary ({error})") from error


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    try:
        db.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")
        db.execute("PRAGMA synchronous = FULL")  # what was taken survives a power cut
        application, version = (
            int(db.execute(query).fetchone()[0]) for query in ("PRAGMA application_id", "PRAGMA user_version")
        )
        if application != APPLICATION_ID:
            raise BadDiary(f"{path}: this SQLite file is not a crampwatch diary; choose another file")
        if version != SCHEMA_VERSION:
            raise BadDiary(
                f"{path}: the diary has tables of version {version}, this program knows version {SCHEMA_VERSION}; "
                "use the program that wrote it"
            )
    except BaseException:
        db.close()
        raise
    return db


def _make(path: Path) -> None:
    """Make the file elsewhere and give it its name when it is whole: two processes may be the first at once.

    The write-ahead log lets others read while one writes. Switching it on wants the file for itself, and does not wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".diary-") as scratch:
        made = Path(scratch) / path.name
        with closing(sqlite3.connect(made, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_TABLES)
        with suppress(FileExistsError):  # somebody was quicker
            path.hardlink_to(made)
