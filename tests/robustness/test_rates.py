"""Sampling rates as wearables have them: fractions of a hertz, and crystals beside their nominal rate."""

import pytest

from benchmarks.robustness.night import Night, simulate
from benchmarks.robustness.watching import Watched, blocks, watch


def assert_found_in_time(watched: Watched, night: Night) -> None:
    assert not watched.false_alarms
    for event, cramp in zip(watched.score.events, night.cramps, strict=True):
        assert event.onset_s == pytest.approx(cramp.onset_s, abs=1.0)


@pytest.mark.parametrize("fs", [200.4, 249.6, 34000 / 27])
def test_a_fractional_rate_finds_the_same_cramps_at_the_same_times(fs: float) -> None:
    night = simulate(fs=fs)
    assert_found_in_time(watch(night), night)


def test_a_rate_just_below_200_hz_finds_them_too() -> None:
    night = simulate(fs=200.0).sampled_at(199.87)
    assert_found_in_time(watch(night), night)


@pytest.mark.parametrize("fitted_hz", [249.6, 250.4])
def test_times_follow_the_fitted_clock_and_not_the_nominal_rate(
    night: Night, undisturbed: Watched, fitted_hz: float
) -> None:
    watched = watch(night, blocks(night, clock_fs=fitted_hz), night.sampled_at(fitted_hz).cramps)
    assert not watched.false_alarms
    slower = night.fs / fitted_hz
    assert watched.onsets_s == pytest.approx([onset_s * slower for onset_s in undisturbed.onsets_s], abs=0.01)
