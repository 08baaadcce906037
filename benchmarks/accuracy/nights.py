"""The nights that the accuracy page is made of: every one by generator, seed and character, none drawn at run time.

Two sets that share no seed. TUNING is what thresholds may be chosen on, our own and those of the rules we compare
with; REPORTING is what the page reports and nothing is chosen on.
"""

from collections.abc import Callable, Iterable
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy.cramps_of_one_strength import StrengthSpec, simulate_cramps_of_one_strength
from benchmarks.accuracy.other_nights import OtherSpec, simulate_other_night, write_other_night
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec, Profile

Spec = NightSpec | OtherSpec | StrengthSpec


class BenchmarkNight(NamedTuple):
    """A night of the benchmark; `name` is unique and names its files."""

    name: str
    tier: str
    spec: Spec


class Tier(NamedTuple):
    """Nights of one character. `cramps`: how many in each; None leaves it to the generator, as life does."""

    name: str
    profile: Profile
    nights: int
    cramps: int | None = None
    accelerometer: bool = True


HEALTHY, RESTLESS, ARTEFACTS, WEAK = "healthy", "restless", "artefacts", "weak cramps"
FREQUENT, EMPTY, NO_ACCELEROMETER = "frequent cramps", "empty", "no accelerometer"

# Nobody has this many cramps a night. Such nights are for counting cramps, not false alarms: at one cramp a night it
# would take hundreds of nights to tell 99 % from 95 %.
FREQUENT_CRAMPS, WEAK_CRAMPS = 12, 8

FIRST_TIERS = (
    Tier(HEALTHY, "healthy", 20),
    Tier(RESTLESS, "rls", 14),
    Tier(ARTEFACTS, "artefacts", 12),
    Tier(WEAK, "weak", 10, cramps=WEAK_CRAMPS),
    Tier(FREQUENT, "healthy", 14, cramps=FREQUENT_CRAMPS),
    Tier(EMPTY, "empty", 8),
)
SECOND_TIERS = (
    Tier(HEALTHY, "healthy", 12),
    Tier(RESTLESS, "rls", 8),
    Tier(ARTEFACTS, "artefacts", 8),
    Tier(WEAK, "weak", 6, cramps=WEAK_CRAMPS),
    Tier(FREQUENT, "healthy", 8, cramps=FREQUENT_CRAMPS),
    Tier(EMPTY, "empty", 4),
    Tier(NO_ACCELEROMETER, "healthy", 4, cramps=4, accelerometer=False),
)
TUNING_TIERS = (
    Tier(HEALTHY, "healthy", 4),
    Tier(RESTLESS, "rls", 2),
    Tier(ARTEFACTS, "artefacts", 2),
    Tier(WEAK, "weak", 1, cramps=4),
    Tier(FREQUENT, "healthy", 1, cramps=6),
)
RATES = (200.0, 250.0, 500.0, 1000.0)
ODD_RATE = 1259.259
FIRST_SEED, SECOND_SEED, TUNING_SEED = 40_000, 50_000, 1_000
"""Far apart, and far from the small numbers that people try things with."""
TUNING_HOURS = 4.0
TUNING_FS = 250.0
"""Half nights at the lowest rate that costs no accuracy: some of the rules to tune take minutes a night."""

RATIOS = (1.5, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Cramp RMS over resting RMS, for the sensitivity curve."""
WEARERS = 6

PEER_NIGHTS_PER_TIER = {HEALTHY: 3, RESTLESS: 2, ARTEFACTS: 2, WEAK: 1, FREQUENT: 2}
PEER_RATES = (250.0, 500.0)


def _nights(
    prefix: str, seed: int, tiers: Iterable[Tier], rates: Iterable[float], spec: Callable[[Tier, int, float], Spec]
) -> tuple[BenchmarkNight, ...]:
    """The tiers' nights, seeds counting on from `seed` and rates in turn."""
    numbered = enumerate((tier for tier in tiers for _ in range(tier.nights)), start=seed + 1)
    return tuple(
        BenchmarkNight(f"{prefix}-{number}", tier.name, spec(tier, number, fs))
        for (number, tier), fs in zip(numbered, cycle(rates), strict=False)
    )


def _first(tier: Tier, seed: int, fs: float) -> NightSpec:
    return NightSpec(seed=seed, fs=fs, profile=tier.profile, cramps=tier.cramps)


def _second(tier: Tier, seed: int, fs: float) -> OtherSpec:
    return OtherSpec(seed=seed, fs=fs, profile=tier.profile, cramps=tier.cramps, accelerometer=tier.accelerometer)


def _tuning(tier: Tier, seed: int, fs: float) -> NightSpec:
    return NightSpec(seed=seed, hours=TUNING_HOURS, fs=fs, profile=tier.profile, cramps=tier.cramps)


def _strengths() -> list[BenchmarkNight]:
    """The same wearers and cramps at every ratio: only their strength differs."""
    return [
        BenchmarkNight(f"strength-{ratio:g}-{seed}", f"{ratio:g}", StrengthSpec(seed=seed, ratio=ratio))
        for ratio in RATIOS
        for seed in range(1, WEARERS + 1)
    ]


def _for_peers(nights: Iterable[BenchmarkNight]) -> list[BenchmarkNight]:
    left = dict(PEER_NIGHTS_PER_TIER)
    chosen = []
    for night in nights:
        if night.spec.fs in PEER_RATES and left.get(night.tier, 0):
            left[night.tier] -= 1
            chosen.append(night)
    return chosen


FIRST = _nights("first", FIRST_SEED, FIRST_TIERS, RATES, _first)
SECOND = _nights("second", SECOND_SEED, SECOND_TIERS, (*RATES, ODD_RATE), _second)
REPORTING = FIRST + SECOND
TUNING = _nights("tuning", TUNING_SEED, TUNING_TIERS, (TUNING_FS,), _tuning)
ABLATION = FIRST[::3]
"""Every third night, which takes every rate in turn: an ablation is told by large effects, and there are many."""
WAITING = ABLATION + tuple(night for night in SECOND if night.tier in (HEALTHY, RESTLESS, FREQUENT))
"""What sooner and later alerts are compared on: the ablation's nights, and those of the second generator on which false
alarms and strong cramps are counted."""
STRENGTHS = tuple(_strengths())
PEERS = tuple(_for_peers(FIRST))


def write(night: BenchmarkNight, directory: Path) -> tuple[Path, Path]:
    """Simulate a night and write it as EDF+ and truth.json; their paths."""
    spec, stem = night.spec, night.name
    if isinstance(spec, OtherSpec):
        return write_other_night(simulate_other_night(spec), directory, stem)
    if isinstance(spec, StrengthSpec):
        return write_night(simulate_cramps_of_one_strength(spec), directory, stem)
    return write_night(simulate_night(spec), directory, stem)
