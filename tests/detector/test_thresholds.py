"""Where quiet, release and onset lie above a resting level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.settings import DetectorSettings
from detector.thresholds import Levels, Thresholds

MICROVOLTS = Thresholds(DetectorSettings(), calibrated=True)
COUNTS = Thresholds(DetectorSettings(), calibrated=False)


def test_over_a_low_level_the_margins_decide_and_over_a_high_one_the_ratios() -> None:
    assert (MICROVOLTS.off_uv(0.5), MICROVOLTS.on_uv(0.5)) == (1.0, 1.5)
    assert (MICROVOLTS.off_uv(10.0), MICROVOLTS.on_uv(10.0)) == (15.0, 22.0)


def test_in_an_unknown_unit_ratios_alone_decide() -> None:
    assert (COUNTS.off_uv(0.5), COUNTS.on_uv(0.5)) == (0.75, 1.1)


def test_hum_no_louder_than_rest_raises_nothing() -> None:
    levels = MICROVOLTS.levels(2.0)
    assert MICROVOLTS.raised(levels, 2.0) == levels == Levels(2.0, 2.4, 3.0, 4.4)


def test_louder_hum_raises_quiet_and_release_to_itself_and_onset_as_far_above_as_ever() -> None:
    assert MICROVOLTS.raised(MICROVOLTS.levels(2.0), 6.0) == pytest.approx(Levels(2.0, 6.0, 6.0, 8.8))


@given(rest_uv=st.floats(0.01, 1e3), hum_uv=st.floats(0, 1e3))
def test_no_hum_lowers_a_level(rest_uv: float, hum_uv: float) -> None:
    levels = MICROVOLTS.levels(rest_uv)
    assert all(raised >= level for raised, level in zip(MICROVOLTS.raised(levels, hum_uv), levels, strict=True))


def test_quiet_keeps_below_the_onset_threshold_and_above_what_a_loose_sensor_hears() -> None:
    limits = MICROVOLTS.limits(2.0, None)
    assert limits.hold(lowest_uv=0.6, highest_uv=4.4, hum_uv=7.0)  # 0.3 times rest; 2.2 times; the limit for the mains
    assert not limits.hold(lowest_uv=0.59, highest_uv=4.4, hum_uv=7.0)
    assert not limits.hold(lowest_uv=0.6, highest_uv=4.41, hum_uv=7.0)
    assert not limits.hold(lowest_uv=0.6, highest_uv=4.4, hum_uv=7.01)


def test_the_mains_is_held_against_the_lowest_level_heard() -> None:
    assert MICROVOLTS.limits(20.0, None).hum_uv == 44.0
    assert MICROVOLTS.limits(20.0, 5.0).hum_uv == 11.0


def test_nothing_is_plainly_quiet_while_no_level_is_known() -> None:
    assert not MICROVOLTS.limits(None, None).hold(lowest_uv=1.0, highest_uv=1.0, hum_uv=0.0)
