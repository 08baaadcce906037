"""`crampwatch report`, from a night store to a file."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from collector.contract.messages import NS
from crampwatch.commands.report import choose, report
from crampwatch.errors import UserError
from detector.batch import Batch
from detector.store import NightKey, NightStore
from tests.support.blocks import START_NS
from tests.support.frames import INFO, frames

TONIGHT, YESTERDAY = date(2026, 11, 19), date(2026, 11, 18)
LEFT = NightKey("w1", "left_calf", TONIGHT)
RIGHT = NightKey("w1", "right_calf", TONIGHT)
OTHER = NightKey("w2", "left_calf", TONIGHT)
BEFORE = NightKey("w1", "left_calf", YESTERDAY)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two nights of a minute each."""
    path = tmp_path / "nights.sqlite"
    with NightStore(path) as nights:
        for days_ago in (1, 0):
            shift_ns = -days_ago * 86_400 * NS
            info = msgspec.structs.replace(INFO, session=f"night{days_ago}")
            shown = frames(0, 60)
            shown.t_ns[:] += shift_ns
            nights.commit(
                Batch(info=info, start_ns=START_NS + shift_ns, end_ns=START_NS + shift_ns + 60 * NS, frames=shown)
            )
    return path


def test_the_latest_night_is_written_and_told(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "morning.html"
    report(out=out, store=store, timezone="Europe/Berlin")
    assert "Night of 19 November, left calf: " in out.read_text("utf-8")
    assert "Night of 19 November, left calf: 0 cramps in 59 s of 60 s watched." in capsys.readouterr().out


def test_an_earlier_night_is_named_by_the_date_of_its_evening(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "morning.html"
    report(YESTERDAY, out=out, store=store, timezone="Europe/Berlin")
    assert "Night of 18 November" in out.read_text("utf-8")


def test_the_settings_tell_the_store_and_the_zone(store: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "crampwatch.toml", tmp_path / "morning.html"
    sensor = '[[sensor]]\nwearer = "w1"\nsite = "left_calf"\n'
    config.write_text(f'timezone = "Asia/Kathmandu"\ndata_directory = "."\n{sensor}')
    report(out=out, config=config)
    assert "(Asia/Kathmandu)" in out.read_text("utf-8")


def test_a_store_that_is_not_there_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no night store here yet"):
        report(out=tmp_path / "morning.html", store=tmp_path / "absent.sqlite")


def test_an_unknown_zone_is_a_plain_error(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="write it like Europe/Berlin"):
        report(out=tmp_path / "morning.html", store=store, timezone="Middle/Earth")


def test_a_file_that_cannot_be_written_is_a_plain_error(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        report(out=tmp_path / "absent" / "morning.html", store=store)


def test_the_latest_night_that_fits_is_chosen() -> None:
    assert choose([BEFORE, LEFT], None, None, None) == LEFT
    assert choose([BEFORE, LEFT], YESTERDAY, None, None) == BEFORE
    assert choose([BEFORE, LEFT, RIGHT], None, None, "right_calf") == RIGHT
    assert choose([LEFT, OTHER], None, "w2", None) == OTHER


def test_two_sites_in_one_night_have_to_be_told_apart() -> None:
    with pytest.raises(UserError, match="--wearer w1 --site left_calf; --wearer w1 --site right_calf"):
        choose([BEFORE, LEFT, RIGHT], None, None, None)


def test_a_night_that_was_not_recorded_is_answered_with_those_that_were() -> None:
    with pytest.raises(UserError, match=r"its latest: 2026-11-18 \(w1, left_calf\)"):
        choose([BEFORE], TONIGHT, None, None)


def test_an_empty_store_has_no_night() -> None:
    with pytest.raises(UserError, match="none yet"):
        choose([], None, None, None)
