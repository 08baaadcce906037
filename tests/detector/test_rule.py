"""The rule: what is a cramp, what is not, and what is said about it. The signals are synthetic."""

import numpy as np
import pytest

from collector.contract.messages import SampleBlock
from detector.events import Event
from detector.frames import Quality
from detector.settings import DetectorSettings
from tests.support.signals import Leg, Outcome, detect, recording, seconds

QUIET_S = 90.0
"""Quiet time before each cramp: more than the stillness that stands for sleep, and enough to know the resting level."""


def only(events: list[Event]) -> Event:
    assert len(events) == 1, [(event.stage, event.reason) for event in events]
    return events[0]


def cramp(leg: Leg, **kwargs: object) -> Outcome:
    return detect(recording(leg, **kwargs))  # type: ignore[arg-type]  # passed on as they are


def asleep(duration_s: float = 40.0, uv: float = 30.0, after_s: float = 30.0, **kwargs: float) -> Leg:
    leg = Leg(QUIET_S + duration_s + after_s, **kwargs)  # type: ignore[arg-type]  # passed on as they are
    return leg.contract(QUIET_S, QUIET_S + duration_s, uv)


def test_a_cramp_of_a_sleeper_is_suspected_at_once_and_confirmed_after_twelve_seconds() -> None:
    outcome = cramp(asleep())
    assert [event.stage for event in outcome.events] == ["suspected", "confirmed", "ended"]
    confirmed = only(outcome.stage("confirmed"))
    assert seconds(confirmed.onset_ns) == pytest.approx(QUIET_S, abs=0.2)
    assert seconds(confirmed.suspected_ns) == pytest.approx(QUIET_S + 0.5, abs=0.2)
    assert seconds(confirmed.alerted_ns) == pytest.approx(QUIET_S + 12, abs=0.2)


def test_its_end_and_strength_are_told_when_it_is_over() -> None:
    ended = only(cramp(asleep(duration_s=40, uv=30)).stage("ended"))
    assert ended.duration_s == pytest.approx(40, abs=0.4)
    # 30 uV of muscle on 2 uV of rest, of which the band passes 17/50 and the mains notches a few percent less.
    assert ended.mean_uv == pytest.approx(np.hypot(30, 2) * np.sqrt(170 / 500), rel=0.05)
    assert ended.rest_uv == pytest.approx(2 * np.sqrt(170 / 500), rel=0.08)


def test_all_stages_of_a_contraction_bear_the_same_identity() -> None:
    assert len({event.id for event in cramp(asleep()).events}) == 1


def test_someone_who_has_just_moved_is_believed_after_eighteen_seconds() -> None:
    confirmed = only(cramp(asleep().move(QUIET_S - 10, QUIET_S - 8)).stage("confirmed"))
    assert seconds(confirmed.alerted_ns) == pytest.approx(QUIET_S + 18, abs=0.2)


def test_a_short_hold_is_a_candidate_with_its_reason() -> None:
    rejected = only(cramp(asleep(duration_s=8)).stage("rejected"))
    assert rejected.reason.startswith("lasted 8.")
    assert rejected.reason.endswith("a cramp is believed from 12 s on")
    assert rejected.duration_s == pytest.approx(8, abs=0.4)


def test_a_contraction_that_moves_the_leg_from_the_start_is_a_movement() -> None:
    leg = asleep(duration_s=30).move(QUIET_S, QUIET_S + 30)
    assert "the leg moved with the muscle" in only(cramp(leg).stage("rejected")).reason


def test_a_cramp_that_wakes_the_sleeper_after_four_seconds_is_still_one() -> None:
    leg = asleep(duration_s=30).move(QUIET_S + 4, QUIET_S + 30)
    assert "led the leg's motion" in only(cramp(leg).stage("confirmed")).reason


def test_a_steady_tremor_of_the_leg_is_no_movement() -> None:
    # 8 mg on each of three axes is 14 mg in all, from a leg that shows 3.5 mg at rest.
    assert only(cramp(asleep().move(QUIET_S + 0.5, QUIET_S + 40, 8)).stage("confirmed")).reason.endswith("lay still")


def test_a_movement_that_hardly_shakes_the_leg_is_told_by_its_swell() -> None:
    leg = asleep(duration_s=20)
    for start in range(2, 20, 2):
        leg.move(QUIET_S + start, QUIET_S + start + 1, 9)
    assert "the leg moved with the muscle" in only(cramp(leg).stage("rejected")).reason


def test_a_cramp_that_builds_up_over_six_seconds_is_dated_to_its_beginning() -> None:
    leg = asleep(duration_s=30, uv=0)
    t = np.arange(leg.emg_uv.shape[1]) / leg.fs
    leg.emg_uv *= np.interp(t, [QUIET_S, QUIET_S + 6, QUIET_S + 30, QUIET_S + 30.01], [1, 4, 4, 1])
    # A fifth above rest is reached after 0.4 s; the envelope looks back over a quarter of a second.
    assert seconds(only(cramp(leg).stage("confirmed")).onset_ns) == pytest.approx(QUIET_S + 0.4, abs=0.4)


def test_the_movements_of_someone_woken_do_not_prolong_the_cramp() -> None:
    leg = asleep(duration_s=30, uv=40)
    for start in np.arange(31.5, 55, 3):
        leg.contract(QUIET_S + start, QUIET_S + start + 1.2, 25)
    assert only(cramp(leg).stage("ended")).duration_s == pytest.approx(30, abs=0.5)


def test_a_cramp_that_fades_lasts_until_it_is_quiet() -> None:
    leg = asleep(duration_s=50, uv=0)
    t = np.arange(leg.emg_uv.shape[1]) / leg.fs
    leg.emg_uv *= np.interp(t, [QUIET_S, QUIET_S + 0.01, QUIET_S + 20, QUIET_S + 40], [1, 8, 8, 1])
    # A fifth above rest is passed 20 s * 0.2 / 7 before the end.
    assert only(cramp(leg).stage("ended")).duration_s == pytest.approx(39.4, abs=0.8)


def test_a_cramp_that_goes_on_behind_a_gap_is_believed_twelve_seconds_later() -> None:
    outcome = cramp(asleep(), gaps=[(QUIET_S + 5, QUIET_S + 9)])
    confirmed = only(outcome.stage("confirmed"))
    # Half a second in which the filter settles comes on top.
    assert seconds(confirmed.alerted_ns) == pytest.approx(QUIET_S + 21.5, abs=0.3)


def test_what_begins_with_a_jump_of_the_electrode_is_not_believed_and_becomes_the_resting_level() -> None:
    leg = Leg(QUIET_S + 120)
    changed = round(QUIET_S * leg.fs)
    leg.emg_uv[:, changed:] *= 3
    leg.emg_uv[:, changed:] += 1000
    outcome = cramp(leg)
    assert only(outcome.stage("rejected")).reason.startswith("began with a jump of the signal")
    assert outcome.frames.rest_uv[-1, 0] == pytest.approx(3 * 2 * np.sqrt(170 / 500), rel=0.1)


def test_rhythmic_feet_are_bursts_and_no_cramp() -> None:
    leg = Leg(QUIET_S + 60)
    for k in range(20):
        leg.contract(QUIET_S + k, QUIET_S + k + 0.5, 40)
    assert not cramp(leg).stage("confirmed")


def test_a_slowly_rising_floor_is_no_cramp() -> None:
    leg = Leg(QUIET_S + 300, rest_uv=3.0)
    rise = np.interp(np.arange(leg.emg_uv.shape[1]) / leg.fs, [QUIET_S, QUIET_S + 60], [1.0, 4.0])
    leg.emg_uv *= rise
    assert not cramp(leg).stage("confirmed")


def test_a_twitch_is_not_even_suspected() -> None:
    assert not cramp(asleep(duration_s=0.15, uv=100)).events


def test_a_lost_second_does_not_end_a_cramp() -> None:
    ended = only(cramp(asleep(), gaps=[(QUIET_S + 20, QUIET_S + 21)]).stage("ended"))
    assert ended.duration_s == pytest.approx(40, abs=0.4)


def test_a_lost_second_does_not_count_towards_the_twelve() -> None:
    confirmed = only(cramp(asleep(), gaps=[(QUIET_S + 5, QUIET_S + 6)]).stage("confirmed"))
    # The second itself and the half second in which the filter settles behind it.
    assert seconds(confirmed.alerted_ns) == pytest.approx(QUIET_S + 13.5, abs=0.3)


def test_a_contraction_whose_signal_is_lost_before_it_is_believed_is_given_up() -> None:
    outcome = cramp(asleep(), gaps=[(QUIET_S + 5, QUIET_S + 60)])
    assert only(outcome.stage("rejected")).reason == "the signal was lost while it lasted"


def test_a_cramp_whose_signal_is_lost_is_closed_where_it_was_last_seen() -> None:
    ended = only(cramp(asleep(), gaps=[(QUIET_S + 20, QUIET_S + 60)]).stage("ended"))
    assert ended.duration_s == pytest.approx(20, abs=0.4)
    assert ended.reason.endswith("the signal was lost before it ended")


def test_a_gap_is_not_watched() -> None:
    frames = cramp(Leg(120), gaps=[(60, 90)]).frames
    inside = (frames.t_ns > frames.t_ns[0] + 61e9) & (frames.t_ns < frames.t_ns[0] + 88e9)
    assert inside.sum() == pytest.approx(270, abs=1)
    assert (frames.quality[inside] & Quality.MISSING).all()


def test_a_detached_sensor_is_not_a_quiet_muscle() -> None:
    leg = Leg(180)
    leg.emg_uv[:, 90_000:] = 0
    frames = cramp(leg).frames
    assert (frames.quality[-800:] == Quality.FLAT).all()


def test_a_sensor_that_comes_off_and_on_again_raises_no_alarm() -> None:
    leg = Leg(400, rest_uv=4.0)
    leg.emg_uv[:, 100_000:200_000] *= 0.02
    assert not cramp(leg).stage("confirmed")


def test_an_electrode_that_comes_back_to_its_old_floor_raises_no_alarm() -> None:
    leg = Leg(700, rest_uv=8.0)
    leg.emg_uv[:, 200_000:500_000] *= 0.35  # hanging loose it hears less, but not nothing
    outcome = cramp(leg)
    assert not outcome.stage("confirmed")
    assert any("resting level of the last hour" in event.reason for event in outcome.stage("rejected"))


def test_heartbeats_do_not_prolong_a_cramp() -> None:
    leg = Leg(QUIET_S + 120).contract(QUIET_S, QUIET_S + 30, 30)
    for beat in np.arange(0.0, leg.seconds, 0.9):
        start = round(beat * leg.fs)
        leg.emg_uv[0, start : start + 80] += 25 * np.sin(2 * np.pi * 40 * np.arange(80) / leg.fs)
    # One beat within the last second of the cramp may still count as its end.
    assert only(cramp(leg).stage("ended")).duration_s == pytest.approx(30, abs=1.0)


def test_a_contraction_that_begins_with_a_jerk_of_the_leg_is_believed_after_twenty_five_seconds() -> None:
    leg = asleep().move(QUIET_S, QUIET_S + 0.5)
    assert seconds(only(cramp(leg).stage("confirmed")).alerted_ns) == pytest.approx(QUIET_S + 25, abs=0.2)


def test_a_slight_but_uneven_motion_from_the_start_is_a_movement() -> None:
    leg = asleep()
    for k in range(20):
        leg.move(QUIET_S + 2 * k, QUIET_S + 2 * k + 1, mg=12)  # up to 21 mg on three axes, every other second
    assert "the leg moved with the muscle" in only(cramp(leg).stage("rejected")).reason


def test_a_steady_tremor_is_no_motion() -> None:
    leg = asleep().move(QUIET_S, QUIET_S + 40, mg=8)  # 14 mg on three axes, all the time
    assert seconds(only(cramp(leg).stage("confirmed")).alerted_ns) == pytest.approx(QUIET_S + 12, abs=0.2)


def test_a_clipped_signal_is_not_watched() -> None:
    leg = Leg(60)
    leg.emg_uv[:, 30_000:40_000] = 1e6
    frames = cramp(leg).frames
    assert (frames.quality[305:395] & Quality.CLIPPED).all()


@pytest.mark.parametrize("hz", [50.0, 60.0, 49.9])
def test_an_electric_blanket_is_no_cramp(hz: float) -> None:
    assert not cramp(Leg(240).hum(90, 200, 40, hz)).stage("confirmed")


def test_a_cramp_is_found_under_the_hum_of_a_blanket() -> None:
    leg = asleep(uv=40).hum(20, 150, 40)
    assert seconds(only(cramp(leg).stage("confirmed")).alerted_ns) == pytest.approx(QUIET_S + 12, abs=0.3)


def test_hum_that_would_drown_a_cramp_is_told_as_mains() -> None:
    frames = cramp(Leg(120).hum(60, 120, 1000)).frames
    assert (frames.quality[650:1150] & Quality.MAINS).all()


def test_a_violent_cramp_is_not_taken_for_mains() -> None:
    outcome = cramp(asleep(uv=1000))
    assert not (outcome.frames.quality & Quality.MAINS).any()
    assert seconds(only(outcome.stage("confirmed")).alerted_ns) == pytest.approx(QUIET_S + 12, abs=0.2)


def test_a_long_effort_of_changing_strength_is_no_cramp_where_motion_is_unknown() -> None:
    leg = Leg(QUIET_S + 60).contract(QUIET_S, QUIET_S + 40, 12)
    for k in range(4):
        leg.contract(QUIET_S + 5 + 9 * k, QUIET_S + 8 + 9 * k, 60)
    rejected = only(cramp(leg, accelerometer=False).stage("rejected"))
    assert "changed its strength too much" in rejected.reason


def test_without_an_accelerometer_a_cramp_is_believed_after_eighteen_seconds() -> None:
    confirmed = only(cramp(asleep(), accelerometer=False).stage("confirmed"))
    assert seconds(confirmed.alerted_ns) == pytest.approx(QUIET_S + 18, abs=0.2)
    assert "motion unknown" in confirmed.reason


def test_someone_standing_has_no_nocturnal_cramp() -> None:
    leg = asleep()
    leg.acc_mg[:] = leg.rng.normal(0, 2, leg.acc_mg.shape) + np.array([1000.0, 0.0, 0.0])
    settings = DetectorSettings(shank_axis="x")
    assert "upright" in only(detect(recording(leg), settings).stage("rejected")).reason


def test_two_electrodes_over_one_cramp_make_one_event_as_long_as_the_longer() -> None:
    leg = Leg(QUIET_S + 90, channels=2)
    leg.contract(QUIET_S, QUIET_S + 30, 30, channel=0).contract(QUIET_S + 5, QUIET_S + 50, 30, channel=1)
    outcome = cramp(leg)
    assert only(outcome.stage("confirmed")).channel == "EMG 1"
    assert only(outcome.stage("ended")).duration_s == pytest.approx(50, abs=0.4)


def test_two_cramps_a_minute_apart_are_two_events() -> None:
    leg = Leg(QUIET_S + 160).contract(QUIET_S, QUIET_S + 30, 30).contract(QUIET_S + 90, QUIET_S + 130, 30)
    assert len(cramp(leg).stage("ended")) == 2


def test_a_pause_of_three_seconds_does_not_part_a_cramp() -> None:
    leg = Leg(QUIET_S + 90).contract(QUIET_S, QUIET_S + 20, 30).contract(QUIET_S + 23, QUIET_S + 40, 30)
    assert only(cramp(leg).stage("ended")).duration_s == pytest.approx(40, abs=0.4)


def test_a_twitch_after_the_end_does_not_prolong_a_cramp() -> None:
    leg = Leg(QUIET_S + 90).contract(QUIET_S, QUIET_S + 20, 30).contract(QUIET_S + 23, QUIET_S + 23.1, 30)
    assert only(cramp(leg).stage("ended")).duration_s == pytest.approx(20, abs=0.4)


def test_activity_of_ten_minutes_is_a_new_floor() -> None:
    outcome = cramp(Leg(QUIET_S + 900).contract(QUIET_S, QUIET_S + 800, 30))
    assert only(outcome.stage("ended")).duration_s == pytest.approx(600, abs=1)
    assert outcome.frames.rest_uv[-1, 0] < 2  # known again, at the level after the activity


def test_a_recording_that_stops_during_a_cramp_still_files_it() -> None:
    ended = only(cramp(asleep(duration_s=25, after_s=0)).stage("ended"))
    assert ended.duration_s == pytest.approx(25, abs=0.4)
    assert ended.reason.endswith("the recording ended")


def same_timing(a: Outcome, b: Outcome) -> bool:
    def timing(o: Outcome) -> list[tuple[object, ...]]:
        return [(e.stage, e.onset_ns, e.alerted_ns, e.end_ns) for e in o.events]

    return timing(a) == timing(b) and bool(a.events)


def test_polarity_does_not_matter() -> None:
    leg, turned = asleep(), asleep()
    turned.emg_uv *= -1
    assert same_timing(cramp(leg), cramp(turned))


def test_millivolts_do_not_matter() -> None:
    assert same_timing(cramp(asleep()), cramp(asleep(), unit="mV"))


def test_counts_of_an_unknown_converter_are_judged_by_ratio() -> None:
    assert len(cramp(asleep(uv=10), unit="adc").stage("confirmed")) == 1


def test_a_coarse_converter_does_not_hide_a_strong_cramp() -> None:
    assert len(cramp(asleep(uv=60), scale=7.8).stage("confirmed")) == 1


@pytest.mark.parametrize("fs", [200.0, 250.0, 500.0, 2000.0, 34000 / 27])
def test_any_common_rate_will_do(fs: float) -> None:
    confirmed = only(cramp(asleep(fs=fs)).stage("confirmed"))
    assert seconds(confirmed.alerted_ns) == pytest.approx(QUIET_S + 12, abs=0.3)


def test_times_stay_right_at_the_end_of_a_long_recording_at_256_hz() -> None:
    start = 2 * 3600.0
    leg = Leg(start + 60, fs=256).contract(start, start + 30, 30)
    assert seconds(only(cramp(leg).stage("confirmed")).onset_ns) == pytest.approx(start, abs=0.2)


def test_frames_follow_each_other_without_a_hole() -> None:
    frames = cramp(Leg(60), gaps=[(20, 30)]).frames
    assert np.diff(frames.t_ns).max() <= 0.36e9  # a step of 0.1 s; a window of 0.25 s where samples come back
    assert frames.t_ns[-1] - frames.t_ns[0] == pytest.approx(59.6e9, abs=0.2e9)


def test_blocks_already_seen_change_nothing() -> None:
    blocks: list[SampleBlock] = recording(asleep())
    twice = [again for block in blocks for again in (block, block)]
    assert detect(twice).events == detect(blocks).events
