"""Posture from gravity: x towards the knee, z out of the shin, y to the wearer's right; +1 g on the axis that is up."""

import numpy as np
import pytest

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.posture import posture_of, postures

SUPINE, LEFT, UPRIGHT = [0, 0, 1000], [0, 1000, 0], [1000, 0, 0]


@pytest.mark.parametrize(
    ("gravity_mg", "word"),
    [
        ([0, 0, 1000], "on the back"),
        ([0, 0, -1000], "face down"),
        ([0, 1000, 0], "left side"),  # the right side is up
        ([0, -1000, 0], "right side"),
        ([1000, 0, 0], "upright"),
        ([880, 0, 475], "upright"),  # 28 degrees from the vertical
        ([848, 0, 530], "on the back"),  # 32 degrees: a raised knee
        ([-1000, 0, 0], "unknown"),  # the foot higher than the knee
        ([0, 0, 700], "unknown"),  # not gravity alone
        ([0, 0, 1300], "unknown"),
        ([np.nan, np.nan, np.nan], "unknown"),
    ],
)
def test_the_axis_that_points_up_tells_the_posture(gravity_mg: list[float], word: str) -> None:
    assert posture_of(np.array([gravity_mg], float)).tolist() == [word]


def runs(*stretches: tuple[list[int], int]) -> list[Interval]:
    gravity = np.concatenate([np.tile(np.array(g, float), (seconds, 1)) for g, seconds in stretches])
    return postures(np.arange(len(gravity)), gravity)


def spans(found: list[Interval]) -> list[tuple[float, float, str]]:
    return [(interval.start_ns / NS, interval.end_ns / NS, interval.label) for interval in found]


def test_a_night_becomes_one_interval_for_each_posture() -> None:
    found = spans(runs((SUPINE, 100), (LEFT, 50), (SUPINE, 30)))
    assert found == [(0, 100, "on the back"), (100, 150, "left side"), (150, 180, "on the back")]


def test_what_lasts_less_than_ten_seconds_is_turning_over_and_no_posture() -> None:
    assert spans(runs((SUPINE, 60), (UPRIGHT, 9), (LEFT, 60))) == [(0, 69, "on the back"), (69, 129, "left side")]
    assert len(runs((SUPINE, 60), (UPRIGHT, 10), (LEFT, 60))) == 3


def test_missing_seconds_end_a_posture() -> None:
    t_s = np.array([0, 1, 2, 60, 61])
    found = spans(postures(t_s, np.tile([0.0, 0.0, 1000.0], (5, 1))))
    assert found == [(0, 3, "on the back"), (60, 62, "on the back")]


def test_no_seconds_are_no_postures() -> None:
    assert postures(np.empty(0, np.int64), np.empty((0, 3))) == []
