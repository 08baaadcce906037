"""One EMG channel under watch: quality, resting level, and the contraction that may be going on."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.contraction import ENDLESS, Contraction, ContractionRule, Levels
from detector.dsp.state import Remembers
from detector.events import Event, Stage, event_id
from detector.frames import Quality
from detector.history import History
from detector.rest import RestLevel
from detector.settings import DetectorSettings
from detector.version import VERSION

PERSIST_OF = 6
PERSIST = 5
"""Five of six frames above the on-threshold make a suspicion: a twitch of 0.15 s is in the window for four."""
PERSIST_MASK = 2**PERSIST_OF - 1
QUIET_FRAMES = 3
"""A quiet moment: as many frames in a row as share no sample between the first and the last."""
BACKGROUND_S = 30.0
BACKGROUND_RANK = 0.2
"""The 20th percentile of the last half minute tells a floor that has just moved from a muscle that has."""
LOWEST_ELECTRODE_UV = 0.5
"""No worn electrode is quieter (0.5 uV RMS is a good wet one in a shielded room): below, the sensor is off."""


class ChannelFrames(NamedTuple):
    """Frames of one channel as lists, one entry a frame."""

    t_ns: list[int]
    sample: list[int]
    envelope_uv: list[float]
    line_uv: list[float]
    quality: list[int]  # bits that follow from the raw samples alone
    spread_uv: list[float]  # largest minus smallest raw sample
    motion_mg: list[float]
    upright: list[bool]


class Judged(NamedTuple):
    """What the channel made of its frames."""

    rest_uv: NDArray[np.float64]
    threshold_uv: NDArray[np.float64]
    quality: NDArray[np.uint8]
    events: list[tuple[int, Event]]  # with the number of the frame that decided


class Identity(NamedTuple):
    """Whose channel it is, for the events."""

    place: Place
    session: str
    channel: str
    parameters_hash: str


class ChannelWatch(Remembers):
    """Takes frames in order and says what happened; knows nothing of samples, clocks or other channels.

    `calibrated` channels are in microvolts; for others the thresholds are ratios alone.
    """

    memory = ("mask", "quiet", "in_second", "hold_until", "last_end", "lost_at", "lost_rise_s", "low_run")

    def __init__(
        self, identity: Identity, settings: DetectorSettings, step_s: float, floor_uv: float, *, calibrated: bool
    ) -> None:
        self._identity = identity
        self._settings = settings
        self._step_s = step_s
        self._calibrated = calibrated
        self._per_second = max(1, round(1 / step_s))
        self.rule = ContractionRule(settings, step_s)
        self._trail_ns = round((settings.window_s - step_s) * NS)
        self._lookback = round((2 * BACKGROUND_S + settings.asleep_still_s) / step_s)
        self.rest = RestLevel(settings, self._per_second, floor_uv)
        self.history = History(self._lookback)
        self.contraction: Contraction | None = None
        self.mask = 0  # the last six frames, a bit each: above the on-threshold
        self.quiet: list[float] = []  # this second's quiet envelopes
        self.in_second = 0
        self.hold_until = 0  # the resting level learns again from this frame on
        self.last_end = -1  # the last frame of the contraction before
        self.lost_at = -1  # the frame at which a contraction was given up unseen,
        self.lost_rise_s = ENDLESS  # and how suddenly it had begun
        self.low_run = 0  # frames far below the resting level

    def push(self, frames: ChannelFrames) -> Judged:
        """Judge frames, second by second: within a second the resting level stands still."""
        start = self.history.end
        good = [quality == 0 for quality in frames.quality]
        self.history.extend(
            frames.t_ns,
            frames.sample,
            frames.envelope_uv,
            frames.line_uv,
            good,
            frames.spread_uv,
            frames.motion_mg,
            frames.upright,
        )
        count = len(good)
        quality = list(frames.quality)
        rest, threshold = np.empty(count), np.empty(count)
        events: list[tuple[int, Event]] = []
        done = 0
        while done < count:
            stop = min(count, done + self._per_second - self.in_second)
            rest[done:stop], threshold[done:stop] = self._level_and_threshold()
            self._judge(frames, quality, done, stop, start, events)
            self._advance_second(stop - done)
            done = stop
        return Judged(rest, threshold, np.array(quality, np.uint8), events)

    def finish(self) -> list[Event]:
        """Close a contraction that is still going on, at its last active frame."""
        c = self.contraction
        if c is None:
            return []
        last = self.history.end - 1
        if c.confirmed:
            return [self._ended(c, last, c.reason + "; the recording ended")]
        return [self._rejected(c, last, "the recording ended: " + (self.rule.objection(c) or "it was about to decide"))]

    def _level_and_threshold(self) -> tuple[float, float]:
        level = self.rest.level
        return (math.nan, math.nan) if level is None else (level, self._on(level))

    def _on(self, level: float) -> float:
        s = self._settings
        return max(s.on_ratio * level, level + s.on_margin_uv) if self._calibrated else s.on_ratio * level

    def off_uv(self, level: float) -> float:
        """The release threshold over this resting level."""
        s = self._settings
        return max(s.off_ratio * level, level + s.off_margin_uv) if self._calibrated else s.off_ratio * level

    def _mains_limit(self, level: float) -> float:
        """How much of the mains may be left before it is said to drown the muscle.

        By the lowest resting level heard: what is left of a hum that fades in becomes part of the present one.
        """
        s = self._settings
        on = self._on(min(level, self.rest.lowest or level))
        return max(s.mains_limit_uv, on) if self._calibrated else s.mains_limit_ratio * on

    def _flat_below(self, level: float) -> float:
        """Quieter than this is no muscle at rest but a sensor that has come off."""
        return self._settings.flat_ratio * min(level, self.rest.lowest or level)

    def _advance_second(self, frames: int) -> None:
        self.in_second += frames
        if self.in_second == self._per_second:
            self.rest.push_second(self.quiet)
            self.quiet = []
            self.in_second = 0

    def _judge(
        self,
        frames: ChannelFrames,
        quality: list[int],
        first: int,
        stop: int,
        start: int,
        events: list[tuple[int, Event]],
    ) -> None:
        """Judge frames `first` to `stop` of this push, all within one second."""
        level = self.rest.level
        if level is None:
            self._learn(frames, quality, first, stop, start)
        elif self._nothing_happens(frames, quality, first, stop, start, level):
            self.mask = self.mask << (stop - first) & PERSIST_MASK
            self.low_run = 0
            self.quiet += frames.envelope_uv[first:stop]
        else:
            for k in range(first, stop):
                quality[k] |= self._quality(frames, k, level) if not quality[k] else 0
                self.history.good[start + k - self.history.first] = not quality[k]
                events += ((start + k, event) for event in self._step(start + k, level))
                if self.rest.level is None:
                    self._learn(frames, quality, k + 1, stop, start)
                    break

    def _learn(self, frames: ChannelFrames, quality: list[int], first: int, stop: int, start: int) -> None:
        """No level yet: every good frame counts, and none can be judged."""
        for k in range(first, stop):
            if frames.spread_uv[k] == 0 and not quality[k]:
                quality[k] = int(Quality.FLAT)
            elif not quality[k]:
                self.quiet.append(frames.envelope_uv[k])
            quality[k] |= Quality.LEARNING
            self.history.good[start + k - self.history.first] = False

    def _nothing_happens(
        self, frames: ChannelFrames, quality: list[int], first: int, stop: int, start: int, level: float
    ) -> bool:
        """Whether these frames are plainly quiet: the case for nearly all of a night, so it is told apart at once."""
        s = self._settings
        envelope = frames.envelope_uv[first:stop]
        on = self._on(level)
        return (
            self.contraction is None
            and start + first >= self.hold_until
            and not any(quality[first:stop])
            and max(envelope) <= on
            and min(envelope) >= self._flat_below(level)
            and max(frames.line_uv[first:stop]) * s.mains_leak <= self._mains_limit(level)
        )

    def _quality(self, frames: ChannelFrames, k: int, level: float) -> int:
        """The quality bits that need the resting level."""
        s = self._settings
        line = frames.line_uv[k]
        # A strong contraction has power at the mains' frequencies, too; hum has it nowhere else.
        if line * s.mains_leak > self._mains_limit(level) and line > frames.envelope_uv[k]:
            return int(Quality.MAINS)
        if frames.envelope_uv[k] >= self._flat_below(level):
            self.low_run = 0
            return 0
        self.low_run += 1
        worn = not self._calibrated or frames.envelope_uv[k] >= LOWEST_ELECTRODE_UV
        if worn and self.low_run * self._step_s >= s.relearn_s:
            self.rest.forget()
            self.low_run = 0
        return int(Quality.FLAT) if self.low_run * self._step_s >= s.flat_s else 0

    def _step(self, number: int, level: float) -> list[Event]:
        """Take one frame into the rule."""
        frame = self.history.frame(number)
        levels = self._levels(level, frame.line_uv)
        above = frame.good and frame.envelope_uv > levels.on_uv
        self.mask = (self.mask << 1 | above) & PERSIST_MASK
        steady = self.mask.bit_count() >= PERSIST
        if self.contraction is not None:
            self.rule.take(self.contraction, frame, levels)
            return self._after_frame(self.contraction, number)
        if steady:
            return [self._suspect(number, levels)]
        if frame.good and not above and number >= self.hold_until:
            self.quiet.append(frame.envelope_uv)
        return []

    def _levels(self, level: float, line_uv: float) -> Levels:
        """The thresholds over this resting level, raised by what may be left of the mains."""
        s = self._settings
        hum = line_uv * s.mains_leak
        return Levels(
            rest_uv=level,
            quiet_uv=max(s.quiet_ratio * level, hum),
            off_uv=max(self.off_uv(level), hum),
            on_uv=max(self._on(level), hum * s.on_ratio / s.off_ratio),
        )

    def _suspect(self, number: int, levels: Levels) -> Event:
        """A contraction has begun: find its onset and take in the frames since."""
        first_above = number - self.mask.bit_length() + 1
        onset = self._onset(first_above, levels.quiet_uv)
        frame = self.history.frame(onset)
        step = round(self._step_s * NS)
        self.contraction = c = Contraction(
            onset_ns=frame.t_ns - step,
            onset_index=frame.sample,
            suspected_ns=self.history.frame(number).t_ns,
            rest_uv=levels.rest_uv,
            highest_rest_uv=self.rest.highest(),
            threshold_uv=levels.on_uv,
            rise_s=self._rise_s(first_above, levels.rest_uv),
            still_before_s=self._still_before_s(onset),
            jump_uv=self._jump_uv(onset),
        )
        for k in range(onset, number + 1):
            self.rule.take(c, self.history.frame(k), levels)
        self.quiet = []
        return self._event(c, "suspected", "a sudden rise above the threshold")

    def _onset(self, first_above: int, quiet_uv: float) -> int:
        """Back from the first frame above the on-threshold to the first that is not quiet."""
        earliest = max(
            self.history.first, self.last_end + 1, first_above - round(self._settings.rise_limit_s / self._step_s)
        )
        onset = first_above
        while onset > earliest:
            before = self.history.frame(onset - 1)
            if not before.good or before.envelope_uv <= quiet_uv:
                break
            onset -= 1
        return onset

    def _rise_s(self, first_above: int, level: float) -> float:
        """From the last quiet moment to the threshold, as far as it was seen: a gap is no slow rise.

        One quiet frame alone may be noise on a risen floor.
        """
        quiet_uv = self._settings.quiet_ratio * max(level, self._background(first_above))
        earliest = max(self.history.first, first_above - round(2 * BACKGROUND_S / self._step_s))
        run = seen = 0
        for k in range(first_above - 1, earliest - 1, -1):
            if k == self.lost_at:  # the same contraction, seen again
                return self.lost_rise_s
            frame = self.history.frame(k)
            run = run + 1 if frame.good and frame.envelope_uv <= quiet_uv else 0
            seen += frame.good
            if run == QUIET_FRAMES:
                return (seen - QUIET_FRAMES + 1) * self._step_s
        return ENDLESS

    def _background(self, number: int) -> float:
        h = self.history
        stop = number - h.first
        begin = max(0, stop - round(BACKGROUND_S / self._step_s))
        good = sorted(e for e, ok in zip(h.envelope_uv[begin:stop], h.good[begin:stop], strict=True) if ok)
        return good[int(BACKGROUND_RANK * len(good))] if good else 0.0

    def _jump_uv(self, onset: int) -> float:
        """The largest spread of the raw signal in the second before onset."""
        h = self.history
        stop = onset - h.first
        before = h.spread_uv[max(0, stop - self._per_second) : stop]
        return max((spread for spread in before if not math.isnan(spread)), default=0.0)

    def _still_before_s(self, onset: int) -> float | None:
        """How long the leg had not moved before onset, as far as is remembered; None when motion is unknown."""
        h, s = self.history, self._settings
        stop = onset - h.first
        # One frame more than asked for, or rounding would make the longest stillness just too short.
        before = h.motion_mg[max(0, stop - math.ceil(s.asleep_still_s / self._step_s) - 1) : stop]
        if sum(map(math.isnan, before)) * 2 > len(before) or not before:
            return None
        still = next((k for k, motion in enumerate(reversed(before)) if motion > s.moving_mg), len(before))
        return round(still * self._step_s, 3)

    def _after_frame(self, c: Contraction, number: int) -> list[Event]:
        """What the latest frame decides."""
        if c.confirmed:
            return self._follow(c, number)
        rule, s = self.rule, self._settings
        if c.invalid_run > rule.invalid_limit:
            self.lost_at, self.lost_rise_s = number, c.rise_s
            return [self._rejected(c, number, "the signal was lost while it lasted")]
        if c.dip > rule.dip_limit:
            return [self._rejected(c, number, rule.objection(c) or "it paused just before it would have been believed")]
        if rule.objection(c) is None:
            c.confirmed_ns = self.history.frame(number).t_ns
            c.reason = rule.agreement(c)
            return [self._event(c, "confirmed", c.reason)]
        limit = s.relearn_unsudden_s if rule.is_a_new_floor(c) else s.relearn_s
        if c.frames * self._step_s >= limit:
            reason = f"{rule.objection(c)}; after {limit:.0f} s its level is taken for the new resting level"
            self.rest.relearn()
            return [self._rejected(c, number, reason)]
        return []

    def _follow(self, c: Contraction, number: int) -> list[Event]:
        """A confirmed contraction lasts until the muscle has been quiet, or unseen, for the stated gap."""
        if c.idle >= self.rule.gap_limit:
            return [self._ended(c, number, c.reason)]
        if c.invalid_run >= self.rule.gap_limit:
            return [self._ended(c, number, c.reason + "; the signal was lost before it ended")]
        if c.frames * self._step_s >= self._settings.relearn_s:
            self.rest.relearn()
            return [self._ended(c, number, c.reason + "; its level is now taken for the new resting level")]
        return []

    def _ended(self, c: Contraction, number: int, reason: str) -> Event:
        return self._close(c, number, "ended", reason)

    def _rejected(self, c: Contraction, number: int, reason: str) -> Event:
        return self._close(c, number, "rejected", reason)

    def _close(self, c: Contraction, number: int, stage: Stage, reason: str) -> Event:
        self.contraction = None
        self.mask = 0
        self.quiet = []
        self.last_end = number
        self.hold_until = number + 1 + round(self._settings.rest_hold_s / self._step_s)
        # The window still reaches back into the contraction when the envelope has already begun to fall.
        end_ns = max(c.last_active_ns - self._trail_ns, c.onset_ns + round(self._step_s * NS))
        return self._event(c, stage, reason, end_ns)

    def _event(self, c: Contraction, stage: Stage, reason: str, end_ns: int | None = None) -> Event:
        who = self._identity
        return Event(
            id=event_id(who.place, who.session, who.channel, c.onset_index),
            wearer=who.place.wearer,
            site=who.place.site,
            session=who.session,
            stage=stage,
            channel=who.channel,
            onset_index=c.onset_index,
            onset_ns=c.onset_ns,
            suspected_ns=c.suspected_ns,
            alerted_ns=c.confirmed_ns,
            end_ns=end_ns,
            rest_uv=round(c.rest_uv, 3),
            threshold_uv=round(c.threshold_uv, 3),
            peak_uv=round(c.peak_uv, 3),
            mean_uv=round(math.sqrt(c.energy / max(1, c.active)), 3),
            figures=self.rule.figures(c),
            reason=reason,
            detector_version=VERSION,
            parameters_hash=who.parameters_hash,
        )
