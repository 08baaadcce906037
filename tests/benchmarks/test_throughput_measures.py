"""How throughput is measured: deciding blocks, percentiles, slopes, and what a process takes."""

import math
import os
import time

import numpy as np
import pytest

from benchmarks.throughput import process_cost
from benchmarks.throughput.latency import Alert, Arrivals, Latencies, latencies
from benchmarks.throughput.looped_legs import LOOP_S, LoopedWearer, looped_leg
from benchmarks.throughput.trend import trend
from collector.contract.messages import NS
from detector.pipeline import CrampDetector

T0 = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
ALONE = LoopedWearer(0, 1, T0)


def test_wearers_are_spread_evenly_over_the_second() -> None:
    assert [LoopedWearer(k, 4, T0).start_ns - T0 for k in range(4)] == [0, NS // 4, NS // 2, 3 * NS // 4]


def test_a_block_is_due_when_its_last_sample_has_been_taken() -> None:
    for seq in (0, 7):
        for block in LoopedWearer(3, 4, T0).blocks(seq):
            assert block.end_ns == LoopedWearer(3, 4, T0).due_ns(seq)


def test_a_wearers_blocks_follow_each_other_without_a_gap() -> None:
    first, second = ALONE.blocks(LOOP_S - 1), ALONE.blocks(LOOP_S)
    assert [block.stream for block in first] == [block.stream for block in second] == ["acc", "emg"]
    for before, after in zip(first, second, strict=True):
        assert after.first_index == before.end_index
        assert after.seq == before.seq + 1


def test_every_leg_cramps_once_a_round_after_a_round_of_rest() -> None:
    for number in (0, 3):
        wearer = LoopedWearer(number, 10, T0)
        detector = CrampDetector(wearer.place, wearer.session, ("emg", "acc"))
        events = [event for seq in range(5 * LOOP_S) for block in wearer.blocks(seq) for event in detector.push(block)]
        alerts = [event.alerted_ns or 0 for event in events if event.stage == "confirmed"]
        settled = [(alerted_ns - T0) / NS for alerted_ns in alerts if alerted_ns >= wearer.due_ns(2 * LOOP_S)]
        assert min(alerts) > wearer.due_ns(LOOP_S)
        assert np.diff(settled) == pytest.approx(LOOP_S, abs=0.2)
        assert len(settled) == 3


@pytest.mark.parametrize(("taken_s", "sent_s"), [(0.001, 1.0), (0.999, 1.0), (1.0, 1.0), (1.001, 2.0), (59.5, 60.0)])
def test_a_sample_is_sent_with_the_end_of_its_second(taken_s: float, sent_s: float) -> None:
    assert ALONE.sent_ns(T0 + round(taken_s * NS)) == T0 + round(sent_s * NS)


def test_latency_runs_from_the_deciding_block_and_counts_only_the_time_that_is_measured() -> None:
    late = LoopedWearer(1, 2, T0)  # half a second behind the other
    alerts = [
        Alert(ALONE.place, T0 + 3 * NS // 2, T0 + 2 * NS + 30_000_000),  # second 2, 30 ms
        Alert(late.place, T0 + 3 * NS // 2, T0 + 3 * NS // 2 + 40_000_000),  # second 1.5, 40 ms
        Alert(ALONE.place, T0 + 19 * NS // 2, T0 + 10 * NS),  # second 10: too late to count
        Alert(ALONE.place, T0 + NS // 2, T0 + NS),  # second 1: too early
    ]
    found = latencies(alerts, [LoopedWearer(0, 2, T0), late], T0 + 3 * NS // 2, T0 + 10 * NS)
    assert found.seconds == pytest.approx([0.03, 0.04])


def test_the_99th_percentile_of_few_is_the_largest_and_of_200_the_third_largest_but_one() -> None:
    assert Latencies([0.1, 0.3, 0.2]).percentile(99) == 0.3
    # 198 of 200 are 99 per cent.
    assert Latencies([float(k) for k in range(1, 201)]).percentile(99) == 198
    assert Latencies([0.1, 0.3, 0.2]).percentile(50) == 0.2


def test_without_an_alert_there_is_no_percentile() -> None:
    assert math.isnan(Latencies([]).percentile(99))
    assert Arrivals().alerts == []


def test_a_slope_and_its_interval_are_those_of_the_textbook() -> None:
    # Anscombe's first set: y = 3.00 + 0.500 x, standard error of the slope 0.118, t(9) = 2.262.
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    found = trend(x, y)
    assert found.slope == pytest.approx(0.500, abs=0.0005)
    assert found.high - found.slope == pytest.approx(0.118 * 2.262, abs=0.001)
    assert found.slope - found.low == pytest.approx(0.118 * 2.262, abs=0.001)


def test_two_points_have_no_interval() -> None:
    with pytest.raises(ValueError, match="three points, there are 2"):
        trend([0, 1], [0, 1])


needs_linux = pytest.mark.skipif(not process_cost.told(), reason="this system does not tell what a process takes")


@needs_linux
def test_a_process_is_charged_for_the_time_it_works_and_for_its_memory() -> None:
    before, before_s = process_cost.process_cost(os.getpid()), time.process_time()
    kept = np.ones(25_000_000)  # 200 MB
    while time.process_time() - before_s < 0.3:
        pass
    after, after_s = process_cost.process_cost(os.getpid()), time.process_time()
    # The system counts in ticks of 10 ms; reading the memory takes a while itself.
    assert after.cpu_s - before.cpu_s == pytest.approx(after_s - before_s, abs=0.1)
    assert after.memory_mb - before.memory_mb == pytest.approx(kept.nbytes / 1e6, rel=0.1)


@needs_linux
def test_a_child_that_was_not_started_is_not_found() -> None:
    with pytest.raises(LookupError, match="no such-a-thing was started"):
        process_cost.child("such-a-thing")


def test_legs_differ_so_that_not_all_alerts_fall_together() -> None:
    one, other = looped_leg(0), looped_leg(1)
    assert one[0][1].samples != other[0][1].samples
