"""The electrode: put on anew, drying out, hanging loose."""

import numpy as np
import pytest

from benchmarks.robustness import disturbances
from benchmarks.robustness.night import Float, Night
from benchmarks.robustness.watching import Watched, blocks, watch
from tests.robustness.comparison import assert_as_undisturbed

FLAT = "signal flat (electrode off?)"
CLIPPED = "signal clipped"
MAINS = "mains interference"
RAIL_UV = 8191.75


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def instead(night: Night, length_s: float, signal: Float | float) -> Watched:
    """Watch the night with this signal in place of its own for so long."""
    at_s = night.quiet_s
    return watch(night.heard(disturbances.replaced(night.emg_uv, night.fs, at_s, at_s + length_s, signal)))


@pytest.mark.parametrize(("gain", "noise_uv"), [(0.5, 0.0), (0.7, 0.0), (1.3, 0.0), (1.0, 1.0)])
def test_an_electrode_put_on_anew_is_followed_down_to_half_and_up_to_a_third_more(
    night: Night, undisturbed: Watched, rng: np.random.Generator, gain: float, noise_uv: float
) -> None:
    emg = disturbances.reseat(night.emg_uv, night.fs, night.quiet_s, rng, gain=gain, noise_uv=noise_uv)
    assert_as_undisturbed(watch(night.heard(emg)), undisturbed)


@pytest.mark.parametrize(("gain", "noise_uv"), [(2.0, 0.0), (4.0, 0.0), (1.0, 10.0)])
def test_an_electrode_put_on_anew_with_a_far_higher_floor_raises_no_alarm(
    night: Night, rng: np.random.Generator, gain: float, noise_uv: float
) -> None:
    emg = disturbances.reseat(night.emg_uv, night.fs, night.quiet_s, rng, gain=gain, noise_uv=noise_uv)
    assert not watch(night.heard(emg)).false_alarms


@pytest.mark.parametrize(("first", "last"), [(0.5, 2.0), (2.0, 0.5)])
def test_a_gain_that_drifts_fourfold_over_the_night_changes_nothing(
    night: Night, undisturbed: Watched, first: float, last: float
) -> None:
    assert_as_undisturbed(watch(night.heard(disturbances.gain_drift(night.emg_uv, first, last))), undisturbed)


@pytest.mark.parametrize("length_s", [20.0, 300.0])
@pytest.mark.parametrize(("cause", "uv"), [(FLAT, 0.0), (CLIPPED, RAIL_UV)])
def test_an_electrode_that_is_off_is_told_within_two_seconds_until_it_is_on_again(
    night: Night, undisturbed: Watched, length_s: float, cause: str, uv: float
) -> None:
    watched = instead(night, length_s, uv)
    assert_as_undisturbed(watched, undisturbed)
    assert watched.unwatched_s(night.quiet_s, night.quiet_s + length_s, cause) > length_s - 2.0
    assert watched.unwatched_s(night.quiet_s + length_s + 2.0, night.seconds) == 0


@pytest.mark.parametrize("length_s", [20.0, 300.0])
def test_an_open_input_that_picks_up_the_mains_is_told_as_mains(
    night: Night, undisturbed: Watched, length_s: float
) -> None:
    t = np.arange(round(length_s * night.fs)) / night.fs
    watched = instead(night, length_s, 1000.0 * np.sin(2 * np.pi * 50 * t))
    assert_as_undisturbed(watched, undisturbed)
    assert watched.unwatched_s(night.quiet_s, night.quiet_s + length_s, MAINS) > length_s - 2.0


def test_an_electrode_that_only_hears_the_amplifier_is_told_as_off(
    night: Night, undisturbed: Watched, rng: np.random.Generator
) -> None:
    watched = instead(night, 300.0, rng.normal(0, 0.3, round(300 * night.fs)))
    assert_as_undisturbed(watched, undisturbed)
    assert watched.unwatched_s(night.quiet_s, night.quiet_s + 300.0, FLAT) > 298.0


@pytest.mark.xfail(strict=True, reason="broadband noise that begins at once, without motion, looks like a cramp")
@pytest.mark.parametrize("noise_uv", [20.0, 200.0])
def test_a_loose_electrode_that_hisses_raises_no_alarm(night: Night, rng: np.random.Generator, noise_uv: float) -> None:
    assert not instead(night, 300.0, rng.normal(0, noise_uv, round(300 * night.fs))).false_alarms


@pytest.mark.parametrize("per_s", [0.5, 3.0])
@pytest.mark.parametrize("step_uv", [50.0, 1000.0])
def test_a_contact_that_crackles_a_few_times_a_second_is_no_cramp(
    night: Night, undisturbed: Watched, rng: np.random.Generator, step_uv: float, per_s: float
) -> None:
    at_s = night.quiet_s
    emg = disturbances.crackle(night.emg_uv, night.fs, at_s, at_s + 180.0, rng, step_uv=step_uv, per_s=per_s)
    assert_as_undisturbed(watch(night.heard(emg)), undisturbed)


@pytest.mark.xfail(strict=True, reason="crackling without pause is a steady broadband noise, and looks like a cramp")
def test_a_contact_that_crackles_without_pause_raises_no_alarm(night: Night, rng: np.random.Generator) -> None:
    at_s = night.quiet_s
    emg = disturbances.crackle(night.emg_uv, night.fs, at_s, at_s + 180.0, rng, step_uv=50.0, per_s=50.0)
    assert not watch(night.heard(emg)).false_alarms


def test_a_floor_that_has_just_moved_is_judged_the_same_however_the_samples_are_cut(night: Night) -> None:
    emg = night.emg_uv.copy()
    for cramp in night.cramps:
        emg[round((cramp.onset_s - 26.0) * night.fs) : round((cramp.onset_s + 120.0) * night.fs)] *= 1.5
    moved = night.heard(emg)
    by_the_minute, by_the_second = (watch(moved, blocks(moved, block_s=block_s)).score for block_s in (60.0, 1.0))
    assert by_the_second.events == by_the_minute.events
    assert by_the_second.candidates == by_the_minute.candidates


def jumping(night: Night, step_uv: float, after_s: float) -> Watched:
    """The offset jumps once for each cramp, up and down in turn, so long behind its onset."""
    emg = night.emg_uv
    for k, cramp in enumerate(night.cramps):
        emg = disturbances.jump(emg, night.fs, cramp.onset_s + after_s, (-1) ** k * step_uv)
    return watch(night.heard(emg))


@pytest.mark.parametrize(("step_uv", "after_s"), [(300.0, -0.5), (300.0, 0.5), (5000.0, -3.0), (5000.0, 3.0)])
def test_a_small_jump_at_the_onset_or_a_large_one_seconds_from_it_changes_nothing(
    night: Night, undisturbed: Watched, step_uv: float, after_s: float
) -> None:
    assert_as_undisturbed(jumping(night, step_uv, after_s), undisturbed)


@pytest.mark.parametrize("after_s", [-0.5, 0.5])
def test_a_cramp_that_begins_with_a_large_jump_is_not_alerted_but_kept_with_that_reason(
    night: Night, after_s: float
) -> None:
    watched = jumping(night, 5000.0, after_s)
    assert not watched.score.events
    for cramp in night.cramps:
        kept = [c for c in watched.score.candidates if abs(c.onset_s - cramp.onset_s) < 3.0]
        assert any(str(c.rejected).startswith("began with a jump") for c in kept)
