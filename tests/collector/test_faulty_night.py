"""Drops, stalls, a dead bluetoothd, a reset and a drifting crystal: nothing that was on air is lost or taken twice."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from collector.contract.journal import Journal
from collector.contract.messages import NS, SampleBlock, StreamKind
from detector.events import Event
from tests.collector.faulty_night import Daemon, FaultyNode, Heard, Night, collect_night
from tests.collector.virtual_time import in_virtual_time
from tests.support.signals import detect

PACKET_S = 118 / 250
STALL_LIMIT_S = 20 * PACKET_S
"""Twenty packets of EMG: the stream that is missed first."""


def journalled(directory: Path) -> list[SampleBlock]:
    (path,) = directory.glob("*.journal")
    with Journal.open(path, read_only=True) as journal:
        return list(journal.blocks())


def on_air(night: Night, kind: StreamKind) -> list[Heard]:
    return [heard for heard in night.heard if heard.kind == kind]


def gaps_heard(night: Night, kind: StreamKind) -> dict[int, int]:
    """By how many samples came before it: the length of each gap in samples."""
    gaps, came = {}, 0
    for before, heard in pairwise(on_air(night, kind)):
        instants = len(before.samples) // (6 if kind == "acc" else 2)
        came += instants
        if (missing := heard.first_index - before.first_index - instants) or heard.boot != before.boot:
            gaps[came] = missing
    return gaps


def gaps_journalled(blocks: list[SampleBlock], kind: StreamKind) -> dict[int, int]:
    gaps, came = {}, 0
    for before, block in pairwise([block for block in blocks if block.stream == kind]):
        came += before.count
        if missing := block.first_index - before.end_index:
            gaps[came] = missing
    return gaps


def check(night: Night, blocks: list[SampleBlock]) -> None:
    for kind in ("emg", "acc", "temp"):
        heard = b"".join(packet.samples for packet in on_air(night, kind))
        assert b"".join(block.samples for block in blocks if block.stream == kind) == heard
        told, found = gaps_heard(night, kind), gaps_journalled(blocks, kind)
        assert found.keys() == told.keys()
        # A node that was reset counts anew: how long it was away only the clock knows.
        assert all(abs(found[at] - told[at]) <= 1 + (0.1 * 250 if kind == "emg" else 0.1 * 50) for at in told)
    assert_recovered(night)
    assert_same_events(night, blocks)


def assert_recovered(night: Night) -> None:
    emg_s = [heard.at_s for heard in on_air(night, "emg")]
    silences = [(before, after) for before, after in pairwise(emg_s) if after - before > PACKET_S + 0.01]
    # Every fault shows, as one silence, and no silence has another reason.
    for fault_s, (before, after) in zip(night.faults_s, silences, strict=True):
        assert before - PACKET_S <= fault_s <= after
        assert after - fault_s < STALL_LIMIT_S + 5


def assert_same_events(night: Night, blocks: list[SampleBlock]) -> None:
    expected, found = detect(night.expected()).events, detect(blocks).events
    assert [event.stage for event in found] == [event.stage for event in expected]
    for event, true in zip(found, expected, strict=True):
        assert abs(event.onset_ns - true.onset_ns) < 0.1 * NS
    assert [judged(event) for event in found] == [judged(event) for event in expected]
    assert any(event.stage == "confirmed" for event in found)


def judged(event: Event) -> str:
    """The reason, without how long a movement would have had to last: 18 s, or 25 s if it began with a jerk.

    The fitted clock is some ms off the true one, so that an EMG frame may be judged with another hop of the
    accelerometer. In a night of a thousand movements one lay 0.02 mg from what counts as a jerk.
    """
    return event.reason.partition("; a cramp is believed from")[0]


def short(node: FaultyNode, daemon: Daemon) -> list[tuple[float, Callable[[], None]]]:
    return [
        (100.0, node.drop),
        (200.0, partial(node.fall_silent, "started")),
        (300.0, partial(node.fall_silent, "connected")),
        (400.0, daemon.die),
        (500.0, node.reset),
    ]


def whole_night(node: FaultyNode, daemon: Daemon) -> list[tuple[float, Callable[[], None]]]:
    """A drop every ten minutes and 20 stalls between them, half of them cured by a new subscription."""
    drops = [(600.0 * k, node.drop) for k in range(1, 48)]
    stalls: list[tuple[float, Any]] = [
        (1400.0 * k + 100, partial(node.fall_silent, ("started", "connected")[k % 2])) for k in range(1, 21)
    ]
    return [*drops, *stalls, (9_750.0, daemon.die), (20_100.0, node.reset)]


@in_virtual_time
async def test_twenty_minutes_of_faults_cost_what_was_not_on_air_and_nothing_else(tmp_path: Path) -> None:
    night = await collect_night(tmp_path, 0.35, 1, short)
    check(night, journalled(tmp_path))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@in_virtual_time
async def test_a_whole_night_of_faults_costs_what_was_not_on_air_and_nothing_else(tmp_path: Path) -> None:
    night = await collect_night(tmp_path, 8.0, 6, whole_night)
    check(night, journalled(tmp_path))
