"""The leg's motion."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.dsp.motion import Motion, MotionFrames

FS = 50.0


def frames(mg: NDArray[np.float64]) -> MotionFrames:
    return Motion(FS, np.full(3, 0.25), np.zeros(3)).push(np.rint(mg / 0.25).astype(np.int16))


def lying(seconds: float) -> NDArray[np.float64]:
    return np.tile([0.0, 0.0, 1000.0], (round(seconds * FS), 1))


def test_is_nothing_for_a_leg_at_rest_whatever_its_posture() -> None:
    assert frames(lying(10)).motion_mg == pytest.approx(0)


def test_is_the_rms_of_a_shaking_leg() -> None:
    mg = lying(10)
    mg[:, 0] += 100 * np.sin(2 * np.pi * 4 * np.arange(len(mg)) / FS)  # two whole periods in half a second
    assert frames(mg).motion_mg == pytest.approx(100 / np.sqrt(2), rel=0.01)


def test_does_not_take_breathing_for_motion() -> None:
    mg = lying(60)
    mg[:, 1] += 3 * np.sin(2 * np.pi * 0.25 * np.arange(len(mg)) / FS)
    assert frames(mg).motion_mg.max() < 3


def test_tells_which_way_gravity_points() -> None:
    assert frames(lying(10)).gravity_mg == pytest.approx(np.tile([0, 0, 1000], (96, 1)))


def test_keeps_its_precision_on_a_strong_constant_acceleration() -> None:
    mg = np.full((500, 3), 8000.0)
    mg[::2, 0] += 0.25  # one digit, every other sample: a standard deviation of half a digit over an even window
    assert np.median(frames(mg).motion_mg) == pytest.approx(0.125, rel=0.01)
