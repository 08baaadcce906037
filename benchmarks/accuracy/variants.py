"""The rule with one of its parts taken out, to see what that part is worth. Nothing of the detector is changed for it:
a parameter is set to where its condition always holds."""

from typing import NamedTuple

from msgspec.structs import replace

from collector.contract.messages import StreamKind
from detector.contraction import ENDLESS
from detector.settings import DetectorSettings


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
        Variant("no longer wait when awake", _confirmed_after(whole.confirm_asleep_s)),
        Variant("confirmed after 8 s", _confirmed_after(8.0)),
    )


def _confirmed_after(seconds: float) -> DetectorSettings:
    """The rule with all of its waiting times alike."""
    whole = DetectorSettings()
    waits = [name for name in whole.parameters if name.startswith("confirm_")]
    return replace(whole, **dict.fromkeys(waits, seconds))
