import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from edfio import read_edf

from collector.simulator.edf import write_night
from collector.simulator.night import Night, simulate_night
from collector.simulator.spec import NightSpec


@pytest.fixture(scope="module")
def night() -> Night:
    return simulate_night(NightSpec(seed=9, hours=0.5, fs=250, emg_channels=4, profile="artefacts", cramps=1))


@pytest.fixture
def files(night: Night, tmp_path: Path) -> tuple[Path, Path]:
    return write_night(night, tmp_path / "nights", "first")


def test_the_files_carry_the_stem_or_profile_and_seed(night: Night, tmp_path: Path) -> None:
    assert [path.name for path in write_night(night, tmp_path, "first")] == ["first.edf", "first.truth.json"]
    assert write_night(night, tmp_path)[0].name == "simulated-artefacts-9.edf"


def test_every_sample_comes_back_from_the_edf(night: Night, files: tuple[Path, Path]) -> None:
    edf = read_edf(files[0])
    for signal, digital in zip(edf.signals, [*night.emg, *night.acc, night.temp], strict=True):
        assert (signal.digital == digital).all()
    assert np.allclose(edf.signals[0].data, night.emg[0] * 0.25, rtol=0, atol=1e-9)  # microvolts
    assert np.allclose(edf.signals[-1].data, night.temp * 0.01, rtol=0, atol=1e-6)  # degrees Celsius


def test_signals_are_labelled_with_their_place_unit_and_rate(files: tuple[Path, Path]) -> None:
    signals = read_edf(files[0]).signals
    assert [(signal.label, signal.physical_dimension, signal.sampling_frequency) for signal in signals] == [
        ("EMG L_GastrocMed", "uV", 250),
        ("EMG L_GastrocLat", "uV", 250),
        ("EMG L_Soleus", "uV", 250),
        ("EMG 4", "uV", 250),
        ("ACC X", "mg", 50),
        ("ACC Y", "mg", 50),
        ("ACC Z", "mg", 50),
        ("TEMP skin", "degC", 0.2),
    ]


def test_the_header_names_nobody_and_says_when_the_night_began(night: Night, files: tuple[Path, Path]) -> None:
    edf = read_edf(files[0])
    assert edf.local_patient_identification == "X X X X"
    assert datetime.combine(edf.recording.startdate, edf.starttime) == night.spec.start
    assert edf.recording.equipment_code == "simulated"


def test_truth_comes_back_as_annotations(night: Night, files: tuple[Path, Path]) -> None:
    annotations = [(round(a.onset, 3), a.text) for a in read_edf(files[0]).annotations]
    truth = night.truth
    expected = [(round(cramp.onset_s, 3), "Cramp") for cramp in truth.cramps]
    expected += [(round(event.onset_s, 3), f"confounder: {event.kind}") for event in truth.confounders]
    expected += [
        (round(event.onset_s, 3), "gap" if event.kind == "gap" else f"artefact: {event.kind}")
        for event in truth.artefacts
    ]
    assert annotations == sorted(expected)
    assert {"Cramp", "gap"} <= {text for _, text in annotations}


def test_the_sidecar_holds_the_truth_by_its_schema(night: Night, files: tuple[Path, Path]) -> None:
    sidecar = json.loads(files[1].read_text())
    described = {
        key: sidecar[key] for key in ("schema", "recording", "generator", "start", "hours", "fs", "profile", "seed")
    }
    assert described == {
        "schema": 1,
        "recording": "first.edf",
        "generator": "crampwatch simulator",
        "start": "2026-11-19T22:00:00",
        "hours": 0.5,
        "fs": 250,
        "profile": "artefacts",
        "seed": 9,
    }
    assert set(sidecar["cramps"][0]) == {"onset_s", "end_s", "duration_s", "kind", "wake_s", "ratio", "ending"}
    assert sidecar["cramps"][0]["onset_s"] == night.truth.cramps[0].onset_s
    for intervals in (sidecar["confounders"], sidecar["artefacts"]):
        assert set(intervals[0]) == {"kind", "onset_s", "end_s"}


@pytest.mark.parametrize("fs", [200.0, 1259.259])
def test_long_nights_and_odd_rates_fit_into_whole_records(fs: float, tmp_path: Path) -> None:
    hours = 8.0 if fs == 200 else 0.2
    spec = NightSpec(hours=hours, fs=fs, profile="empty")
    edf = read_edf(write_night(simulate_night(spec), tmp_path)[0])
    assert edf.duration == pytest.approx(spec.duration_s)
    assert edf.signals[0].sampling_frequency == pytest.approx(fs, rel=1e-6)
    assert np.isfinite(edf.signals[0].data).all()
