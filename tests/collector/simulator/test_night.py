"""Whole nights: what is recorded agrees with the truth."""

from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from collector.simulator.night import Night, simulate_night
from collector.simulator.spec import NightSpec
from collector.simulator.truth import CrampTruth


@cache
def night_of(**fields: object) -> Night:
    return simulate_night(NightSpec(**fields))  # type: ignore[arg-type]


def eventful() -> Night:
    """Return two hours with three cramps and restless legs."""
    return night_of(seed=11, hours=2.0, fs=500.0, profile="rls", cramps=3)


def rms_uv(night: Night, start_s: float, end_s: float) -> float:
    """Return the RMS between 30 and 200 Hz, the first channel."""
    fs = night.spec.fs
    sos = butter(4, [30, min(200, 0.45 * fs)], "bandpass", fs=fs, output="sos")
    first = max(int((start_s - 1) * fs), 0)
    emg = sosfilt(sos, night.emg[0, first : int(end_s * fs)] * night.emg_uv_per_lsb)
    return float(np.sqrt(np.square(emg[int(start_s * fs) - first :]).mean()))


def motion_mg(night: Night, start_s: float, end_s: float) -> float:
    """Return the RMS of the acceleration about its mean."""
    fs = night.spec.acc_fs
    acc = night.acc[:, int(start_s * fs) : max(int(end_s * fs), int(start_s * fs) + 5)] * night.acc_mg_per_lsb
    return float(np.sqrt(np.square(acc - acc.mean(axis=1, keepdims=True)).sum(axis=0).mean()))


def rest_before(night: Night, cramp: CrampTruth) -> float:
    """Return the quietest second of the half minute before a cramp."""
    return min(rms_uv(night, cramp.onset_s - back, cramp.onset_s - back + 1) for back in range(3, 30))


def test_the_same_seed_gives_the_same_bits() -> None:
    spec = NightSpec(seed=4, hours=0.1, profile="artefacts", loss_per_hour=60)
    first, second = simulate_night(spec), simulate_night(spec)
    assert (first.emg == second.emg).all()
    assert (first.acc == second.acc).all()
    assert (first.temp == second.temp).all()
    assert first.truth == second.truth


def test_another_seed_gives_another_night() -> None:
    assert (night_of(seed=1, hours=0.1).emg != night_of(seed=2, hours=0.1).emg).mean() > 0.5


@pytest.mark.parametrize("fs", [200.0, 250.0, 500.0, 1000.0])
def test_the_same_things_happen_at_every_rate(fs: float) -> None:
    night = night_of(seed=5, hours=0.5, fs=fs, cramps=1)
    reference = night_of(seed=5, hours=0.5, fs=1000.0, cramps=1)
    assert night.emg.shape == (1, 1800 * fs)
    assert night.truth.confounders == reference.truth.confounders
    assert [cramp.onset_s for cramp in night.truth.cramps] == [cramp.onset_s for cramp in reference.truth.cramps]


def test_the_recording_has_its_channels_and_rates() -> None:
    night = night_of(seed=1, hours=0.1, fs=250.0, emg_channels=4, acc_fs=25.0, temp_fs=1.0)
    assert (night.emg.shape, night.acc.shape, night.temp.shape) == ((4, 90_000), (3, 9000), (360,))
    assert {signal.dtype for signal in (night.emg, night.acc, night.temp)} == {np.dtype(np.int16)}


def test_truth_lies_within_the_night_in_order() -> None:
    truth = eventful().truth
    for events in (truth.cramps, truth.confounders, truth.artefacts):
        assert all(0 <= event.onset_s < event.end_s <= 7200 for event in events)
        assert [event.onset_s for event in events] == sorted(event.onset_s for event in events)


def test_a_cramp_rises_at_its_onset_to_the_ratio_it_states() -> None:
    night = eventful()
    for cramp in night.truth.cramps:
        rest = rest_before(night, cramp)
        assert rms_uv(night, cramp.onset_s - 1, cramp.onset_s) < 1.3 * rest
        assert rms_uv(night, cramp.onset_s, cramp.end_s) == pytest.approx(cramp.ratio * rest, rel=0.3)
        assert rms_uv(night, cramp.end_s + 0.5, cramp.end_s + 2) < 0.3 * cramp.ratio * rest


def test_a_sleeping_leg_is_still_during_a_cramp_and_moves_on_waking() -> None:
    night = night_of(seed=2, hours=2.0, fs=500.0, cramps=3)
    asleep = [cramp for cramp in night.truth.cramps if cramp.kind == "asleep"]
    assert asleep
    for cramp in asleep:
        assert motion_mg(night, cramp.onset_s + 6, cramp.onset_s + min(cramp.wake_s, cramp.duration_s) - 1) < 25
        assert motion_mg(night, cramp.onset_s + cramp.wake_s, cramp.onset_s + cramp.wake_s + 5) > 30


def test_movements_are_seen_by_muscle_and_accelerometer_where_truth_says() -> None:
    night = eventful()
    kinds = ("leg_movement", "plm", "lmm", "lmm_gap_free", "posture")
    moved = [event for event in night.truth.confounders if event.kind in kinds]
    assert len(moved) > 50
    quiet_mg, quiet_uv = 10.0, 8.0  # respiration and sensor noise; sensor noise and tone of this wearer
    assert np.mean([motion_mg(night, event.onset_s, event.end_s) > quiet_mg for event in moved]) > 0.97
    assert np.mean([rms_uv(night, event.onset_s, event.end_s) > quiet_uv for event in moved]) > 0.9


def test_large_movements_start_in_muscle_and_accelerometer_together() -> None:
    """First tenth of a second in which each exceeds four times its quiet level; motion lags by up to 0.3 s."""
    night = eventful()
    delays = []
    for event in night.truth.confounders:
        if event.kind not in ("lmm", "lmm_gap_free", "posture"):
            continue
        tenths = event.onset_s + np.arange(-10, 10) / 10
        emg = np.array([rms_uv(night, at, at + 0.1) for at in tenths])
        acc = np.array([motion_mg(night, at, at + 0.1) for at in tenths])
        onsets = [int(np.argmax(signal > 4 * np.median(signal[:6]))) for signal in (emg, acc)]
        if min(onsets) > 0:  # both rise out of quiet
            delays.append((onsets[1] - onsets[0]) / 10)
    assert len(delays) >= 5
    assert np.median(np.abs(delays)) <= 0.3


def test_weak_cramps_stand_2_4_to_3_5_times_above_rest() -> None:
    ratios = [
        cramp.ratio
        for seed in (1, 2)
        for cramp in night_of(seed=seed, hours=1.0, fs=500.0, profile="weak", cramps=2).truth.cramps
    ]
    assert len(ratios) == 4
    assert all(2.3 <= ratio <= 3.6 for ratio in ratios)


def test_a_coarse_converter_has_fewer_and_larger_steps() -> None:
    night = night_of(seed=1, hours=0.1, bits=8)
    assert np.unique(night.emg).size <= 256
    assert not (night.emg % 256).any()


@pytest.mark.parametrize(("seed", "level"), [(6, 32767), (5, 0)])
def test_an_open_lead_shows_the_rail_of_the_converter_or_nothing(seed: int, level: int) -> None:
    night = night_of(seed=seed, hours=2.0, fs=200.0, profile="artefacts")
    off = next(event for event in night.truth.artefacts if event.kind == "lead_off")
    assert (night.emg[0, int(off.onset_s * 200) + 1 : int(off.end_s * 200) - 1] == level).all()


def test_in_a_radio_gap_every_signal_repeats_its_last_sample() -> None:
    night = night_of(seed=1, hours=0.5, fs=250.0, loss_per_hour=20.0)
    assert [(gap.onset_s, gap.end_s) for gap in night.truth.artefacts if gap.kind == "gap"] == list(night.gaps)
    assert night.gaps
    for start_s, end_s in night.gaps:
        for signal, fs in ((night.emg, 250), (night.acc, 50)):
            inside = signal[:, int(np.ceil(start_s * fs)) : int(np.ceil(end_s * fs))]
            assert (inside == inside[:, :1]).all()


def test_a_fast_sample_clock_is_ahead_of_the_wall_clock() -> None:
    night = night_of(seed=1, hours=0.1, clock_ppm=50.0)
    eight_hours = night.wall_time(28800) - night.spec.start
    assert eight_hours - timedelta(hours=8) == pytest.approx(timedelta(seconds=-1.44), abs=timedelta(milliseconds=1))


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    simulate_night(NightSpec(hours=0.1), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
