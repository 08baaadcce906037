"""A session's journal: the wire messages in order, in one SQLite file that survives a power cut.

The journal is the outage buffer, the recording to replay, the test fixture and what one attaches to a bug report. It
is appended to before anything is published (write-ahead log, synchronous=FULL: 0.2 to 0.4 ms a commit), by one writer.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from collector.contract.codec import decode_block, decode_json, encode_block, encode_json
from collector.contract.errors import BadRecording, ContractError
from collector.contract.messages import VERSION, SampleBlock, SessionId, StreamKind, TimeNs
from collector.contract.names import Name
from collector.contract.salvage import UNREADABLE
from collector.contract.transaction import transaction

SUFFIX = ".journal"
APPLICATION_ID = 0x6372616D
"""SQLite's mark of whose file this is: the letters `cram`."""

_TABLES = """
CREATE TABLE IF NOT EXISTS header (only INTEGER PRIMARY KEY CHECK (only = 1), json BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS block (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL, seq INTEGER NOT NULL, first_index INTEGER NOT NULL, end_index INTEGER NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (stream, seq)
);
CREATE TABLE IF NOT EXISTS note (row INTEGER PRIMARY KEY AUTOINCREMENT, t_ns INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS progress (only INTEGER PRIMARY KEY CHECK (only = 1), published INTEGER, ended INTEGER);
INSERT OR IGNORE INTO progress VALUES (1, 0, 0);
"""
# A damaged file may hold anything in any column, or no row: what is read is brought to its type first.
_PAYLOAD = "coalesce(CAST(payload AS BLOB), x'')"
_PROGRESS = "SELECT CAST(coalesce(max({}), 0) AS INTEGER) FROM progress"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal is of: one session of one wearer at one site."""

    v: int = VERSION
    session: SessionId
    wearer: Name
    site: Name
    started_ns: TimeNs
    timezone: str = "UTC"
    device: str = ""


class Entry(NamedTuple):
    """One journalled message; rows count upwards in the order of writing."""

    row: int
    stream: StreamKind
    seq: int
    payload: bytes


class StreamEnd(NamedTuple):
    """How far a stream has come: the next sequence number and the next sample index."""

    next_seq: int
    next_index: int


class Journal:
    """An open journal. Use `create` or `open`; close it, or use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection, header: Header) -> None:
        self._db = connection
        self.header = header

    @classmethod
    def create(cls, path: Path, header: Header) -> "Journal":
        """Start a journal; an existing one of the same session is opened and continued.

        Raises BadRecording when the file holds another session or is not a journal.
        """
        if path.exists() and path.stat().st_size and not is_journal(path):
            raise BadRecording(f"{path.name}: is there already and is not a journal; choose another file")
        connection = _connect(path, "rwc")
        connection.executescript(_TABLES)
        connection.execute("INSERT OR IGNORE INTO header VALUES (1, ?)", (encode_json(header),))
        journal = cls(connection, _read_header(path, connection))
        if journal.header.session != header.session:
            found = journal.header.session
            journal.close()
            raise BadRecording(f"{path.name} holds session {found}, not {header.session}; choose another file")
        return journal

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> "Journal":
        """Open an existing journal; raises BadRecording with the reason when it is not one."""
        if not path.is_file():
            raise BadRecording(f"{path}: there is no such file")
        if not is_journal(path):
            raise BadRecording(f"{path.name}: not a crampwatch journal")
        connection = _connect(path, "ro" if read_only else "rw")
        return cls(connection, _read_header(path, connection))

    def append(self, blocks: Iterable[SampleBlock], *, in_place_of_oldest: bool = False) -> None:
        """Keep these blocks, all or none: when this returns they survive a power cut.

        With `in_place_of_oldest` as many of the oldest published blocks are given up for them, so that the file stays
        as large as it is; what has not been published, and each stream's last block, is never given up.

        Raises sqlite3.IntegrityError for a sequence number that the stream has already, and sqlite3.OperationalError
        when the disk does not take it: nothing has changed then, and the same call may be tried again.
        """
        rows = [(b.stream, b.seq, b.first_index, b.end_index, encode_block(b)) for b in blocks]
        if in_place_of_oldest:
            # The write-ahead log would grow to 4 MB before SQLite begins it anew by itself.
            with suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA wal_checkpoint")
        with transaction(self._db):
            if in_place_of_oldest:
                # Before the insertion, which then finds the pages that become free.
                self._give_up_oldest(len(rows))
            self._db.executemany(
                "INSERT INTO block (stream, seq, first_index, end_index, payload) VALUES (?, ?, ?, ?, ?)", rows
            )

    def read(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """Up to `limit` messages behind row `after`, in the order they were written."""
        rows = self._db.execute(
            f"SELECT row, stream, seq, {_PAYLOAD} FROM block WHERE row > ? ORDER BY row LIMIT ?", (after, limit)
        )
        return [Entry(*row) for row in rows]

    def blocks(self) -> Iterator[SampleBlock]:
        """Every block in the order of writing, a few at a time."""
        after = 0
        while entries := self.read(after):
            for entry in entries:
                yield decode_block(entry.payload)
            after = entries[-1].row

    def ends(self) -> dict[StreamKind, StreamEnd]:
        """For each stream, the sequence number and sample index that come next."""
        rows = self._db.execute(
            "SELECT stream, CAST(max(seq) AS INTEGER) + 1, CAST(max(end_index) AS INTEGER) FROM block GROUP BY stream"
        )
        return {stream: StreamEnd(seq, index) for stream, seq, index in rows}

    def first_blocks(self) -> dict[StreamKind, SampleBlock]:
        """The first block of each stream."""
        return self._outermost("min")

    def last_blocks(self) -> dict[StreamKind, SampleBlock]:
        """The last block of each stream."""
        return self._outermost("max")

    def jumps(self) -> list[tuple[StreamKind, int, int]]:
        """What was lost: for each gap the stream, the first index missing and the first one there again."""
        return list(
            self._db.execute(
                "SELECT stream, before, first_index FROM (SELECT stream, seq, CAST(first_index AS INTEGER) first_index,"
                " lag(CAST(end_index AS INTEGER)) OVER (PARTITION BY stream ORDER BY seq) AS before FROM block)"
                " WHERE first_index > before ORDER BY stream, seq"
            )
        )

    def row_of(self, stream: StreamKind, seq: int) -> int | None:
        """The row of a block, or None when the journal does not hold it."""
        found = self._db.execute("SELECT row FROM block WHERE stream = ? AND seq = ?", (stream, seq)).fetchone()
        return found[0] if found else None

    def row_from(self, stream: StreamKind, seq: int) -> int | None:
        """The row of a block, or of the next one of its stream where that was given up; None behind the last."""
        found = self._db.execute(
            "SELECT row FROM block WHERE stream = ? AND seq >= ? ORDER BY seq LIMIT 1", (stream, seq)
        ).fetchone()
        return found[0] if found else None

    @property
    def last_row(self) -> int:
        """The row written last; 0 in an empty journal."""
        return int(self._db.execute("SELECT coalesce(max(row), 0) FROM block").fetchone()[0])

    @property
    def published(self) -> int:
        """The row up to which everything has been acknowledged by the broker."""
        return int(self._db.execute(_PROGRESS.format("published")).fetchone()[0])

    @published.setter
    def published(self, row: int) -> None:
        self._db.execute("UPDATE progress SET published = ?", (row,))

    @property
    def ended(self) -> bool:
        """Whether the session was brought to its proper end."""
        return bool(self._db.execute(_PROGRESS.format("ended")).fetchone()[0])

    def end(self) -> None:
        """Mark the session as complete: no block will follow."""
        self._db.execute("UPDATE progress SET ended = 1")

    def note(self, t_ns: int, text: str) -> None:
        """Keep a remark about the session, such as why the link was lost."""
        self._db.execute("INSERT INTO note (t_ns, text) VALUES (?, ?)", (t_ns, text))

    def notes(self) -> list[tuple[int, str]]:
        """All remarks, as (t_ns, text)."""
        return list(self._db.execute("SELECT t_ns, text FROM note ORDER BY row"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _outermost(self, which: Literal["min", "max"]) -> dict[StreamKind, SampleBlock]:
        # SQLite takes the other columns from the row that holds the extreme.
        rows = self._db.execute(f"SELECT stream, {_PAYLOAD}, {which}(seq) FROM block GROUP BY stream")
        return {stream: decode_block(payload) for stream, payload, _ in rows}

    def _give_up_oldest(self, count: int) -> None:
        # A stream's last block tells where it goes on, and is needed for that.
        self._db.execute(
            "DELETE FROM block WHERE row IN (SELECT row FROM block WHERE row <= (SELECT published FROM progress)"
            " AND row NOT IN (SELECT max(row) FROM block GROUP BY stream) ORDER BY row LIMIT ?)",
            (count,),
        )


def is_journal(path: Path) -> bool:
    """Whether the file is an SQLite database that bears the journal's mark."""
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except OSError:
        return False
    return head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    try:
        if mode == "rwc":
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
        if mode != "ro":
            # Before the write-ahead log, so that the mark stands in the file itself, whatever the log still holds.
            # Not a second time: writing needs room, and a journal has to open on a full disk as well.
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    except (*UNREADABLE, OSError) as error:
        raise BadRecording(f"{path}: cannot be opened as a journal ({error})") from error
    return connection


def _read_header(path: Path, connection: sqlite3.Connection) -> Header:
    try:
        with closing(connection.execute("SELECT json FROM header")) as cursor:
            row = cursor.fetchone()
            # Found out now, and not when it is read from: whether all the tables are there.
            cursor.execute("SELECT row, stream, seq, first_index, end_index, payload FROM block")
            cursor.execute("SELECT published, ended FROM progress")
        return decode_json(row[0], Header)
    except (*UNREADABLE, ContractError, TypeError) as error:
        connection.close()
        raise BadRecording(f"{path.name}: the journal has no readable header ({error})") from error
