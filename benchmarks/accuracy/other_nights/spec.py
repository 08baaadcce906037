"""What a night of the second generator is asked to be."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Literal, get_args

Profile = Literal["healthy", "rls", "artefacts", "weak", "empty"]

RATE_TOLERANCE = 1e-6
"""1259.259 Hz stands for 34000/27 Hz; crystals are no better than this anyway."""
LONGEST_RECORD_S = 60
"""EDF records hold whole samples of all signals; a rate that needs more than a minute is surely a mistyped one."""


@dataclass(frozen=True, kw_only=True)
class OtherSpec:
    """The seed, length, EMG rate and character of a night; all else is drawn from the seed.

    `profile`: `healthy`; `rls` (some 300 leg movements); `artefacts` (healthy, bad contact and radio);
    `weak` (healthy, every cramp 2.4-3.5 times rest); `empty` (healthy without cramps).
    `cramps`: how many; None draws them, none in half of the nights. `bits`: of the EMG converter, None draws.
    `start` is the wearer's local time. Raises ValueError for what cannot be simulated or stored.
    """

    seed: int
    hours: float = 8.0
    fs: float = 500.0
    profile: Profile = "healthy"
    accelerometer: bool = True
    cramps: int | None = None
    bits: int | None = None
    start: datetime = datetime(2027, 2, 3, 23, 10)  # noqa: DTZ001 - the wearer's wall clock, as EDF stores it

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated or stored."""
        for refused, why in (
            (self.seed < 0, "seed has to be a whole number from 0 up"),
            (not 0.1 <= self.hours <= 24, "hours has to be 0.1 to 24"),
            (not 200 <= self.fs <= 4000, "fs has to be 200 to 4000 Hz"),
            (self.profile not in get_args(Profile), f"profile has to be one of {', '.join(get_args(Profile))}"),
            (self.cramps is not None and self.cramps < 0, "cramps has to be 0 or more"),
            (bool(self.cramps) and self.profile == "empty", "an empty night has no cramps"),
            (self.bits is not None and not 8 <= self.bits <= 24, "bits has to be 8 to 24"),
        ):
            if refused:
                raise ValueError(f"Cannot simulate this night: {why}.")
        if abs(float(self.exact_fs) - self.fs) > RATE_TOLERANCE * self.fs:
            raise ValueError(f"{self.fs} Hz is no fraction p/q with q up to {LONGEST_RECORD_S}: choose a rounder fs.")

    @cached_property
    def exact_fs(self) -> Fraction:
        """The EMG's rate in Hz as the fraction that is meant."""
        return Fraction(self.fs).limit_denominator(LONGEST_RECORD_S)

    @property
    def record_s(self) -> int:
        """The EDF record duration; the accelerometer and the thermometer run at whole numbers of hertz."""
        return self.exact_fs.denominator

    @property
    def duration_s(self) -> int:
        """The length in seconds: `hours`, cut to whole EDF records."""
        return round(self.hours * 3600) // self.record_s * self.record_s

    @property
    def samples(self) -> int:
        """How many EMG samples the night has."""
        return int(self.duration_s * self.exact_fs)
