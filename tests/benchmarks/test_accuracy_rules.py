"""The rules that ours is compared with, and the signals they get."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy.peers_worker import night_intervals
from benchmarks.accuracy.plain_rules import fixed_threshold, times_running_median
from benchmarks.accuracy.rules import (
    Duration,
    RuleNight,
    Tuned,
    alarms,
    evaluation,
    tune,
)
from benchmarks.accuracy.run import Cramp, NightTruth
from benchmarks.accuracy.signals import NightEmg, Signal, resting_uv, rms, save_in_units_of_rest

HOUR = 3600.0


def envelope(*active: tuple[float, float], rest: float = 2.0, strong: float = 20.0, seconds: float = 600) -> Signal:
    """Four values a second."""
    values = np.full(round(seconds * 4), rest)
    for start_s, end_s in active:
        values[round(start_s * 4) : round(end_s * 4)] = strong
    return values


def test_activity_held_long_enough_is_an_alarm() -> None:
    assert alarms([(10, 21.9), (50, 62), (90, 120)], Duration(12, 0.5)) == [(50, 62), (90, 120)]


def test_short_pauses_are_bridged_and_longer_ones_are_not() -> None:
    assert alarms([(10, 16), (16.5, 23)], Duration(12, 0.5)) == [(10, 23)]
    assert alarms([(10, 16), (16.6, 23)], Duration(12, 0.5)) == []


@given(st.lists(st.floats(0.1, 40), max_size=12), st.floats(6, 30), st.floats(0.25, 2))
def test_no_alarm_is_shorter_than_asked_or_overlaps_another(
    steps: list[float], held_s: float, bridged_s: float
) -> None:
    edges = np.cumsum(steps).tolist()
    found = alarms(list(zip(edges[::2], edges[1::2], strict=False)), Duration(held_s, bridged_s))
    assert all(end - onset >= held_s for onset, end in found)
    assert all(after[0] - before[1] > bridged_s for before, after in pairwise(found))


def test_a_fixed_threshold_sees_what_is_above_it() -> None:
    assert fixed_threshold(envelope((100, 130)), 10.0) == [(100, 130)]
    assert fixed_threshold(envelope((100, 130)), 20.0) == []


def test_a_running_median_follows_the_floor_and_a_fixed_threshold_does_not() -> None:
    floor = np.concatenate([envelope(seconds=300), envelope(rest=12, seconds=600)])
    assert fixed_threshold(floor, 10.0) == [(300, 900)]
    # Two minutes' median: after one minute more than half of it is the new floor.
    ((onset_s, end_s),) = times_running_median(floor, 2.2)
    assert onset_s == 300
    assert end_s == pytest.approx(361, abs=1)


def night(activity: dict[float, list[tuple[float, float]]]) -> RuleNight:
    truth = NightTruth([Cramp(1000, 1040, "asleep", 8.0), Cramp(5000, 5030, "asleep", 4.0)], [], [])
    return RuleNight(8 * HOUR, truth, activity)


def test_another_rule_is_judged_by_the_same_comparison() -> None:
    figures = evaluation([night({2.0: [(1000.2, 1040), (3000, 3020)]})], Tuned(2.0, Duration(12, 0.5)))
    assert (figures.true_positives, figures.false_positives, figures.false_negatives) == (1, 1, 1)
    assert figures.false_alarms_per_night.value == 1.0
    assert figures.latency_s.median == pytest.approx(12.2)


def test_tuning_takes_the_threshold_and_the_duration_with_the_best_f1() -> None:
    both_cramps = [(1000.0, 1040.0), (5000.0, 5030.0)]
    movements = [(1000.0 * k, 1000.0 * k + 14.0) for k in range(10, 20)]
    tuned = tune([night({1.5: both_cramps + movements, 9.0: both_cramps[:1] + movements})])
    assert tuned.threshold == 1.5
    # 15 s leave the movements out; of the longer ones none does better, and none earlier.
    assert tuned.duration.held_s == 15.0


def test_the_rms_of_a_sine_is_its_amplitude_over_the_root_of_two() -> None:
    fs = 1259.259
    sine = 10 * np.sin(2 * np.pi * 100 * np.arange(math.ceil(20 * fs)) / fs)
    values = rms(sine, fs)
    assert len(values) == 80
    np.testing.assert_allclose(values, 10 / np.sqrt(2), rtol=0.01)


def test_rest_is_measured_for_each_half_hour_and_activity_does_not_move_it() -> None:
    values = np.concatenate([envelope((100, 900), seconds=1800), envelope(rest=5, seconds=1800)])
    assert resting_uv(values).tolist() == [2.0, 5.0]


def test_an_electrode_that_is_off_is_no_rest_to_divide_by() -> None:
    assert resting_uv(np.zeros(100)).tolist() == [0.5]


def test_the_others_get_the_signals_in_multiples_of_rest(tmp_path: Path) -> None:
    values = np.concatenate([envelope(seconds=1800), envelope(rest=5, seconds=1800)])
    emg = np.repeat(values, 50)  # 200 Hz
    save_in_units_of_rest(NightEmg(emg, values, 200.0, 3600.0), tmp_path / "night.npz")
    with np.load(tmp_path / "night.npz") as saved:
        np.testing.assert_array_equal(saved["emg"], 1.0)
        np.testing.assert_array_equal(saved["envelope"], 1.0)
        assert (float(saved["emg_fs"]), float(saved["envelope_fs"])) == (200.0, 4.0)


def test_windows_of_half_an_hour_are_put_in_their_place() -> None:
    def everything(signal: Signal, fs: float, threshold: float) -> list[tuple[float, float]]:
        return [(0.0, len(signal) / fs)]

    assert night_intervals(everything, np.zeros(4 * 4000), 4.0, 1.0) == [(0, 1800), (1800, 3600), (3600, 4000)]
