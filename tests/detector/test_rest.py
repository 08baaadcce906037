"""The resting level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.rest import RestLevel
from detector.settings import DetectorSettings
from detector.sliding import slide


def level_after(seconds: list[float], floor_uv: float = 0.0) -> float | None:
    rest = RestLevel(DetectorSettings(), 10, floor_uv)
    for second in seconds:
        rest.push_second([second] * 10)
    return rest.level


def test_is_unknown_until_five_seconds_have_been_heard() -> None:
    assert level_after([2.0] * 4) is None
    assert level_after([2.0] * 5) == 2.0


def test_of_a_recording_that_begins_with_a_contraction_is_that_of_its_quiet_part() -> None:
    assert level_after([50.0] * 15 + [2.0] * 10) == 2.0


def test_is_the_median_of_the_last_two_minutes() -> None:
    assert level_after([2.0] * 100 + [3.0] * 20) == 2.0
    assert level_after([3.0] * 200 + [2.0] * 130) == 2.0


def test_rises_by_two_percent_a_second_at_most() -> None:
    # 61 of the last 120 seconds are new: the median has moved, and the level has followed for one second.
    assert level_after([2.0] * 120 + [4.0] * 61) == pytest.approx(2.04)
    assert level_after([2.0] * 120 + [4.0] * 63) == pytest.approx(2 * 1.02**3)


def test_falls_by_ten_percent_a_second_at_most() -> None:
    # Of two middle values the lower counts, so the median falls one second sooner than it rises.
    assert level_after([4.0] * 120 + [2.0] * 60) == pytest.approx(3.6)


def test_is_never_below_the_converters_own_noise() -> None:
    assert level_after([0.0] * 10, floor_uv=0.3) == 0.3


def test_does_not_move_on_a_second_with_too_few_quiet_frames() -> None:
    rest = RestLevel(DetectorSettings(), 10, 0.0)
    for _ in range(60):
        rest.push_second([2.0] * 10)
    for _ in range(600):
        rest.push_second([9.0] * 4)
    assert rest.level == 2.0


def test_starts_anew_after_relearning() -> None:
    rest = RestLevel(DetectorSettings(), 10, 0.0)
    for _ in range(60):
        rest.push_second([2.0] * 10)
    rest.relearn()
    assert rest.level is None
    for _ in range(5):
        rest.push_second([7.0] * 10)
    assert rest.level == 7.0


@given(values=st.lists(st.integers(0, 9), min_size=1, max_size=40), length=st.integers(1, 12))
def test_a_sliding_order_is_that_of_the_latest_values(values: list[int], length: int) -> None:
    latest: list[float] = []
    ordered: list[float] = []
    for value in values:
        slide(latest, ordered, value, length)
    assert latest == values[-length:]
    assert ordered == sorted(values[-length:])
