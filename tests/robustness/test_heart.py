"""The heart, as far as it reaches the calf."""

import numpy as np
import pytest

from benchmarks.robustness import disturbances
from benchmarks.robustness.night import Night
from benchmarks.robustness.watching import Watched, watch
from tests.robustness.comparison import assert_as_undisturbed


@pytest.mark.parametrize("bpm", [50.0, 80.0])
@pytest.mark.parametrize("peak_uv", [5.0, 30.0, 60.0])
def test_heartbeats_neither_hide_nor_imitate_a_cramp(
    night: Night, undisturbed: Watched, peak_uv: float, bpm: float
) -> None:
    emg = disturbances.heart(night.emg_uv, night.fs, np.random.default_rng(5), peak_uv=peak_uv, bpm=bpm)
    watched = watch(night.heard(emg))
    assert_as_undisturbed(watched, undisturbed)
    assert watched.score.watched_s == undisturbed.score.watched_s
