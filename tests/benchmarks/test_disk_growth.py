"""The page of disk growth: figures from the files themselves, per hour and per night."""

from pathlib import Path

import pytest

from benchmarks.disk import growth
from benchmarks.disk.drain import Drain
from benchmarks.disk.growth import Growth
from benchmarks.disk.page import page
from collector.contract.journal import Journal


def test_a_night_is_journalled_whole_and_its_samples_are_counted(tmp_path: Path) -> None:
    found = growth.measure(tmp_path, fs=250.0, channels=1, hours=0.05)
    # 3 minutes of 250 Hz, of three axes at 50 Hz and of 0.2 Hz, two bytes each
    assert found.samples == 180 * (250 * 2 + 3 * 50 * 2) + 36 * 2
    assert found.journal == found.path.stat().st_size > found.samples
    assert found.store_per_hour * 0.05 == pytest.approx((tmp_path / "nights.sqlite").stat().st_size)
    with Journal.open(found.path) as journal:
        assert journal.ended
        assert journal.published == 0


def test_the_page_tells_rates_per_hour_and_what_all_kept_nights_take() -> None:
    night = Growth(250.0, 1, 4.0, 12_000_000, 20_000_000, 1_500_000, Path("night.journal"))
    shown = page([night], [Drain("a broker", 60_000, 12.34)], 250.0, "a machine.")
    # 12 MB and 20 MB in 4 h; 14 nights of 8 h at 5 MB an hour
    assert "| 1 channel at 250 Hz | 3.0 | 5.0 | 1.5 | 20 | 560 |" in shown
    assert "| a broker | 60,000 | 12.3 |" in shown
