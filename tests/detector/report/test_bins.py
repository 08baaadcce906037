import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.report.bins import broken_at_gaps, extremes

NIGHT_S = 8 * 3600.0


def test_a_40_ms_peak_in_eight_hours_survives() -> None:
    t_s = np.arange(NIGHT_S)
    low, high = np.full(len(t_s), 4.0), np.full(len(t_s), 5.0)
    high[17_123] = 180.0  # the second in which the peak lay
    binned = extremes(t_s, low, high, NIGHT_S, 500)
    assert np.nanmax(binned.high) == 180.0
    assert binned.middle_s[np.nanargmax(binned.high)] == pytest.approx(17_123, abs=NIGHT_S / 500)


@given(st.integers(2, 400), st.integers(1, 2000), st.integers(0, 2**32 - 1))
def test_no_extreme_is_lost_however_few_points_there_are(rows: int, most: int, seed: int) -> None:
    low = np.random.default_rng(seed).normal(size=rows)
    high = low + 1.0
    binned = extremes(np.arange(float(rows)), low, high, float(rows), most)
    assert (np.nanmin(binned.low), np.nanmax(binned.high)) == (low.min(), high.max())
    assert len(binned.middle_s) <= most


def test_a_gap_longer_than_a_bin_stays_empty() -> None:
    t_s = np.concatenate([np.arange(0.0, 1000.0), np.arange(3000.0, 4000.0)])
    binned = extremes(t_s, t_s, t_s, 4000.0, 40)
    inside = (binned.middle_s > 1000) & (binned.middle_s < 3000)
    assert np.isnan(binned.high[inside]).all()
    assert np.isfinite(binned.high[~inside]).all()


def test_the_jitter_of_row_times_does_not_look_like_gaps() -> None:
    t_s = np.arange(1000.0) * 1.0004  # a clock 400 ppm slow
    assert np.isfinite(extremes(t_s, t_s, t_s, 1000.4, 2000).high).all()


def test_rows_that_were_not_measured_do_not_hide_their_neighbours() -> None:
    values = np.array([np.nan, 3.0, np.nan, np.nan])
    assert extremes(np.arange(4.0), values, values, 4.0, 1).high == [3.0]


def test_a_line_is_not_drawn_across_missing_points() -> None:
    t_s, values = broken_at_gaps(np.array([0.0, 0.1, 0.2, 5.0, 5.1]), np.ones(5), 0.1)
    assert np.flatnonzero(np.isnan(values)).tolist() == [3]
    assert t_s[2] == 0.2


def test_a_line_without_missing_points_is_left_alone() -> None:
    t_s = np.arange(0.0, 3.0, 0.1)
    assert np.array_equal(broken_at_gaps(t_s, t_s, 0.1)[1], t_s)
