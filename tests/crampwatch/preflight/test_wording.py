"""The words of the look before bed: every prompt and every name, in each language, and none left behind in English."""

import re
from typing import get_args

import pytest

from collector.contract.messages import Health, LinkHealth
from crampwatch.doctor.clock import clock
from crampwatch.doctor.finding import Finding, State
from crampwatch.preflight.look import Prompt
from crampwatch.preflight.reports import battery, strength
from crampwatch.preflight.samples import judge
from crampwatch.preflight.wording import line, prompt
from detector.catalogue import Catalogue, languages, load
from detector.settings import DetectorSettings
from tests.crampwatch.preflight.legs import WORKED_UV, flat, loose, observed, resting, worked
from tests.support.signals import Leg, recording

LEGS = {
    "well": worked(),
    "does nothing": resting(),
    "does not let go": resting().contract(25, 43, WORKED_UV),
    "electrode off": flat(worked()),
    "loose": loose(worked()),
    "jumped once": loose(worked(), every_s=18.0),
    "mains": worked().hum(0, 43, 100.0),
    "some mains": worked().hum(0, 43, 40.0),
    "noisy": worked(rest_uv=8.0),
    "restless": worked().contract(5, 14, WORKED_UV),
}
FIGURES = re.compile(r"[\d.,]+ (µV|dBm)")
PROMPTS: tuple[Prompt, ...] = ("rest", "tense", "release", "done", "alarm")
all_languages = pytest.mark.parametrize("language", languages())


def findings(leg: Leg, catalogue: Catalogue) -> list[Finding]:
    """All that is said of a leg, its battery, its radio and the computer's clock."""
    link = LinkHealth(device="node", state="streaming", rssi_dbm=-90, battery_percent=20.0)
    health = Health(t_ns=0, session=None, links=(link,), samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=0)
    of_samples, _ = judge(observed(recording(leg)), DetectorSettings(), "…", catalogue)
    return [*of_samples, battery(health, catalogue), strength(health, catalogue), clock(5, catalogue)]


@pytest.mark.parametrize("leg", LEGS.values(), ids=LEGS.keys())
def test_in_german_the_same_is_found_and_nothing_is_said_in_english(leg: Leg) -> None:
    english, german = (findings(leg, load(language)) for language in ("en", "de"))
    assert [(it.area, it.state, it.about) for it in german] == [(it.area, it.state, it.about) for it in english]
    for ours, theirs in zip(german, english, strict=True):
        assert ours.says != theirs.says or FIGURES.fullmatch(ours.says)
        assert ours.cure != theirs.cure or not ours.cure


def test_a_line_names_check_and_state_in_the_language_and_keeps_what_it_is_about() -> None:
    found = Finding("mains", "not asked", "71 µV", "ausstecken", "EMG 1")
    assert line(found, load("de")) == "ungeprüft  Netzbrummen (EMG 1): 71 µV; ausstecken"
    assert line(found, load("en")) == "not asked  mains (EMG 1): 71 µV; ausstecken"


@all_languages
def test_the_names_of_the_states_fit_the_column(language: str) -> None:
    catalogue = load(language)
    assert all(len(catalogue.say(f"preflight.state.{state}")) <= len("not asked") for state in get_args(State))


@all_languages
def test_every_prompt_asks_for_the_movement_of_the_muscle_that_is_worn(language: str) -> None:
    catalogue = load(language)
    said = {which: prompt(which, "left_shin", catalogue) for which in PROMPTS}
    assert catalogue.say("preflight.muscle.tibialis_anterior.tense") in said["tense"]
    assert "3 s" in said["tense"]
    assert "20 s" in said["rest"]


def test_a_site_whose_muscle_is_not_known_is_asked_to_tense_it_all_the_same() -> None:
    assert "tense the muscle under the sensor softly" in prompt("tense", "left_arm", load())
