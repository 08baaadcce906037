"""Everything known about one night at one site: what the report, the exports and the dashboards read."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from collector.contract.nights import Interval
from detector.events import Event

ENOUGH_WATCHED = 0.5
"""Part of a night. Where less was watched, a count of zero would rest on less than it leaves out, and is not told."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """The night at one row a second, one EMG channel; NaN where nothing is known.

    Row k covers the second that begins at `t_ns[k]`; rows may be missing where there was no data.
    """

    channel: str
    t_ns: NDArray[np.int64]
    envelope_min_uv: NDArray[np.float64]
    envelope_max_uv: NDArray[np.float64]
    rest_uv: NDArray[np.float64]
    threshold_uv: NDArray[np.float64]
    motion_mg: NDArray[np.float64]  # largest of the second
    watched: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trace:
    """Ten frames a second around one event: what the detector saw, for its plot and for explaining it."""

    t_ns: NDArray[np.int64]
    envelope_uv: NDArray[np.float64]
    rest_uv: NDArray[np.float64]
    threshold_uv: NDArray[np.float64]
    motion_mg: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NightRecord:
    """One night of one wearer at one site."""

    wearer: str
    site: str
    night: date
    timezone: str
    start_ns: int  # first sample
    end_ns: int  # behind the last sample
    watched_s: float
    unwatched: list[Interval]  # labelled with the cause
    events: list[Event]  # alerted, in order of onset
    candidates: list[Event]  # rejected, in order of onset
    delivered_ns: dict[str, int]  # event id -> when its alert was published, by the host's clock
    seconds: list[Seconds]  # one per EMG channel
    temperature_t_ns: NDArray[np.int64]
    temperature_c: NDArray[np.float64]
    postures: list[Interval]  # on the back, left side, ...; empty without an accelerometer whose axes are known
    traces: dict[str, Trace] = field(default_factory=dict)  # by event id
    detector_version: str = ""
    parameters: dict[str, object] = field(default_factory=dict)
    parameters_hash: str = ""
    simulated: bool = False
    recording: str | None = None  # the session that is still being recorded

    @property
    def recorded_s(self) -> float:
        """From the first to the last sample, gaps included."""
        return (self.end_ns - self.start_ns) / 1e9
