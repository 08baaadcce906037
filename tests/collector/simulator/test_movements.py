"""Confounders against the figures of the simulator specification, section 7."""

import numpy as np
import pytest

from collector.simulator.motor_units import ENVELOPE_FS
from collector.simulator.movements import DRAW, Movement
from collector.simulator.subject import draw_subject

SUBJECT = draw_subject("healthy", np.random.default_rng(1))


def drawn(kind: str, count: int = 500) -> list[Movement]:
    rng = np.random.default_rng(2)
    return [DRAW[kind](SUBJECT, rng) for _ in range(count)]


def active_share(movement: Movement) -> float:
    return float(np.mean(movement.level > 0))


@pytest.mark.parametrize(
    ("kind", "shortest_s", "longest_s"),
    [
        ("leg_movement", 0.5, 10),
        ("plm", 0.5, 10),
        ("lmm", 3, 45),
        ("posture", 3, 45),
        ("stretch", 1.5, 15),
        ("rhythmic_feet", 7, 20),
        ("myoclonus", 0.075, 0.15),
        ("hypnic_jerk", 0.075, 0.25),
        ("rem_phasic", 1, 60),
        ("awake_hold", 5, 25),
        ("walk", 55, 300),
    ],
)
def test_a_movement_is_as_long_as_its_kind(kind: str, shortest_s: float, longest_s: float) -> None:
    durations = [movement.duration_s for movement in drawn(kind)]
    assert min(durations) >= shortest_s - 1 / ENVELOPE_FS
    assert max(durations) <= longest_s + 1 / ENVELOPE_FS


@pytest.mark.parametrize(("kind", "mean_s"), [("lmm", 12.4), ("plm", 3.2)])
def test_mean_durations_are_the_published_ones(kind: str, mean_s: float) -> None:
    assert np.mean([movement.duration_s for movement in drawn(kind, 2000)]) == pytest.approx(mean_s, rel=0.05)


@pytest.mark.parametrize(("kind", "median_s"), [("leg_movement", 2.4), ("stretch", 4.0)])
def test_median_durations_are_those_of_the_specification(kind: str, median_s: float) -> None:
    assert np.median([movement.duration_s for movement in drawn(kind, 2000)]) == pytest.approx(median_s, rel=0.07)


@pytest.mark.parametrize(
    ("kind", "weakest", "strongest"), [("leg_movement", 0.05, 0.6), ("stretch", 0.2, 0.8), ("rhythmic_feet", 0.05, 0.3)]
)
def test_typical_efforts_lie_in_the_range_of_their_kind(kind: str, weakest: float, strongest: float) -> None:
    efforts = [np.median(movement.level[movement.level > 0]) for movement in drawn(kind)]
    assert np.percentile(efforts, 2) >= 0.6 * weakest  # effort wavers, ramps are weaker
    assert np.percentile(efforts, 98) <= 1.2 * strongest


def test_a_quarter_of_the_large_movements_have_no_gap_in_their_emg() -> None:
    large = drawn("lmm", 1000)
    gap_free = [movement for movement in large if movement.kind == "lmm_gap_free"]
    assert 0.2 <= len(gap_free) / len(large) <= 0.3
    assert all(active_share(movement) == 1 for movement in gap_free)
    assert np.mean([active_share(movement) for movement in large if movement.kind == "lmm"]) < 0.85


def test_large_movements_move_the_leg_within_0_3_s_of_their_emg() -> None:
    lags = [movement.motion_lag_s for movement in drawn("lmm")]
    assert -0.3 <= min(lags) < -0.2
    assert 0.2 < max(lags) <= 0.3


def test_a_stretch_moves_the_leg_at_both_ends_and_holds_it_still_between() -> None:
    for movement in drawn("stretch", 50):
        third = len(movement.motion_mg) // 3
        assert movement.motion_mg[0] > 0
        assert movement.motion_mg[-1] > 0
        assert not movement.motion_mg[third + 1 : -third - 1].any()
        assert movement.level[third:-third].min() > 0


def test_rhythmic_feet_beat_at_0_8_to_2_2_hz_with_bursts_of_up_to_700_ms() -> None:
    for movement in drawn("rhythmic_feet", 100):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], movement.level > 0, [0]])))
        starts, ends = edges[::2] / ENVELOPE_FS, edges[1::2] / ENVELOPE_FS
        assert 0.8 <= 1 / np.diff(starts).mean() <= 2.3
        assert (ends - starts).max() <= 0.73
        assert len(starts) >= 4  # fewer bursts are no series


def test_a_myoclonus_peaks_above_50_microvolts() -> None:
    peaks = [3 * movement.level.max() * SUBJECT.mvc_uv for movement in drawn("myoclonus")]
    assert min(peaks) >= 50


def test_only_a_walk_is_upright() -> None:
    assert [kind for kind in DRAW if drawn(kind, 1)[0].upright] == ["walk"]


def test_a_walker_pushes_off_at_1_0_to_1_8_hz() -> None:
    for movement in drawn("walk", 30):
        starts = np.flatnonzero(np.diff((movement.level > 0).astype(int)) == 1) / ENVELOPE_FS
        assert 1.0 <= 1 / np.median(np.diff(starts)) <= 1.85
