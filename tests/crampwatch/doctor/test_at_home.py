"""`crampwatch doctor` about disk, data, clock and time zone."""

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.contract.journal import Header, Journal
from collector.contract.messages import NS
from crampwatch.config import Config, Sensor
from crampwatch.doctor import at_home
from crampwatch.doctor.clock import clock, kernel_clock_state, time_zone
from crampwatch.doctor.storage import data_directory, disk, night_store
from detector.catalogue import load
from tests.support.wearables import START_NS

UTC = ZoneInfo("UTC")
DAY_NS = 86_400 * NS


def journal(directory: Path, session: str, started_ns: int) -> int:
    """A journal on disk; how many bytes it takes."""
    path = directory / f"{session}.journal"
    Journal.create(path, Header(session=session, wearer="w1", site="left_calf", started_ns=started_ns)).close()
    return path.stat().st_size


@pytest.fixture
def two_nights(tmp_path: Path) -> int:
    """Two journals of one night and one of another; the bytes of the larger night."""
    first = journal(tmp_path, "20261119T220000Z-aaaaaaaa", START_NS)
    second = journal(tmp_path, "20261120T020000Z-bbbbbbbb", START_NS + 4 * 3600 * NS)
    journal(tmp_path, "20261120T220000Z-cccccccc", START_NS + DAY_NS)
    return first + second


@pytest.mark.parametrize(
    ("nights", "state"), [(0.9, "problem"), (1.1, "warning"), (6.9, "warning"), (7.1, "ok"), (365.5, "ok")]
)
def test_free_space_is_told_in_nights_by_the_largest_so_far(
    tmp_path: Path, two_nights: int, nights: float, state: str
) -> None:
    told = disk(tmp_path, round(nights * two_nights), UTC, load())
    assert told.state == state
    assert told.says.startswith(f"room for {int(nights)} night")


def test_before_the_first_night_one_is_assumed_to_take_a_quarter_of_a_gigabyte(tmp_path: Path) -> None:
    assert disk(tmp_path, 1_000_000_000, UTC, load()).says.startswith(
        "room for 4 nights: 1.0 GB free, none is here yet"
    )
    assert disk(tmp_path, 200_000_000, UTC, load()).state == "problem"


def test_a_file_that_is_no_journal_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "x.journal").write_bytes(bytes(1000))
    assert "none is here yet" in disk(tmp_path, 1_000_000_000, UTC, load()).says


def test_a_data_directory_that_can_be_written_is_ok_and_one_that_is_missing_will_be_made(tmp_path: Path) -> None:
    assert data_directory(tmp_path)[1:3] == ("ok", "can be written")
    assert "will be made" in data_directory(tmp_path / "new" / "data").says
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = data_directory(tmp_path / "file" / "data")
    assert (told.state, "Not a directory" in told.says) == ("problem", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_of_someone_else_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert data_directory(tmp_path).state == "problem"


def test_a_night_store_that_is_something_else_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "nights.sqlite"
    assert night_store(path).state == "ok"
    path.write_text("This is no database. " * 100)
    assert night_store(path).state == "problem"


# adjtimex(2): 0 is TIME_OK, 5 is TIME_ERROR, the clock is not synchronised.
@pytest.mark.parametrize(("state", "word"), [(0, "ok"), (5, "warning"), (None, "not asked"), (-1, "not asked")])
def test_the_kernels_word_about_its_clock_is_passed_on(state: int | None, word: str) -> None:
    assert clock(state, load()).state == word


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="adjtimex is Linux's")
def test_linux_has_a_word_about_its_clock() -> None:
    assert kernel_clock_state() in range(6)


def test_a_zone_that_is_not_the_computers_is_told_with_both_times() -> None:
    at_noon = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    assert time_zone(ZoneInfo("Europe/Berlin"), at_noon).state == "ok"
    told = time_zone(UTC, at_noon)
    assert told.state == "warning"
    assert "UTC, where it is 11:00; on this computer it is 12:00" in told.says


def test_without_broker_and_database_in_the_settings_neither_is_a_problem(tmp_path: Path) -> None:
    config = Config(data_directory=str(tmp_path), sensors=[Sensor(wearer="w1", site="left_calf")])
    found = {finding.area: finding for finding in at_home.settings(config)}
    assert "starts its own" in found["broker"].says
    assert (found["database"].state, "none is configured" in found["database"].says) == ("not asked", True)
    assert found["disk"].state != "not asked"
