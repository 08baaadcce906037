"""A journal as a source of messages to publish: what to send next, what has been acknowledged, where to go back to."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from collector.contract.errors import BadRecording
from collector.contract.journal import Entry, Journal
from collector.contract.messages import STREAMS, SessionId, StreamKind
from collector.contract.salvage import UNREADABLE

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BAD_DISK = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_DATA, sqlite3.SQLITE_IOERR_CORRUPTFS)


class Unreadable(BadRecording):
    """Something in a session's journal cannot be read, and trying again would not help."""

    def __init__(self, session: SessionId, error: Exception) -> None:
        super().__init__(f"The journal of session {session} cannot be read ({error})")
        self.session = session


class JournalFeed:
    """Hands out a journal's rows in order and keeps the cursor behind which everything is acknowledged.

    It has a connection of its own, so that it can run in another thread than the writer. Raises BadRecording when the
    file is not a journal. Whatever reads in it raises Unreadable when the journal is damaged, and sqlite3.Error for
    what may pass, such as a lock held too long.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal.open(path)
        self._unacknowledged: set[int] = set()
        try:
            with self._reading():
                self._published = self._cursor = self._journal.published
        except (Unreadable, sqlite3.Error):
            self._journal.close()
            raise

    @property
    def session(self) -> SessionId:
        """The session in the journal."""
        return self._journal.header.session

    @property
    def unpublished(self) -> int:
        """How many rows have not been acknowledged."""
        return self._last_row() - self._settled_row()

    @property
    def drained(self) -> bool:
        """Whether every row now in the journal has been sent and acknowledged."""
        return not self._unacknowledged and self._cursor >= self._last_row()

    @property
    def ended(self) -> bool:
        """Whether no row will follow."""
        with self._reading():
            return self._journal.ended

    def last_seq(self) -> dict[StreamKind, int]:
        """Each stream's last block."""
        with self._reading():
            return {stream: end.next_seq - 1 for stream, end in self._journal.ends().items()}

    def take(self, limit: int) -> list[Entry]:
        """The next rows to send, at most `limit`."""
        with self._reading():
            entries = self._journal.read(self._cursor, limit)
            if strange := [entry.row for entry in entries if entry.stream not in STREAMS]:
                raise sqlite3.DatabaseError(f"row {strange[0]} is of no known stream")
        if entries:
            self._cursor = entries[-1].row
            self._unacknowledged.update(entry.row for entry in entries)
        return entries

    def acknowledge(self, row: int) -> None:
        """The broker has this row."""
        self._unacknowledged.discard(row)

    def refuse(self, row: int) -> None:
        """The broker does not take this row; it will be handed out again."""
        self._unacknowledged.discard(row)
        self._cursor = min(self._cursor, row - 1)

    def rewind(self, from_seq: Mapping[StreamKind, int]) -> None:
        """Hand out again from the earliest of these blocks on, or from the next ones that the journal still holds."""
        with self._reading():
            rows = [self._journal.row_from(stream, seq) for stream, seq in from_seq.items()]
        self._cursor = min([self._cursor, *(row - 1 for row in rows if row is not None)])

    def save(self) -> None:
        """Keep the cursor in the journal, so that a later process does not send everything anew.

        Raises sqlite3.Error when the disk does not take it.
        """
        settled = self._settled_row()
        if settled > self._published:
            self._journal.published = self._published = settled

    def close(self) -> None:
        """Keep the cursor, if the disk takes it, and close the file."""
        with suppress(sqlite3.Error):  # what is published twice for that, the detector recognises
            self.save()
        self._journal.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except UNREADABLE as error:
            # SQLite gives no code where it is Python that cannot make sense of a value.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF in _DAMAGED or code in _BAD_DISK:
                raise Unreadable(self.session, error) from error
            raise

    def _last_row(self) -> int:
        with self._reading():
            return self._journal.last_row

    def _settled_row(self) -> int:
        """The row up to which everything is acknowledged; going back for a replay does not undo it."""
        oldest = min(self._unacknowledged, default=self._cursor + 1)
        return max(self._published, min(oldest - 1, self._cursor))
