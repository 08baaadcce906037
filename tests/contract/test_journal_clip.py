"""A clip is a stretch of a journal, block by block as it was, and whole or not there."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.contract.errors import ContractError
from collector.contract.journal import Header, Journal
from collector.contract.journal_clip import blocks_within, write_clip
from collector.contract.messages import NS, Clock, SampleBlock
from collector.contract.recordings import open_recording
from tests.support.blocks import START_NS, block

HEADER = Header(session="2026-11-19_w1_left_calf_3f2a", wearer="w1", site="left_calf", started_ns=START_NS)


def span(start_s: float, stop_s: float) -> tuple[int, int]:
    return START_NS + round(start_s * NS), START_NS + round(stop_s * NS)


def acc(seq: int) -> SampleBlock:
    return block(seq, "acc", samples=range(30))


def emg(seq: int) -> SampleBlock:
    clock = Clock(index=0, t_ns=START_NS, fs=10.0 if seq < 50 else 9.9999)
    return msgspec.structs.replace(block(seq, first_index=10 * seq if seq < 55 else 10 * seq + 20), clock=clock)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Journal]:
    """100 s of EMG and accelerometer in blocks of a second; the clock was fitted anew at 50 s, 20 samples were lost
    at 55 s."""
    with Journal.create(tmp_path / "night.journal", HEADER) as journal:
        journal.append(one for seq in range(100) for one in (acc(seq), emg(seq)))
        for t_s in (10, 45):
            journal.note(START_NS + t_s * NS, f"the link was lost at {t_s} s")
        yield journal


def test_the_blocks_that_touch_the_span_are_copied_with_their_numbers_clocks_and_order(
    night: Journal, tmp_path: Path
) -> None:
    clip = tmp_path / "clips" / "one.journal"
    assert write_clip(night, clip, span(40.5, 60))
    with Journal.open(clip, read_only=True) as copy:
        copied = list(copy.blocks())
        assert copy.header == HEADER
        assert copy.notes() == [(START_NS + 45 * NS, "the link was lost at 45 s")]
        assert (copy.ended, copy.published) == (True, copy.last_row)
    assert copied == [one for one in night.blocks() if one in copied]
    assert [one.seq for one in copied if one.stream == "acc"] == list(range(40, 60))
    # Of the EMG the two lost seconds are in the span.
    assert [one.seq for one in copied if one.stream == "emg"] == list(range(40, 58))
    assert open_recording(clip).gaps == (("emg", 550, 570),)


@given(start_s=st.floats(-5, 105), length_s=st.floats(0, 30))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_search_by_halves_finds_what_looking_at_each_block_finds(
    night: Journal, start_s: float, length_s: float
) -> None:
    start_ns, end_ns = span(start_s, start_s + length_s)
    looked = [one for one in night.blocks() if one.end_ns > start_ns and one.t0_ns < end_ns]
    assert blocks_within(night, (start_ns, end_ns)) == looked


def test_a_journal_that_gave_up_its_oldest_blocks_is_clipped_from_where_it_begins(
    night: Journal, tmp_path: Path
) -> None:
    night.published = night.last_row
    night.append([acc(seq) for seq in range(100, 184)], in_place_of_oldest=True)  # 42 s of both streams make way
    assert write_clip(night, tmp_path / "one.journal", span(30, 50))
    with Journal.open(tmp_path / "one.journal", read_only=True) as copy:
        assert [one.seq for one in copy.blocks() if one.stream == "emg"] == list(range(42, 50))


def test_where_there_is_no_emg_there_is_no_clip(night: Journal, tmp_path: Path) -> None:
    assert not write_clip(night, tmp_path / "clips" / "one.journal", span(200, 300))
    night.append([acc(seq) for seq in range(100, 110)])
    assert not write_clip(night, tmp_path / "clips" / "one.journal", span(105, 110))
    assert not (tmp_path / "clips").exists()


def test_a_clip_is_one_file_and_reading_it_leaves_nothing_beside_it(night: Journal, tmp_path: Path) -> None:
    clip = tmp_path / "clips" / "one.journal"
    write_clip(night, clip, span(40, 60))
    assert len(list(open_recording(clip).blocks(60.0))) > 1
    assert list(clip.parent.iterdir()) == [clip]


def test_what_cannot_be_read_to_its_end_leaves_no_half_a_clip(night: Journal, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "night.journal") as database:
        database.execute("UPDATE block SET payload = x'00' WHERE stream = 'emg' AND seq = 57")
    database.close()
    with pytest.raises(ContractError):
        write_clip(night, tmp_path / "clips" / "one.journal", span(40, 60))
    assert not (tmp_path / "clips").exists()
