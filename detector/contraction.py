"""One contraction while it lasts: what has been measured of it, and whether that makes it a cramp."""

import math
from bisect import bisect_right, insort

import msgspec

from detector.events import Figures
from detector.history import Frame
from detector.settings import DetectorSettings
from detector.sliding import slide
from detector.thresholds import Levels

ENDLESS = 1e9
"""Stands for "never" where a number of seconds is wanted: no quiet moment was found."""


class Contraction(msgspec.Struct, kw_only=True):
    """Counters over the frames since onset; `take` adds a frame, the rest reads them. Durations in frames."""

    onset_ns: int
    onset_index: int
    rest_uv: float
    highest_rest_uv: float
    threshold_uv: float
    rise_s: float
    still_before_s: float | None
    jump_uv: float = 0.0
    suspected_ns: int = 0
    confirmed_ns: int | None = None
    reason: str = ""
    frames: int = 0
    valid: int = 0
    low: int = 0
    dip: int = 0
    longest_dip: int = 0
    lately: list[bool] = []  # active or not, for each of the last two seconds' frames
    active_uv: list[float] = []
    ordered_active_uv: list[float] = []
    idle: int = 0
    invalid: int = 0
    invalid_run: int = 0
    last_active_ns: int = 0
    energy: float = 0.0
    active: int = 0
    peak_uv: float = 0.0
    line_share: float = 0.0
    motion_known: int = 0
    first_motion: int | None = None
    early_mg: list[float] = []
    ordered_mg: list[float] = []
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
        self._recent = max(1, round(s.tonicity_window_s / step_s))
        self._moving_from = round(s.moving_from_s / step_s)
        self._early = round(s.lead_s / step_s)
        self._third_second = round((s.lead_s - 1) / step_s)
        self._upright = round(s.upright_s / step_s)
        self._lately = round(s.active_s / step_s)
        self.dip_limit = round(s.dip_limit_s / step_s)
        self.invalid_limit = round(s.invalid_limit_s / step_s)
        self.gap_limit = round(s.event_gap_s / step_s)
        self._least_s = min(s.confirm_asleep_s, s.confirm_awake_s, s.confirm_moved_s) - step_s / 2

    def take(self, c: Contraction, frame: Frame, levels: Levels) -> None:
        """Add a frame to the contraction's measurements."""
        self._take_motion(c, frame)
        if c.frames < self._moving_from and frame.spread_uv > c.jump_uv:
            c.jump_uv = frame.spread_uv
        c.frames += 1
        if frame.quality:
            c.invalid += 1
            c.invalid_run += 1
            return
        c.valid += 1
        c.invalid_run = 0
        c.recent_uv.append(frame.envelope_uv)
        del c.recent_uv[: -self._recent]
        insort(c.ordered_uv, frame.envelope_uv)
        if frame.envelope_uv > levels.off_uv:
            c.longest_dip = max(c.longest_dip, c.dip)
            c.dip = 0
        else:
            c.low += 1
            c.dip += 1
        self._take_activity(c, frame, levels.quiet_uv)

    def _take_activity(self, c: Contraction, frame: Frame, quiet_uv: float) -> None:
        """Whether the muscle is still active, and how strongly."""
        s = self._settings
        c.idle += 1
        faded_uv = s.fade_ratio * c.ordered_active_uv[len(c.active_uv) // 2] if c.active_uv else 0.0
        active = frame.envelope_uv > max(quiet_uv, faded_uv)
        c.lately.append(active)
        del c.lately[: -self._lately]
        if active and c.lately.count(True) >= s.active_share * len(c.lately):
            slide(c.active_uv, c.ordered_active_uv, frame.envelope_uv, self._recent)
            self._take_active(c, frame)

    def _take_active(self, c: Contraction, frame: Frame) -> None:
        c.idle = 0
        c.last_active_ns = frame.t_ns
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
        if c.first_motion is None and frame.motion_mg > s.moving_mg:
            c.first_motion = c.frames
        if c.frames < self._early:
            c.early_mg.append(frame.motion_mg)
        if c.frames >= self._moving_from:
            insort(c.ordered_mg, frame.motion_mg)

    def needed_s(self, c: Contraction) -> float:
        """How long this contraction has to last before it is believed."""
        s = self._settings
        if self.began_with_a_jerk(c):
            return s.confirm_moved_s
        known = 2 * c.motion_known >= c.frames
        asleep = known and c.still_before_s is not None and c.still_before_s >= s.asleep_still_s
        return s.confirm_asleep_s if asleep else s.confirm_awake_s

    def lasted_s(self, c: Contraction) -> float:
        """How long it has been judged; time that could not be judged does not count."""
        return (c.valid - c.dip) * self._step_s

    def may_be_believed(self, c: Contraction) -> bool:
        """Whether it has lasted long enough for the least that is ever asked; before, `objection` need not be."""
        return self.lasted_s(c) >= self._least_s

    def objection(self, c: Contraction) -> str | None:
        """Why this contraction is not believed to be a cramp, in words; None when it is."""
        s = self._settings
        lasted, needed = self.lasted_s(c), self.needed_s(c)
        if lasted < needed - self._step_s / 2:
            return f"lasted {lasted:.1f} s; a cramp is believed from {needed:.0f} s on"
        if c.rise_s > s.rise_limit_s:
            return f"did not begin suddenly: no quiet moment within {s.rise_limit_s:.0f} s before it"
        if self.back_at_rest(c):
            return "only came back to a resting level of the last hour, as when an electrode is put on again"
        if self.began_with_a_jump(c):
            return "began with a jump of the signal far beyond its strength, as when an electrode comes loose"
        tonicity = self.tonicity(c)
        if tonicity is not None and tonicity < s.tonicity_min:
            return f"came in bursts (steadiness {tonicity:.2f}, a tonic contraction has {s.tonicity_min} or more)"
        if not c.motion_known and (steadiness := self.steadiness(c)) < s.steadiness_min:
            return f"changed its strength too much ({steadiness:.2f}) to be believed without an accelerometer"
        if c.upright_run >= self._upright:
            return "the shank was upright: standing, not lying"
        if self.moved(c) and not self.led(c):
            return f"the leg moved with the muscle ({100 * self.moving_fraction(c):.0f} % of the time)"
        return None

    def motion_threshold_mg(self, c: Contraction) -> float:
        """What counts as motion in this contraction: well above its own quiet motion."""
        s = self._settings
        return min(s.moving_mg, _quiet_mg(c) + s.swell_mg)

    def moving_fraction(self, c: Contraction) -> float:
        """Share of the time in motion, from shortly after the onset; 0 when motion is unknown."""
        moving = len(c.ordered_mg) - bisect_right(c.ordered_mg, self.motion_threshold_mg(c))
        return moving / max(1, len(c.ordered_mg))

    def moved(self, c: Contraction) -> bool:
        """Whether the leg was in motion for more than the allowed share."""
        return self.moving_fraction(c) > self._settings.moving_fraction_max

    def led(self, c: Contraction) -> bool:
        """Whether the muscle was active well before the leg moved, and the leg then moved in earnest."""
        s = self._settings
        if not c.early_mg:
            return False
        threshold = self.motion_threshold_mg(c)
        early = sum(motion > threshold for motion in c.early_mg)
        at_last = any(motion > threshold for motion in c.early_mg[self._third_second :])
        if early > s.moving_fraction_max * len(c.early_mg) or at_last:
            return False
        moving = c.ordered_mg[bisect_right(c.ordered_mg, threshold) :]
        return bool(moving) and moving[len(moving) // 2] >= s.lead_contrast * max(c.early_mg)

    def began_with_a_jerk(self, c: Contraction) -> bool:
        """Whether the leg moved as the contraction began."""
        threshold = _quiet_mg(c) + self._settings.start_mg
        return any(motion > threshold for motion in c.early_mg[: self._moving_from])

    def tonicity(self, c: Contraction) -> float | None:
        """10th over 50th percentile of the latest envelopes."""
        ordered = sorted(c.recent_uv)
        if not ordered or ordered[len(ordered) // 2] <= 0:
            return None
        return ordered[len(ordered) // 10] / ordered[len(ordered) // 2]

    def back_at_rest(self, c: Contraction) -> bool:
        """Whether its level is no more than what was rest within the last hour."""
        return c.ordered_uv[len(c.ordered_uv) // 2] <= self._settings.quiet_ratio * c.highest_rest_uv

    def began_with_a_jump(self, c: Contraction) -> bool:
        """Whether the raw signal jumped around its onset by far more than a muscle of its strength can make it."""
        return c.jump_uv > self._settings.jump_ratio * c.ordered_uv[len(c.ordered_uv) // 2]

    def is_a_new_floor(self, c: Contraction) -> bool:
        """Whether what began looks like a floor that changed rather than like a muscle."""
        return c.rise_s > self._settings.rise_limit_s or self.back_at_rest(c) or self.began_with_a_jump(c)

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
            rise_s=None if c.rise_s >= ENDLESS else round(c.rise_s, 3),
            longest_dip_s=round(c.longest_dip * self._step_s, 3),
            low_fraction=round(c.low / max(1, c.valid), 4),
            tonicity=None if tonicity is None else round(tonicity, 4),
            moving_fraction=round(self.moving_fraction(c), 4) if c.ordered_mg else None,
            lead_s=None if c.first_motion is None else round(c.first_motion * self._step_s, 3),
            still_before_s=c.still_before_s,
            upright=c.upright_run >= self._upright,
            invalid_s=round(c.invalid * self._step_s, 3),
            line_ratio=round(c.line_share / max(1, c.active), 4),
        )


def _quiet_mg(c: Contraction) -> float:
    """The 20th percentile of its motion."""
    return c.ordered_mg[len(c.ordered_mg) // 5] if c.ordered_mg else 0.0
