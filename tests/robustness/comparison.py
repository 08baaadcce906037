"""When a disturbed night counts as the same."""

import pytest

from benchmarks.robustness.watching import Watched

ONSET_MOVES_S = 0.5
"""How far a disturbance may move an onset: twice the RMS window."""


def assert_as_undisturbed(watched: Watched, undisturbed: Watched) -> None:
    """The same cramps, each dated within half a second of where it is found without the disturbance, and no more."""
    assert not watched.false_alarms
    assert watched.onsets_s == pytest.approx(undisturbed.onsets_s, abs=ONSET_MOVES_S)
