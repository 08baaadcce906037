"""What a power cut or a bad disk left of an SQLite file: whether it is whole, and what can still be read of it.

SQLite itself undoes a transaction that was not finished. This is for what it cannot undo: torn pages, a file cut short,
a write-ahead log with a hole. Nothing is overwritten: the damaged file is set aside under another name.
"""

import logging
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

DAMAGED = ".damaged"
"""Added to the name of a file that was set aside, and before the `-wal` of its log."""
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError, MemoryError)
"""What reading a damaged database raises: the second where SQLite's message quotes a damaged schema, the third where a
row's damaged length is longer than there is memory."""
_SAVING, _SAVED = ".saving", ".saved"
"""The copy while it is made, and once it is complete: a second power cut in between does no harm."""

# The write-ahead log and its index: sqlite.org/walformat.html, sections 1.2 to 2.1.
_WAL_HEADER, _FRAME_HEADER = 32, 24
_PAGE_SIZE_AT, _SALTS_AT, _VALID_FRAMES_AT = 8, 16, 16
_NO_INDEX = (sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP)

Stored = TypeVar("Stored", bound=msgspec.Struct)

_log = logging.getLogger(__name__)


class Mended(NamedTuple):
    """What was done about a damaged file. `rows` is how many rows of its tables could be copied."""

    path: Path
    set_aside: Path
    rows: int


def legible(encoded: bytes, kind: type[Stored], file: str) -> Stored | None:
    """What a row of this file holds as JSON; None, and a line in the log, where it is damaged: the others still count.

    `encoded` may be of any type, as a damaged row may be.
    """
    try:
        return msgspec.json.decode(encoded, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, RecursionError) as error:
        _log.error("%s: a damaged %s is left out (%s)", file, kind.__name__, error)
        return None


def is_damaged(path: Path) -> bool:
    """Whether something that was committed to this database is missing or cannot be read. Changes nothing in it.

    Where the last writer closed it, it is only opened; where a log was left over it is read through, which takes about
    a second for each gigabyte. One that cannot even be opened, for want of room or rights, is not called damaged.
    """
    if path.stat().st_size == 0:
        return True
    try:
        with closing(_read_only(path)) as db:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if not _has_unfinished_log(path):
                return False
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
            return verdict != "ok" or _commits_behind_a_hole(path)
    except UNREADABLE as error:
        return not _is_about_room(error)
    except OSError:
        return True


def mend(path: Path, prepare: Callable[[Path], bool]) -> Mended:
    """Set a damaged database aside and put what can be read of it in its place.

    `prepare(copy)` checks and completes the copy; where it returns False, or nothing can be read, nothing is put in its
    place. Raises OSError or sqlite3.Error when there is no room; the damaged file is where it was then.
    """
    saving = _beside(path, _SAVING)
    _remove(saving)
    rows = _copy_readable(path, saving)
    if rows is not None and prepare(saving):
        saving.replace(_beside(path, _SAVED))
    else:
        _remove(saving)
        rows = 0
    return Mended(path, _put_in_place(path), rows)


def finish_mending(folder: Path, pattern: str) -> None:
    """Complete what a power cut interrupted between copying and renaming, for the files whose names fit."""
    for saved in folder.glob(f"{pattern}{_SAVED}"):
        _put_in_place(saved.with_name(saved.name.removesuffix(_SAVED)))


def set_aside(path: Path) -> Path:
    """Give a database and its log other names, so that nothing is lost; the new name of the first."""
    aside = _free_name(path)
    for suffix in ("", "-wal"):
        if (old := _beside(path, suffix)).exists():
            old.rename(_beside(aside, suffix))
    _beside(path, "-shm").unlink(missing_ok=True)
    return aside


def _put_in_place(path: Path) -> Path:
    """The damaged file and its log to their new names, then the copy to the old one, if there is a copy."""
    aside = set_aside(path)
    if (saved := _beside(path, _SAVED)).exists():
        saved.rename(path)
    return aside


def _free_name(path: Path) -> Path:
    aside, number = _beside(path, DAMAGED), 1
    while aside.exists():
        number += 1
        aside = _beside(path, f"{DAMAGED}{number}")
    return aside


def _copy_readable(source: Path, target: Path) -> int | None:
    """Copy all tables with their readable rows; their number, or None when not even the tables are known."""
    try:
        with closing(_read_only(source)) as damaged, closing(sqlite3.connect(target, isolation_level=None)) as copy:
            copy.execute("BEGIN")
            for pragma in ("application_id", "user_version"):
                (value,) = damaged.execute(f"PRAGMA {pragma}").fetchone()
                copy.execute(f"PRAGMA {pragma} = {value}")
            tables = _make(damaged, copy, "table")
            rows = sum(_copy_rows(damaged, copy, table) for table in tables)
            for kind in ("index", "trigger", "view"):  # afterwards: a trigger is for new rows
                _make(damaged, copy, kind)
            copy.execute("COMMIT")
            return rows
    except UNREADABLE as error:
        if _is_about_room(error):
            raise
        return None


def _is_about_room(error: Exception) -> bool:
    """Whether the disk is full or takes nothing: the log's index is made anew even by who only reads."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code in _NO_INDEX or code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)


def _make(damaged: sqlite3.Connection, copy: sqlite3.Connection, kind: str) -> list[str]:
    """Make everything of one kind that the damaged database has; the names."""
    query = "SELECT name, sql FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    made = damaged.execute(query, (kind,)).fetchall()
    for _, sql in made:
        copy.execute(sql)
    return [name for name, _ in made]


def _copy_rows(damaged: sqlite3.Connection, copy: sqlite3.Connection, table: str) -> int:
    """From the first row on until one cannot be read, and likewise from the last one back."""
    key, before = _key(damaged, table), copy.total_changes
    if not _copy_until_damage(damaged, copy, table, ", ".join(key)):
        _copy_until_damage(damaged, copy, table, ", ".join(f"{column} DESC" for column in key))
    return copy.total_changes - before


def _copy_until_damage(damaged: sqlite3.Connection, copy: sqlite3.Connection, table: str, order: str) -> bool:
    """Whether all rows could be read."""
    insert = ""
    try:
        # NOT INDEXED: another index may be torn where the table is not.
        for row in damaged.execute(f"SELECT * FROM {table} NOT INDEXED ORDER BY {order}"):
            insert = insert or f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(row))})"
            copy.execute(insert, row)
    except UNREADABLE as error:
        if _is_about_room(error):
            raise
        return False
    return True


def _key(db: sqlite3.Connection, table: str) -> list[str]:
    """The columns by which the table itself is sorted: others would have to be read in full first."""
    (without_rowid,) = db.execute("SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'", (table,)).fetchone()
    if not without_rowid:
        return ["rowid"]
    columns = db.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))
    return [name for (name,) in columns]


def _has_unfinished_log(path: Path) -> bool:
    """Whether whoever wrote this database last did not close it: otherwise the log is gone, or empty."""
    log = _beside(path, "-wal")
    return log.is_file() and log.stat().st_size > 0


def _commits_behind_a_hole(path: Path) -> bool:
    """Whether the log has transactions that SQLite does not see because a frame before them is damaged.

    To be asked while the database is open: SQLite has then written how many frames are valid into the log's index.
    """
    log, index = _beside(path, "-wal"), _beside(path, "-shm")
    with index.open("rb") as file:
        file.seek(_VALID_FRAMES_AT)
        (valid,) = struct.unpack("=I", file.read(4))
    with log.open("rb") as file:
        header = file.read(_WAL_HEADER)
        if len(header) < _WAL_HEADER:
            return False
        (page_size,) = struct.unpack_from(">I", header, _PAGE_SIZE_AT)
        salts, commits = header[_SALTS_AT : _SALTS_AT + 8], 0
        file.seek(valid * (_FRAME_HEADER + page_size), 1)
        while len(frame := file.read(_FRAME_HEADER + page_size)) == _FRAME_HEADER + page_size:
            # Frames of an earlier round have other salts. A commit is marked by the size of the database after it.
            commits += frame[8:16] == salts and frame[4:8] != bytes(4)
    # A single one may be what the power cut interrupted; a second one was begun only after the first was safe.
    return commits > 1


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        _beside(path, suffix).unlink(missing_ok=True)
