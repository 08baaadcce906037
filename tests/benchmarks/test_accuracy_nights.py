"""The benchmark's nights: enough of them, of every kind, and none that anything was tuned on."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.accuracy import nights
from benchmarks.accuracy.cramps_of_one_strength import StrengthSpec, simulate_cramps_of_one_strength
from benchmarks.accuracy.nights import FIRST, REPORTING, SECOND, STRENGTHS, TUNING
from collector.contract.nights import Interval
from collector.simulator.night import Night


def test_at_least_sixty_nights_of_eight_hours_are_reported_on_beside_the_second_generator() -> None:
    assert len(FIRST) >= 60
    assert {night.spec.hours for night in REPORTING if not isinstance(night.spec, StrengthSpec)} == {8.0}


def test_every_tier_of_the_issue_is_there_with_each_generator() -> None:
    wanted = {"healthy", "restless", "artefacts", "weak cramps", "empty"}
    assert wanted <= {night.tier for night in FIRST}
    assert wanted <= {night.tier for night in SECOND}


@pytest.mark.parametrize("group", [FIRST, SECOND])
def test_every_rate_is_there(group: tuple[nights.BenchmarkNight, ...]) -> None:
    assert {200.0, 250.0, 500.0, 1000.0} <= {night.spec.fs for night in group}


def test_no_night_is_tuned_on_and_reported_on() -> None:
    assert not {night.spec.seed for night in TUNING} & {night.spec.seed for night in REPORTING}


def test_every_night_has_a_name_of_its_own() -> None:
    assert max(Counter(night.name for night in (*REPORTING, *TUNING, *STRENGTHS)).values()) == 1


def test_other_rules_are_compared_on_nights_that_are_reported_on() -> None:
    assert set(nights.PEERS) <= set(FIRST)
    assert len(nights.PEERS) == 10


@pytest.fixture(scope="module")
def weak_and_strong() -> tuple[Night, Night]:
    return tuple(simulate_cramps_of_one_strength(StrengthSpec(seed=3, ratio=r, fs=200)) for r in (2.0, 8.0))  # type: ignore[return-value] # two


def test_cramps_of_one_strength_have_that_strength(weak_and_strong: tuple[Night, Night]) -> None:
    # To a few percent: the powers of cramp and rest add on average only.
    for night, ratio in zip(weak_and_strong, (2.0, 8.0), strict=True):
        assert [cramp.ratio for cramp in night.truth.cramps] == pytest.approx([ratio] * 10, rel=0.03)


def test_the_same_wearer_has_the_same_cramps_at_every_strength(weak_and_strong: tuple[Night, Night]) -> None:
    weak, strong = (
        [Interval(round(c.onset_s * 1e9), round(c.end_s * 1e9), c.kind) for c in night.truth.cramps]
        for night in weak_and_strong
    )
    assert weak == strong
    np.testing.assert_array_equal(weak_and_strong[0].acc, weak_and_strong[1].acc)


def test_the_leg_lies_still_for_a_minute_before_each_cramp(weak_and_strong: tuple[Night, Night]) -> None:
    night = weak_and_strong[0]
    for cramp in night.truth.cramps:
        before = night.acc[:, round((cramp.onset_s - 61) * 50) : round((cramp.onset_s - 1) * 50)] * night.acc_mg_per_lsb
        assert (np.abs(before - before.mean(axis=1, keepdims=True)) < 30).all()  # 30 mg counts as motion
