"""The sequencer: each block once and in order, whatever happened to it on the way."""

from itertools import zip_longest

from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import SampleBlock, StreamKind
from detector.sequencer import Sequencer
from tests.support.blocks import block

STREAMS: tuple[StreamKind, ...] = ("emg", "acc", "temp")
arrivals = st.lists(st.tuples(st.sampled_from(STREAMS), st.integers(0, 20)), max_size=120)


def seqs(blocks: list[SampleBlock]) -> list[int]:
    return [each.seq for each in blocks]


@given(st.permutations([(stream, seq) for stream in STREAMS for seq in range(8)]), arrivals)
def test_whatever_the_order_and_the_repetitions_each_block_comes_out_once_and_in_order(
    order: list[tuple[StreamKind, int]], repeated: list[tuple[StreamKind, int]]
) -> None:
    sequencer = Sequencer(STREAMS)
    mixed = [pair for pairs in zip_longest(order, repeated) for pair in pairs if pair and pair[1] < 8]
    released = [each for stream, seq in mixed for each in sequencer.offer(block(seq, stream), now_s=0.0)]
    for stream in STREAMS:
        assert seqs([each for each in released if each.stream == stream]) == list(range(8))
    assert not sequencer.missing()


@given(arrivals)
def test_no_stream_runs_ahead_of_emg_or_acceleration_that_lack_a_block(order: list[tuple[StreamKind, int]]) -> None:
    sequencer = Sequencer(STREAMS)
    for stream, seq in order:
        released = sequencer.offer(block(seq, stream), now_s=0.0)
        missing = [seq for kind, seq in sequencer.missing().items() if kind != "temp"]
        # Block n of every stream covers the n-th second.
        assert all(each.seq <= min(missing, default=20) for each in released)


@given(arrivals, arrivals)
def test_one_that_takes_over_half_way_releases_the_rest_once_a_replay_has_brought_what_was_held_back(
    before: list[tuple[StreamKind, int]], after: list[tuple[StreamKind, int]]
) -> None:
    first, uninterrupted = Sequencer(STREAMS), Sequencer(STREAMS)
    released = [each for stream, seq in before for each in first.offer(block(seq, stream), 0.0)]
    second = Sequencer(STREAMS, first.positions)
    released += [each for stream, seq in [*before, *after] for each in second.offer(block(seq, stream), 0.0)]
    expected = [each for stream, seq in [*before, *after] for each in uninterrupted.offer(block(seq, stream), 0.0)]
    for stream in STREAMS:
        assert [b for b in released if b.stream == stream] == [b for b in expected if b.stream == stream]


@given(st.permutations([(stream, seq) for stream in STREAMS for seq in range(8)]), arrivals)
def test_after_giving_up_every_block_that_came_has_come_out_in_order(
    order: list[tuple[StreamKind, int]], lost: list[tuple[StreamKind, int]]
) -> None:
    sequencer = Sequencer(STREAMS)
    arrived = [(stream, seq) for stream, seq in order if (stream, seq) not in lost]
    released = [each for stream, seq in arrived for each in sequencer.offer(block(seq, stream), now_s=0.0)]
    for now_s in range(120, 120 * 26, 120):
        released += sequencer.expire(float(now_s))
    for stream in STREAMS:
        assert seqs([b for b in released if b.stream == stream]) == sorted(n for s, n in arrived if s == stream)
    assert not sequencer.missing()


def test_motion_that_was_lost_is_waited_for_before_more_emg_goes_to_the_detector() -> None:
    sequencer = Sequencer(["emg", "acc"])
    for seq in range(3):
        sequencer.offer(block(seq, "emg"), 0.0)
    sequencer.offer(block(0, "acc"), 0.0)
    assert sequencer.offer(block(2, "acc"), 0.0) == []
    assert sequencer.offer(block(3, "emg"), 0.0) == []
    released = sequencer.offer(block(1, "acc"), 1.0)
    assert [(each.stream, each.seq) for each in released] == [("acc", 1), ("acc", 2), ("emg", 3)]


def test_a_hole_is_named_by_the_first_missing_block_until_that_block_comes() -> None:
    sequencer = Sequencer(STREAMS)
    sequencer.offer(block(0), 0.0)
    assert sequencer.offer(block(3), 0.0) == []
    assert sequencer.missing() == {"emg": 1}
    sequencer.offer(block(1), 1.0)
    assert sequencer.missing() == {"emg": 2}
    assert seqs(sequencer.offer(block(2), 2.0)) == [2, 3]
    assert sequencer.missing() == {}


def test_a_session_first_seen_in_its_middle_lacks_its_beginning() -> None:
    sequencer = Sequencer(STREAMS)
    assert sequencer.offer(block(500), 0.0) == []
    assert sequencer.missing() == {"emg": 0}


def test_the_end_of_a_session_tells_which_last_blocks_are_missing() -> None:
    sequencer = Sequencer(STREAMS)
    sequencer.offer(block(0, "acc"), 0.0)
    sequencer.expect({"emg": 1, "acc": 0}, now_s=0.0)
    assert sequencer.missing() == {"emg": 0}


def test_a_hole_is_given_up_after_two_minutes_without_progress_and_not_earlier() -> None:
    sequencer = Sequencer(STREAMS)
    sequencer.offer(block(5), now_s=0.0)
    sequencer.offer(block(0), now_s=100.0)  # progress: the replay is under way
    assert sequencer.expire(now_s=219.9) == []
    assert seqs(sequencer.expire(now_s=220.0)) == [5]
    assert sequencer.next_seq == {"emg": 6, "acc": 0, "temp": 0}


def test_a_block_that_comes_after_its_hole_was_given_up_is_left_out_and_counted() -> None:
    sequencer = Sequencer(STREAMS)
    sequencer.offer(block(1), now_s=0.0)
    sequencer.expire(now_s=120.0)
    assert sequencer.offer(block(0), now_s=121.0) == []
    assert sequencer.counts == {"given up": 1, "duplicate": 1}


def test_what_waits_behind_a_hole_is_bounded_and_what_did_not_fit_is_asked_for_again() -> None:
    sequencer = Sequencer(["emg"])
    for seq in range(1, 1000):
        sequencer.offer(block(seq), now_s=0.0)
    released = seqs(sequencer.offer(block(0), now_s=1.0))
    assert released == list(range(601))
    assert sequencer.missing() == {"emg": 601}


def test_nothing_waits_for_a_lost_temperature() -> None:
    sequencer = Sequencer(STREAMS)
    sequencer.offer(block(1, "temp"), 0.0)
    assert seqs(sequencer.offer(block(0, "emg"), 0.0)) == [0]
    assert seqs(sequencer.offer(block(0, "acc"), 0.0)) == [0]
    assert sequencer.missing() == {"temp": 0}


def test_while_the_sender_is_away_a_hole_does_not_grow_old() -> None:
    sequencer = Sequencer(STREAMS)
    sequencer.offer(block(1), now_s=0.0)
    sequencer.hold(now_s=3600.0)
    assert sequencer.expire(now_s=3719.0) == []
    assert seqs(sequencer.expire(now_s=3720.0)) == [1]


def test_blocks_far_ahead_do_not_keep_out_those_that_are_needed_sooner() -> None:
    sequencer = Sequencer(("emg",))
    for seq in [*range(1000, 2000), *range(1, 500)]:
        assert not sequencer.offer(block(seq, "emg"), now_s=0.0)
    assert seqs(sequencer.offer(block(0, "emg"), now_s=0.0)) == list(range(500))
