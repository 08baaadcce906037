"""What the minute before bed tells of contact, mains, rest, contraction, accelerometer and radio."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from collector.contract.messages import SampleBlock
from collector.contract.recordings import open_recording
from crampwatch.doctor.finding import Finding
from crampwatch.preflight.course import Course
from crampwatch.preflight.samples import AREAS, judge
from detector.alarm.preflight_message import Muscle
from detector.catalogue import load
from detector.settings import DetectorSettings
from tests.crampwatch.preflight.legs import FS, WORKED_UV, flat, loose, observed, resting, worked
from tests.support.signals import LEFT_CALF, Leg, recording

RECORDINGS = Path(__file__).parents[2] / "recordings"
IN_BAND = np.sqrt((0.46 * FS - 30) / (0.5 * FS))
"""The share of white noise's RMS in the front end's band at 250 Hz: 30 to 115 Hz of the 125 there are."""


def judged(blocks: Sequence[SampleBlock]) -> tuple[dict[str, Finding], tuple[Muscle, ...]]:
    findings, muscles = judge(observed(blocks), DetectorSettings(), "press softly", load())
    assert tuple(finding.area for finding in findings) == AREAS
    return {finding.area: finding for finding in findings}, muscles


def states(leg: Leg) -> dict[str, str]:
    return {area: finding.state for area, finding in judged(recording(leg))[0].items()}


def test_of_a_leg_that_rests_and_then_works_softly_all_is_well() -> None:
    assert states(worked()) == dict.fromkeys(AREAS, "ok")


def test_the_levels_told_are_those_of_the_muscle() -> None:
    _, (muscle,) = judged(recording(worked()))
    assert muscle.rest_uv == pytest.approx(2.0 * IN_BAND, rel=0.1)
    # The highest of some thirty windows, each within 7.5 % of the RMS, twice that at 250 Hz.
    assert muscle.contraction_uv == pytest.approx(WORKED_UV * IN_BAND, rel=0.4)


def test_a_contraction_that_was_not_made_is_missed_and_the_cure_names_the_movement() -> None:
    found, (muscle,) = judged(recording(resting()))
    assert found["contraction"].state == "problem"
    assert "press softly" in found["contraction"].cure
    assert muscle.contraction_uv is None


def test_a_twitch_is_no_contraction() -> None:
    assert states(resting().contract(25, 25.3, WORKED_UV))["contraction"] == "problem"


def test_a_contraction_before_it_was_asked_for_is_not_the_one_that_was() -> None:
    assert states(resting().contract(4, 7, WORKED_UV))["contraction"] == "problem"


def test_a_muscle_that_does_not_let_go_is_told() -> None:
    found, _ = judged(recording(resting().contract(25, 43, WORKED_UV)))
    assert found["contraction"].state == "warning"
    assert "did not end" in found["contraction"].says


def test_an_electrode_that_is_off_is_the_only_thing_told_of_its_channel() -> None:
    found, (muscle,) = judged(recording(flat(worked())))
    assert (found["contact"].state, found["contact"].says) == ("problem", "the signal is flat: an electrode is off")
    assert {found[area].state for area in ("mains", "rest", "contraction")} == {"not asked"}
    assert muscle == Muscle(channel="EMG 1")


def test_a_converter_without_an_electrode_is_quieter_than_any_muscle() -> None:
    # 0.1 uV of noise at steps of 0.01 uV: not one value only, yet no worn electrode is below 0.5 uV.
    found, _ = judged(recording(worked(rest_uv=0.1), scale=0.01))
    assert found["contact"].state == "problem"


def test_a_signal_on_the_rail_has_lost_an_electrode() -> None:
    leg = worked()
    leg.emg_uv[:, : round(20 * FS)] = 1e6
    assert states(leg)["contact"] == "problem"


def test_an_electrode_that_comes_off_and_on_is_loose() -> None:
    found, _ = judged(recording(loose(worked())))
    assert found["contact"].state == "problem"
    assert "loose" in found["contact"].says


def test_one_jump_is_a_warning() -> None:
    assert states(loose(worked(), every_s=18.0))["contact"] == "warning"


def test_strong_contractions_are_no_jumps() -> None:
    # 300 uV RMS over a floor of 1.6: a spread of some 1800 uV, a thousand times the floor and six times its own RMS.
    restless = worked()
    for start_s in (5.0, 9.0, 14.0):
        restless.contract(start_s, start_s + 0.7, 300.0)
    assert states(restless)["contact"] == "ok"


def test_on_a_real_arm_that_clenches_now_and_then_the_contact_is_good() -> None:
    played = open_recording(RECORDINGS / "rest_with_bursts_64s.edf", place=LEFT_CALF)
    course = Course(played.session, DetectorSettings())
    for block in played.blocks(1.0):
        course.push(block)
    seen = course.observation()
    assert seen is not None
    findings, _ = judge(seen, DetectorSettings(), "clench", load())
    assert {it.area: it.state for it in findings if it.area in ("contact", "mains", "rest")} == {
        "contact": "ok",
        "mains": "ok",
        "rest": "ok",
    }


def test_mains_that_drown_the_muscle_are_a_problem() -> None:
    # 100 uV of amplitude are 71 uV RMS; a fifth of that may be left, and 7 uV is the detector's limit.
    assert states(worked().hum(0, 43, 100.0))["mains"] == "problem"


def test_mains_that_only_hide_weak_cramps_are_a_warning() -> None:
    # 28 uV RMS, of which 5.7 uV may be left: less than 7, and more than the muscle at rest.
    assert states(worked().hum(0, 43, 40.0))["mains"] == "warning"


def test_mains_as_weak_as_the_muscle_do_no_harm() -> None:
    assert states(worked().hum(0, 43, 2.0))["mains"] == "ok"


@pytest.mark.parametrize(("noise_uv", "state"), [(3.0, "ok"), (8.0, "warning"), (30.0, "problem")])
def test_a_floor_that_hides_weak_cramps_is_a_warning_and_one_that_hides_common_ones_a_problem(
    noise_uv: float, state: str
) -> None:
    # The threshold is 2.2 times the floor in the band: 5.4, 14 and 54 uV, against cramps of 10 and of 45 uV.
    leg = resting(rest_uv=noise_uv).contract(25, 28, 500.0)
    assert states(leg)["rest"] == state


def test_a_muscle_that_was_not_at_rest_is_told_and_its_level_is_still_that_of_the_rest() -> None:
    found, (muscle,) = judged(recording(worked().contract(5, 14, WORKED_UV)))
    assert found["rest"].state == "warning"
    assert "45 % of the rest" in found["rest"].says or "46 % of the rest" in found["rest"].says
    assert muscle.rest_uv == pytest.approx(2.0 * IN_BAND, rel=0.1)


def test_of_several_channels_one_that_is_off_is_a_warning_that_names_it() -> None:
    found, muscles = judged(recording(flat(worked(channels=3), channel=1)))
    assert (found["contact"].state, found["contact"].about) == ("warning", "EMG 2")
    assert found["contraction"].state == "ok"
    assert [muscle.rest_uv is not None for muscle in muscles] == [True, False, True]


def test_a_unit_that_is_not_known_is_judged_by_ratios_alone() -> None:
    found, _ = judged(recording(worked(rest_uv=30.0).contract(25, 28, 300.0), unit="adc"))
    assert {finding.state for finding in found.values()} == {"ok"}


def test_a_wearable_without_an_accelerometer_is_not_asked_for_one() -> None:
    found, _ = judged(recording(worked(), accelerometer=False))
    assert found["accelerometer"].state == "not asked"


def test_an_accelerometer_that_says_nothing_is_a_warning() -> None:
    silent = [block for block in recording(worked()) if block.stream == "emg"]
    assert judged(silent)[0]["accelerometer"].says == "nothing comes from it"


@pytest.mark.parametrize(("factor", "says"), [(0.0, "stands still"), (2.0, "2.00 g")])
def test_an_accelerometer_that_is_stuck_or_wrong_is_a_warning(factor: float, says: str) -> None:
    leg = worked()
    leg.acc_mg = leg.acc_mg * factor
    found, _ = judged(recording(leg))
    assert found["accelerometer"].state == "warning"
    assert says in found["accelerometer"].says


def test_losses_are_told_as_their_share_of_what_was_sent() -> None:
    # One second in ten from the 5th to the 35th: 3 of the 43 s.
    found, _ = judged(recording(worked(), gaps=[(5, 6), (15, 16), (34, 35)]))
    assert found["radio"].state == "warning"
    assert found["radio"].says.startswith("7.0 %")


def test_it_does_not_matter_how_the_samples_are_cut() -> None:
    coarse, fine = (judged(recording(worked(), block_s=block_s))[0] for block_s in (1.0, 0.2))
    assert coarse == fine


def test_every_problem_and_warning_comes_with_a_cure() -> None:
    legs = [resting(), flat(worked()), loose(worked()), worked().hum(0, 43, 100), worked(rest_uv=8.0)]
    amiss = [it for leg in legs for it in judged(recording(leg))[0].values() if it.state in ("problem", "warning")]
    assert len(amiss) >= len(legs)
    assert all(finding.cure for finding in amiss)


def test_the_phases_follow_the_samples_own_time() -> None:
    seen = observed(recording(worked()))
    begins = list(seen.begins_ns.values())
    assert [round((after - before) / 1e9, 6) for before, after in pairwise(begins)] == [3.0, 20.0, 10.0, 8.0]
