"""Each ablation takes out the part that it is named after: what that part was there for now goes through."""

import numpy as np
import pytest

from benchmarks.accuracy.variants import Variant, ablations, complete, waits
from tests.support.signals import Leg, detect, recording

START = 90.0
VARIANTS = {variant.name: variant for variant in (*ablations(), *waits())}


def confirmed(leg: Leg, variant: Variant) -> int:
    blocks = recording(leg, accelerometer="acc" not in variant.without)
    return len(detect(blocks, variant.settings).stage("confirmed"))


def effort(duration_s: float = 40.0) -> Leg:
    return Leg(START + duration_s + 30).contract(START, START + duration_s, 30)


def swelling() -> Leg:
    """A floor that grows fourfold within a minute."""
    leg = Leg(START + 200, rest_uv=6.0)
    leg.emg_uv *= np.interp(np.arange(leg.emg_uv.shape[1]) / leg.fs, [START, START + 60], [1.0, 6.0])
    return leg


def bursts() -> Leg:
    """Four strong seconds and two weak ones in turn."""
    leg = Leg(START + 70).contract(START, START + 34, 8)
    for k in range(6):
        leg.contract(START + 6 * k, START + 6 * k + 4, 80)
    return leg


def movement_with_pauses() -> Leg:
    leg = Leg(START + 70)
    for k in range(10):
        leg.contract(START + 4 * k, START + 4 * k + 3.3, 30)
    return leg


def hum() -> Leg:
    """So far off the nominal frequency that some of it survives its removal."""
    return Leg(240).hum(START, 200, 400, 49.6)


def loosened() -> Leg:
    """The signal jumps by 2 mV and is three times as noisy from then on, for less time than makes it a new floor."""
    leg = Leg(START + 70)
    first, last = round(START * leg.fs), round((START + 30) * leg.fs)
    leg.emg_uv[:, first:last] *= 3
    leg.emg_uv[:, first:] += 2000
    return leg


def test_a_later_alert_asks_everybody_to_wait_at_least_as_long() -> None:
    latest = VARIANTS["20 s"].settings
    assert (latest.confirm_asleep_s, latest.confirm_awake_s, latest.confirm_moved_s) == (20, 20, 25)


@pytest.mark.parametrize(
    ("name", "leg"),
    [
        ("without the accelerometer", effort().move(START, START + 40)),
        ("without suddenness", swelling()),
        ("without tonicity", bursts()),
        ("pauses up to 2 s allowed", movement_with_pauses()),
        ("without the quality gate", hum()),
        ("motion not looked at", effort().move(START, START + 40)),
        ("no longer wait when awake", effort(15).move(START - 6, START - 4)),
        ("without jumps of the electrode", loosened()),
        ("8 s", effort(10)),
    ],
)
def test_what_a_part_keeps_out_comes_in_without_it(name: str, leg: Leg) -> None:
    assert confirmed(leg, complete()) == 0
    assert confirmed(leg, VARIANTS[name]) == 1


def test_without_the_lead_rule_a_cramp_that_wakes_the_sleeper_is_lost() -> None:
    leg = effort(30).move(START + 4, START + 30)
    assert confirmed(leg, complete()) == 1
    assert confirmed(leg, VARIANTS["without the lead rule"]) == 0


@pytest.mark.parametrize("variant", ablations(), ids=lambda variant: variant.name)
def test_a_plain_cramp_is_found_by_every_variant(variant: Variant) -> None:
    assert confirmed(effort(), variant) == 1
