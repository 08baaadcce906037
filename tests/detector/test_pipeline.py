"""CrampDetector as an object: the same samples, the same bits; what does not belong is refused by name."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.contract.errors import Inconsistent
from collector.contract.messages import SampleBlock
from detector.events import Event
from detector.frames import Frames
from detector.pipeline import CrampDetector
from detector.settings import DetectorSettings
from detector.snapshot import SnapshotMismatch
from tests.support.signals import LEFT_CALF, SESSION, Leg, Outcome, detect, in_time_order, recording

FS = 250.0
LEG = (
    Leg(240, fs=FS, channels=2)
    .contract(80, 110, 30)
    .contract(84, 120, 20, channel=1)
    .move(110, 118)
    .contract(150, 154, 40)
    .contract(190, 230, 15)
    .move(194, 205)
    .hum(140, 200, 20)
)
GAPS = ((60.0, 61.0), (130.0, 136.0))
BLOCKS = recording(LEG, gaps=GAPS)
WHOLE = detect(BLOCKS)


def same(a: Outcome, b: Outcome) -> bool:
    arrays = ("t_ns", "envelope_uv", "rest_uv", "threshold_uv", "quality", "motion_mg", "gravity_mg")
    return a.events == b.events and all(
        np.array_equal(getattr(a.frames, name), getattr(b.frames, name), equal_nan=True) for name in arrays
    )


def recut(blocks: list[SampleBlock], cuts: list[float]) -> list[SampleBlock]:
    """The same samples in blocks cut elsewhere, each within its old block; a cut is a share of the block."""
    pieces: list[SampleBlock] = []
    for k, block in enumerate(blocks):
        inner = sorted({round(cuts[(k + j) % len(cuts)] * block.count) for j in range(k % 3)})
        edges = [0, *inner, block.count]
        pieces += [block.cut(a, b, len(pieces)) for a, b in pairwise(edges) if b > a]
    return pieces


def test_the_recording_of_these_tests_has_something_to_tell() -> None:
    assert {event.stage for event in WHOLE.events} == {"suspected", "confirmed", "ended", "rejected"}


@given(cuts=st.lists(st.floats(0, 1), min_size=7, max_size=7))
@settings(max_examples=20, deadline=None)
def test_any_cutting_gives_the_same_bits(cuts: list[float]) -> None:
    assert same(detect(in_time_order(recut(BLOCKS, cuts))), WHOLE)


@pytest.mark.parametrize("block_s", [0.25, 3.0, 60.0])
def test_any_block_length_gives_the_same_bits(block_s: float) -> None:
    assert same(detect(recording(LEG, gaps=GAPS, block_s=block_s)), WHOLE)


@given(delays=st.lists(st.integers(0, 4), min_size=5, max_size=5), leads=st.booleans())
@settings(max_examples=20, deadline=None)
def test_any_interleaving_within_the_stated_lag_gives_the_same_bits(delays: list[int], leads: bool) -> None:
    late: dict[str, int] = {}

    def arrival(item: tuple[int, SampleBlock]) -> tuple[int, int]:
        k, block = item
        # Blocks of 1 s; the accelerometer comes up to 4 s after the EMG of the same time, but never overtakes itself.
        delay = delays[k % 5] if block.stream == "acc" else 0
        late[block.stream] = max(late.get(block.stream, 0), block.end_ns + delay * 10**9)
        return late[block.stream], k if leads else -k

    mixed = [block for _, block in sorted(enumerate(BLOCKS), key=arrival)]
    ordered = [next(b for b in BLOCKS if b.stream == m.stream and b.seq == m.seq) for m in _in_stream_order(mixed)]
    assert same(detect(ordered), WHOLE)


def _in_stream_order(blocks: list[SampleBlock]) -> list[SampleBlock]:
    """The same pattern of streams, each stream in its own order."""
    streams = {name: iter([b for b in BLOCKS if b.stream == name]) for name in ("emg", "acc")}
    return [next(streams[block.stream]) for block in blocks]


@given(stops=st.sets(st.integers(0, len(BLOCKS) - 1), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_stopped_and_restored_anywhere_it_gives_the_same_bits(stops: set[int]) -> None:
    detector = CrampDetector(LEFT_CALF, SESSION, ("emg", "acc"))
    events: list[Event] = []
    frames: list[Frames | None] = []
    for k, block in enumerate(BLOCKS):
        events += detector.push(block)
        frames.append(detector.take_frames())
        if k in stops:
            detector = CrampDetector.restore(detector.snapshot())
    events += detector.finish()
    frames.append(detector.take_frames())
    assert same(Outcome(events, Frames.joined([part for part in frames if part is not None])), WHOLE)


def test_a_snapshot_of_other_parameters_is_refused() -> None:
    snapshot = CrampDetector(LEFT_CALF, SESSION, ("emg",)).snapshot()
    with pytest.raises(SnapshotMismatch, match="parameters"):
        CrampDetector.restore(snapshot, DetectorSettings(on_ratio=3.0))


@given(damage=st.binary(max_size=200), at=st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_a_damaged_snapshot_is_refused_by_name_or_read(damage: bytes, at: float) -> None:
    detector = CrampDetector(LEFT_CALF, SESSION, ("emg", "acc"))
    for block in BLOCKS[:20]:
        detector.push(block)
    whole = detector.snapshot()
    cut = round(at * len(whole))
    try:
        CrampDetector.restore(whole[:cut] + damage + whole[cut + len(damage) :])
    except SnapshotMismatch:
        return


def test_a_change_of_rate_within_a_session_is_refused() -> None:
    detector = CrampDetector(LEFT_CALF, SESSION, ("emg",))
    detector.push(BLOCKS[1])
    assert BLOCKS[1].stream == "emg"
    with pytest.raises(Inconsistent, match="rate or channels changed"):
        detector.push(msgspec.structs.replace(BLOCKS[3], fs=500.0))


def test_an_index_beyond_any_night_is_refused_as_damage() -> None:
    emg = [block for block in BLOCKS if block.stream == "emg"]
    detector = CrampDetector(LEFT_CALF, SESSION, ("emg",))
    detector.push(emg[0])
    with pytest.raises(Inconsistent, match="no gap in a night"):
        detector.push(msgspec.structs.replace(emg[1], first_index=2**40))


def test_an_emg_too_slow_to_judge_is_refused_with_the_rate_it_needs() -> None:
    with pytest.raises(Inconsistent, match="at least 100 Hz"):
        detect(recording(Leg(10, fs=50)))


def test_acceleration_in_an_unknown_unit_is_refused() -> None:
    acc = next(block for block in BLOCKS if block.stream == "acc")
    odd = tuple(msgspec.structs.replace(channel, unit="furlong") for channel in acc.channels)
    with pytest.raises(Inconsistent, match="furlong"):
        CrampDetector(LEFT_CALF, SESSION, ("emg", "acc")).push(msgspec.structs.replace(acc, channels=odd))


def test_the_hash_of_the_parameters_changes_with_each_of_them() -> None:
    assert DetectorSettings().hash == DetectorSettings().hash
    assert DetectorSettings(lag_s=4.0).hash != DetectorSettings().hash
