"""How far a journal has got, row by row."""

from pathlib import Path

import msgspec

from collector.journal_feed import JournalFeed
from tests.collector.publishing import SESSION, journal_of


def test_the_cursor_waits_for_the_oldest_row_without_acknowledgement(tmp_path: Path) -> None:
    with journal_of(tmp_path, 5) as journal:
        feed = JournalFeed(tmp_path / f"{SESSION}.journal")
        rows = [entry.row for entry in feed.take(5)]
        for row in rows[1:]:
            feed.acknowledge(row)
        feed.save()
        assert (journal.published, feed.unpublished, feed.drained) == (0, 5, False)
        feed.acknowledge(rows[0])
        feed.close()
        assert journal.published == rows[-1]


def test_a_refused_row_is_handed_out_again(tmp_path: Path) -> None:
    with journal_of(tmp_path, 3):
        feed = JournalFeed(tmp_path / f"{SESSION}.journal")
        first, second, third = (entry.row for entry in feed.take(3))
        feed.acknowledge(first)
        feed.refuse(second)
        assert [entry.row for entry in feed.take(9)] == [second, third]
        feed.close()


def test_a_replay_goes_on_with_the_next_block_where_those_wanted_were_given_up(tmp_path: Path) -> None:
    with journal_of(tmp_path, 6) as journal:
        feed = JournalFeed(tmp_path / f"{SESSION}.journal")
        for entry in feed.take(6):
            feed.acknowledge(entry.row)
        feed.save()
        (block, *_) = journal.blocks()
        journal.append([msgspec.structs.replace(block, seq=6)], in_place_of_oldest=True)
        feed.rewind({block.stream: 0})
        assert [entry.seq for entry in feed.take(9)] == [1, 2, 3, 4, 5, 6]
        feed.close()
