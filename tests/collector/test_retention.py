"""Which journals are deleted: old, ended, published ones that nobody asked to keep; never tonight's."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.contract.journal import Header, Journal
from collector.contract.messages import NS
from collector.retention import delete, kept_journals, outlived
from tests.support.blocks import START_NS, block

UTC = ZoneInfo("UTC")
TONIGHT = date(2026, 11, 19)
DAY_NS = 24 * 3600 * NS


def journal(folder: Path, nights_ago: int, *, ended: bool = True, published: int = 2) -> Path:
    night = TONIGHT - timedelta(days=nights_ago)
    session = f"{night}_w1_left_calf_0000"
    header = Header(session=session, wearer="w1", site="left_calf", started_ns=START_NS - nights_ago * DAY_NS)
    path = folder / f"{session}.journal"
    with Journal.create(path, header) as made:
        made.append([block(0, session=session), block(1, session=session)])
        made.published = published
        if ended:
            made.end()
    return path


def going(folder: Path, keep_nights: int) -> list[int]:
    """How many nights ago those were that may go."""
    gone = outlived(kept_journals(folder, UTC, TONIGHT), TONIGHT, keep_nights)
    return [(TONIGHT - kept.night).days for kept in gone]


def test_the_last_nights_before_tonight_are_kept_and_those_before_them_go_the_oldest_first(tmp_path: Path) -> None:
    for ago in range(20):
        journal(tmp_path, ago)
    assert going(tmp_path, keep_nights=14) == [19, 18, 17, 16, 15]
    assert going(tmp_path, keep_nights=0) == list(range(19, 0, -1))
    assert going(tmp_path, keep_nights=30) == []


def test_nights_are_counted_not_days_so_that_a_pause_or_a_wrong_clock_deletes_nothing(tmp_path: Path) -> None:
    for ago in (200, 199, 198):
        journal(tmp_path, ago)
    assert going(tmp_path, keep_nights=3) == []
    assert going(tmp_path, keep_nights=2) == [200]


@pytest.mark.parametrize(
    ("why", "state"),
    [("not brought to its end", {"ended": False}), ("broker has not taken all", {"published": 1})],
)
def test_what_is_not_ended_or_not_published_stays_and_the_reason_is_told(
    tmp_path: Path, why: str, state: dict[str, Any]
) -> None:
    journal(tmp_path, 40, **state)
    (kept,) = kept_journals(tmp_path, UTC, TONIGHT)
    assert why in kept.because
    assert outlived([kept], TONIGHT, 0) == []


def test_what_is_marked_stays(tmp_path: Path) -> None:
    path = journal(tmp_path, 40)
    path.with_name(path.name + ".keep").touch()
    assert going(tmp_path, 0) == []
    path.with_name(path.name + ".keep").unlink()
    assert going(tmp_path, 0) == [40]


def test_tonight_stays_even_when_it_has_ended(tmp_path: Path) -> None:
    journal(tmp_path, 0)
    assert going(tmp_path, 0) == []


def test_what_cannot_be_read_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "2026-01-01_w1_left_calf_0000.journal").write_bytes(b"no journal")
    assert kept_journals(tmp_path, UTC, TONIGHT) == []


def test_deleting_takes_the_log_along_and_is_no_error_the_second_time(tmp_path: Path) -> None:
    path = journal(tmp_path, 40)
    path.with_name(path.name + "-wal").touch()
    (kept,) = kept_journals(tmp_path, UTC, TONIGHT)
    delete(kept)
    delete(kept)
    assert list(tmp_path.iterdir()) == []


def test_the_size_is_that_of_all_files_of_a_journal(tmp_path: Path) -> None:
    path = journal(tmp_path, 40)
    with Journal.open(path) as writing:
        writing.note(START_NS, "something in the log")
        (kept,) = kept_journals(tmp_path, UTC, TONIGHT)
        assert kept.size == sum(file.stat().st_size for file in tmp_path.iterdir())
        assert kept.size > path.stat().st_size


def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    path = journal(tmp_path, 40)
    kept_journals(tmp_path, UTC, TONIGHT)
    assert list(tmp_path.iterdir()) == [path]
