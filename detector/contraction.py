"""One contraction while it lasts: what has been measured of it, and whether that makes it a cramp."""

import math
from bisect import insort

import msgspec

from detector.events import Figures
from detector.history import Frame
from detector.settings import DetectorSettings

ENDLESS = 1e9
"""Stands for "never" where a number of seconds is wanted: no quiet moment was found."""


class Contraction(msgspec.Struct, kw_only=True):
    """Counters over the frames since onset; `take` adds a frame, the rest reads them. Durations in frames."""

    onset_frame: int
    onset_ns: int
    onset_index: int
    rest_uv: float
    threshold_uv: float
    rise_s: float
    still_before_s: float | None
    suspected_ns: int = 0
    confirmed_ns: int | None = None
    reason: str = ""
    frames: int = 0
    valid: int = 0
    low: int = 0
    below_run: int = 0
    longest_dip: int = 0
    invalid: int = 0
    invalid_run: int = 0
    last_active_ns: int = 0
    last_active_frame: int = 0
    energy: float = 0.0
    active: int = 0
    peak_uv: float = 0.0
    line_share: float = 0.0
    motion_known: int = 0
    motion_counted: int = 0
    moving: int = 0
    first_motion: int | None = None
    early_known: int = 0
    early_moving: int = 0
    third_second_moving: bool = False
    upright_run: int = 0
    recent_uv: list[float] = []
    ordered_uv: list[float] = []

    @property
    def confirmed(self) -> bool:
        """Whether the alert has been raised."""
        return self.confirmed_ns is not None


class ContractionRule:
    """The rule applied to a contraction: tonic, sudden, and still or leading the motion."""

    def __init__(self, settings: DetectorSettings, step_s: float) -> None:
        self._settings = s = settings
        self._step_s = step_s
        self._recent = round(s.tonicity_window_s / step_s)
        self._moving_from = round(s.moving_from_s / step_s)
        self._early = round(s.lead_s / step_s)
        self._third_second = round((s.lead_s - 1) / step_s)
        self._upright = round(s.upright_s / step_s)
        self._pause = round(s.pause_s / step_s)
        self.dip_limit = round(s.dip_limit_s / step_s)
        self.invalid_limit = round(s.invalid_limit_s / step_s)
        self.gap_limit = round(s.event_gap_s / step_s)

    def take(self, c: Contraction, frame: Frame, off_uv: float, *, steady: bool) -> None:
        """Add a frame to the contraction's measurements.

        `steady` says that the last half second was above the on-threshold: after a pause of `pause_s` a lone twitch
        does not count as the contraction going on.
        """
        self._take_motion(c, frame)
        c.frames += 1
        if not frame.good:
            c.invalid += 1
            c.invalid_run += 1
            return
        c.valid += 1
        c.invalid_run = 0
        c.recent_uv.append(frame.envelope_uv)
        del c.recent_uv[: -self._recent]
        insort(c.ordered_uv, frame.envelope_uv)
        if frame.envelope_uv > off_uv and (steady or c.below_run < self._pause):
            self._take_active(c, frame)
        else:
            c.low += 1
            c.below_run += 1

    def _take_active(self, c: Contraction, frame: Frame) -> None:
        c.longest_dip = max(c.longest_dip, c.below_run)
        c.below_run = 0
        c.last_active_ns = frame.t_ns
        c.last_active_frame = frame.number
        power = frame.envelope_uv * frame.envelope_uv
        line = frame.line_uv * frame.line_uv
        c.energy += power
        c.active += 1
        c.line_share += line / (line + power)
        c.peak_uv = max(c.peak_uv, frame.envelope_uv)

    def _take_motion(self, c: Contraction, frame: Frame) -> None:
        s = self._settings
        c.upright_run = c.upright_run + 1 if frame.upright else 0
        if math.isnan(frame.motion_mg):
            return
        c.motion_known += 1
        leading = frame.motion_mg > s.lead_mg
        if leading and c.first_motion is None:
            c.first_motion = c.frames
        if c.frames >= self._moving_from:
            c.motion_counted += 1
            c.moving += frame.motion_mg > s.moving_mg
        if c.frames < self._early:
            c.early_known += 1
            c.early_moving += leading
            c.third_second_moving |= leading and c.frames >= self._third_second

    def needed_s(self, c: Contraction) -> float:
        """How long this contraction has to last before it is believed."""
        s = self._settings
        asleep = c.still_before_s is not None and c.still_before_s >= s.asleep_still_s
        return s.confirm_asleep_s if asleep else s.confirm_awake_s

    def lasted_s(self, c: Contraction) -> float:
        """How long it has been judged; time that could not be judged does not count."""
        return (c.valid - c.below_run) * self._step_s

    def objection(self, c: Contraction) -> str | None:
        """Why this contraction is not believed to be a cramp, in words; None when it is."""
        s = self._settings
        lasted, needed = self.lasted_s(c), self.needed_s(c)
        if lasted < needed - self._step_s / 2:
            return f"lasted {lasted:.1f} s; a cramp is believed from {needed:.0f} s on"
        if c.rise_s > s.rise_limit_s:
            return f"did not begin suddenly: no quiet moment within {s.rise_limit_s:.0f} s before it"
        tonicity = self.tonicity(c)
        if tonicity is not None and tonicity < s.tonicity_min:
            return f"came in bursts (steadiness {tonicity:.2f}, a tonic contraction has {s.tonicity_min} or more)"
        if not c.motion_known and (steadiness := self.steadiness(c)) < s.steadiness_min:
            return f"changed its strength too much ({steadiness:.2f}) to be believed without an accelerometer"
        if c.upright_run >= self._upright:
            return "the shank was upright: standing, not lying"
        if self.moved(c) and not self.led(c):
            return f"the leg moved with the muscle ({100 * c.moving / c.motion_counted:.0f} % of the time)"
        return None

    def moved(self, c: Contraction) -> bool:
        """Whether the leg was in motion for more than the allowed share; False when motion is unknown."""
        return c.moving > self._settings.moving_fraction_max * max(1, c.motion_counted)

    def led(self, c: Contraction) -> bool:
        """Whether the muscle was active well before the leg moved."""
        return c.early_moving <= self._settings.moving_fraction_max * c.early_known and not c.third_second_moving

    def tonicity(self, c: Contraction) -> float | None:
        """10th over 50th percentile of the latest envelopes."""
        ordered = sorted(c.recent_uv)
        if not ordered or ordered[len(ordered) // 2] <= 0:
            return None
        return ordered[len(ordered) // 10] / ordered[len(ordered) // 2]

    def steadiness(self, c: Contraction) -> float:
        """10th over 90th percentile of all envelopes since onset."""
        ordered = c.ordered_uv
        return ordered[len(ordered) // 10] / ordered[len(ordered) * 9 // 10]

    def agreement(self, c: Contraction) -> str:
        """What made a contraction believed, in words."""
        if not c.motion_known:
            leg = "motion unknown"
        elif not self.moved(c):
            leg = "the leg lay still"
        else:
            leg = "the muscle led the leg's motion"
        return f"tonic for {self.lasted_s(c):.1f} s from a sudden start; {leg}"

    def figures(self, c: Contraction) -> Figures:
        """The measurements, for the record."""
        tonicity = self.tonicity(c)
        return Figures(
            rise_s=round(min(c.rise_s, ENDLESS), 3),
            longest_dip_s=round(c.longest_dip * self._step_s, 3),
            low_fraction=round(c.low / max(1, c.valid), 4),
            tonicity=None if tonicity is None else round(tonicity, 4),
            moving_fraction=round(c.moving / c.motion_counted, 4) if c.motion_counted else None,
            lead_s=None if c.first_motion is None else round(c.first_motion * self._step_s, 3),
            still_before_s=c.still_before_s,
            upright=c.upright_run >= self._upright,
            invalid_s=round(c.invalid * self._step_s, 3),
            line_ratio=round(c.line_share / max(1, c.active), 4),
        )
