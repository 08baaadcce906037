"""What the samples of the check tell: contact, mains, rest, the contraction, the accelerometer, losses."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import StreamKind
from crampwatch.doctor.finding import Finding
from crampwatch.preflight.course import Observation
from detector.alarm.preflight_message import Muscle
from detector.catalogue import Catalogue
from detector.channel import LOWEST_ELECTRODE_UV
from detector.frames import Quality
from detector.settings import DetectorSettings
from detector.thresholds import Limits, Thresholds

BAD_SHARE = 0.1
"""Of the rest's frames: two seconds of twenty. Less is a cable that was touched once."""
QUIET_RANK = 0.2
"""The 20th percentile is the muscle's floor even when it was tense for most of the time."""
WEAK_CRAMP_UV, COMMON_CRAMP_UV = 10.0, 45.0
"""RMS. A weak cramp under a good electrode, and one of ordinary strength: 0.3 of a full contraction's 150 uV, the
medians from which nights are simulated. A floor whose threshold is above them hides them."""
MUSCLE_SPREAD = 30.0
"""A contraction's raw signal spreads over 18 times its RMS at most (see `jump_ratio`); what spreads farther is slower
than muscle: an electrode that came off, whose voltage now creeps back."""
SEEN_S = 1.0
"""A contraction that was held for three seconds is above the threshold for at least one; a twitch is not."""
GRAVITY_MG = (850.0, 1150.0)
"""Cheap accelerometers are right to 10 %; what is farther off has another scale than its profile says, or is stuck."""
LOSS_SHARE = 0.01
"""Each loss costs half a second of watching (the filter settles anew): one sample in a hundred, lost in packets of ten
at 250 Hz, blinds for an eighth of the night."""

AREAS = ("contact", "mains", "rest", "contraction", "accelerometer", "radio")


class Channel(NamedTuple):
    """One channel's frames: of the rest, and of everything from the contraction's prompt on; arrays of shape (n,)."""

    name: str
    envelope_uv: NDArray[np.float64]
    line_uv: NDArray[np.float64]
    spread_uv: NDArray[np.float64]
    quality: NDArray[np.uint8]
    tense_uv: NDArray[np.float64]
    release_uv: NDArray[np.float64]

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which frames of the rest can be judged."""
        return np.asarray(self.quality == Quality.GOOD)

    @property
    def floor_uv(self) -> float:
        """The level below which the muscle was a fifth of the rest; NaN without a good frame."""
        level = self.envelope_uv[self.good]
        return float(np.quantile(level, QUIET_RANK)) if len(level) else np.nan


def judge(
    seen: Observation, settings: DetectorSettings, movement: str, catalogue: Catalogue
) -> tuple[list[Finding], tuple[Muscle, ...]]:
    """Everything that the samples tell, and each channel's levels; `movement` is what was asked for."""
    channels = [_channel(seen, k) for k in range(len(seen.channels))]
    thresholds = Thresholds(settings, calibrated=seen.calibrated)
    contacts = [contact(it, settings, catalogue, calibrated=seen.calibrated) for it in channels]
    worn = [it for it, found in zip(channels, contacts, strict=True) if found.state != "problem"]
    limits = [thresholds.limits(rest_uv(it, thresholds), rest_uv(it, thresholds)) for it in worn]
    both = list(zip(worn, limits, strict=True))
    findings = [
        _worst("contact", contacts, catalogue),
        _worst("mains", [mains(*it, settings, catalogue) for it in both], catalogue),
        _worst("rest", [rest(*it, catalogue, calibrated=seen.calibrated) for it in both], catalogue),
        contraction(both, seen.step_s, movement, catalogue),
        accelerometer(seen, catalogue),
        losses(seen, catalogue),
    ]
    levels = {it.name: Muscle(channel=it.name, **_levels(it, limit, seen.step_s)) for it, limit in both}
    return findings, tuple(levels.get(name, Muscle(channel=name)) for name in seen.channels)


def rest_uv(channel: Channel, thresholds: Thresholds) -> float:
    """The resting level: the median of the good frames that are quiet by the detector's own threshold."""
    level = channel.envelope_uv[channel.good]
    return float(np.median(level[level <= thresholds.on_uv(channel.floor_uv)]))


def contact(channel: Channel, settings: DetectorSettings, catalogue: Catalogue, *, calibrated: bool) -> Finding:
    """Whether the electrodes are on the skin and stay there."""
    say = catalogue.say
    blank = Finding("contact", "problem", "", say("preflight.contact.cure"), channel.name)
    if not len(channel.quality) or np.mean(channel.quality & Quality.MISSING > 0) > 1 - BAD_SHARE:
        return blank._replace(says=say("preflight.contact.missing"), cure=say("preflight.contact.missing_cure"))
    if np.mean(channel.quality & Quality.CLIPPED > 0) > BAD_SHARE:
        return blank._replace(says=say("preflight.contact.clipped"))
    nothing = (channel.spread_uv == 0) | (calibrated and channel.envelope_uv < LOWEST_ELECTRODE_UV)
    if np.mean(nothing[channel.good]) > BAD_SHARE:
        return blank._replace(says=say("preflight.contact.flat"))
    far = channel.spread_uv > settings.jump_ratio * channel.floor_uv
    jumps = far & (channel.spread_uv > MUSCLE_SPREAD * channel.envelope_uv)
    if np.mean(jumps[channel.good]) > BAD_SHARE:
        return blank._replace(says=say("preflight.contact.loose"))
    if np.any(jumps[channel.good]) or np.any(channel.quality & Quality.CLIPPED):
        return blank._replace(state="warning", says=say("preflight.contact.jumped"))
    return blank._replace(state="ok", says=say("preflight.contact.ok"), cure="")


def mains(channel: Channel, limits: Limits, settings: DetectorSettings, catalogue: Catalogue) -> Finding:
    """Whether the power line drowns the muscle, by the detector's own measure of what its removal leaves over."""
    level_uv = float(np.median(channel.line_uv[channel.good]))
    left_uv = settings.mains_leak * channel.line_uv
    drowned = (left_uv > limits.hum_uv) & (channel.line_uv > channel.envelope_uv)
    cure = catalogue.say("preflight.mains.cure")
    blank = Finding("mains", "problem", "", cure, about=channel.name)
    if np.mean(drowned[channel.good]) > BAD_SHARE:
        return blank._replace(says=catalogue.say("preflight.mains.drowned", level=f"{level_uv:.0f}"))
    if settings.mains_leak * level_uv > limits.rest_uv:
        says = catalogue.say("preflight.mains.strong", level=f"{level_uv:.0f}")
        return blank._replace(state="warning", says=says)
    says = catalogue.say("preflight.mains.ok", level=catalogue.figure(level_uv, 1))
    return blank._replace(state="ok", says=says, cure="")


def rest(channel: Channel, limits: Limits, catalogue: Catalogue, *, calibrated: bool) -> Finding:
    """Whether the muscle was at rest, and whether its floor is low enough for a cramp to stand out."""
    say, level = catalogue.say, catalogue.figure(limits.rest_uv, 1)
    blank = Finding("rest", "warning", "", about=channel.name)
    tense = float(np.mean(channel.envelope_uv[channel.good] > limits.on_uv))
    if tense > BAD_SHARE:
        says = say("preflight.rest.tense", percent=f"{100 * tense:.0f}")
        return blank._replace(says=says, cure=say("preflight.rest.tense_cure"))
    if calibrated and limits.on_uv > WEAK_CRAMP_UV:
        says = say("preflight.rest.high", level=level, threshold=f"{limits.on_uv:.0f}")
        hidden = limits.on_uv > COMMON_CRAMP_UV
        cure = say("preflight.rest.high_cure")
        return blank._replace(state="problem" if hidden else "warning", says=says, cure=cure)
    return blank._replace(state="ok", says=say("preflight.rest.ok", level=level))


def contraction(
    channels: Sequence[tuple[Channel, Limits]], step_s: float, movement: str, catalogue: Catalogue
) -> Finding:
    """Whether any channel sees the muscle work: above the threshold for a second, and over afterwards."""
    area, say = "contraction", catalogue.say
    if not channels:
        return Finding(area, "not asked", say("preflight.contact.first"))
    seen = [(it, limits) for it, limits in channels if _held_s(it, limits, step_s) >= SEEN_S]
    if not seen:
        cure = say("preflight.contraction.none_cure", movement=movement)
        return Finding(area, "problem", say("preflight.contraction.none"), cure)
    ratio = f"{max(_peak_uv(it) / limits.rest_uv for it, limits in seen):.0f}"
    if all(np.nanmedian(it.release_uv[-round(2 / step_s) :]) > limits.on_uv for it, limits in seen):
        says = say("preflight.contraction.endless", ratio=ratio)
        return Finding(area, "warning", says, say("preflight.contraction.endless_cure"))
    return Finding(area, "ok", say("preflight.contraction.ok", ratio=ratio))


def accelerometer(seen: Observation, catalogue: Catalogue) -> Finding:
    """Whether the leg's motion is known."""
    area, say = "accelerometer", catalogue.say
    if "acc" not in seen.streams:
        return Finding(area, "not asked", say("preflight.accelerometer.none"))
    known = ~np.isnan(seen.motion_mg)
    cure = say("preflight.accelerometer.cure")
    if np.mean(known) < 1 - BAD_SHARE:
        says = say("preflight.accelerometer.gaps" if known.any() else "preflight.accelerometer.silent")
        return Finding(area, "warning", says, cure)
    if not np.any(seen.motion_mg[known]):
        return Finding(area, "warning", say("preflight.accelerometer.stuck"), cure)
    gravity_mg = float(np.median(np.linalg.norm(seen.gravity_mg[known], axis=1)))
    gravity = catalogue.figure(gravity_mg / 1e3, 2)
    if not GRAVITY_MG[0] <= gravity_mg <= GRAVITY_MG[1]:
        says = say("preflight.accelerometer.scale", gravity=gravity)
        return Finding(area, "warning", says, say("preflight.accelerometer.scale_cure"))
    return Finding(area, "ok", say("preflight.accelerometer.ok", gravity=gravity))


def losses(seen: Observation, catalogue: Catalogue) -> Finding:
    """How much of what the wearable sent did not arrive."""
    share: dict[StreamKind, float] = {
        stream: seen.lost[stream] / (seen.lost[stream] + count) for stream, count in seen.received.items() if count
    }
    worst = max(share.values(), default=0.0)
    says = catalogue.say("preflight.radio.lost", percent=catalogue.figure(100 * worst, 1))
    if worst > LOSS_SHARE:
        return Finding("radio", "warning", says, catalogue.say("preflight.radio.cure"))
    return Finding("radio", "ok", says)


def _channel(seen: Observation, k: int) -> Channel:
    at_rest, tense, release = (seen.during(phase) for phase in ("rest", "tense", "release"))
    frames = seen.frames
    judged = np.where(frames.quality[:, k] == Quality.GOOD, frames.envelope_uv[:, k], np.nan)
    return Channel(
        name=seen.channels[k],
        envelope_uv=frames.envelope_uv[at_rest, k],
        line_uv=frames.line_uv[at_rest, k],
        spread_uv=frames.spread_uv[at_rest, k],
        quality=frames.quality[at_rest, k],
        tense_uv=judged[tense],
        release_uv=judged[release],
    )


def _levels(channel: Channel, limits: Limits, step_s: float) -> dict[str, float | None]:
    seen = _held_s(channel, limits, step_s) >= SEEN_S
    return {
        "rest_uv": round(limits.rest_uv, 3),
        "contraction_uv": round(_peak_uv(channel), 3) if seen else None,
    }


def _peak_uv(channel: Channel) -> float:
    return float(np.nanmax(np.concatenate([channel.tense_uv, channel.release_uv])))


def _held_s(channel: Channel, limits: Limits, step_s: float) -> float:
    """The longest stretch above the threshold from the prompt on."""
    longest = run = 0
    for above in (np.concatenate([channel.tense_uv, channel.release_uv]) > limits.on_uv).tolist():
        run = run + 1 if above else 0
        longest = max(longest, run)
    return longest * step_s


def _worst(area: str, findings: Sequence[Finding], catalogue: Catalogue) -> Finding:
    """One line for all channels: the worst; a problem is none while another channel can do without that one."""
    if not findings:
        return Finding(area, "not asked", catalogue.say("preflight.contact.first"))
    order = ("ok", "warning", "problem")
    worst = max(findings, key=lambda it: order.index(it.state))
    if len(findings) == 1 or worst.state == "ok":
        return worst._replace(about="")
    if worst.state == "problem" and any(it.state != "problem" for it in findings):
        worst = worst._replace(state="warning")
    return worst
