"""What the look before bed found, in the words of the report."""

from detector.alarm.preflight_message import Muscle, Preflight
from detector.report import texts
from detector.report.local_clock import LocalClock


def sentences(found: Preflight, clock: LocalClock) -> list[str]:
    """When somebody looked, what was not as it should be, what was not asked, and each muscle's levels."""
    form = texts.PREFLIGHT_AMISS if found.amiss else texts.PREFLIGHT_OK
    amiss = [texts.PREFLIGHT_CHECK.format(area=check.area, says=check.says) for check in found.amiss]
    said = [form.format(time=clock.hhmm(found.t_ns), amiss="; ".join(amiss))]
    if unasked := [check.area for check in found.checks if check.state == "not asked"]:
        said.append(texts.PREFLIGHT_NOT_ASKED.format(areas=texts.listed(unasked)))
    return said + [_levels(muscle.rest_uv, muscle) for muscle in found.muscles if muscle.rest_uv]


def _levels(rest_uv: float, muscle: Muscle) -> str:
    if muscle.contraction_uv is None:
        return texts.PREFLIGHT_REST.format(channel=muscle.channel, rest=rest_uv)
    ratio = muscle.contraction_uv / rest_uv
    return texts.PREFLIGHT_LEVELS.format(channel=muscle.channel, rest=rest_uv, ratio=ratio)
