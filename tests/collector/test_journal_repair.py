"""After a power cut or on a bad disk: what was committed is there, and what was damaged is kept and told."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.contract.journal import Header, Journal
from collector.contract.salvage import is_damaged
from collector.journal_repair import repair_journals
from tests.support.blocks import START_NS, block

NAME = "2026-11-19_w1_left_calf_3f2a.journal"
HEADER = Header(session="2026-11-19_w1_left_calf_3f2a", wearer="w1", site="left_calf", started_ns=START_NS)
PAGE, SECTOR = 4096, 512
PER_COMMIT = 3


class PowerCuts(list[tuple[bytes, bytes]]):
    """The database and its log as they stand on the disk after each commit."""

    def __repr__(self) -> str:  # hypothesis shows what a test was called with
        return f"PowerCuts({len(self)})"


def append(journal: Journal, commit: int) -> None:
    """Three blocks, so large that they fill more than one page."""
    journal.append(block(PER_COMMIT * commit + k, samples=[commit] * 1500) for k in range(PER_COMMIT))


@pytest.fixture(scope="module")
def power_cuts(tmp_path_factory: pytest.TempPathFactory) -> PowerCuts:
    """In the later ones half of the blocks are in the database itself."""
    path = tmp_path_factory.mktemp("cuts") / NAME
    moments = PowerCuts()
    with Journal.create(path, HEADER) as journal:
        for commit in range(24):
            append(journal, commit)
            if commit == 11:
                journal._db.execute("PRAGMA wal_checkpoint")  # as SQLite does by itself after 1000 pages
            moments.append((path.read_bytes(), path.with_name(NAME + "-wal").read_bytes()))
    return moments


def left_behind(folder: Path, database: bytes, log: bytes) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / NAME).write_bytes(database)
    (folder / f"{NAME}-wal").write_bytes(log)
    return folder / NAME


def kept(path: Path) -> list[int]:
    with Journal.open(path) as journal:
        return [found.seq for found in journal.blocks()]


@given(commit=st.integers(0, 23))
@settings(max_examples=24, deadline=None)
def test_after_a_power_cut_everything_committed_is_there_and_the_session_can_go_on(
    power_cuts: PowerCuts, tmp_path_factory: pytest.TempPathFactory, commit: int
) -> None:
    path = left_behind(tmp_path_factory.getbasetemp() / "cut", *power_cuts[commit])
    assert repair_journals(path.parent) == []
    assert kept(path) == list(range(PER_COMMIT * (commit + 1)))
    with Journal.open(path) as journal:
        assert not journal.ended
        append(journal, commit + 1)


@given(commit=st.integers(1, 23), share=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_commit_that_was_cut_short_is_undone_as_a_whole_and_those_before_it_are_there(
    power_cuts: PowerCuts, tmp_path_factory: pytest.TempPathFactory, commit: int, share: float
) -> None:
    (_, before), (database, log) = power_cuts[commit - 1], power_cuts[commit]
    written = [at for at in range(0, len(log), SECTOR) if log[at : at + SECTOR] != before[at : at + SECTOR]]
    reached = written[round(share * (len(written) - 1))]
    torn = log[:reached] + before[reached:]
    path = left_behind(tmp_path_factory.getbasetemp() / "torn", database, torn)
    assert repair_journals(path.parent) == []
    assert kept(path) == list(range(PER_COMMIT * commit))


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_hole_in_the_log_is_noticed_and_nothing_of_it_is_thrown_away(
    power_cuts: PowerCuts, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    database, log = power_cuts[8]
    at = data.draw(st.integers(32, len(power_cuts[6][1]) - 1))  # two commits before the last
    holed = bytearray(log)
    holed[at] ^= 0xFF
    path = left_behind(tmp_path_factory.getbasetemp() / "holed", database, bytes(holed))
    repair_journals(path.parent)
    aside = path.with_name(NAME + ".damaged")
    assert aside.read_bytes() == database
    assert path.with_name(aside.name + "-wal").read_bytes() == holed
    if path.exists():  # else the hole was so early that not even the header came after the checkpoint
        found = kept(path)
        assert found == list(range(len(found)))
        assert len(found) % PER_COMMIT == 0
        with Journal.open(path) as journal:
            assert journal.ended


@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=20, deadline=None)
def test_a_torn_page_costs_only_the_rows_on_it(
    power_cuts: PowerCuts, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    path = left_behind(tmp_path_factory.getbasetemp() / "page", *power_cuts[23])
    kept(path)  # closing it brings everything into the database
    with closing(sqlite3.connect(path)) as database:
        # Those before tell what tables there are; without them nothing is read.
        (last_root,) = database.execute("SELECT max(rootpage) FROM sqlite_schema").fetchone()
    torn = bytearray(path.read_bytes())
    start = (last_root + int(share * (len(torn) // PAGE - last_root))) * PAGE
    torn[start : start + PAGE] = bytes(PAGE)
    path.write_bytes(torn)
    path.with_name(NAME + "-wal").write_bytes(power_cuts[0][1][:32])  # nobody closed it
    repair_journals(path.parent)
    missing = set(range(PER_COMMIT * 24)) - set(kept(path))
    assert len(missing) <= 8  # a leaf has 4096 bytes, and the part of a large row that stands there at least 489


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + bytes(5000), bytes(3000)])
def test_a_file_with_nothing_readable_is_set_aside_as_it_is_and_told(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    (mended,) = repair_journals(tmp_path)
    assert not path.exists()
    assert mended.set_aside.read_bytes() == content
    assert f"{NAME} was damaged; 0 rows of it were saved. What was there is kept as {NAME}.damaged" in caplog.text
    assert repair_journals(tmp_path) == []


def test_a_second_damage_does_not_overwrite_what_was_set_aside_first(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        (tmp_path / NAME).write_bytes(content)
        repair_journals(tmp_path)
    assert (tmp_path / f"{NAME}.damaged").read_bytes() == b"first"
    assert (tmp_path / f"{NAME}.damaged2").read_bytes() == b"second"


def test_a_power_cut_during_the_mending_is_made_good_at_the_next_start(tmp_path: Path, power_cuts: PowerCuts) -> None:
    path = left_behind(tmp_path / "again", *power_cuts[23])
    kept(path)
    complete = path.read_bytes()
    path.rename(path.with_name(NAME + ".saved"))  # copied, and the damaged file already renamed
    path.with_name(NAME + "-wal").write_bytes(b"the damaged one's log")
    repair_journals(path.parent)
    assert path.read_bytes() == complete
    assert path.with_name(NAME + ".damaged-wal").read_bytes() == b"the damaged one's log"


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.journal").write_text("Dear diary")
    assert repair_journals(tmp_path) == []
    assert (tmp_path / "diary.journal").read_text() == "Dear diary"


def test_a_journal_that_is_being_written_is_not_damaged(tmp_path: Path) -> None:
    with Journal.create(tmp_path / NAME, HEADER) as journal:
        for commit in range(30):
            append(journal, commit)
            assert not is_damaged(tmp_path / NAME)


def test_a_schema_that_is_no_text_is_damage(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with Journal.create(path, HEADER):
        pass
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE block", b"CREATE TABLE bl\xce\xce\xce"))
    path.with_name(f"{NAME}-wal").write_bytes(b"left over")
    assert is_damaged(path)
