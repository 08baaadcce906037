"""Cramps against the ranges of the simulator specification."""

from dataclasses import replace

import numpy as np
import pytest

from collector.simulator.cramps import Cramp, draw_cramp, firing_rates, prelude_rates
from collector.simulator.motor_units import ENVELOPE_FS

POSITION = np.random.default_rng(9).random(150)


def cramps(count: int) -> list[Cramp]:
    rng = np.random.default_rng(1)
    return [draw_cramp(rng, weak=False) for _ in range(count)]


def cramp(**changes: object) -> Cramp:
    return replace(
        draw_cramp(np.random.default_rng(2), weak=False),
        **{"duration_s": 60.0, "spread_s": 4.0, "ending": "dropout", "ending_s": 10.0, "share": 0.4, **changes},  # type: ignore[arg-type]
    )


def test_durations_are_a_minute_in_the_middle_and_8_to_600_s() -> None:
    durations = [each.duration_s for each in cramps(2000)]
    assert np.median(durations) == pytest.approx(60, rel=0.1)
    assert min(durations) >= 8
    assert max(durations) <= 600


def test_three_in_ten_sleepers_wake_within_ten_seconds_the_others_after_41() -> None:
    drawn = cramps(2000)
    quick = [each.wake_s for each in drawn if each.kind == "quick_wake"]
    slow = [each.wake_s for each in drawn if each.kind == "asleep"]
    assert len(quick) / len(drawn) == pytest.approx(0.3, abs=0.04)
    assert 3 <= min(quick) <= max(quick) <= 10
    assert np.mean(slow) == pytest.approx(41, abs=1)
    assert np.std(slow) == pytest.approx(11, abs=1)


def test_half_of_the_cramps_are_stretched_away_and_never_in_sleep() -> None:
    drawn = cramps(2000)
    stretched = [each for each in drawn if each.ending == "stretch"]
    assert len(stretched) / len(drawn) == pytest.approx(0.5, abs=0.06)
    assert all(each.wake_s < each.duration_s for each in stretched)


def test_the_leg_lies_still_until_waking_and_then_moves_60_percent_of_the_time() -> None:
    awake = np.concatenate([each.motion_mg for each in cramps(300)])
    assert np.mean(awake > 0) == pytest.approx(0.6, abs=0.05)
    assert 60 <= awake[awake > 0].min() <= awake.max() <= 500


def test_units_fire_at_14_5_pulses_per_second_a_quarter_faster_at_first() -> None:
    rng = np.random.default_rng(3)
    first, all_along = [], []
    for _ in range(20):
        rates = firing_rates(cramp(duration_s=100.0, spread_s=0.3, drive_depth=0.0), POSITION, rng)
        first.append(rates[:, ENVELOPE_FS : 2 * ENVELOPE_FS][rates[:, ENVELOPE_FS : 2 * ENVELOPE_FS] > 0].mean())
        all_along.append(rates[rates > 0].mean())
    assert np.mean(first) == pytest.approx(14.5 * 1.25, rel=0.05)
    assert np.mean(all_along) == pytest.approx(14.5, rel=0.06)  # the trend of 1.25 to 0.8 averages to 1.03


def test_the_focus_is_a_place_in_the_muscle_whatever_the_size_of_its_units() -> None:
    drawn = cramp(focus=0.5, share=0.2)
    active = firing_rates(drawn, POSITION, np.random.default_rng(1)).any(axis=1)
    assert active.sum() == 30
    assert np.abs(POSITION[active] - 0.5).max() < np.abs(POSITION[~active] - 0.5).min()


def test_the_neighbours_of_the_focus_join_one_after_the_other() -> None:
    rates = firing_rates(cramp(), POSITION, np.random.default_rng(1)) > 0
    starts_s = np.sort(rates[rates.any(axis=1)].argmax(axis=1)) / ENVELOPE_FS
    assert starts_s[0] == 0
    assert starts_s[-1] == pytest.approx(4, abs=0.2)
    assert np.median(starts_s) < 2


def test_a_cramp_that_is_stretched_rises_and_then_stops_within_half_a_second() -> None:
    drawn = cramp(ending="stretch", ending_s=1.5, boost=1.6, wake_s=5.0)
    total = firing_rates(drawn, POSITION, np.random.default_rng(1)).sum(axis=0)
    before, during = total[-5 * ENVELOPE_FS : -2 * ENVELOPE_FS].mean(), total[-70:-30].mean()
    assert during / before == pytest.approx(1.6**2, rel=0.25)  # RMS grows with the root of the summed rate
    assert total[-1] < 0.1 * during


def test_a_cramp_that_ends_by_itself_loses_its_units_over_seconds() -> None:
    firing = (firing_rates(cramp(), POSITION, np.random.default_rng(1)) > 0).sum(axis=0)
    assert firing[-11 * ENVELOPE_FS] > firing[-7 * ENVELOPE_FS] > firing[-3 * ENVELOPE_FS] > firing[-1]


def test_twitches_herald_three_in_ten_cramps_with_a_few_single_discharges() -> None:
    drawn = cramps(1000)
    heralded = [each for each in drawn if each.twitches]
    assert len(heralded) / len(drawn) == pytest.approx(0.3, abs=0.05)
    rates = prelude_rates(heralded[0], 150, np.random.default_rng(1))
    assert rates.sum() / ENVELOPE_FS == pytest.approx(heralded[0].twitches)
    assert heralded[0].prelude_s < heralded[0].onset_s


def test_weak_cramps_are_asked_for_at_2_4_to_3_5_times_rest() -> None:
    rng = np.random.default_rng(1)
    ratios = [draw_cramp(rng, weak=True).ratio or 0.0 for _ in range(200)]
    assert 2.4 <= min(ratios) <= max(ratios) <= 3.5
