"""Sample times against a simulated radio link whose true times are known: they drift with the crystal, arrivals lag."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from collector.contract.messages import NS, Clock
from collector.sample_clock import ArrivalClock, DeviceClock

FS = 250.0
PACKET = 100
WALL_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
CRYSTAL = 200e-6

Errors = NDArray[np.float64]


class Arrival(NamedTuple):
    first_index: int
    true_ns: int  # of the packet's last sample
    arrival_ns: int


def radio_night(hours: float, ppm: float, interval_s: float = 0.03, seed: int = 7) -> list[Arrival]:
    """Arrivals of a night, in monotonic ns; the device's seconds are `ppm` longer than true ones.

    A packet waits for the next connection event and is repeated in 2 % of cases; every ten minutes or so the radio is
    out for up to two seconds and then delivers what has queued up.
    """
    rng = np.random.default_rng(seed)
    count = int(hours * 3600 * FS) // PACKET
    last_index = (np.arange(count) + 1) * PACKET - 1
    true_s = last_index / FS * (1 + ppm * 1e-6)
    sent_s = np.ceil(true_s / interval_s) * interval_s + interval_s * rng.geometric(0.98, count) - interval_s
    for outage_s in np.cumsum(rng.exponential(600, int(hours * 10))):
        back_s = outage_s + rng.uniform(0.2, 2.0)
        sent_s[(sent_s >= outage_s) & (sent_s < back_s)] = back_s
    arrival_s = np.maximum.accumulate(sent_s + rng.gamma(2, 0.0006, count))
    true_ns, arrival_ns = np.round(np.array([true_s, arrival_s]) * NS).astype(int).tolist()
    return list(map(Arrival, (last_index - PACKET + 1).tolist(), true_ns, arrival_ns))


def clocks(arrivals: list[Arrival], tolerance: float = CRYSTAL) -> Iterator[tuple[Arrival, Clock]]:
    clock = ArrivalClock(FS, tolerance, WALL_NS)
    first = clock.begin_segment(0, None, PACKET, arrivals[0].arrival_ns)
    assert first == 0
    for arrival in arrivals:
        yield arrival, clock.observe(arrival.first_index, PACKET, arrival.arrival_ns)


def errors_ms(arrivals: list[Arrival]) -> Errors:
    """Clock minus truth at the last sample of every packet."""
    return np.array(
        [
            (clock.time_ns(arrival.first_index + PACKET - 1) - WALL_NS - arrival.true_ns) / 1e6
            for arrival, clock in clocks(arrivals)
        ]
    )


@pytest.mark.parametrize("ppm", [150, -150, 40])
def test_eight_hours_of_a_drifting_crystal_stay_within_10_ms_of_the_truth(ppm: float) -> None:
    errors = errors_ms(radio_night(8, ppm))
    # The nominal rate alone would be off by 8 h * 150e-6 = 4.3 s.
    after_a_minute = errors[int(60 * FS / PACKET) :]
    assert np.percentile(np.abs(after_a_minute), 99) < 10
    assert np.abs(after_a_minute).max() < 30


def with_losses(arrivals: list[Arrival], share: float, seed: int = 3) -> list[Arrival]:
    """Some packets never come; the device's counter tells which."""
    lost = np.random.default_rng(seed).random(len(arrivals)) < share
    return [arrival for arrival, is_lost in zip(arrivals, lost, strict=True) if not is_lost]


def by_arrival(arrivals: list[Arrival]) -> Errors:
    """What it would be to take the arrival of a packet for the time of its last sample."""
    return np.array([(arrival.arrival_ns - arrival.true_ns) / 1e6 for arrival in arrivals])


def by_nominal_rate(arrivals: list[Arrival]) -> Errors:
    """The first arrival, and the nominal rate from there."""
    first = arrivals[0]
    return np.array(
        [
            (first.arrival_ns + (arrival.first_index - first.first_index) / FS * NS - arrival.true_ns) / 1e6
            for arrival in arrivals
        ]
    )


def by_recursive_least_squares(arrivals: list[Arrival], half_time_s: float = 90.0) -> Errors:
    """A line through the arrivals, those of 90 s ago with half the weight: what the Lab Streaming Layer does."""
    forget = 0.5 ** (PACKET / FS / half_time_s)
    weights, told = np.eye(2) * 1e10, np.zeros(2)
    errors = []
    for arrival in arrivals:
        x = np.array([1.0, arrival.first_index / FS])
        gain = weights @ x / (forget + x @ weights @ x)
        told = told + gain * (arrival.arrival_ns / NS - told @ x)
        weights = (weights - np.outer(gain, x) @ weights) / forget
        errors.append((told @ x) * 1e3 - arrival.true_ns / 1e6)
    return np.array(errors)


@pytest.mark.parametrize("ppm", [150, -150])
def test_with_losses_and_drift_no_time_of_eight_hours_is_off_by_a_tenth_of_a_second(ppm: float) -> None:
    arrivals = with_losses(radio_night(8, ppm), 0.0013)
    ours = errors_ms(arrivals)
    assert np.abs(ours).max() < 100
    late = len(arrivals) // 60  # eight minutes, when every estimator has settled
    assert np.percentile(np.abs(ours[late:]), 99) < 10
    # The others on the same arrivals: seconds by the crystal, seconds by the outages, and an offset by the radio.
    assert np.abs(by_nominal_rate(arrivals)).max() > 4000
    assert np.abs(by_arrival(arrivals)).max() > 1000
    rls = by_recursive_least_squares(arrivals)[late:]
    assert np.percentile(np.abs(ours[late:]), 99) < 0.3 * np.percentile(np.abs(rls), 99)


def test_a_new_segment_begins_with_the_rate_that_was_known_before() -> None:
    clock = ArrivalClock(FS, CRYSTAL, WALL_NS)
    for arrival in radio_night(0.3, 150):
        if arrival.first_index == 0:
            clock.begin_segment(0, None, PACKET, arrival.arrival_ns)
        clock.observe(arrival.first_index, PACKET, arrival.arrival_ns)
    known_ppm = clock.ppm
    assert known_ppm == pytest.approx(-150, abs=10)
    first = clock.begin_segment(300_000, None, PACKET, 1200 * NS)
    clock.observe(first, PACKET, 1200 * NS)
    assert clock.ppm == pytest.approx(known_ppm, abs=2)


def test_times_never_run_backwards_and_issued_ones_never_move() -> None:
    previous = None
    last_ns = 0
    for arrival, clock in clocks(radio_night(2, 150)):
        assert clock.time_ns(arrival.first_index) > last_ns
        last_ns = clock.time_ns(arrival.first_index + PACKET - 1)
        # A Clock is only replaced from the packet on that was just seen.
        assert clock is previous or clock.index == arrival.first_index
        previous = clock


def test_clocks_are_few() -> None:
    issued = {clock for _, clock in clocks(radio_night(3, 150))}
    assert 2 <= len(issued) < 75


def test_a_free_running_converter_may_be_off_by_percents_when_its_profile_says_so() -> None:
    ((arrival, clock),) = list(clocks(radio_night(0.5, 20_000), tolerance=0.05))[-1:]
    assert clock.fs == pytest.approx(FS / 1.02, rel=1e-4)
    assert abs(clock.time_ns(arrival.first_index + PACKET - 1) - WALL_NS - arrival.true_ns) < 40e6


def test_a_crystal_is_not_believed_to_be_off_by_percents() -> None:
    ((_, clock),) = list(clocks(radio_night(0.25, 20_000)))[-1:]
    assert clock.fs == pytest.approx(FS / (1 + CRYSTAL))


def test_a_backlog_after_an_outage_does_not_bend_the_time() -> None:
    arrivals = radio_night(0.5, 0)
    outage = range(1200, 1350)  # a minute of packets, all delivered a minute late
    back_ns = arrivals[outage.stop].arrival_ns
    late = [a._replace(arrival_ns=back_ns) if k in outage else a for k, a in enumerate(arrivals)]
    assert np.abs(errors_ms(late)[200:]).max() < 40


def test_a_device_that_counts_anew_goes_on_at_the_elapsed_time() -> None:
    clock = ArrivalClock(FS, CRYSTAL, WALL_NS)
    clock.begin_segment(0, None, PACKET, 0)
    clock.observe(0, PACKET, 400_000_000)
    # Sample 99 was there at 0.4 s; ten seconds later it is sample 2599, and the packet began 99 samples before it.
    first = clock.begin_segment(PACKET, None, PACKET, 400_000_000 + 10 * NS)
    assert first == 2500
    assert clock.observe(first, PACKET, 400_000_000 + 10 * NS).time_ns(first + 99) == WALL_NS + 400_000_000 + 10 * NS


def test_a_device_back_at_once_still_leaves_a_gap() -> None:
    clock = ArrivalClock(FS, CRYSTAL, WALL_NS)
    clock.begin_segment(0, None, PACKET, 0)
    clock.observe(0, PACKET, 0)
    assert clock.begin_segment(PACKET, None, PACKET, 1) == PACKET + 1


def test_a_known_clock_stays_in_force_until_ten_seconds_have_been_seen() -> None:
    known = Clock(0, WALL_NS, FS)
    clock = ArrivalClock(FS, CRYSTAL, WALL_NS, known)
    # The same time base, packets 20 ms late.
    seen = [clock.observe(k * PACKET, PACKET, (k * PACKET + PACKET - 1) * 4_000_000 + 20_000_000) for k in range(60)]
    assert seen[20] is known
    assert seen[-1].time_ns(6000) - known.time_ns(6000) == pytest.approx(20_000_000, abs=1)


def test_simulated_devices_keep_their_own_time_however_fast_they_are_played() -> None:
    clock = DeviceClock(FS, WALL_NS)
    assert clock.begin_segment(0, None, PACKET, 123) == 0
    assert clock.observe(2500, PACKET, 123).time_ns(2500) == WALL_NS + 10 * NS
    assert clock.ppm == 0
