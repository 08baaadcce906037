"""A night store that was damaged is mended with what can be read of it, and the damaged file is kept."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from detector.store import NightStore
from detector.store_repair import found_damaged, repair_store
from detector.store_schema import BadStore
from tests.detector.test_store import batch
from tests.support.frames import PLACE, event, frames

NIGHT, UTC = date(2026, 11, 19), ZoneInfo("UTC")
MINUTES = 20
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store whose last writer was cut off: its log is still there."""
    path = tmp_path / "nights.sqlite"
    with NightStore(path) as store:
        for minute in range(MINUTES):
            cramp = event(60 * minute + 10, "ended", end_s=60 * minute + 40)
            store.commit(batch(60 * (minute + 1), frames(60 * minute, 60 * (minute + 1)), cramp))
        log = path.with_name("nights.sqlite-wal").read_bytes()
    path.with_name("nights.sqlite-wal").write_bytes(log[:32])  # only its header: everything is in the store itself
    return path


def test_a_store_that_is_whole_is_left_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    assert repair_store(path) is None
    assert path.read_bytes() == before
    assert repair_store(path.with_name("not there yet")) is None


def test_events_survive_a_torn_page_of_envelopes(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    torn = bytearray(path.read_bytes())
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'envelope'").fetchone()
    torn[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    path.write_bytes(torn)
    mended = repair_store(path)
    assert mended is not None
    assert mended.set_aside.read_bytes() == torn
    assert "nights.sqlite was damaged" in caplog.text
    with NightStore(path) as store:
        assert len(store.record(*PLACE, NIGHT, UTC).events) == MINUTES
        store.commit(batch(60 * (MINUTES + 1), frames(60 * MINUTES, 60 * (MINUTES + 1))))


def test_a_store_cut_short_is_set_aside_and_a_new_one_takes_its_place(path: Path) -> None:
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    mended = repair_store(path)
    assert mended is not None
    assert mended.set_aside.read_bytes() == half
    with NightStore(path) as store:
        store.commit(batch(60, frames(0, 60)))
        assert len(store.sessions()) == 1


def test_another_programs_database_is_never_taken_for_a_damaged_store(tmp_path: Path) -> None:
    path = tmp_path / "nights.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE precious (row)")
    assert repair_store(path) is None
    with pytest.raises(BadStore, match="not a crampwatch night store"):
        NightStore(path)


def test_a_store_that_was_closed_well_and_found_damaged_while_writing_is_mended_at_the_next_start(path: Path) -> None:
    assert repair_store(path) is None
    found_damaged(path)
    mended = repair_store(path)
    assert mended is not None
    assert mended.rows > 0
    assert repair_store(path) is None
