import json
import re
from collections import Counter
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from edfio import read_edf
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import firwin, oaconvolve, welch

from benchmarks.accuracy.other_nights import (
    OtherNight,
    OtherSpec,
    body,
    cramps,
    electrode,
    movements,
    muscle,
    processes,
    simulate_other_night,
    write_other_night,
)
from benchmarks.accuracy.other_nights.timetable import Timetable, plan_night

Float = NDArray[np.float64]


@cache
def night_of(seed: int, **wish: object) -> OtherNight:
    return simulate_other_night(OtherSpec(seed=seed, **{"hours": 0.5, "fs": 250, **wish}))  # type: ignore[arg-type] # any field


@cache
def plans(profile: str, count: int) -> list[Timetable]:
    return [plan_night(OtherSpec(seed=k, profile=profile), np.random.default_rng(k)) for k in range(count)]  # type: ignore[arg-type] # a literal


def durations(kind: str) -> list[float]:
    plan = plans("healthy", 25) + plans("rls", 25)
    return [m.duration_s for table in plan for _, m in table.movements if m.kind == kind]


def microvolts(night: OtherNight) -> Float:
    volts: Float = night.emg[0] * night.emg_converter.step
    return volts


def band_rms(emg: Float, fs: float) -> Float:
    """RMS of consecutive 250 ms, by another filter than the generator's."""
    taps: Float = firwin(201, (30, min(200, 0.45 * fs)), fs=fs, pass_zero=False)
    band = oaconvolve(emg, taps, mode="same")
    n = int(0.25 * fs)
    rms: Float = np.sqrt((band[: len(band) // n * n].reshape(-1, n) ** 2).mean(axis=1))
    return rms


def power_between(signal: NDArray[np.float32] | Float, fs: float, low: float, high: float) -> float:
    f, density = welch(signal, fs, nperseg=int(fs))
    return float(density[(f >= low) & (f <= high)].sum() * (f[1] - f[0]))


def test_the_same_spec_gives_the_same_bits() -> None:
    again = simulate_other_night(OtherSpec(seed=4, hours=0.5, fs=250, profile="artefacts"))
    night = night_of(4, profile="artefacts")
    assert (night.emg == again.emg).all()
    assert (night.acc == again.acc).all()
    assert (night.temp == again.temp).all()
    assert (night.truth, night.gaps) == (again.truth, again.gaps)


def test_another_seed_or_profile_gives_another_night() -> None:
    assert night_of(4).truth != night_of(5).truth
    assert night_of(4).truth != night_of(4, profile="weak").truth


@pytest.mark.parametrize("profile", ["healthy", "rls", "artefacts", "weak"])
def test_truth_lies_inside_the_night_and_in_order(profile: str) -> None:
    night = night_of(2, profile=profile, cramps=1)
    for intervals in (night.truth.cramps, night.truth.confounders, night.truth.artefacts):
        assert all(0 <= item.onset_s < item.end_s <= 1800 for item in intervals)
        assert [item.onset_s for item in intervals] == sorted(item.onset_s for item in intervals)


def test_cramps_are_apart_and_movements_leave_them_alone_but_for_twitches_and_waking() -> None:
    for table in plans("rls", 25):
        spans = [(onset, onset + cramp.duration_s) for onset, cramp in table.cramps]
        assert all(end + 30 < start for (_, end), (start, _) in pairwise(spans))
        bodily = [(t, m) for t, m in table.movements if m.kind not in ("myoclonus", "waking")]
        assert not [m for t, m in bodily for start, end in spans if t < end and start < t + m.duration_s]


def test_a_cramp_stands_over_rest_by_the_ratio_stated() -> None:
    errors = []
    for seed in range(8):
        night = night_of(seed, fs=400, cramps=1, bits=16)
        (cramp,), rms = night.truth.cramps, band_rms(microvolts(night), 400)
        rest = np.median(rms[int((cramp.onset_s - 25) * 4) : int(cramp.onset_s * 4)])
        errors.append(rms[int(cramp.onset_s * 4) : int(cramp.end_s * 4)].mean() / rest / cramp.ratio - 1)
    assert np.median(np.abs(errors)) < 0.1  # what movements of waking and artefacts do to single ones is no error


def test_a_cramp_begins_at_its_onset() -> None:
    for seed in range(8):
        night = night_of(seed, fs=400, cramps=1, bits=16)
        at, rms = night.truth.cramps[0].onset_s, band_rms(microvolts(night), 400)
        before, just_before, later = (
            np.median(rms[int((at + a) * 4) : int((at + b) * 4)]) for a, b in ((-25, -5), (-3, -0.25), (6, 8))
        )
        assert just_before < 1.3 * before
        assert later > 1.5 * before


def test_weak_cramps_are_2_4_to_3_5_times_rest() -> None:
    ratios = [night_of(seed, profile="weak", cramps=2).truth.cramps[k].ratio for seed in range(4) for k in (0, 1)]
    assert 0.95 * 2.4 < min(ratios) < max(ratios) < 1.05 * 3.5


def test_cramps_follow_the_published_times() -> None:
    drawn = [cramps.draw_cramp(np.random.default_rng(k), weak=False) for k in range(400)]
    asleep = [cramp.wake_s for cramp in drawn if cramp.kind == "asleep"]
    assert np.mean(asleep) == pytest.approx(41, abs=2)  # Chaney & Sherman: 41 s, SD 11
    assert np.std(asleep) == pytest.approx(11, abs=2)
    assert all(3 <= cramp.wake_s <= 10 for cramp in drawn if cramp.kind == "quick_wake")
    assert len(asleep) / len(drawn) == pytest.approx(0.7, abs=0.07)
    assert all(2 <= cramp.ratio <= 40 and 8 <= cramp.duration_s <= 600 for cramp in drawn)


@given(st.integers(0, 2**32), st.floats(1.2, 40))
def test_the_amplitude_of_a_cramp_gives_its_ratio_when_powers_add(seed: int, ratio: float) -> None:
    drawn = cramps.draw_cramp(np.random.default_rng(seed % 50), weak=False)
    cramp = cramps.Cramp(**{**vars(drawn), "ratio": ratio})
    assert np.hypot(1, cramp.amplitude() * cramp.shape).mean() == pytest.approx(ratio, rel=1e-6)


def test_an_empty_night_has_no_cramps_and_half_of_the_others_have_none() -> None:
    assert not any(table.cramps for table in plans("empty", 10))
    without = np.mean([not table.cramps for table in plans("healthy", 25) + plans("rls", 25)])
    assert 0.4 <= without <= 0.65  # zero-cramp nights have to be 40 % or more


def test_every_confounder_occurs() -> None:
    kinds = Counter(m.kind for table in plans("healthy", 25) for _, m in table.movements)
    assert set(kinds) == {
        *("leg_movement", "plm", "lmm", "lmm_gap_free", "stretch", "posture", "rhythmic_feet", "myoclonus"),
        *("hypnic_jerk", "rem_phasic", "awake_hold", "walk", "waking"),
    }


@pytest.mark.parametrize(
    ("profile", "leg_movements", "lmm", "stretches", "feet"), [("healthy", 75, 51, 11, 2), ("rls", 300, 70, 14, 4)]
)
def test_movements_come_as_often_as_assumed_for_such_sleepers(
    profile: str, leg_movements: float, lmm: float, stretches: float, feet: float
) -> None:
    kinds = Counter(m.kind for table in plans(profile, 25) for _, m in table.movements)
    assert (kinds["leg_movement"] + kinds["plm"]) / 25 == pytest.approx(leg_movements, rel=0.25)
    assert (kinds["lmm"] + kinds["lmm_gap_free"]) / 25 == pytest.approx(lmm, rel=0.25)
    assert kinds["stretch"] / 25 == pytest.approx(stretches, rel=0.25)
    assert kinds["rhythmic_feet"] / 25 == pytest.approx(feet, rel=0.35)


def test_movements_last_as_long_as_published() -> None:
    lmm = durations("lmm") + durations("lmm_gap_free")
    assert np.mean(lmm) == pytest.approx(12.4, rel=0.1)  # IRLSSG 2021: 3-45 s, mean 12.4 s
    assert max(lmm) <= 45
    assert np.median(durations("stretch")) == pytest.approx(4, rel=0.1)
    assert 12 < max(durations("stretch")) <= 18
    assert np.mean(durations("plm")) == pytest.approx(3.2, rel=0.1)
    assert 0.5 <= min(durations("leg_movement")) <= max(durations("leg_movement")) <= 10
    assert 0.07 <= min(durations("myoclonus")) <= max(durations("myoclonus")) <= 0.151  # 75-150 ms
    assert 5 <= min(durations("awake_hold")) <= max(durations("awake_hold")) <= 25


def test_gaps_within_body_movements_are_heavy_tailed() -> None:
    def gaps_s(seed: int) -> Float:
        working = movements.body_movement(np.random.default_rng(seed), 0.0).activity > 0
        edges = np.flatnonzero(np.diff(working.astype(int)))
        gaps: Float = (edges[1::2] - edges[::2][: len(edges[1::2])]) / processes.CONTROL_FS
        return gaps

    gaps = np.concatenate([gaps_s(seed) for seed in range(300)])
    assert np.median(gaps) < 0.3
    assert np.quantile(gaps, 0.95) > 5 * np.median(gaps)  # exponential gaps: 4.3 times


@pytest.mark.parametrize("fs", [200, 500, 34000 / 27])
@pytest.mark.parametrize("family", [muscle.NoiseSpectrum, muscle.FibreSpectrum])
def test_a_steady_contraction_has_unit_rms_within_the_band(
    family: type[muscle.NoiseSpectrum] | type[muscle.FibreSpectrum], fs: float
) -> None:
    rng = np.random.default_rng(1)
    emg = muscle.carrier(int(120 * fs), fs, family.drawn(rng), rng)
    assert power_between(emg, fs, 30, min(200, 0.45 * fs)) == pytest.approx(1, rel=0.08)


def test_sensor_noise_has_unit_rms_within_the_band() -> None:
    noise = muscle.white_noise(60_000, 500, np.random.default_rng(1))
    assert power_between(noise, 500, 30, 200) == pytest.approx(1, rel=0.05)


def test_noise_like_muscle_has_the_spectrum_of_shwedyk() -> None:
    rng = np.random.default_rng(2)
    emg = muscle.carrier(600_000, 1000, muscle.NoiseSpectrum(40, 100), rng)
    # P(f) = f^2 / ((f^2 + 40^2)(f^2 + 100^2)^2): P(100) / P(50) = 2.155e-9 / 3.902e-9
    assert power_between(emg, 1000, 95, 105) / power_between(emg, 1000, 45, 55) == pytest.approx(0.552, rel=0.05)


def test_fibre_potentials_have_the_dip_of_a_bipolar_electrode() -> None:
    # 4 m/s over electrodes 20 mm apart: a wave of 200 Hz reaches both in the same phase.
    response = np.abs(muscle.FibreSpectrum(4.0, 10, 20, 1.0).response(np.array([100.0, 199.9, 200.0])))
    assert response[2] < 1e-9 * response[0]
    assert response[1] < 1e-2 * response[0]


@pytest.mark.parametrize("family", [muscle.NoiseSpectrum, muscle.FibreSpectrum])
def test_median_frequencies_are_those_of_calf_muscle(
    family: type[muscle.NoiseSpectrum] | type[muscle.FibreSpectrum],
) -> None:
    f = np.arange(1.0, 500)
    for seed in range(100):
        power = np.cumsum(np.abs(family.drawn(np.random.default_rng(seed)).response(f)) ** 2)
        assert 55 < f[np.searchsorted(power, power[-1] / 2)] < 130


def test_an_asleep_cramp_lies_still_until_waking() -> None:
    for seed in range(12):
        night = night_of(seed, cramps=1, bits=16)
        cramp, fs = night.truth.cramps[0], night.acc_fs
        if cramp.kind == "asleep":
            until = cramp.onset_s + min(cramp.wake_s, cramp.duration_s) - 1
            g = night.acc[:, int(cramp.onset_s * fs) : int(until * fs)] * night.acc_converter.step
            shaking = np.abs(np.diff(g, axis=1)).max(axis=0)
            assert (shaking > 0.03).mean() < 0.05


def shaken(movement: movements.Movement) -> Float:
    """The size of the limb's acceleration at 50 Hz, when the movement begins at 10 s."""
    motion = body.shaking(Timetable([], [(10.0, movement)]), [], 50, 4000, np.random.default_rng(1))
    size: Float = np.sqrt((motion**2).sum(axis=0))
    return size


def test_body_movements_shake_the_limb_from_within_0_3_s_of_onset_to_just_after_their_end() -> None:
    starts = []
    for seed in range(20):
        movement = movements.body_movement(np.random.default_rng(seed), 0.3)
        size = shaken(movement)
        moving = np.flatnonzero(size > 0.05 * size.max()) / 50
        starts.append(moving[0] - 10)
        assert size.max() == pytest.approx(movement.peak_g)
        assert moving[-1] < 10 + movement.duration_s + 1.5
    assert abs(np.median(starts)) < 0.3


def test_a_hold_moves_the_limb_at_its_ends() -> None:
    shares = []
    for seed in range(20):
        hold = movements.awake_hold(np.random.default_rng(seed))
        power = shaken(hold) ** 2
        shares.append(1 - power[12 * 50 : int((10 + hold.duration_s - 1) * 50)].sum() / power.sum())
    assert np.median(shares) > 0.7  # of the power; even shaking would leave about a third to the ends


def test_the_shank_lies_in_bed_and_stands_on_the_way_to_the_bathroom() -> None:
    walk = movements.walk(np.random.default_rng(1))
    turn = movements.posture_change(np.random.default_rng(1))
    table = Timetable([], [(50.0, turn), (100.0, walk)])
    direction = body.gravity(table, 25, 25 * 600, np.random.default_rng(2))
    assert np.allclose((direction**2).sum(axis=0), 1)
    assert direction[0, int((100 + walk.duration_s / 2) * 25)] > 0.9  # within 26 deg of vertical
    in_bed = np.r_[0 : 50 * 25, int((101 + walk.duration_s) * 25) : 25 * 600]
    assert np.abs(direction[0, in_bed]).max() < 0.6
    turned = np.degrees(np.arccos(direction[:, 25] @ direction[:, 90 * 25]))
    assert turned > 10


def test_the_sensor_measures_one_g_in_whatever_direction_it_is_strapped_on() -> None:
    first = [night_of(seed).acc[:, 0] * night_of(seed).acc_converter.step for seed in range(8)]
    assert np.linalg.norm(first, axis=1) == pytest.approx(1, abs=0.15)
    assert np.ptp(first, axis=0).min() > 0.5


def test_every_artefact_occurs_in_artefact_nights() -> None:
    nights = [night_of(seed, hours=4.0, fs=200, profile="artefacts", accelerometer=False) for seed in range(4)]
    kinds = Counter(item.kind for night in nights for item in night.truth.artefacts)
    assert set(kinds) == {"mains", "pop", "lead_off", "reseat", "saturation", "gap"}


def test_mains_is_within_0_3_hz_of_nominal_and_where_it_is_said_to_be() -> None:
    emg = np.zeros(500 * 3600, np.float32)
    stretches = electrode.add_mains(emg, 500, 50, True, np.random.default_rng(5))
    assert stretches
    for stretch in stretches:
        f, density = welch(emg[int(stretch.onset_s * 500) : int(stretch.end_s * 500)], 500, nperseg=20 * 500)
        assert f[np.argmax(density)] == pytest.approx(50, abs=0.35)
    inside = np.zeros(len(emg), bool)
    for stretch in stretches:
        inside[round(stretch.onset_s * 500) : round(stretch.end_s * 500)] = True
    assert not emg[~inside].any()


def test_the_heart_beats_at_its_rate_and_size() -> None:
    emg = np.zeros(500 * 600, np.float32)
    electrode.add_heart(emg, 500, 5.0, 1.0, np.random.default_rng(6))
    assert emg.std() == pytest.approx(5, rel=0.1)
    beats = np.count_nonzero((emg[1:-1] > emg[:-2]) & (emg[1:-1] >= emg[2:]) & (emg[1:-1] > 0.5 * emg.max()))
    assert beats == pytest.approx(600, rel=0.1)


@pytest.mark.parametrize("bits", [8, 12, 24])
def test_samples_are_steps_of_the_converter(bits: int) -> None:
    night = night_of(7, bits=bits)
    codes = {8: 127, 12: 2047, 24: 32767}[bits]  # EDF stores 16 bits of 24
    assert night.emg_converter.codes == codes
    assert np.abs(night.emg).max() <= codes
    assert len(np.unique(night.emg)) > 8


def test_radio_gaps_repeat_the_last_sample_of_every_stream() -> None:
    night = night_of(4, profile="artefacts")
    assert night.gaps
    for start, end in night.gaps:
        for samples, fs in ((night.emg, 250), (night.acc, night.acc_fs), (night.temp[None, :], night.temp_fs)):
            lost = samples[:, round(start * fs) - 1 : round(end * fs)]
            assert not np.diff(lost).any()


def test_skin_is_as_warm_as_skin() -> None:
    celsius = night_of(1, hours=4.0, fs=200, accelerometer=False).temp / 16
    assert celsius.min() > 23
    assert 30 < np.median(celsius) < 35


@given(st.integers(0, 2**32), st.floats(0.3, 3))
def test_pareto_and_log_logistic_draws_stay_in_range(seed: int, shape: float) -> None:
    rng = np.random.default_rng(seed)
    assert 0.1 <= processes.pareto(0.1, shape, 6, rng) <= 6.0001
    assert 0.4999 <= processes.log_logistic(2, 1 + shape, 0.5, 10, rng) <= 10.0001


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    simulate_other_night(OtherSpec(seed=1, hours=0.1, fs=200), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize("fs", [200, 250, 1000, 1259.259])
def test_any_rate_comes_back_from_the_edf(fs: float, tmp_path: Path) -> None:
    night = simulate_other_night(OtherSpec(seed=3, hours=0.2, fs=fs, profile="artefacts"))
    edf = read_edf(write_other_night(night, tmp_path, "n")[0])
    assert [(s.label, s.physical_dimension) for s in edf.signals] == [
        *(("EMG", "uV"), ("ACC X", "g"), ("ACC Y", "g"), ("ACC Z", "g"), ("TEMP", "degC"))
    ]
    assert edf.signals[0].sampling_frequency == pytest.approx(fs, rel=1e-6)
    for signal, digital in zip(edf.signals, [*night.emg, *night.acc, night.temp], strict=True):
        assert (signal.digital == digital).all()
    assert np.allclose(edf.signals[0].data, microvolts(night), rtol=1e-9, atol=1e-9)
    assert {a.text for a in edf.annotations} <= {"gap"}
    marked = np.array([(a.onset, a.onset + (a.duration or 0)) for a in edf.annotations])
    assert np.allclose(marked, np.array(night.gaps), rtol=0, atol=1e-6)


def test_a_wearable_without_accelerometer_records_none(tmp_path: Path) -> None:
    night = night_of(3, hours=0.1, accelerometer=False)
    edf = read_edf(write_other_night(night, tmp_path, "n")[0])
    assert [signal.label for signal in edf.signals] == ["EMG", "TEMP"]
    assert (night.emg == night_of(3, hours=0.1).emg).all()


def test_the_truth_file_tells_everything(tmp_path: Path) -> None:
    night = night_of(6, cramps=2)
    recording, sidecar = write_other_night(night, tmp_path / "new", "second-6")
    truth = json.loads(sidecar.read_text())
    assert (recording.name, sidecar.name) == ("second-6.edf", "second-6.truth.json")
    assert {key: truth[key] for key in ("schema", "recording", "generator", "hours", "fs", "profile", "seed")} == {
        "schema": 1,
        "recording": "second-6.edf",
        "generator": "second generator",
        "hours": 0.5,
        "fs": 250,
        "profile": "healthy",
        "seed": 6,
    }
    assert datetime.fromisoformat(truth["start"]) == night.spec.start
    assert len(truth["cramps"]) == 2
    assert set(truth["cramps"][0]) == {"onset_s", "end_s", "duration_s", "kind", "wake_s", "ratio"}
    assert set(truth["confounders"][0]) == {"kind", "onset_s", "end_s"}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"seed": -1}, "seed"),
        ({"hours": 0.01}, "hours"),
        ({"fs": 100}, "fs"),
        ({"fs": 500.01}, "rounder fs"),
        ({"profile": "sick"}, "profile"),
        ({"cramps": -1}, "cramps"),
        ({"cramps": 1, "profile": "empty"}, "empty night"),
        ({"bits": 32}, "bits"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_reason(wish: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        OtherSpec(**{"seed": 1, **wish})  # type: ignore[arg-type] # wrong on purpose


def test_more_cramps_than_a_night_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("9 cramps do not fit into 0.1 h")):
        night_of(1, hours=0.1, cramps=9)
