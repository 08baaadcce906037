"""The pool against its specification and against textbook statistics of point processes."""

import numpy as np
import pytest
from scipy.signal import welch

from collector.simulator.motor_units import ENVELOPE_FS, MotorUnitPool, discharge_times


def pool(seed: int, *, fs: float = 1000.0, mvc_uv: float = 150.0, units: int = 160) -> MotorUnitPool:
    return MotorUnitPool(mvc_uv=mvc_uv, units=units, channels=1, fs=fs, rng=np.random.default_rng(seed))


def spectrum_figures(emg: np.ndarray, fs: float) -> tuple[float, float]:
    """Return the median and the mean frequency."""
    frequency, power = welch(emg, fs, nperseg=1024)
    cumulated = np.cumsum(power) / power.sum()
    return float(frequency[np.searchsorted(cumulated, 0.5)]), float((frequency * power).sum() / power.sum())


def test_a_maximal_contraction_has_the_rms_of_the_wearer() -> None:
    muscle = pool(1, mvc_uv=220)
    emg = muscle.emg(muscle.voluntary(np.ones(10 * ENVELOPE_FS)), np.random.default_rng(2))
    assert emg[0, 500:-500].std() == pytest.approx(220, rel=0.1)


@pytest.mark.parametrize("level", [0.05, 0.2, 0.6])
def test_a_level_is_a_share_of_the_maximal_rms(level: float) -> None:
    muscle = pool(3)
    emg = muscle.emg(muscle.voluntary(np.full(20 * ENVELOPE_FS, level)), np.random.default_rng(4))
    assert emg[0, 500:-500].std() == pytest.approx(level * 150, rel=0.15)


def test_the_spectrum_of_the_average_pool_lies_where_calf_emg_lies() -> None:
    figures = []
    for seed in range(20):
        muscle = pool(seed)
        emg = muscle.emg(muscle.voluntary(np.full(5 * ENVELOPE_FS, 0.4)), np.random.default_rng(seed))
        figures.append(spectrum_figures(emg[0], 1000))
    median_hz, mean_hz = np.mean(figures, axis=0)
    assert 95 <= median_hz <= 115  # the ranges of the specification, section 7
    assert 105 <= mean_hz <= 120


def test_a_stronger_effort_recruits_more_units_at_8_to_35_pulses_per_second() -> None:
    rates = pool(5).voluntary(np.array([0.05, 0.3, 1.0]))
    recruited = (rates > 0).sum(axis=0)
    assert recruited[0] < recruited[1] < recruited[2] == 160
    active = rates[rates > 0]
    assert active.min() >= 8
    assert 25 <= active.max() <= 35


def test_rest_is_silent() -> None:
    muscle = pool(6)
    assert not muscle.emg(muscle.voluntary(np.zeros(50)), np.random.default_rng(0)).any()


def test_discharges_keep_the_rate_and_the_variability_asked_for() -> None:
    rates = np.full((5, 200 * ENVELOPE_FS), 12.0)
    unit, time_s = discharge_times(rates, 0.3, np.random.default_rng(1))
    assert np.bincount(unit) / 200 == pytest.approx(np.full(5, 12.0), rel=0.06)
    intervals = np.diff(np.sort(time_s[unit == 0]))
    assert intervals.std() / intervals.mean() == pytest.approx(0.3, abs=0.03)


def test_units_fire_only_while_they_have_a_rate() -> None:
    rates = np.zeros((3, 10 * ENVELOPE_FS))
    rates[1, 2 * ENVELOPE_FS : 4 * ENVELOPE_FS] = 20
    unit, time_s = discharge_times(rates, 0.2, np.random.default_rng(1))
    assert set(unit) == {1}
    assert time_s.min() >= 2
    assert time_s.max() <= 4


def test_a_slower_converter_sees_the_muscle_without_what_lies_above_its_band() -> None:
    """The share of power that a 1 kHz recording has below 84 Hz, the anti-aliasing corner at 200 Hz."""
    fast, slow = pool(7), pool(7, fs=200)
    level = np.full(20 * ENVELOPE_FS, 0.5)
    emg = fast.emg(fast.voluntary(level), np.random.default_rng(1))[0]
    frequency, power = welch(emg, 1000, nperseg=1000)
    below = power[frequency < 84].sum() / power.sum()
    seen = slow.emg(slow.voluntary(level), np.random.default_rng(1))[0].var() / emg.var()
    assert seen == pytest.approx(below, rel=0.15)


def test_a_potential_is_centred_on_its_discharge_and_lasts_6_to_16_ms() -> None:
    muscle = pool(8)
    window = muscle.muap.shape[2]
    energy = np.square(muscle.muap[0])
    time_ms = np.arange(window) - window // 2
    centre = (energy * time_ms).sum(axis=1) / energy.sum(axis=1)
    assert np.abs(centre).max() < 2
    inside = energy[:, np.abs(time_ms) <= 8].sum(axis=1) / energy.sum(axis=1)
    assert inside.min() > 0.98
