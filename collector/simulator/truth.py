"""What really happened in a simulated night."""

from dataclasses import dataclass
from typing import Literal

CrampKind = Literal["asleep", "quick_wake"]
Ending = Literal["dropout", "stretch"]


@dataclass(frozen=True)
class CrampTruth:
    """One cramp, in seconds of the sample clock.

    `onset_s`: the first motor unit of the focus starts to fire; twitches that herald the cramp come before.
    `end_s`: the last one stops. `wake_s`: from onset to waking; a sleeper may wake after a short cramp has ended.
    `ratio`: mean 250 ms RMS envelope (30-200 Hz, or to 0.45 fs) over RMS at rest, sensor noise included in both,
    without artefacts; of the EMG channel that sees the cramp best.
    """

    onset_s: float
    end_s: float
    duration_s: float
    kind: CrampKind
    wake_s: float
    ratio: float
    ending: Ending


@dataclass(frozen=True)
class Interval:
    """Something of `kind` between two moments, in seconds of the sample clock."""

    kind: str
    onset_s: float
    end_s: float


@dataclass(frozen=True)
class Truth:
    """Everything a detector could be asked about; each tuple sorted by onset.

    What is there all night (heart beat, rest tone, a floor that drifts) is no interval and not listed.
    """

    cramps: tuple[CrampTruth, ...]
    confounders: tuple[Interval, ...]
    artefacts: tuple[Interval, ...]
