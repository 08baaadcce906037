"""A stretch of a journal as a journal of its own: the same session, its blocks, clocks and numbers as they were."""

import os
import sqlite3
import tempfile
from bisect import bisect_left, bisect_right
from contextlib import closing
from pathlib import Path

from collector.contract.codec import decode_block
from collector.contract.journal import Journal
from collector.contract.messages import SampleBlock, StreamKind


def write_clip(journal: Journal, clip: Path, span_ns: tuple[int, int]) -> bool:
    """Copy the blocks that touch this span (end exclusive), and the notes within it, to a journal that has ended.

    The clip appears under its name when it is whole, in place of what is there; when this returns it survives a power
    cut. False, and no clip, where the journal holds no EMG of that span. Raises sqlite3.Error, OSError and
    ContractError: a full disk, a damaged journal.
    """
    blocks = blocks_within(journal, span_ns)
    if not any(block.stream == "emg" for block in blocks):
        return False
    start_ns, end_ns = span_ns
    clip.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=clip.parent, prefix=".clip-") as scratch:
        made = Path(scratch) / clip.name
        with Journal.create(made, journal.header) as copy:
            copy.append(blocks)
            for t_ns, text in journal.notes():
                if start_ns <= t_ns < end_ns:
                    copy.note(t_ns, text)
            copy.published = copy.last_row  # lest a collector that finds it among its journals publishes it again
            copy.end()
        _make_one_file(made)
        made.replace(clip)
    _sync(clip.parent)
    return True


def blocks_within(journal: Journal, span_ns: tuple[int, int]) -> list[SampleBlock]:
    """The blocks of all streams that touch this span (end exclusive), in the order in which they were written."""
    rows = sorted(
        row
        for stream, end in journal.ends().items()
        for seq in _numbers_within(journal, stream, end.next_seq, span_ns)
        if (row := journal.row_of(stream, seq)) is not None
    )
    return [_block_at(journal, row) for row in rows]


def _numbers_within(journal: Journal, stream: StreamKind, next_seq: int, span_ns: tuple[int, int]) -> range:
    """A stream's times rise with its numbers, so a search by halves spares reading the whole night."""

    def block(seq: int) -> SampleBlock:
        row = journal.row_from(stream, seq)
        assert row is not None  # a stream's last block is never given up
        return _block_at(journal, row)

    start_ns, end_ns = span_ns
    numbers = range(next_seq)
    return range(
        bisect_right(numbers, start_ns, key=lambda seq: block(seq).end_ns),
        bisect_left(numbers, end_ns, key=lambda seq: block(seq).t0_ns),
    )


def _block_at(journal: Journal, row: int) -> SampleBlock:
    (entry,) = journal.read(after=row - 1, limit=1)
    return decode_block(entry.payload)


def _make_one_file(path: Path) -> None:
    """Without a write-ahead log it can be copied as one file, and read where nothing can be written."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")


def _sync(folder: Path) -> None:
    """The new name is on the disk: the journal may be deleted next."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
