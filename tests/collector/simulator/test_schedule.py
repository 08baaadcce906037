from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.simulator.movements import DRAW
from collector.simulator.schedule import Plan, plan_night
from collector.simulator.spec import NightSpec, Profile
from collector.simulator.subject import draw_subject


def plan(seed: int, profile: Profile = "healthy", hours: float = 8, cramps: int | None = None) -> Plan:
    rng = np.random.default_rng(seed)
    spec = NightSpec(seed=seed, profile=profile, hours=hours, cramps=cramps)
    return plan_night(spec, draw_subject(profile, rng), rng)


def per_night(profile: Profile, nights: int = 15) -> dict[str, float]:
    counts = Counter(movement.kind for seed in range(nights) for movement in plan(seed, profile).movements)
    return {kind: count / nights for kind, count in counts.items()}


def test_every_kind_of_movement_occurs_within_a_few_nights() -> None:
    assert per_night("healthy", 8).keys() == {*DRAW, "lmm_gap_free"}


def test_a_healthy_night_has_the_rates_of_the_reference_run() -> None:
    rates = per_night("healthy")
    assert rates["leg_movement"] + rates["plm"] == pytest.approx(75, rel=0.15)
    assert rates["lmm"] + rates["lmm_gap_free"] + rates["posture"] == pytest.approx(51, rel=0.15)
    assert rates["posture"] / 8 == pytest.approx(1.6, rel=0.2)
    assert rates["stretch"] == pytest.approx(11, rel=0.2)
    assert rates["rhythmic_feet"] == pytest.approx(2, abs=1)
    assert rates["awake_hold"] == pytest.approx(0.5, abs=0.4)
    assert 3 <= rates["myoclonus"] / 8 <= 150


def test_restless_legs_move_300_times_a_night_mostly_in_series() -> None:
    rates = per_night("rls", 8)
    assert rates["leg_movement"] + rates["plm"] == pytest.approx(300, rel=0.15)
    assert rates["plm"] > rates["leg_movement"]
    assert rates["lmm"] + rates["lmm_gap_free"] + rates["posture"] == pytest.approx(70, rel=0.15)


def test_periodic_movements_follow_each_other_after_10_to_90_s() -> None:
    onsets = [movement.onset_s for movement in plan(1, "rls").movements if movement.kind == "plm"]
    intervals = np.diff(onsets)
    assert np.mean((intervals > 10) & (intervals < 90)) > 0.7  # the rest lies between two series


def test_at_least_four_nights_in_ten_are_free_of_cramps_and_none_has_more_than_four() -> None:
    counts = [len(plan(seed).cramps) for seed in range(40)]
    assert sum(count == 0 for count in counts) >= 16 - 6  # two standard deviations of 40 draws below 40 %
    assert max(counts) <= 4
    assert sum(count > 0 for count in counts) > 12


def test_an_empty_night_has_no_cramp_and_moves_like_a_healthy_one() -> None:
    nights = [plan(seed, "empty") for seed in range(5)]
    assert not any(night.cramps for night in nights)
    assert all(night.movements for night in nights)


@pytest.mark.parametrize("count", [0, 1, 6])
def test_the_number_of_cramps_can_be_asked_for(count: int) -> None:
    assert len(plan(1, cramps=count).cramps) == count


def test_more_cramps_than_a_night_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match=r"50 cramps do not fit .*: ask for fewer or more hours"):
        plan(1, hours=0.2, cramps=50)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["healthy", "rls", "weak"]), st.sampled_from([0.1, 0.5, 2, 8]))
def test_events_follow_each_other_within_the_night(seed: int, profile: Profile, hours: float) -> None:
    night = plan(seed, profile, hours)
    events = sorted(
        [(cramp.onset_s, cramp.end_s) for cramp in night.cramps]
        + [(movement.onset_s, movement.end_s) for movement in night.movements]
    )
    assert all(before[1] <= after[0] for before, after in pairwise(events))
    assert not events or (events[0][0] >= 0 and events[-1][1] <= hours * 3600)


def test_awake_holds_happen_awake_and_sleep_starts_around_falling_asleep() -> None:
    """Nobody falls asleep later than 25 min after lights out, or stays awake for long after a walk."""
    for seed in range(12):
        movements = plan(seed).movements
        walks = [movement.end_s for movement in movements if movement.kind == "walk"]
        for movement in movements:
            if movement.kind in ("awake_hold", "hypnic_jerk", "rhythmic_feet"):
                since_up_s = movement.onset_s - max([0.0, *(end_s for end_s in walks if end_s <= movement.onset_s)])
                assert since_up_s <= 25 * 60 + 8 * 60
