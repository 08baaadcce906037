"""Cheap converters: few bits, low rails."""

import pytest

from benchmarks.robustness import disturbances
from benchmarks.robustness.night import Night
from benchmarks.robustness.watching import Converter, Watched, blocks, watch
from tests.robustness.comparison import assert_as_undisturbed

CLIPPED = "signal clipped"


def strongest_uv(undisturbed: Watched) -> float:
    """The RMS of the strongest cramp."""
    return max(event.mean_uv for event in undisturbed.score.events)


def converted(night: Night, converter: Converter) -> Watched:
    return watch(night, blocks(night, converter=converter))


def rails(uv: float) -> Converter:
    return Converter(lowest=-round(4 * uv), highest=round(4 * uv))


@pytest.mark.parametrize("uv_per_digit", [1.0, 4.0, 8.0])
def test_eight_bits_are_enough_up_to_eight_microvolts_a_digit(night: Night, uv_per_digit: float) -> None:
    watched = converted(night, Converter(uv_per_digit, -128, 127))
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms
    assert watched.unwatched_s(60.0, night.seconds) < 5.0


def test_a_coarser_converter_hides_weak_cramps_behind_its_own_noise(night: Night) -> None:
    watched = converted(night, Converter(16.0, -128, 127))
    weakest, strongest = night.cramps[0], night.cramps[-1]
    assert weakest in watched.missed
    assert strongest in watched.found
    assert not watched.false_alarms
    # A step of q adds q / sqrt(12) of noise: 4.6 uV here, against 2 uV of rest.
    assert all(event.rest_uv >= 16.0 / 12**0.5 - 0.01 for event in watched.score.events)


def test_rails_at_six_times_the_strongest_cramps_rms_change_nothing(night: Night, undisturbed: Watched) -> None:
    assert_as_undisturbed(converted(night, rails(6 * strongest_uv(undisturbed))), undisturbed)


def test_rails_that_only_the_strongest_cramp_reaches_hide_none(night: Night, undisturbed: Watched) -> None:
    watched = converted(night, rails(3.5 * strongest_uv(undisturbed)))
    assert_as_undisturbed(watched, undisturbed)
    assert watched.unwatched_s(0, night.seconds, CLIPPED) > 10.0


def test_a_cramp_far_beyond_the_rails_is_not_watched_and_weaker_ones_are_found(
    night: Night, undisturbed: Watched
) -> None:
    weakest, strongest = night.cramps[0], night.cramps[-1]
    watched = converted(night, rails(1.8 * strongest_uv(undisturbed)))
    assert weakest in watched.found
    assert strongest in watched.missed
    assert not watched.false_alarms
    lasts_s = strongest.end_s - strongest.onset_s
    assert watched.unwatched_s(strongest.onset_s, strongest.end_s, CLIPPED) > 0.8 * lasts_s


@pytest.mark.xfail(strict=True, reason="clipped frames count as lost, and what loses them is given up")
def test_a_contraction_that_reaches_the_rails_is_still_a_contraction(night: Night, undisturbed: Watched) -> None:
    assert set(converted(night, rails(2.5 * strongest_uv(undisturbed))).found) == set(night.cramps)


def test_a_signal_swinging_from_rail_to_rail_is_told_as_clipped(night: Night, undisturbed: Watched) -> None:
    start_s, stop_s = 60.0, night.cramps[0].onset_s - 60.0
    emg = disturbances.hum(night.emg_uv, night.fs, 20_000.0, hz=1.5, start_s=start_s, stop_s=stop_s)
    watched = watch(night.heard(emg))
    assert_as_undisturbed(watched, undisturbed)
    assert watched.unwatched_s(start_s, stop_s, CLIPPED) > 0.98 * (stop_s - start_s)
