"""What really happened in a night of the second generator; all times in seconds since the first sample."""

from dataclasses import dataclass
from typing import Literal

CrampKind = Literal["asleep", "quick_wake"]


@dataclass(frozen=True)
class CrampTruth:
    """One cramp: `onset_s` is the first moment of its activity, `end_s` the last.

    `wake_s`: from onset to waking; a sleeper may wake from the pain after a short cramp is over.
    `ratio`: mean 250 ms RMS (30-200 Hz, or to 0.45 fs) of cramp and rest together, over that of rest alone in the same
    stretch; rest includes the sensor's noise but no artefact.
    """

    onset_s: float
    end_s: float
    duration_s: float
    kind: CrampKind
    wake_s: float
    ratio: float


@dataclass(frozen=True)
class Interval:
    """Something of `kind` between two moments."""

    kind: str
    onset_s: float
    end_s: float


@dataclass(frozen=True)
class Truth:
    """Each tuple is sorted by onset. What is there all night (heart beat, slow gain changes) is not listed."""

    cramps: tuple[CrampTruth, ...]
    confounders: tuple[Interval, ...]
    artefacts: tuple[Interval, ...]
