"""What the detector reports: suspected, confirmed, ended and rejected contractions, with the figures that decided."""

import hashlib
from typing import Literal

import msgspec

from collector.contract.topics import Place

Stage = Literal["suspected", "confirmed", "ended", "rejected"]
"""suspected: a silent mark; confirmed: the alert; ended: a confirmed contraction that is over; rejected: was none."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The measurements behind a decision, all taken from the band-passed RMS envelope and the accelerometer.

    Ratios are against the resting level; a figure is None when there was nothing to measure it on.
    """

    rise_s: float | None
    """From the last quiet frame to the on-threshold; None when there was none in the half minute before."""
    longest_dip_s: float
    """The longest time below the release threshold since onset."""
    low_fraction: float
    """Share of the frames since onset below the release threshold."""
    tonicity: float | None
    """10th over 50th percentile of the envelope's last 6 s: 1 is a steady contraction, 0 a burst."""
    moving_fraction: float | None
    """Share of the time since onset with the leg in motion."""
    lead_s: float | None
    """How long the EMG led the first motion; None when the leg never moved or motion is unknown."""
    still_before_s: float | None
    """How long the leg had been still before onset."""
    upright: bool
    """Whether the shank was upright, where its axis is known."""
    invalid_s: float
    """Time since onset that could not be judged."""
    line_ratio: float
    """Mains share of the power while the contraction lasted."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One contraction. Later stages carry the same `id` and replace earlier ones.

    Times are nanoseconds since 1970-01-01 UTC of the sample in question: `onset_ns` where the envelope left quiet, 1.2
    times rest, `suspected_ns` and `alerted_ns` the last sample the decision needed, `end_ns` the end of the last frame
    in which the muscle was active.
    """

    id: str
    wearer: str
    site: str
    session: str
    stage: Stage
    channel: str
    onset_index: int
    onset_ns: int
    suspected_ns: int
    alerted_ns: int | None = None
    end_ns: int | None = None
    rest_uv: float
    threshold_uv: float
    peak_uv: float
    mean_uv: float
    figures: Figures
    reason: str
    detector_version: str
    parameters_hash: str

    @property
    def duration_s(self) -> float | None:
        """From onset to end; None while it lasts."""
        return None if self.end_ns is None else (self.end_ns - self.onset_ns) / 1e9

    @property
    def was_alert(self) -> bool:
        """Whether this contraction was confirmed, and so raised an alert."""
        return self.alerted_ns is not None


def event_id(place: Place, session: str, channel: str, onset_index: int) -> str:
    """A contraction's identity follows from where and at which sample it began, so doing work twice does no harm."""
    text = f"{place.wearer}/{place.site}/{session}/{channel}/{onset_index}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
