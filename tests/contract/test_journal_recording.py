"""A journal as a recording: long blocks in order of time, and an account of what is missing."""

import sqlite3
from pathlib import Path

import pytest

from collector.contract.errors import BadRecording
from collector.contract.journal import Header, Journal
from collector.contract.messages import SampleBlock
from collector.contract.recording import Gap, duration_s
from collector.contract.recordings import open_recording
from tests.support.blocks import START_NS, block


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "night.journal"


def write(path: Path, *blocks: SampleBlock, ended: bool = True, timezone: str = "UTC") -> Path:
    header = Header(
        session="2026-11-19_w1_left_calf_3f2a", wearer="w1", site="left_calf", started_ns=START_NS, timezone=timezone
    )
    with Journal.create(path, header) as journal:
        journal.append(blocks)
        if ended:
            journal.end()
    return path


def acc(seq: int) -> SampleBlock:
    return block(seq, "acc", samples=range(30))


def test_it_tells_who_where_when_and_what(path: Path) -> None:
    recording = open_recording(write(path, acc(0), *(block(seq) for seq in range(5)), timezone="Europe/Berlin"))
    assert (recording.place, recording.session) == (("w1", "left_calf"), "2026-11-19_w1_left_calf_3f2a")
    assert (recording.start_ns, duration_s(recording)) == (START_NS, 5.0)
    assert recording.timezone == "Europe/Berlin"
    assert list(recording.streams) == ["emg", "acc"]
    assert recording.notes == ()


def test_blocks_of_a_second_are_joined_with_motion_first(path: Path) -> None:
    pairs = [one for seq in range(5) for one in (block(seq), acc(seq))]
    found = list(open_recording(write(path, *pairs)).blocks(3.0))
    assert [(one.stream, one.seq, one.first_index, one.count) for one in found] == [
        ("acc", 0, 0, 20),
        ("emg", 0, 0, 30),
        ("acc", 1, 20, 30),
        ("emg", 1, 30, 20),
    ]
    assert b"".join(one.samples for one in found if one.stream == "acc") == acc(0).samples * 5


def test_blocks_are_not_joined_over_a_loss_or_a_new_clock(path: Path) -> None:
    lost = [block(0), block(1), block(2, first_index=25)]
    found = list(open_recording(write(path, *lost)).blocks(60.0))
    assert [(one.first_index, one.count) for one in found] == [(0, 20), (25, 10)]
    assert open_recording(path).gaps == (Gap("emg", 20, 25),)


def test_a_session_still_going_on_can_be_read_and_is_said_to_be_unfinished(path: Path) -> None:
    recording = open_recording(write(path, block(0), ended=False))
    assert sum(one.count for one in recording.blocks(60.0)) == 10
    assert "not brought to its end" in recording.notes[0]


def test_a_journal_without_emg_is_refused(path: Path) -> None:
    with pytest.raises(BadRecording, match=r"night\.journal: holds no EMG"):
        open_recording(write(path, acc(0)))


def test_an_unknown_time_zone_is_told(path: Path) -> None:
    with pytest.raises(BadRecording, match="time zone 'Mars/Olympus' is not known"):
        open_recording(write(path, block(0), timezone="Mars/Olympus"))


def test_a_damaged_block_is_told_when_it_is_reached(path: Path) -> None:
    write(path, block(0), block(1), block(2))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE block SET payload = x'8b' WHERE seq = 1")
    database.close()
    recording = open_recording(path)
    with pytest.raises(BadRecording, match=r"night\.journal: the journal is damaged"):
        list(recording.blocks(60.0))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE block SET payload = 7",
        "UPDATE block SET payload = 'text'",
        "DROP TABLE block",
        "DROP TABLE progress",
        "ALTER TABLE progress RENAME COLUMN ended TO other",
        """UPDATE header SET json = replace(json, '"UTC"', '"Europe"')""",  # a folder of the zones' database
    ],
)
def test_a_damaged_row_or_table_is_told_with_the_files_name(path: Path, damage: str) -> None:
    write(path, block(0), block(1))
    with sqlite3.connect(path) as database:
        database.execute(damage)
    database.close()
    with pytest.raises(BadRecording, match=r"night\.journal: "):
        list(open_recording(path).blocks(60.0))


def test_a_journal_that_lost_its_progress_is_a_session_that_was_not_brought_to_its_end(path: Path) -> None:
    write(path, block(0), block(1))
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM progress")
    database.close()
    assert open_recording(path).notes == ("the session was not brought to its end",)


def test_an_index_that_has_become_text_is_a_number_or_nothing(path: Path) -> None:
    write(path, block(0), block(1))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE block SET end_index = '3 or so' WHERE seq = 0")
    database.close()
    assert open_recording(path).gaps == (Gap("emg", 3, 10),)
