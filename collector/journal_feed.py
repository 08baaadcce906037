"""A journal as a source of messages to publish: what to send next, what has been acknowledged, where to go back to."""

from collections.abc import Mapping
from pathlib import Path

from collector.contract.journal import Entry, Journal
from collector.contract.messages import SessionId, StreamKind


class JournalFeed:
    """Hands out a journal's rows in order and keeps the cursor behind which everything is acknowledged.

    It has a connection of its own, so that it can run in another thread than the writer. Raises BadRecording when the
    file is not a journal.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal.open(path)
        self._published = self._journal.published
        self._cursor = self._published
        self._unacknowledged: set[int] = set()

    @property
    def session(self) -> SessionId:
        """The session in the journal."""
        return self._journal.header.session

    @property
    def unpublished(self) -> int:
        """How many rows have not been acknowledged."""
        return self._journal.last_row - self._settled_row()

    @property
    def drained(self) -> bool:
        """Whether every row now in the journal has been sent and acknowledged."""
        return not self._unacknowledged and self._cursor >= self._journal.last_row

    @property
    def ended(self) -> bool:
        """Whether no row will follow."""
        return self._journal.ended

    def last_seq(self) -> dict[StreamKind, int]:
        """Each stream's last block."""
        return {stream: end.next_seq - 1 for stream, end in self._journal.ends().items()}

    def take(self, limit: int) -> list[Entry]:
        """The next rows to send, at most `limit`."""
        entries = self._journal.read(self._cursor, limit)
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
        rows = [self._journal.row_from(stream, seq) for stream, seq in from_seq.items()]
        self._cursor = min([self._cursor, *(row - 1 for row in rows if row is not None)])

    def save(self) -> None:
        """Keep the cursor in the journal, so that a later process does not send everything anew."""
        settled = self._settled_row()
        if settled > self._published:
            self._journal.published = self._published = settled

    def close(self) -> None:
        """Keep the cursor and close the file."""
        self.save()
        self._journal.close()

    def _settled_row(self) -> int:
        """The row up to which everything is acknowledged; going back for a replay does not undo it."""
        oldest = min(self._unacknowledged, default=self._cursor + 1)
        return max(self._published, min(oldest - 1, self._cursor))
