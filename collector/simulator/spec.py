"""What a simulated night is asked to be."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Literal, get_args

Profile = Literal["healthy", "rls", "artefacts", "weak", "empty"]

# An EDF data record holds a whole number of samples of every signal. Beyond five minutes per record readers that
# load one record at a time stop being light, and the rate asked for is almost surely a mistyped one.
LONGEST_RECORD_S = 300

# A rate such as 34000/27 Hz is usually written with a few decimals; crystals are no better than this anyway.
RATE_TOLERANCE = 1e-6
LARGEST_DENOMINATOR = 1000


def exact_rate(rate: float) -> Fraction:
    """Return the simplest fraction within one part per million of `rate` (Hz).

    Raises ValueError when `rate` is not a positive number with such a fraction below a denominator of 1000.
    """
    if not 0 < rate < float("inf"):
        raise ValueError(f"A sampling rate has to be a positive number of hertz, not {rate}.")
    for denominator in range(1, LARGEST_DENOMINATOR + 1):
        fraction = Fraction(round(rate * denominator), denominator)
        if abs(float(fraction) - rate) <= RATE_TOLERANCE * rate:
            return fraction
    raise ValueError(
        f"{rate} Hz is no fraction p/q with q up to {LARGEST_DENOMINATOR}; choose a rounder sampling rate."
    )


@dataclass(frozen=True, kw_only=True)
class NightSpec:
    """The seed, length, rates and character of a night to simulate.

    `profile`: `healthy`; `rls` (periodic leg movements by the hundred); `artefacts` (bad contact, mains, radio gaps);
    `weak` (healthy, every cramp 2.4-3.5 times rest); `empty` (healthy without cramps).
    `cramps`: how many; None draws 0 to 4 per eight hours. `start` is the wearer's local time.
    `bits`: resolution of the EMG converter over its +-8.192 mV.
    `clock_ppm`: how much faster than true time the wearable's sample clock runs.
    `loss_per_hour`: radio gaps per hour; the `artefacts` profile adds its own.

    Raises ValueError for what cannot be simulated or stored.
    """

    seed: int = 1
    hours: float = 8.0
    fs: float = 1000.0
    profile: Profile = "healthy"
    emg_channels: int = 1
    acc_fs: float = 50.0
    temp_fs: float = 0.2
    bits: int = 16
    start: datetime = datetime(2026, 11, 19, 22)  # noqa: DTZ001 - the wearer's wall clock, as EDF stores it
    cramps: int | None = None
    clock_ppm: float = 0.0
    loss_per_hour: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        cramps = self.cramps or 0
        for refused, why in (
            (self.profile not in get_args(Profile), f"profile has to be one of {', '.join(get_args(Profile))}"),
            (self.seed < 0, "seed has to be a whole number from 0 up"),
            (self.emg_channels < 1, "emg_channels has to be at least 1"),
            (not 8 <= self.bits <= 16, "bits has to be 8 to 16, as EDF stores 16"),
            (not self.fs >= 200, "fs has to be at least 200 Hz to carry muscle signals"),
            (not self.acc_fs >= 10, "acc_fs has to be at least 10 Hz to carry movements"),
            (not 1 / 60 <= self.hours <= 24, "hours has to be between a minute and a day"),
            (cramps < 0 or (cramps > 0 and self.profile == "empty"), "cramps has to be 0 or more, and 0 when empty"),
            (not self.loss_per_hour >= 0, "loss_per_hour counts radio gaps and cannot be negative"),
        ):
            if refused:
                raise ValueError(f"Cannot simulate this night: {why}.")
        if self.record_s > LONGEST_RECORD_S or self.duration_s < self.record_s:
            raise ValueError(
                f"fs={self.fs}, acc_fs={self.acc_fs} and temp_fs={self.temp_fs} Hz need EDF records of "
                f"{self.record_s} s (limit {LONGEST_RECORD_S} s, and the night); choose rounder rates or more hours."
            )

    @cached_property
    def record_s(self) -> int:
        """Return the EDF record duration: the fewest whole seconds that hold whole samples of every signal."""
        return lcm(*(exact_rate(rate).denominator for rate in (self.fs, self.acc_fs, self.temp_fs)))

    @cached_property
    def duration_s(self) -> int:
        """Return the length in seconds: `hours`, cut to whole EDF records."""
        return round(self.hours * 3600) // self.record_s * self.record_s

    def samples(self, rate: float) -> int:
        """Return how many samples a signal of `rate` Hz has in this night."""
        return int(self.duration_s * exact_rate(rate))
