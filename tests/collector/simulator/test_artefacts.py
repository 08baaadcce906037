import numpy as np
import pytest
from scipy.signal import periodogram

from collector.simulator.artefacts import (
    Artefact,
    add_heart_beat,
    apply_artefacts,
    floor_drift,
    plan_artefacts,
    plan_gaps,
)
from collector.simulator.spec import NightSpec
from collector.simulator.subject import draw_subject

FS = 500.0


def applied(artefact: Artefact, line_hz: float = 50.0) -> np.ndarray:
    """Return 20 s of EMG (samples,) in microvolts: 3 uV noise with one artefact."""
    rng = np.random.default_rng(1)
    emg = rng.normal(0, 3, (1, 10_000)).astype(np.float32)
    apply_artefacts(emg, [artefact], line_hz, FS, rng)
    return np.asarray(emg[0])


def artefact(kind: str, *, form: str = "", size_uv: float = 40.0, end_s: float = 15.0) -> Artefact:
    return Artefact(kind=kind, onset_s=5, end_s=end_s, size_uv=size_uv, form=form)


@pytest.mark.parametrize("line_hz", [50.0, 60.0])
def test_mains_hum_is_a_narrow_line_of_its_amplitude_and_begins_with_the_bad_contact(line_hz: float) -> None:
    emg = applied(artefact("mains"), line_hz)
    assert emg[:2500].std() == pytest.approx(3, rel=0.1)
    frequency, power = periodogram(emg[2500:7500], FS, scaling="spectrum")
    assert frequency[power.argmax()] == line_hz
    assert power.max() == pytest.approx(40**2 / 2, rel=0.05)  # power of a sine


def test_a_pop_jumps_and_decays() -> None:
    emg = applied(artefact("pop", size_uv=-2000, end_s=6.0))
    assert emg[2500] == pytest.approx(-2000, abs=20)
    assert emg[2750] == pytest.approx(-2000 * np.exp(-2.5), abs=20)
    assert abs(emg[3100]) < 20


@pytest.mark.parametrize(("form", "level"), [("rail", 8192.0), ("flat", 0.0)])
def test_a_lead_off_can_stick_at_the_rail_or_at_nothing(form: str, level: float) -> None:
    emg = applied(artefact("lead_off", form=form))
    assert (emg[2500:7500] == level).all()
    assert emg[7500:].std() == pytest.approx(3, rel=0.1)


def test_an_open_lead_can_hum_without_any_muscle() -> None:
    emg = applied(artefact("lead_off", form="hum", size_uv=1000))[2500:7500]
    frequency, power = periodogram(emg, FS, scaling="spectrum")
    lines = np.isin(frequency, [50, 100, 150])
    assert power[lines].sum() / power.sum() == pytest.approx(1, abs=1e-6)


def test_saturation_swings_beyond_the_range_of_the_converter() -> None:
    emg = applied(artefact("saturation", size_uv=3 * 8192.0))[2500:7500]
    assert np.mean(np.abs(emg) > 8192) > 0.3


def test_the_heart_beats_50_to_80_times_a_minute() -> None:
    subject = draw_subject("healthy", np.random.default_rng(4))
    emg = np.zeros((2, 60_000), np.float32)
    add_heart_beat(emg, subject, FS, np.random.default_rng(1))
    beats = np.flatnonzero((emg[0, 1:-1] > 0.9 * subject.ecg_peak_uv) & (np.diff(np.sign(np.diff(emg[0]))) < 0))
    assert 50 * 0.95 <= len(beats) / 2 <= 80 * 1.05
    assert emg.max() <= 15
    assert (emg[0] == emg[1]).all()


def test_bad_contact_brings_all_artefacts_of_the_specification_and_good_contact_no_lead_off() -> None:
    bad = [
        each
        for seed in range(10)
        for each in plan_artefacts(NightSpec(profile="artefacts"), [], np.random.default_rng(seed))
    ]
    good = [each for seed in range(10) for each in plan_artefacts(NightSpec(), [], np.random.default_rng(seed))]
    assert {each.kind for each in bad} == {"mains", "pop", "lead_off", "saturation"}
    assert "lead_off" not in {each.kind for each in good}
    assert max(each.size_uv for each in good if each.kind == "mains") <= 5
    for each in bad:
        length_s = each.end_s - each.onset_s
        assert each.kind != "lead_off" or 5 <= length_s <= 1200
        assert each.kind != "pop" or (0.2 <= length_s <= 2 and 200 <= abs(each.size_uv) <= 5000)


def test_a_lead_off_never_hides_a_cramp() -> None:
    whole_night = [(0.0, 28800.0)]
    kinds = {
        each.kind
        for seed in range(5)
        for each in plan_artefacts(NightSpec(profile="artefacts"), whole_night, np.random.default_rng(seed))
    }
    assert kinds == {"mains", "pop"}


def test_radio_gaps_come_at_the_rate_asked_for_and_last_0_1_to_30_s() -> None:
    counts = []
    for seed in range(20):
        gaps = plan_gaps(NightSpec(loss_per_hour=3), np.random.default_rng(seed))
        counts.append(len(gaps))
        assert all(0.1 <= end_s - start_s <= 30 for start_s, end_s in gaps if end_s < 28800)
        assert all(gaps[i][1] < gaps[i + 1][0] for i in range(len(gaps) - 1))
    assert np.mean(counts) == pytest.approx(24, rel=0.15)
    assert plan_gaps(NightSpec(), np.random.default_rng(1)) == ()


def test_the_floor_drifts_by_0_7_to_1_6_over_hours() -> None:
    knots_s, factor = floor_drift(28800, np.random.default_rng(1))
    assert np.diff(knots_s) == pytest.approx(3600)
    assert 0.7 <= factor.min() < factor.max() <= 1.6
