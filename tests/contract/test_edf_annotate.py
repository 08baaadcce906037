"""Annotations go into a copy of an EDF file, and nothing else about it changes."""

from pathlib import Path

import edfio
import numpy as np
import pytest
from edfio import EdfAnnotation

from collector.contract.edf_annotate import add_annotations
from collector.contract.edf_annotations import Annotation
from collector.contract.edf_recording import EdfRecording
from collector.contract.errors import BadRecording
from tests.support.edf_files import discontinuous, patch, ramp, samples_of, signal, write

REAL = Path(__file__).parents[1] / "recordings"
CRAMP = Annotation(1_500_000_000, 400_000_000, "Cramp detected@@EMG")


@pytest.mark.parametrize("name", ["rest_with_bursts_64s", "trigno_emg_imu_2s", "walk_13_leg_muscles"])
def test_samples_and_annotations_of_a_real_recording_stay_and_the_new_ones_join_them(name: str, tmp_path: Path) -> None:
    source, target = REAL / f"{name}.edf", tmp_path / "out.edf"
    add_annotations(source, [CRAMP], target)
    before, after = edfio.read_edf(source), edfio.read_edf(target)
    assert after.labels == before.labels
    for old, new in zip(before.signals, after.signals, strict=True):
        assert new.digital.tobytes() == old.digital.tobytes()
        assert (new.physical_range, new.sampling_frequency) == (old.physical_range, old.sampling_frequency)
    assert set(after.annotations) == {*before.annotations, EdfAnnotation(1.5, 0.4, "Cramp detected@@EMG")}


def test_the_bytes_of_every_record_are_copied_as_they_are(tmp_path: Path) -> None:
    source, target = write(tmp_path / "leg.edf", [signal("EMG", ramp(1000))]), tmp_path / "out.edf"
    add_annotations(source, [CRAMP], target)
    old, new = source.read_bytes(), target.read_bytes()
    old_size, new_size = (len(old) - 768) // 4, (len(new) - 1024) // 4  # two and three signals, four records
    for k in range(4):
        assert new[1024 + k * new_size :][:old_size] == old[768 + k * old_size :][:old_size]


def test_time_stamps_of_records_are_not_written_anew(tmp_path: Path) -> None:
    add_annotations(REAL / "trigno_emg_imu_2s.edf", [CRAMP], tmp_path / "out.edf")
    raw = (tmp_path / "out.edf").read_bytes()
    assert b"+0.405\x14\x14\0" in raw
    assert b"+0.40499" not in raw


def test_a_plain_edf_becomes_an_edf_plus(tmp_path: Path) -> None:
    source = write(tmp_path / "leg.edf", [signal("EMG", ramp(1000))], record_s=0.4)
    patch(source, 8, "a name of the ward", 80)
    patch(source, 88, "room 7", 80)
    patch(source, 192, "", 44)
    raw = bytearray(source.read_bytes())
    raw[256 + 16 : 256 + 32] = b"Crc16".ljust(16)  # no annotation signal any more
    source.write_bytes(raw)
    add_annotations(source, [CRAMP], tmp_path / "out.edf")
    edf = edfio.read_edf(tmp_path / "out.edf")
    assert edf.is_continuous
    assert edf.annotations == (EdfAnnotation(1.5, 0.4, "Cramp detected@@EMG"),)
    assert edf.startdatetime.isoformat() == "2026-11-19T22:00:00"
    assert edf.local_patient_identification == "X X X X a name of the ward"
    assert edf.local_recording_identification == "Startdate 19-NOV-2026 X X X room 7"
    assert np.array_equal(edf.get_signal("EMG").digital, ramp(1000))
    assert b"+0.8\x14\x14\0" in (tmp_path / "out.edf").read_bytes()


def test_gaps_of_an_edf_d_stay_where_they_are(tmp_path: Path) -> None:
    source = write(tmp_path / "leg.edf", [signal("EMG", ramp(1000))], [EdfAnnotation(0, None, "room for onsets")])
    discontinuous(source, ["+0", "+1", "+30", "+31"])
    add_annotations(source, [CRAMP], tmp_path / "out.edf")
    assert samples_of(EdfRecording(tmp_path / "out.edf")) == samples_of(EdfRecording(source))


def test_an_interrupted_recording_comes_out_closed(tmp_path: Path) -> None:
    source = write(tmp_path / "leg.edf", [signal("EMG", ramp(1000))])
    patch(source, 236, "-1", 8)
    source.write_bytes(source.read_bytes()[:-100])
    add_annotations(source, [CRAMP], tmp_path / "out.edf")
    assert edfio.read_edf(tmp_path / "out.edf").num_data_records == 3


def test_more_events_than_records_all_find_room(tmp_path: Path) -> None:
    source = write(tmp_path / "leg.edf", [signal("EMG", ramp(500))])
    marks = [Annotation(k * 10_000_000, None, f"candidate {k}") for k in range(100)]
    add_annotations(source, marks, tmp_path / "out.edf")
    found = {annotation.text for annotation in edfio.read_edf(tmp_path / "out.edf").annotations}
    assert found == {f"candidate {k}" for k in range(100)}


def test_the_recording_itself_is_never_overwritten(tmp_path: Path) -> None:
    source = write(tmp_path / "leg.edf", [signal("EMG", ramp(500))])
    before = source.read_bytes()
    with pytest.raises(BadRecording, match="another name"):
        add_annotations(source, [CRAMP], source)
    assert source.read_bytes() == before
