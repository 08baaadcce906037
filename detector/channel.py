"""One EMG channel under watch: quality, resting level, and the contraction that may be going on."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.contraction import ENDLESS, Contraction, ContractionRule
from detector.dsp.state import Remembers
from detector.events import Event, Stage, event_id
from detector.frames import Quality
from detector.history import ChannelFrames, Frame, History
from detector.rest import RestLevel
from detector.settings import DetectorSettings
from detector.thresholds import Levels, Limits, Thresholds
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
        self.thresholds = Thresholds(settings, calibrated=calibrated)
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
        """Judge one frame or more, second by second: within a second the resting level stands still.

        Nearly all of a night is plainly quiet, so that is told for a second as a whole.
        """
        start = self.history.end
        frames = self.history.extend(frames)
        begins = [0, *range(self._per_second - self.in_second, len(frames), self._per_second)]
        ends = [*begins[1:], len(frames)]
        envelope_uv = frames["envelope_uv"].tolist()
        limits: list[Limits] = []
        events: list[tuple[int, Event]] = []
        for begin, end, *extremes in zip(begins, ends, *self._extremes(frames, begins), strict=True):
            now = self.thresholds.limits(self.rest.level, self.rest.lowest)
            limits.append(now)
            if self.contraction is None and now.hold(*extremes):
                self.mask = self.mask << (end - begin) & PERSIST_MASK
                self.low_run = 0
                self.quiet += envelope_uv[max(begin, self.hold_until - start) : end]
            elif self.rest.level is None:
                self._learn(frames[begin:end])
            else:
                events += self._judge(start + begin, start + end, now)
            self.in_second += end - begin
            if self.in_second == self._per_second:
                self._end_second()
        counts = np.subtract(ends, begins)
        rest_uv, on_uv = np.repeat(np.array(limits)[:, :2], counts, axis=0).T
        return Judged(rest_uv, on_uv, frames["quality"].copy(), events)

    def finish(self) -> list[Event]:
        """Close a contraction that is still going on, at its last active frame."""
        c = self.contraction
        if c is None:
            return []
        last = self.history.end - 1
        if c.confirmed:
            return [self._ended(c, last, c.reason + "; the recording ended")]
        return [self._rejected(c, last, "the recording ended: " + (self.rule.objection(c) or "it was about to decide"))]

    def off_uv(self, level: float) -> float:
        """The release threshold over this resting level."""
        return self.thresholds.off_uv(level)

    def _end_second(self) -> None:
        self.rest.push_second(self.quiet)
        self.quiet = []
        self.in_second = 0

    def _extremes(self, frames: ChannelFrames, begins: list[int]) -> list[list[float]]:
        """Lowest and highest envelope, and highest hum, of the frames from each beginning to the next."""
        # What cannot be judged is not quiet.
        highest_uv = np.where(frames["quality"], np.inf, frames["envelope_uv"])
        hum_uv = frames["line_uv"] * self._settings.mains_leak
        return [
            np.minimum.reduceat(frames["envelope_uv"], begins).tolist(),
            np.maximum.reduceat(highest_uv, begins).tolist(),
            np.maximum.reduceat(hum_uv, begins).tolist(),
        ]

    def _judge(self, first: int, end: int, limits: Limits) -> Iterator[tuple[int, Event]]:
        """Judge frames of one second one by one."""
        levels = self.thresholds.levels(limits.rest_uv)
        for number in range(first, end):
            frame = self.history.frame(number)
            hum_uv = frame.line_uv * self._settings.mains_leak
            if not frame.quality and (quality := self._quality(frame, hum_uv, limits)):
                frame = self.history.mark(number, quality)
            if (event := self._step(number, frame, self.thresholds.raised(levels, hum_uv))) is not None:
                yield number, event
            if self.rest.level is None:
                self._learn(self.history.between(number + 1, end))
                return

    def _learn(self, frames: ChannelFrames) -> None:
        """No level yet: every good frame counts, and none can be judged."""
        quality, good = frames["quality"], frames["quality"] == 0
        flat = frames["spread_uv"] == 0
        self.quiet += frames["envelope_uv"][good & ~flat].tolist()
        quality[good & flat] = Quality.FLAT
        quality |= np.uint8(Quality.LEARNING)

    def _quality(self, frame: Frame, hum_uv: float, limits: Limits) -> Quality:
        """The quality bits that need the resting level."""
        s = self._settings
        # A strong contraction has power at the mains' frequencies, too; hum has it nowhere else.
        if hum_uv > limits.hum_uv and frame.line_uv > frame.envelope_uv:
            return Quality.MAINS
        if frame.envelope_uv >= limits.flat_uv:
            self.low_run = 0
            return Quality.GOOD
        self.low_run += 1
        worn = not self._calibrated or frame.envelope_uv >= LOWEST_ELECTRODE_UV
        if worn and self.low_run * self._step_s >= s.relearn_s:
            self.rest.forget()
            self.low_run = 0
        return Quality.FLAT if self.low_run * self._step_s >= s.flat_s else Quality.GOOD

    def _step(self, number: int, frame: Frame, levels: Levels) -> Event | None:
        """Take one frame into the rule."""
        above = not frame.quality and frame.envelope_uv > levels.on_uv
        self.mask = (self.mask << 1 | above) & PERSIST_MASK
        if self.contraction is not None:
            self.rule.take(self.contraction, frame, levels)
            return self._after_frame(self.contraction, number)
        if self.mask.bit_count() >= PERSIST:
            return self._suspect(number, levels)
        if not (frame.quality or above) and number >= self.hold_until:
            self.quiet.append(frame.envelope_uv)
        return None

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
            if before.quality or before.envelope_uv <= quiet_uv:
                break
            onset -= 1
        return onset

    def _rise_s(self, first_above: int, level: float) -> float:
        """From the last quiet moment to the threshold, as far as it was seen: a gap is no slow rise.

        One quiet frame alone may be noise on a risen floor.
        """
        quiet_uv = self._settings.quiet_ratio * max(level, self._background(first_above))
        frames = self.history.before(first_above, round(2 * BACKGROUND_S / self._step_s))
        good = frames["quality"] == 0
        quiet = good & (frames["envelope_uv"] <= quiet_uv)
        run = 0
        for back, is_quiet in enumerate(quiet[::-1].tolist(), start=1):
            if first_above - back == self.lost_at:  # the same contraction, seen again
                return self.lost_rise_s
            run = run + 1 if is_quiet else 0
            if run == QUIET_FRAMES:
                return (int(good[-back:].sum()) - QUIET_FRAMES + 1) * self._step_s
        return ENDLESS

    def _background(self, number: int) -> float:
        frames = self.history.before(number, round(BACKGROUND_S / self._step_s))
        good = np.sort(frames["envelope_uv"][frames["quality"] == 0])
        return float(good[int(BACKGROUND_RANK * len(good))]) if len(good) else 0.0

    def _jump_uv(self, onset: int) -> float:
        """The largest spread of the raw signal in the second before onset."""
        spread_uv = self.history.before(onset, self._per_second)["spread_uv"]
        return float(np.fmax.reduce(spread_uv, initial=0.0))

    def _still_before_s(self, onset: int) -> float | None:
        """How long the leg had not moved before onset, as far as is remembered; None when motion is unknown."""
        s = self._settings
        # One frame more than asked for, or rounding would make the longest stillness just too short.
        motion_mg = self.history.before(onset, math.ceil(s.asleep_still_s / self._step_s) + 1)["motion_mg"]
        if np.isnan(motion_mg).sum() * 2 > len(motion_mg) or not len(motion_mg):
            return None
        moving = (motion_mg[::-1] > s.moving_mg).tolist()
        still = moving.index(True) if True in moving else len(moving)
        return round(still * self._step_s, 3)

    def _after_frame(self, c: Contraction, number: int) -> Event | None:
        """What the latest frame decides."""
        if c.confirmed:
            return self._follow(c, number)
        rule, s = self.rule, self._settings
        if c.invalid_run > rule.invalid_limit:
            self.lost_at, self.lost_rise_s = number, c.rise_s
            return self._rejected(c, number, "the signal was lost while it lasted")
        if c.dip > rule.dip_limit:
            return self._rejected(c, number, rule.objection(c) or "it paused just before it would have been believed")
        if rule.may_be_believed(c) and rule.objection(c) is None:
            c.confirmed_ns = self.history.frame(number).t_ns
            c.reason = rule.agreement(c)
            return self._event(c, "confirmed", c.reason)
        limit = s.relearn_unsudden_s if rule.is_a_new_floor(c) else s.relearn_s
        if c.frames * self._step_s >= limit:
            reason = f"{rule.objection(c)}; after {limit:.0f} s its level is taken for the new resting level"
            self.rest.relearn()
            return self._rejected(c, number, reason)
        return None

    def _follow(self, c: Contraction, number: int) -> Event | None:
        """A confirmed contraction lasts until the muscle has been quiet, or unseen, for the stated gap."""
        if c.idle >= self.rule.gap_limit:
            return self._ended(c, number, c.reason)
        if c.invalid_run >= self.rule.gap_limit:
            return self._ended(c, number, c.reason + "; the signal was lost before it ended")
        if c.frames * self._step_s >= self._settings.relearn_s:
            self.rest.relearn()
            return self._ended(c, number, c.reason + "; its level is now taken for the new resting level")
        return None

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
