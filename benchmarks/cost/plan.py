"""How much a run measures: everything, or a smoke test of the same parts."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.accuracy.peers import PUBLISHED, Peer


class Plan(NamedTuple):
    """Lengths and repetitions.

    `simulated_hours` are simulated and looped to make nights of `hours`; `live_hours` go through in short blocks;
    `profile_passes` is how often a night is watched by the profiler; `peer_hours` is what each peer is given.
    The collector's processor time is taken `collector_windows` times over `collector_s` seconds, its memory over
    `collector_hours`.
    """

    simulated_hours: float
    hours: float
    repetitions: int
    profile_passes: int
    live_hours: float
    memory_hours: Sequence[float]
    collector_s: float
    collector_windows: int
    collector_hours: Sequence[float]
    peers: Sequence[Peer]
    peer_hours: float
    peer_repetitions: int


def full() -> Plan:
    """What the page is made of."""
    return Plan(
        simulated_hours=1,
        hours=8,
        repetitions=7,
        profile_passes=6,
        live_hours=0.1,
        memory_hours=(1, 4, 8, 16, 25),
        collector_s=60,
        collector_windows=3,
        collector_hours=(1, 4, 8),
        peers=PUBLISHED,
        # One of the half hours that the peers are given at a time; their cost is linear in the number of those.
        peer_hours=0.5,
        peer_repetitions=2,
    )


def quick() -> Plan:
    """Minutes through everything but the published methods: shows that the parts fit, and nothing else."""
    return Plan(
        simulated_hours=0.2,
        hours=0.2,
        repetitions=2,
        profile_passes=5,
        live_hours=0.01,
        memory_hours=(0.1, 0.2),
        collector_s=1,
        collector_windows=1,
        collector_hours=(0.05, 0.1),
        peers=(),
        peer_hours=0.1,
        peer_repetitions=1,
    )
