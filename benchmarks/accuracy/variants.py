"""The rule with one of its parts taken out, to see what that part is worth. Nothing of the detector is changed for it:
a parameter is set to where its condition always holds."""

from typing import NamedTuple

from msgspec.structs import replace

from collector.contract.messages import StreamKind
from detector.contraction import ENDLESS
from detector.settings import DetectorSettings

WAITS_S = (8.0, 10.0, 15.0, 20.0)
"""The early and the quiet profile of the design study, and what lies around them."""


class Variant(NamedTuple):
    """A rule to score nights by: parameters, and the streams it does not get to see."""

    name: str
    settings: DetectorSettings
    without: frozenset[StreamKind] = frozenset()


def complete() -> Variant:
    """The rule as it is shipped."""
    return Variant("complete", DetectorSettings())


def ablations() -> tuple[Variant, ...]:
    """The rule without each of its parts."""
    whole = DetectorSettings()
    no_gate = replace(whole, clipped_share=1.0, flat_ratio=0.0, mains_leak=0.0)
    return (
        Variant("without the accelerometer", whole, frozenset({"acc"})),
        Variant("without suddenness", replace(whole, rise_limit_s=ENDLESS)),
        Variant("without tonicity", replace(whole, tonicity_min=0.0, steadiness_min=0.0)),
        Variant("pauses up to 2 s allowed", replace(whole, dip_limit_s=2.0)),
        Variant("without the quality gate", no_gate),
        # Motion has to stay away for as long as the contraction lasts: only a still leg is believed.
        Variant("without the lead rule", replace(whole, lead_s=ENDLESS)),
        Variant("motion not looked at", replace(whole, moving_fraction_max=1.0)),
        Variant("without jumps of the electrode", replace(whole, jump_ratio=ENDLESS)),
        Variant("no longer wait when awake", _confirmed_after(whole.confirm_asleep_s, at_least_s=0.0)),
    )


def waits() -> tuple[Variant, ...]:
    """The rule when it decides sooner or later, by the seconds for a sleeper; 12 s is the complete rule."""
    return tuple(Variant(f"{seconds:g} s", _confirmed_after(seconds)) for seconds in WAITS_S)


def _confirmed_after(seconds: float, at_least_s: float = ENDLESS) -> DetectorSettings:
    """The rule with this waiting time for a sleeper, and no shorter one for others."""
    whole = DetectorSettings()
    others = {name: min(at_least_s, getattr(whole, name)) for name in ("confirm_awake_s", "confirm_moved_s")}
    return replace(whole, confirm_asleep_s=seconds, **{name: max(seconds, wait) for name, wait in others.items()})
