"""Where quiet, release and onset lie above a resting level, and what can be no muscle at all."""

import math
from typing import NamedTuple

from detector.settings import DetectorSettings


class Levels(NamedTuple):
    """What an envelope is held against, in uV: the resting level, and where quiet, release and onset lie above it."""

    rest_uv: float
    quiet_uv: float
    off_uv: float
    on_uv: float


class Limits(NamedTuple):
    """What plain quiet keeps to, in uV."""

    rest_uv: float
    on_uv: float  # above, something begins
    flat_uv: float  # below is no muscle at rest but a sensor that has come off
    hum_uv: float  # of what may be left of the mains: above, it drowns the muscle

    def hold(self, lowest_uv: float, highest_uv: float, hum_uv: float) -> bool:
        """Whether frames with these extremes are plainly quiet."""
        return self.flat_uv <= lowest_uv and highest_uv <= self.on_uv and hum_uv <= self.hum_uv


UNKNOWN = Limits(math.nan, math.nan, math.nan, math.nan)
"""While no resting level is known: nothing is plainly quiet."""


class Thresholds:
    """One channel's. `calibrated` channels are in microvolts; for others the thresholds are ratios alone."""

    def __init__(self, settings: DetectorSettings, *, calibrated: bool) -> None:
        s = settings
        self._quiet, self._off, self._on, self._flat = s.quiet_ratio, s.off_ratio, s.on_ratio, s.flat_ratio
        # Without a margin the ratio is left: it is never below one.
        self._off_margin_uv, self._on_margin_uv = (s.off_margin_uv, s.on_margin_uv) if calibrated else (0.0, 0.0)
        self._hum_uv, self._hum = (s.mains_limit_uv, 1.0) if calibrated else (0.0, s.mains_limit_ratio)

    def on_uv(self, rest_uv: float) -> float:
        """The onset threshold over this resting level."""
        return max(self._on * rest_uv, rest_uv + self._on_margin_uv)

    def off_uv(self, rest_uv: float) -> float:
        """The release threshold over this resting level."""
        return max(self._off * rest_uv, rest_uv + self._off_margin_uv)

    def limits(self, rest_uv: float | None, lowest_uv: float | None) -> Limits:
        """Of plain quiet, over this resting level (None: unknown) and the lowest one heard.

        The latter because what is left of a hum that fades in becomes part of the present one.
        """
        if rest_uv is None:
            return UNKNOWN
        lowest_uv = min(rest_uv, lowest_uv or rest_uv)
        hum_uv = max(self._hum_uv, self._hum * self.on_uv(lowest_uv))
        return Limits(rest_uv, self.on_uv(rest_uv), self._flat * lowest_uv, hum_uv)

    def levels(self, rest_uv: float) -> Levels:
        """Over this resting level."""
        return Levels(rest_uv, self._quiet * rest_uv, self.off_uv(rest_uv), self.on_uv(rest_uv))

    def raised(self, levels: Levels, hum_uv: float) -> Levels:
        """The levels, each at least as high as what may be left of the mains asks for."""
        rest_uv, quiet_uv, off_uv, on_uv = levels
        if hum_uv <= rest_uv:  # and so below all of them
            return levels
        return Levels(rest_uv, max(quiet_uv, hum_uv), max(off_uv, hum_uv), max(on_uv, hum_uv * self._on / self._off))
