"""EDF, EDF+C, EDF+D and BDF files as recordings: every sample once, at its true time, in microvolts."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from edfio import Bdf, BdfSignal, EdfAnnotation
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.channel_roles import Choice
from collector.contract.edf_recording import EdfRecording
from collector.contract.errors import BadRecording, ContractError
from collector.contract.recording import Gap, duration_s, is_calibrated
from collector.contract.recordings import open_recording
from tests.support.edf_files import START, blocks_of, discontinuous, patch, ramp, samples_of, signal, write

REAL = Path(__file__).parents[1] / "recordings"
START_NS = 1_795_125_600_000_000_000  # 2026-11-19T22:00:00, as if it were UTC


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leg.edf"


def leg(path: Path, seconds: int = 10, annotations: tuple[EdfAnnotation, ...] = ()) -> Path:
    """EMG at 250 Hz and an accelerometer at 50 Hz, each a ramp of its index."""
    emg = signal("EMG L_GastrocMed", ramp(250 * seconds))
    acc = [signal(f"ACC {axis}", ramp(50 * seconds), 50, "mg") for axis in "XYZ"]
    remark = EdfAnnotation(0, None, "a remark long enough to leave room for long time stamps")
    return write(path, [emg, *acc], (remark, *annotations))


def test_every_sample_is_there_once_whatever_the_block_length(path: Path) -> None:
    leg(path)
    for block_s in (0.25, 1.0, 7.0, 60.0):
        found = samples_of(EdfRecording(path), block_s)
        assert [found["emg"][index] for index in range(2500)] == [[index] for index in range(2500)]
        assert [found["acc"][index] for index in range(500)] == [[index] * 3 for index in range(500)]


def test_blocks_are_as_long_as_asked_and_numbered(path: Path) -> None:
    blocks = blocks_of(EdfRecording(leg(path)), "emg", block_s=4.0)
    assert [(block.seq, block.count) for block in blocks] == [(0, 1000), (1, 1000), (2, 500)]


def test_motion_comes_before_the_emg_of_the_same_time(path: Path) -> None:
    order = [block.stream for block in EdfRecording(leg(path)).blocks(5.0)]
    assert order == ["acc", "emg", "acc", "emg"]


def test_times_count_from_the_start_in_the_header(path: Path) -> None:
    recording = EdfRecording(leg(path))
    assert (recording.start_ns, recording.end_ns) == (START_NS, START_NS + 10 * 10**9)
    assert recording.timezone is None
    assert blocks_of(recording, "acc", block_s=4.0)[1].t0_ns == START_NS + 4 * 10**9


def test_a_start_within_a_second_is_kept(path: Path) -> None:
    recording = EdfRecording(write(path, [signal("EMG", ramp(500))], start=START.replace(microsecond=250_000)))
    assert recording.start_ns == START_NS + 250_000_000


@pytest.mark.parametrize(
    ("unit", "microvolts"), [("nV", 0.001), ("uV", 1.0), ("µV", 1.0), ("mV", 1000.0), ("V", 1e6), ("MV ", 1000.0)]
)
def test_emg_comes_in_microvolts(path: Path, unit: str, microvolts: float) -> None:
    write(path, [signal("EMG", np.array([4, -8] * 250), unit="uV")])
    patch(path, 256 + 2 * 96, unit, 8)  # two signals: 16 bytes of label and 80 of transducer come before
    recording = EdfRecording(path)
    first = next(recording.blocks(60.0))
    assert first.physical()[:2, 0].tolist() == pytest.approx([1.0 * microvolts, -2.0 * microvolts])
    assert is_calibrated(recording)


@pytest.mark.parametrize(("unit", "standard_gravity"), [("g", 1.0), ("mg", 1000.0), ("m/s2", 9.80665)])
def test_acceleration_comes_in_thousandths_of_g(path: Path, unit: str, standard_gravity: float) -> None:
    full_scale = (-standard_gravity, standard_gravity * 32767 / 32768)  # 1 g is digital 32768
    acc = [signal(f"ACC {axis}", np.full(100, 16384), 50, unit, full_scale) for axis in "XYZ"]
    recording = EdfRecording(write(path, [signal("EMG", ramp(500)), *acc]))
    values = blocks_of(recording, "acc")[0].physical()
    assert values[0].tolist() == pytest.approx([500.0] * 3, rel=1e-4)


def test_counts_are_taken_as_they_are_and_said_to_be_uncalibrated(path: Path) -> None:
    recording = EdfRecording(REAL / "myo_holds_a.edf")
    assert not is_calibrated(recording)
    assert {channel.unit for channel in recording.streams["emg"].channels} == {"adc"}
    assert any("without a unit" in note for note in recording.notes)


def test_rails_are_the_header_s_digital_range(path: Path) -> None:
    edf = write(path, [signal("EMG", ramp(500))])
    patch(edf, 256 + 2 * 120, "-2048", 8)  # two signals, behind label, transducer, unit and physical range
    patch(edf, 256 + 2 * 128, "2047", 8)
    channel = EdfRecording(edf).streams["emg"].channels[0]
    assert (channel.digital_min, channel.digital_max) == (-2048, 2047)


@pytest.mark.parametrize(
    ("name", "samples", "rate"),
    [
        ("rest_with_bursts_64s", 63_800, 1000.0),
        ("weak_tonic_100s", 100_000, 1000.0),
        ("myo_holds_a", 9_536, 200.0),
        ("thumb_8bit_vs_16bit", 30_600, 1000.0),
        ("walk_13_leg_muscles", 7_600, 1000.0),
        ("trigno_emg_imu_2s", 2_516, 34000 / 27),  # 1.998 s
    ],
)
def test_real_recordings_are_read_whole_at_their_exact_rate(name: str, samples: int, rate: float) -> None:
    recording = open_recording(REAL / f"{name}.edf")
    told = json.loads((REAL / f"{name}.json").read_text())
    assert recording.streams["emg"].fs == rate
    assert duration_s(recording) == pytest.approx(told["duration_s"])
    assert [channel.name for channel in recording.streams["emg"].channels] == [
        channel["label"] for channel in told["channels"] if channel["label"].startswith("EMG")
    ]
    assert sum(block.count for block in blocks_of(recording, "emg")) == samples


def test_of_two_sensors_the_accelerometer_is_that_of_the_chosen_emg() -> None:
    recording = EdfRecording(REAL / "trigno_emg_imu_2s.edf", Choice(emg=("EMG 11",)))
    assert [channel.name for channel in recording.streams["acc"].channels] == ["ACC X 11", "ACC Y 11", "ACC Z 11"]
    assert recording.streams["acc"].fs == 4000 / 27
    assert "GYRO X 11" in {item.label for item in recording.left_out}


def test_a_pause_of_an_edf_d_is_a_jump_of_the_index_and_times_stay_true(path: Path) -> None:
    discontinuous(leg(path, seconds=4), ["+0", "+1", "+61.5", "+62.5"])
    recording = EdfRecording(path)
    found = samples_of(recording)
    assert sorted(found["emg"]) == [*range(500), *range(15_375, 15_875)]  # 61.5 s * 250 Hz
    assert found["emg"][15_375] == [500]
    assert recording.gaps == (Gap("acc", 100, 3075), Gap("emg", 500, 15_375))
    assert duration_s(recording) == 63.5
    assert blocks_of(recording, "emg")[-1].t0_ns == START_NS + 61_500_000_000


def test_a_pause_that_is_no_whole_number_of_samples_gets_a_clock_of_its_own(path: Path) -> None:
    discontinuous(leg(path, seconds=2), ["+0", "+10.001"])
    last = blocks_of(EdfRecording(path), "emg")[-1]
    assert last.first_index == 2500
    assert last.t0_ns == START_NS + 10_001_000_000


def test_noise_in_the_time_stamps_of_an_edf_d_is_no_gap(path: Path) -> None:
    discontinuous(leg(path, seconds=4), ["+0", "+1.0000000001", "+1.9999999999", "+3"])
    assert EdfRecording(path).gaps == ()


def test_records_that_overlap_are_refused(path: Path) -> None:
    discontinuous(leg(path, seconds=3), ["+0", "+1", "+1.5"])
    with pytest.raises(BadRecording, match="record 3 begins before"):
        EdfRecording(path)


def test_filled_samples_marked_as_a_gap_are_left_out(path: Path) -> None:
    leg(path, annotations=(EdfAnnotation(2.0, 1.5, "gap"), EdfAnnotation(3.0, 2.0, "gap"), EdfAnnotation(9, 5, "Gap")))
    recording = EdfRecording(path)
    assert sorted(samples_of(recording, 1.0)["emg"]) == [*range(500), *range(1250, 2250)]
    assert recording.gaps[-2:] == (Gap("emg", 500, 1250), Gap("emg", 2250, 2500))


def test_a_gap_linked_to_a_signal_concerns_its_stream_alone(path: Path) -> None:
    leg(path, annotations=(EdfAnnotation(2.0, 1.0, "gap@@EMG L_GastrocMed"),))
    found = samples_of(EdfRecording(path))
    assert len(found["emg"]) == 2250
    assert len(found["acc"]) == 500


def test_a_recording_that_was_never_closed_is_read_to_its_last_whole_record(path: Path) -> None:
    leg(path, seconds=5)
    patch(path, 236, "-1", 8)
    path.write_bytes(path.read_bytes()[:-700])
    recording = EdfRecording(path)
    assert len(samples_of(recording)["emg"]) == 1000
    assert "did not close" in recording.notes[0]


def test_a_file_cut_short_is_read_as_far_as_it_goes(path: Path) -> None:
    path.write_bytes(leg(path, seconds=5).read_bytes()[:-700])
    recording = EdfRecording(path)
    assert duration_s(recording) == 4.0
    assert "4 of 5 records" in (recording.cut_short or "")


def test_a_bdf_has_24_bits(tmp_path: Path) -> None:
    emg = BdfSignal.from_digital(
        np.array([-(2**23), -1, 0, 1, 2**23 - 1] * 200, np.int32),
        sampling_frequency=500,
        label="EMG",
        physical_dimension="uV",
        physical_range=(-(2.0**18), 2.0**18 - 1),
    )
    Bdf([emg]).write(tmp_path / "leg.bdf")
    block = next(EdfRecording(tmp_path / "leg.bdf").blocks(60.0))
    assert block.dtype == "<i4"
    assert block.digital()[:5, 0].tolist() == [-(2**23), -1, 0, 1, 2**23 - 1]


def test_records_longer_than_a_block_are_cut(path: Path) -> None:
    write(path, [signal("EMG", ramp(30_000))], record_s=60.0)
    blocks = blocks_of(EdfRecording(path), "emg", block_s=1.0)
    assert [block.first_index for block in blocks] == list(range(0, 30_000, 250))


def test_the_session_follows_from_the_content_and_not_from_the_name(path: Path, tmp_path: Path) -> None:
    leg(path)
    copy, other = tmp_path / "renamed.edf", tmp_path / "other.edf"
    copy.write_bytes(path.read_bytes())
    write(other, [signal("EMG L_GastrocMed", ramp(2500) + 1)])
    sessions = [EdfRecording(file).session for file in (path, copy, other)]
    assert sessions[0].startswith("2026-11-19_")
    assert sessions[0] == sessions[1] != sessions[2]


def test_a_start_that_is_no_date_is_told(path: Path) -> None:
    patch(leg(path), 168, "00.00.00", 8)
    patch(path, 88, "Startdate X X X X", 80)
    assert any("no usable start" in note for note in EdfRecording(path).notes)


def test_emg_below_200_hz_is_used_and_said_to_be_reduced(path: Path) -> None:
    recording = EdfRecording(write(path, [signal("EMG", ramp(1280), fs=128)]))
    assert any("reduced" in note for note in recording.notes)


def test_emg_below_100_hz_is_refused_with_the_rate_that_is_needed(path: Path) -> None:
    write(path, [signal("EMG", ramp(500), fs=50)])
    with pytest.raises(BadRecording, match=r"50 samples per second; at least 100 .* 200 advised"):
        EdfRecording(path)


def refusal(path: Path, choice: Choice | None = None) -> str:
    with pytest.raises(BadRecording) as refused:
        open_recording(path, choice)
    return str(refused.value)


def test_each_file_that_cannot_be_used_gets_one_line_with_its_name_and_reason(path: Path) -> None:
    reasons = [refusal(path)]
    for content in (b"", b"0       " + b" " * 100, b"%PDF-1.7 and so on", leg(path).read_bytes()[:600]):
        path.write_bytes(content)
        reasons.append(refusal(path))
    leg(path)
    patch(path, 252, "many", 4)
    reasons.append(refusal(path))
    leg(path)
    path.write_bytes(path.read_bytes()[:1792])  # the header of six signals, annotations included
    reasons.append(refusal(path))
    assert all(reason.startswith("leg.edf: ") and "\n" not in reason for reason in reasons)
    wanted = [
        "no such file",
        "empty",
        "within the EDF header",
        "not an EDF",
        "within the EDF header",
        "number of signals",
    ]
    assert [word for word, reason in zip(wanted, reasons, strict=False) if word not in reason] == []
    assert "no samples" in reasons[-1]


def test_a_file_without_leg_emg_is_refused_with_its_labels(path: Path) -> None:
    write(path, [signal("EMG submental", ramp(500)), signal("C3-A2", ramp(500))])
    assert "no leg EMG" in refusal(path)
    assert "EMG submental (uV, 250 Hz), C3-A2 (uV, 250 Hz)" in refusal(path)


def test_a_label_that_is_not_there_is_told_with_those_that_are(path: Path) -> None:
    assert "no signal 'EMG R'. The file holds: EMG L_GastrocMed" in refusal(leg(path), Choice(emg=("EMG R",)))


def test_ten_samples_are_no_recording(path: Path) -> None:
    write(path, [signal("EMG", ramp(10), fs=1000)], record_s=0.01)
    assert "only 0.01 s long" in refusal(path)


def test_thirty_hours_are_more_than_a_night(path: Path) -> None:
    write(path, [signal("EMG", ramp(30 * 60 * 100), fs=100)], record_s=60.0)
    patch(path, 244, "3600", 8)  # the same samples, stretched to 30 hours
    assert "30.0 h long; a night has at most 26 h: split" in refusal(path)


@given(st.data())
def test_no_damage_makes_reading_fail_in_any_other_way_than_by_name(tmp_path_factory, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("damaged") / "leg.edf"
    raw = bytearray(leg(path, seconds=2).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, 1800))
        raw[at : at + 1] = data.draw(st.binary(min_size=0, max_size=8))
    path.write_bytes(raw)
    try:
        blocks = list(itertools.islice(EdfRecording(path).blocks(10.0), 100))
    except ContractError:
        return
    assert all(block.count for block in blocks)


@pytest.mark.parametrize(
    ("at", "width", "value", "told"),
    [
        (252, 4, "9e9", "number of signals cannot be 9e9"),  # 2.3 TB of header
        (252, 4, "9999", "stops within the EDF header"),
        (236, 8, "9e300", "number of records is no number"),
        (244, 8, "1e-99999", "holds no signal|record duration cannot be"),
        (244, 8, "1e9", "record duration cannot be 1e9"),
        (244, 8, "-1", "record duration cannot be -1"),
        (244, 8, "1/3", "record duration is no number"),
    ],
)
def test_a_header_that_claims_without_end_is_refused_by_its_field(
    path: Path, at: int, width: int, value: str, told: str
) -> None:
    patch(leg(path), at, value, width)
    with pytest.raises(BadRecording, match=told):
        open_recording(path)


def test_an_edf_d_without_an_annotation_signal_is_refused(path: Path) -> None:
    patch(leg(path), 192, "EDF+D", 44)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"EDF Annotations ", b"Nothing at all  "))
    with pytest.raises(BadRecording, match="has to stamp every record"):
        open_recording(path)
