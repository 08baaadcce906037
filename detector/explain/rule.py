"""The rule with its conditions spelt out: what each measured, what it needs, and whether it held at the decision."""

from typing import NamedTuple

from detector.contraction import ENDLESS, Contraction, ContractionRule
from detector.events import Figures
from detector.explain import texts
from detector.settings import DetectorSettings


class Condition(NamedTuple):
    """One condition in words; `holds` is None where there was nothing to measure it on."""

    name: str
    measured: str
    needed: str
    holds: bool | None


class Decision(NamedTuple):
    """A contraction as it stood at its alert, or when it was turned down."""

    confirmed: bool
    after_s: float  # from onset to the end of the frame that decided
    conditions: tuple[Condition, ...]
    motion_threshold_mg: float | None  # what counted as motion; None where motion was unknown


class ExplainedRule(ContractionRule):
    """The rule itself; whenever it is asked for the figures of an event it also writes down how it decided.

    `decisions` are by the sample at which a contraction began. What follows an alert does not change them any more.
    """

    def __init__(self, settings: DetectorSettings, step_s: float) -> None:
        super().__init__(settings, step_s)
        self.decisions: dict[int, Decision] = {}

    def figures(self, c: Contraction) -> Figures:
        """The measurements, for the record."""
        known = self.decisions.get(c.onset_index)
        if known is None or not known.confirmed:
            threshold_mg = self.motion_threshold_mg(c) if c.ordered_mg else None
            self.decisions[c.onset_index] = Decision(
                c.confirmed, c.frames * self._step_s, tuple(self.conditions(c)), threshold_mg
            )
        return super().figures(c)

    def conditions(self, c: Contraction) -> list[Condition]:
        """All that is asked of a contraction; together those of `objection` and those that end it."""
        conditions = [self._duration(c), self._suddenness(c), self._level(c), self._jump(c), self._tonicity(c)]
        if not c.motion_known:
            conditions.append(self._steadiness(c))
        if self._settings.shank_axis is not None:
            conditions.append(self._posture(c))
        return [*conditions, self._motion(c), self._pause(c), self._signal(c)]

    def _duration(self, c: Contraction) -> Condition:
        lasted, needed = self.lasted_s(c), self.needed_s(c)
        if self.began_with_a_jerk(c):
            why = texts.BEGAN_WITH_A_JERK
        elif c.still_before_s is None:
            why = texts.MOTION_BEFORE_UNKNOWN
        else:
            why = texts.STILL_BEFORE if c.still_before_s >= self._settings.asleep_still_s else texts.MOVED_BEFORE
        return Condition(
            texts.DURATION,
            texts.SECONDS.format(s=lasted),
            texts.NEEDED_S.format(s=needed, why=why),
            lasted >= needed - self._step_s / 2,
        )

    def _suddenness(self, c: Contraction) -> Condition:
        limit_s = self._settings.rise_limit_s
        measured = texts.NEVER_QUIET if c.rise_s >= ENDLESS else texts.SECONDS.format(s=c.rise_s)
        return Condition(texts.RISE, measured, texts.AT_MOST_S.format(s=limit_s), c.rise_s <= limit_s)

    def _level(self, c: Contraction) -> Condition:
        median_uv = c.ordered_uv[len(c.ordered_uv) // 2]
        least_uv = self._settings.quiet_ratio * c.highest_rest_uv
        return Condition(
            texts.ABOVE_EARLIER_REST,
            texts.TIMES_REST.format(ratio=median_uv / c.rest_uv),
            texts.MORE_THAN_TIMES.format(ratio=least_uv / c.rest_uv) if least_uv else texts.NO_EARLIER_REST,
            not self.back_at_rest(c),
        )

    def _jump(self, c: Contraction) -> Condition:
        median_uv = c.ordered_uv[len(c.ordered_uv) // 2]
        return Condition(
            texts.JUMP,
            texts.TIMES_ITS_RMS.format(ratio=c.jump_uv / median_uv),
            texts.AT_MOST_TIMES.format(ratio=self._settings.jump_ratio),
            not self.began_with_a_jump(c),
        )

    def _tonicity(self, c: Contraction) -> Condition:
        tonicity, least = self.tonicity(c), self._settings.tonicity_min
        return Condition(
            texts.TONICITY,
            texts.NOT_KNOWN if tonicity is None else texts.RATIO.format(ratio=tonicity),
            texts.AT_LEAST_RATIO.format(ratio=least),
            None if tonicity is None else tonicity >= least,
        )

    def _steadiness(self, c: Contraction) -> Condition:
        steadiness, least = self.steadiness(c), self._settings.steadiness_min
        measured, needed = texts.RATIO.format(ratio=steadiness), texts.AT_LEAST_RATIO.format(ratio=least)
        return Condition(texts.STEADINESS, measured, needed, steadiness >= least)

    def _posture(self, c: Contraction) -> Condition:
        upright = super().figures(c).upright
        measured = texts.SECONDS.format(s=c.upright_run * self._step_s)
        return Condition(texts.LYING, measured, texts.LESS_THAN_S.format(s=self._settings.upright_s), not upright)

    def _motion(self, c: Contraction) -> Condition:
        most = texts.MOVING_AT_MOST.format(share=100 * self._settings.moving_fraction_max)
        if not c.motion_known:
            return Condition(texts.LEG, texts.NOT_KNOWN, most, None)
        led = self.led(c)
        share, threshold_mg = 100 * self.moving_fraction(c), self.motion_threshold_mg(c)
        order = texts.LED if led else texts.DID_NOT_LEAD
        measured = texts.MOVING.format(share=share, threshold=threshold_mg, order=order if self.moved(c) else "")
        return Condition(texts.LEG, measured, most, led or not self.moved(c))

    def _pause(self, c: Contraction) -> Condition:
        longest = max(c.dip, c.longest_dip)
        return Condition(
            texts.PAUSE,
            texts.SECONDS.format(s=longest * self._step_s),
            texts.AT_MOST_S.format(s=self._settings.dip_limit_s),
            longest <= self.dip_limit,
        )

    def _signal(self, c: Contraction) -> Condition:
        return Condition(
            texts.SIGNAL_LOST,
            texts.SECONDS.format(s=c.invalid_run * self._step_s),
            texts.AT_MOST_S.format(s=self._settings.invalid_limit_s),
            c.invalid_run <= self.invalid_limit,
        )
