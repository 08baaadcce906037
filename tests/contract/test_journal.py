"""A journal keeps what was appended, in order, through anything."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from collector.contract.errors import BadRecording
from collector.contract.journal import Header, Journal, StreamEnd, is_journal
from tests.support.blocks import START_NS, block

HEADER = Header(session="2026-11-19_w1_left_calf_3f2a", wearer="w1", site="left_calf", started_ns=START_NS)

# Appends one block after the other and says so; ends only by being killed.
WRITER = """
import sys
from pathlib import Path
from collector.contract.journal import Journal
from tests.contract.test_journal import HEADER
from tests.support.blocks import block
journal = Journal.create(Path(sys.argv[1]), HEADER)
for seq in range(1_000_000):
    journal.append([block(seq, "emg"), block(seq, "acc", samples=[0] * 30)])
    print(seq, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "night.journal"


def test_blocks_come_back_in_the_order_of_writing(path: Path) -> None:
    written = [block(0), block(0, "acc", samples=[1] * 30), block(1)]
    with Journal.create(path, HEADER) as journal:
        journal.append(written[:1])
        journal.append(written[1:])
    with Journal.open(path) as journal:
        assert list(journal.blocks()) == written
        assert journal.header == HEADER


def test_reading_goes_on_behind_any_row(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        journal.append(block(seq) for seq in range(5))
        first = journal.read(after=0, limit=2)
        rest = journal.read(after=first[-1].row, limit=10)
        assert [entry.seq for entry in first + rest] == [0, 1, 2, 3, 4]
        assert journal.row_of("emg", 3) == rest[1].row
        assert journal.row_of("emg", 5) is None
        assert journal.last_row == rest[-1].row


def test_everything_appended_survives_kill_9(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = -1
        while acknowledged < 20:
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = int((writer.stdout.read().split() or [str(acknowledged)])[-1])
    assert is_journal(path)
    with Journal.open(path) as journal:
        sequence = [entry.seq for entry in journal.read(limit=10**6) if entry.stream == "emg"]
        assert sequence == list(range(len(sequence)))
        assert len(sequence) > acknowledged
        # Both blocks of an append or none.
        assert journal.ends()["acc"].next_seq == len(sequence)


def test_a_session_goes_on_where_it_stopped(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        journal.append([block(0), block(1, first_index=50)])
    with Journal.create(path, HEADER) as journal:
        assert journal.ends() == {"emg": StreamEnd(next_seq=2, next_index=60)}
        journal.append([block(2, first_index=60)])
        assert [entry.seq for entry in journal.read()] == [0, 1, 2]


def test_the_publisher_finds_its_place_again(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        journal.append([block(0), block(1)])
        assert journal.published == 0
        journal.published = 2
    with Journal.open(path) as journal:
        assert journal.published == 2


def test_the_end_of_a_session_and_remarks_are_kept(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        assert not journal.ended
        journal.note(START_NS, "the link was lost")
        journal.end()
    with Journal.open(path) as journal:
        assert journal.ended
        assert journal.notes() == [(START_NS, "the link was lost")]


def test_losses_are_the_jumps_of_the_index(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        journal.append([block(0), block(1, first_index=10), block(2, first_index=25), block(0, "temp")])
        assert journal.jumps() == [("emg", 20, 25)]


def test_the_first_and_last_block_of_each_stream_are_found(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        journal.append([block(0), block(0, "temp"), block(1), block(2)])
        assert journal.first_blocks() == {"emg": block(0), "temp": block(0, "temp")}
        assert journal.last_blocks() == {"emg": block(2), "temp": block(0, "temp")}


def test_a_sequence_number_is_taken_once_and_a_failed_append_leaves_nothing(path: Path) -> None:
    with Journal.create(path, HEADER) as journal:
        journal.append([block(0)])
        with pytest.raises(sqlite3.IntegrityError):
            journal.append([block(1), block(0)])
        assert [entry.seq for entry in journal.read()] == [0]


def test_it_can_be_read_while_it_is_written(path: Path) -> None:
    with Journal.create(path, HEADER) as writer:
        writer.append([block(0)])
        assert is_journal(path)
        with Journal.open(path, read_only=True) as reader:
            writer.append([block(1)])
            assert [entry.seq for entry in reader.read()] == [0, 1]


def test_another_session_is_not_mixed_in(path: Path) -> None:
    Journal.create(path, HEADER).close()
    other = Header(session="2026-11-20_w1_left_calf_77aa", wearer="w1", site="left_calf", started_ns=START_NS)
    with pytest.raises(BadRecording, match="3f2a, not 2026-11-20"):
        Journal.create(path, other)


def test_a_file_of_another_program_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE precious (row)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(BadRecording, match="not a"):
        Journal.create(path, HEADER)
    with pytest.raises(BadRecording, match="not a"):
        Journal.open(path)
    assert path.read_bytes() == before


def test_a_missing_file_is_told_and_not_made(path: Path) -> None:
    with pytest.raises(BadRecording, match="no such file"):
        Journal.open(path)
    assert not path.exists()


def test_a_header_of_another_version_is_told(path: Path) -> None:
    Journal.create(path, HEADER).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE header SET json = replace(json, '\"v\":1', '\"v\":2')")
    database.close()
    with pytest.raises(BadRecording, match="version 2"):
        Journal.open(path)


@pytest.mark.parametrize("content", [b"", b"EDF", b"SQLite format 3\0" + bytes(100)])
def test_other_files_are_no_journals(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert not is_journal(path)
