"""From packets with a wrapping device counter to numbered blocks on the session's index."""

from itertools import pairwise

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collector.block_builder import BlockBuilder
from collector.contract.codec import decode_block, encode_block
from collector.contract.journal import StreamEnd
from collector.contract.messages import NS, Clock, SampleBlock
from collector.devices.decoder import Samples
from collector.devices.profile import Counter, Stream, load_profile
from collector.sample_clock import ArrivalClock, DeviceClock, SampleClock
from collector.stream_track import Placement, StreamTrack

EMG = load_profile("cramp-node").stream[0]  # 1000 Hz
OF_8_BITS = msgspec.structs.replace(EMG, header=("u8 count", "u8 rest[7]"), counter=Counter(field="count"), clock=None)
UNCOUNTED = msgspec.structs.replace(EMG, counter=None)
WALL_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
BOOT = 7
START = StreamEnd(next_seq=0, next_index=0)


def builder(block_s: float = 0.01, end: StreamEnd = START) -> BlockBuilder:
    return BlockBuilder("2026-11-19_w1_left_calf_3f2a", ("emg",), EMG, block_s, end)


class NoTime(DeviceClock):
    """Knows nothing of time: what follows from the counts alone shows."""

    def begin_segment(self, next_index: int, counter: int | None, count: int, arrival_ns: int) -> int:
        return next_index + 1 if next_index else 0


class Bench:
    """A track with its surroundings; `take` feeds it a packet whose values are the session's sample numbers."""

    def __init__(
        self,
        end: StreamEnd = START,
        placement: Placement | None = None,
        stream: Stream = EMG,
        clock: SampleClock = NoTime(1000.0, 0),  # noqa: B008 - has no state
    ) -> None:
        self.placements: list[Placement] = []
        self.track = StreamTrack(stream, builder(end=end), clock, self.placements.append, placement)
        self.blocks: list[SampleBlock] = []

    def take(self, counter: int | None, values: range, at_s: float = 0.0, clock_ns: int | None = None) -> None:
        digital = np.array(values, "<i2").reshape(-1, 1)
        self.blocks += self.track.accept(Samples("emg", counter, digital, clock_ns), round(at_s * NS))

    def samples(self) -> dict[int, int]:
        self.blocks += self.track.flush()
        return {
            block.first_index + k: int(value) for block in self.blocks for k, value in enumerate(block.digital()[:, 0])
        }


def test_a_session_begins_at_index_zero_whatever_the_device_counts() -> None:
    bench = Bench()
    bench.track.link_up(BOOT)
    bench.take(5000, range(4))
    assert bench.samples() == {0: 0, 1: 1, 2: 2, 3: 3}
    assert bench.placements == [Placement("emg", BOOT, -5000)]


def test_lost_packets_make_the_index_jump_and_are_counted() -> None:
    bench = Bench()
    bench.track.link_up(BOOT)
    bench.take(5000, range(4))
    bench.take(5010, range(10, 12))
    assert list(bench.samples()) == [0, 1, 2, 3, 10, 11]
    assert (bench.track.samples, bench.track.lost) == (6, 6)
    # No block spans the gap.
    assert [(block.first_index, block.count) for block in bench.blocks] == [(0, 4), (10, 2)]


def test_a_counter_that_wraps_counts_on() -> None:
    bench = Bench()
    bench.track.link_up(BOOT)
    bench.take(2**32 - 2, range(4))
    bench.take(2, range(4, 6))
    assert list(bench.samples()) == [0, 1, 2, 3, 4, 5]
    assert bench.track.lost == 0


def test_after_a_reconnection_the_device_is_asked_for_the_first_sample_not_seen() -> None:
    bench = Bench()
    assert bench.track.link_up(BOOT) is None
    bench.take(5000, range(4))
    assert bench.track.link_up(BOOT) == 5004


def test_what_a_resumed_device_repeats_is_taken_once() -> None:
    bench = Bench()
    bench.track.link_up(BOOT)
    bench.take(5000, range(4))
    bench.track.link_up(BOOT)
    bench.take(4990, range(-10, -5))
    bench.take(5000, range(2))
    bench.take(5002, range(2, 8))
    assert bench.samples() == {k: k for k in range(8)}


def test_a_packet_that_is_delivered_twice_is_taken_once() -> None:
    bench = Bench()
    bench.track.link_up(None)
    for _ in range(2):
        bench.take(5000, range(4))
    for _ in range(2):
        bench.take(5004, range(4, 8))
    assert bench.samples() == {k: k for k in range(8)}
    assert len(bench.placements) == 1


def test_a_device_that_has_restarted_begins_a_new_segment_behind_a_gap() -> None:
    bench = Bench()
    bench.track.link_up(BOOT)
    bench.take(5000, range(4))
    assert bench.track.link_up(BOOT + 1) is None
    bench.take(0, range(5, 7))
    assert list(bench.samples()) == [0, 1, 2, 3, 5, 6]
    assert bench.placements[-1] == Placement("emg", BOOT + 1, 5)


def test_a_counter_that_falls_back_within_a_connection_is_a_restart() -> None:
    bench = Bench()
    bench.track.link_up(None)
    bench.take(5000, range(4))
    bench.take(0, range(5, 7))
    assert list(bench.samples()) == [0, 1, 2, 3, 5, 6]


def test_a_simulated_device_that_is_heard_late_keeps_its_own_count_and_time() -> None:
    bench = Bench(clock=DeviceClock(1000.0, WALL_NS))
    bench.track.link_up(BOOT)
    bench.take(5000, range(4))
    (block,) = bench.track.flush()
    assert (block.first_index, block.t0_ns) == (5000, WALL_NS + 5 * NS)
    bench.track.link_up(BOOT + 1)
    bench.take(0, range(4))
    (block,) = bench.track.flush()
    assert block.first_index == 5005


def test_a_device_without_a_counter_is_counted_by_its_samples() -> None:
    bench = Bench()
    bench.track.link_up(None)
    bench.take(None, range(3))
    bench.take(None, range(3, 5))
    assert list(bench.samples()) == [0, 1, 2, 3, 4]


def test_a_later_process_goes_on_by_what_the_journal_holds() -> None:
    bench = Bench(StreamEnd(next_seq=3, next_index=30), Placement("emg", BOOT, -5000))
    assert bench.track.link_up(BOOT) == 5030
    bench.take(5030, range(30, 34))
    bench.blocks += bench.track.flush()
    assert [(block.seq, block.first_index) for block in bench.blocks] == [(3, 30)]
    assert bench.placements == []


def fitted() -> ArrivalClock:
    return ArrivalClock(1000.0, 200e-6, WALL_NS)


def first_indices(bench: Bench) -> list[int]:
    """Where the stretches begin that no gap divides."""
    indices = list(bench.samples())
    return [indices[0]] + [index for before, index in pairwise(indices) if index != before + 1]


def test_a_counter_of_8_bits_is_unwrapped_by_the_time_that_has_passed() -> None:
    bench = Bench(stream=OF_8_BITS, clock=fitted())
    bench.track.link_up(None)
    bench.take(0, range(100), at_s=0.1)
    # Five seconds without a packet are 4900 samples behind index 99: nineteen turns of the counter and 36.
    bench.take((100 + 4900) % 256, range(100), at_s=5.1)
    assert first_indices(bench) == [0, 5000]
    assert bench.track.lost == 4900


@given(lost=st.integers(0, 50_000), late_ms=st.integers(0, 100))
def test_a_turn_of_256_ms_is_told_from_the_next_whatever_was_lost_and_however_late_the_radio(
    lost: int, late_ms: int
) -> None:
    bench = Bench(stream=OF_8_BITS, clock=fitted())
    bench.track.link_up(None)
    bench.take(0, range(100), at_s=0.1)
    bench.take((100 + lost) % 256, range(100), at_s=(200 + lost + late_ms) / 1000)
    assert bench.track.lost == lost


def test_a_count_that_says_the_sample_has_not_been_measured_yet_is_a_new_count() -> None:
    bench = Bench(clock=fitted())
    bench.track.link_up(BOOT)
    bench.take(5000, range(100), at_s=0.1)
    bench.take(1_000_000, range(100), at_s=0.3)
    assert first_indices(bench) == [0, 200]
    assert bench.placements[-1] == Placement("emg", BOOT, 200 - 1_000_000)


def test_a_device_that_does_not_tell_its_starts_apart_begins_a_new_segment_with_every_link() -> None:
    for stream, counter in ((EMG, 100), (UNCOUNTED, None)):
        bench = Bench(stream=stream, clock=fitted())
        bench.track.link_up(None)
        bench.take(0 if counter else None, range(100), at_s=0.1)
        assert bench.track.link_up(None) is None
        # Ten seconds later, by the clock, whatever its counter says.
        bench.take(counter, range(100), at_s=10.2)
        assert first_indices(bench) == [0, 10_100]
        assert bench.track.lost == 10_000


def test_without_a_counter_the_devices_own_clock_tells_what_was_lost() -> None:
    bench = Bench(stream=UNCOUNTED, clock=fitted())
    bench.track.link_up(None)
    bench.take(None, range(100), at_s=0.1, clock_ns=7_000_000_000)
    bench.take(None, range(100), at_s=0.2, clock_ns=7_103_000_000)  # 3 ms are jitter of its clock
    bench.take(None, range(100), at_s=0.5, clock_ns=7_403_000_000)
    assert first_indices(bench) == [0, 400]
    assert bench.track.lost == 200


def test_a_device_whose_clock_falls_back_has_restarted() -> None:
    bench = Bench(stream=UNCOUNTED, clock=fitted())
    bench.track.link_up(None)
    bench.take(None, range(100), at_s=0.1, clock_ns=7_000_000_000)
    bench.take(None, range(100), at_s=3.1, clock_ns=0)
    assert first_indices(bench) == [0, 3000]


def test_a_device_without_counter_and_clock_that_stays_late_has_lost_samples() -> None:
    bench = Bench(stream=UNCOUNTED, clock=fitted())
    bench.track.link_up(None)
    for k in range(200):
        # From 10 s on everything comes one second late, for good.
        bench.take(None, range(100), at_s=(k + 1) / 10 + (1.0 if k >= 100 else 0.0))
    assert len(first_indices(bench)) == 2
    assert bench.track.lost == 1000


def test_a_radio_that_was_out_for_a_second_and_catches_up_has_lost_nothing() -> None:
    bench = Bench(stream=UNCOUNTED, clock=fitted())
    bench.track.link_up(None)
    for k in range(200):
        bench.take(None, range(100), at_s=max((k + 1) / 10, 11.0 if 90 <= k < 110 else 0.0))
    assert first_indices(bench) == [0]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.lists(st.booleans(), min_size=30, max_size=30))
def test_any_packet_sizes_and_losses_give_blocks_without_a_hole_in_seq_and_the_right_samples(
    sizes: list[int], lost: list[bool]
) -> None:
    bench = Bench()
    bench.track.link_up(BOOT)
    bench.take(100, range(1))
    expected = {0: 0}
    position = 1
    for size, is_lost in zip(sizes, lost, strict=False):
        if not is_lost:
            bench.take(100 + position, range(position, position + size))
            expected |= {k: k for k in range(position, position + size)}
        position += size
    assert bench.samples() == expected
    assert [block.seq for block in bench.blocks] == list(range(len(bench.blocks)))
    assert all(block.count <= 10 for block in bench.blocks)  # 10 ms at 1000 Hz
    assert all(decode_block(encode_block(block)) == block for block in bench.blocks)


def test_a_block_closes_where_the_clock_changes() -> None:
    build = builder()
    first, second = Clock(0, 0, 1000.0), Clock(4, NS, 1000.0)
    four = np.zeros((4, 1), "<i2")
    assert build.add(0, four, first) == []
    (block,) = build.add(4, four, second)
    assert (block.count, block.clock) == (4, first)
    assert build.flush()[0].clock == second


def test_slow_streams_are_published_sample_by_sample() -> None:
    temperature = load_profile("cramp-node").stream[2]  # one sample in five seconds, blocks of one second
    build = BlockBuilder("s", ("temp",), temperature, 1.0, START)
    (block,) = build.add(0, np.array([[3342]], "<i2"), Clock(0, 0, 0.2))
    assert block.physical().tolist() == [[33.42]]
