"""Journals become EDF+ files that any reader opens, every sample at its time, every gap marked."""

from pathlib import Path

import edfio
import numpy as np
import pytest

from collector.contract.edf_annotations import Annotation
from collector.contract.edf_recording import EdfRecording
from collector.contract.edf_writer import edf_labels, write_edf
from collector.contract.errors import BadRecording
from collector.contract.journal import Header, Journal
from collector.contract.journal_recording import JournalRecording
from collector.contract.messages import Channel, Clock, SampleBlock, StreamKind
from tests.support.blocks import START_NS
from tests.support.edf_files import ramp, samples_of

STREAMS: tuple[StreamKind, ...] = ("emg", "acc")
RATES: dict[StreamKind, float] = {"emg": 250.0, "acc": 50.0}
CHANNELS: dict[StreamKind, tuple[Channel, ...]] = {
    "emg": (Channel(name="gastroc_med", scale=0.25),),
    "acc": tuple(Channel(name=axis, unit="mg", scale=0.25) for axis in "xyz"),
}


def block(
    stream: StreamKind, seq: int, first: int, stop: int, fs: float | None = None, lead_ns: int = 0
) -> SampleBlock:
    """Samples that tell their own index, from `first` to `stop`, by a clock that runs at `fs`."""
    channels = CHANNELS[stream]
    return SampleBlock(
        session="2026-11-19_w1_left_calf_3f2a",
        streams=STREAMS,
        stream=stream,
        seq=seq,
        first_index=first,
        fs=RATES[stream],
        clock=Clock(0, START_NS + lead_ns, fs or RATES[stream]),
        channels=channels,
        samples=np.repeat(ramp(stop)[first:], len(channels)).astype("<i2").tobytes(),
    )


def journal(tmp_path: Path, *blocks: SampleBlock, timezone: str = "UTC") -> JournalRecording:
    path = tmp_path / "night.journal"
    header = Header(session=blocks[0].session, wearer="w1", site="left_calf", started_ns=START_NS, timezone=timezone)
    with Journal.create(path, header) as written:
        written.append(blocks)
        written.end()
    return JournalRecording(path)


def seconds(stream: StreamKind, first: int, stop: int) -> list[SampleBlock]:
    """One block for each second from `first` to `stop`."""
    fs = int(RATES[stream])
    return [block(stream, s, s * fs, (s + 1) * fs) for s in range(first, stop)]


def test_a_journal_written_and_read_again_holds_the_same_samples_and_gaps(tmp_path: Path) -> None:
    recording = journal(tmp_path, *seconds("emg", 0, 3), *seconds("emg", 8, 10), *seconds("acc", 0, 10))
    write_edf(recording, tmp_path / "night.edf")
    back = EdfRecording(tmp_path / "night.edf")
    assert samples_of(back) == samples_of(recording)
    assert back.gaps == recording.gaps
    assert (back.start_ns, back.end_ns) == (recording.start_ns, recording.end_ns)


def test_another_reader_finds_labels_units_values_and_filled_gaps(tmp_path: Path) -> None:
    recording = journal(tmp_path, *seconds("emg", 0, 2), *seconds("emg", 3, 4), *seconds("acc", 0, 4))
    write_edf(recording, tmp_path / "night.edf", [Annotation(1_500_000_000, 250_000_000, "Cramp@@EMG gastroc_med")])
    edf = edfio.read_edf(tmp_path / "night.edf")
    assert edf.labels == ("EMG gastroc_med", "ACC x", "ACC y", "ACC z")
    assert edf.startdatetime.isoformat() == "2026-11-19T22:00:00"
    emg = edf.get_signal("EMG gastroc_med")
    assert (emg.physical_dimension, emg.sampling_frequency) == ("uV", 250)
    expected = np.concatenate([ramp(500), np.full(250, 499), ramp(1000)[750:]]) * 0.25
    assert emg.data.tolist() == pytest.approx(expected.tolist())
    assert edf.annotations == (
        (1.5, 0.25, "Cramp@@EMG gastroc_med"),
        (2.0, 1.0, "gap@@EMG gastroc_med"),
    )
    assert edf.is_continuous


def test_a_start_between_two_seconds_keeps_signals_and_annotations_aligned(tmp_path: Path) -> None:
    recording = journal(tmp_path, *[block("emg", s, s * 250, s * 250 + 250, lead_ns=300_000_000) for s in range(3)])
    write_edf(recording, tmp_path / "night.edf", [Annotation(2_000_000_000, None, "here")])
    assert EdfRecording(tmp_path / "night.edf").start_ns == START_NS + 300_000_000
    edf = edfio.read_edf(tmp_path / "night.edf")
    # edfio counts from the first record, as viewers do.
    assert [(annotation.onset, annotation.text) for annotation in edf.annotations] == [(2.0, "here")]


def test_the_file_s_start_is_the_wearer_s_local_time(tmp_path: Path) -> None:
    recording = journal(tmp_path, *seconds("emg", 0, 2), timezone="Europe/Berlin")
    write_edf(recording, tmp_path / "night.edf")
    assert edfio.read_edf(tmp_path / "night.edf").startdatetime.isoformat() == "2026-11-19T23:00:00"


def test_a_crystal_200_ppm_slow_shifts_no_sample(tmp_path: Path) -> None:
    # Ten minutes at 249.95 Hz by the host's clock: at the nominal 250 Hz the end would be 0.12 s early.
    fitted = {"emg": 249.95, "acc": 49.99}
    blocks = [
        block(kind, s, s * 100 * int(RATES[kind]), (s + 1) * 100 * int(RATES[kind]), fs=fitted[kind])
        for s in range(6)
        for kind in STREAMS
    ]
    recording = journal(tmp_path, *blocks)
    write_edf(recording, tmp_path / "night.edf")
    back = EdfRecording(tmp_path / "night.edf")
    assert back.gaps == ()
    assert samples_of(back) == samples_of(recording)
    assert abs(back.end_ns - recording.end_ns) < 1_000_000
    assert edfio.read_edf(tmp_path / "night.edf").data_record_duration == 1.0002


def test_a_step_of_the_clock_becomes_a_gap(tmp_path: Path) -> None:
    steady, late = block("emg", 0, 0, 500), block("emg", 1, 500, 1000, lead_ns=2_000_000_000)
    write_edf(journal(tmp_path, steady, late), tmp_path / "night.edf")
    found = samples_of(EdfRecording(tmp_path / "night.edf"))["emg"]
    assert sorted(found) == [*range(500), *range(1000, 1500)]
    assert found[1000] == [500]


def test_a_stream_that_dies_is_filled_to_the_end_and_marked(tmp_path: Path) -> None:
    recording = journal(tmp_path, *seconds("emg", 0, 200), *seconds("acc", 0, 10))
    write_edf(recording, tmp_path / "night.edf")
    back = EdfRecording(tmp_path / "night.edf")
    assert samples_of(back) == samples_of(recording)
    assert [(gap.stream, gap.start_index, gap.end_index) for gap in back.gaps] == [("acc", 500, 10_000)]


def test_samples_of_more_than_16_bits_make_a_bdf(tmp_path: Path) -> None:
    wide = SampleBlock(
        session="s",
        streams=("emg",),
        stream="emg",
        seq=0,
        first_index=0,
        fs=500.0,
        clock=Clock(0, START_NS, 500.0),
        channels=(Channel(name="EMG", scale=0.5, digital_min=-(2**23), digital_max=2**23 - 1),),
        dtype="<i4",
        samples=np.array([-(2**23), 70_000, -1, 2**23 - 1] * 250, "<i4").tobytes(),
    )
    write_edf(journal(tmp_path, wide), tmp_path / "night.bdf")
    bdf = edfio.read_bdf(tmp_path / "night.bdf")
    assert bdf.get_signal("EMG").digital[:4].tolist() == [-(2**23), 70_000, -1, 2**23 - 1]
    assert samples_of(EdfRecording(tmp_path / "night.bdf"))["emg"][1] == [70_000]


def test_long_and_equal_names_are_shortened_and_numbered(tmp_path: Path) -> None:
    channels = tuple(Channel(name=f"gastrocnemius medialis {k}") for k in (1, 2))
    one = SampleBlock(
        session="s",
        streams=("emg",),
        stream="emg",
        seq=0,
        first_index=0,
        fs=250.0,
        clock=Clock(0, START_NS, 250.0),
        channels=channels,
        samples=bytes(4 * 500),
    )
    assert edf_labels(journal(tmp_path, one)) == {"emg": ["EMG gastrocnemiu", "EMG gastrocne 2"]}


def test_rates_without_a_common_record_are_refused(tmp_path: Path) -> None:
    slow = SampleBlock(
        session="s",
        streams=("emg", "temp"),
        stream="temp",
        seq=0,
        first_index=0,
        fs=1 / 97,
        clock=Clock(0, START_NS, 1 / 97),
        channels=(Channel(name="skin", unit="degC"),),
        samples=bytes(2),
    )
    with pytest.raises(BadRecording, match="no EDF record up to 60 s"):
        write_edf(journal(tmp_path, block("emg", 0, 0, 500), slow), tmp_path / "night.edf")
    assert not list(tmp_path.glob("night.edf*"))
