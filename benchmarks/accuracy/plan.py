"""What a run of the benchmark consists of: everything, or a smoke test of the same parts."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.accuracy import nights
from benchmarks.accuracy.cramps_of_one_strength import StrengthSpec
from benchmarks.accuracy.nights import BenchmarkNight
from benchmarks.accuracy.other_nights import OtherSpec
from benchmarks.accuracy.peers import PUBLISHED, Peer
from benchmarks.accuracy.variants import Variant, ablations, waits
from collector.simulator.spec import NightSpec


class Plan(NamedTuple):
    """Nights and rules. `ablation` and `compared` are among `first`, `waiting` among `first` and `second`."""

    first: Sequence[BenchmarkNight]
    second: Sequence[BenchmarkNight]
    strengths: Sequence[BenchmarkNight]
    ablation: Sequence[BenchmarkNight]
    variants: Sequence[Variant]
    waiting: Sequence[BenchmarkNight]
    waits: Sequence[Variant]
    tuning: Sequence[BenchmarkNight]
    compared: Sequence[BenchmarkNight]
    peers: Sequence[Peer]


def full() -> Plan:
    """What the page is made of."""
    return Plan(
        first=nights.FIRST,
        second=nights.SECOND,
        strengths=nights.STRENGTHS,
        ablation=nights.ABLATION,
        variants=ablations(),
        waiting=nights.WAITING,
        waits=waits(),
        tuning=nights.TUNING,
        compared=nights.PEERS,
        peers=PUBLISHED,
    )


def quick() -> Plan:
    """Two short nights through everything but the published methods: shows that the parts fit, and nothing else."""
    first = _night("quick-first", NightSpec(seed=9001, hours=0.5, fs=250, cramps=2))
    second = BenchmarkNight("quick-second", nights.HEALTHY, OtherSpec(seed=9001, hours=0.5, fs=250, cramps=2))
    strength = BenchmarkNight("quick-strength", "3.5", StrengthSpec(seed=9001, ratio=3.5, fs=250))
    tuning = _night("quick-tuning", NightSpec(seed=9002, hours=0.5, fs=250, cramps=2))
    return Plan(
        [first], [second], [strength], [first], ablations()[:1], [first, second], waits()[:1], [tuning], [first], ()
    )


def _night(name: str, spec: NightSpec) -> BenchmarkNight:
    return BenchmarkNight(name, nights.HEALTHY, spec)
