"""The power line: an electric blanket, a charger, a lamp."""

from collections.abc import Callable

import pytest

from benchmarks.robustness import disturbances
from benchmarks.robustness.night import Float, Night
from benchmarks.robustness.watching import Spans, Watched, watch
from tests.robustness.comparison import assert_as_undisturbed

MAINS = "mains interference"
TAKEN_OUT_UV = 10.0
"""Up to here no onset moves by more than 0.5 s."""
HARMLESS_UV = 20.0
"""Up to here no cramp of 3.5 times rest was lost on seven wearers; at 30 uV the first was."""
DROWNING_UV = 200.0
LINES_HZ = (50.0, 60.0, 49.7, 60.3)
"""Nominal, and 0.3 Hz beside it: what a generator or a badly timed converter makes of it."""


def under_hum(night: Night, uv: float, spans: Spans, *, hz: float = 50.0, fade_s: float = 0.0) -> Watched:
    emg: Float = night.emg_uv
    for start_s, stop_s in spans:
        emg = disturbances.hum(emg, night.fs, uv, hz=hz, start_s=start_s, stop_s=stop_s, fade_s=fade_s)
    return watch(night.heard(emg))


def all_night(night: Night) -> Spans:
    return [(600.0, night.seconds)]


def thermostat(night: Night) -> Spans:
    return [(at_s, at_s + 60.0) for at_s in range(300, int(night.seconds) - 60, 150)]


def on_in_each_cramp(night: Night) -> Spans:
    return [(cramp.onset_s + 5.0, cramp.onset_s + 300.0) for cramp in night.cramps]


def off_in_each_cramp(night: Night) -> Spans:
    return [(cramp.onset_s - 300.0, cramp.onset_s + 5.0) for cramp in night.cramps]


@pytest.mark.parametrize("hz", LINES_HZ)
@pytest.mark.parametrize("uv", [2.0, TAKEN_OUT_UV])
def test_hum_is_taken_out(night: Night, undisturbed: Watched, hz: float, uv: float) -> None:
    watched = under_hum(night, uv, all_night(night), hz=hz)
    assert_as_undisturbed(watched, undisturbed)
    assert watched.unwatched_s(0, night.seconds, MAINS) == 0


@pytest.mark.parametrize("hz", LINES_HZ)
def test_stronger_hum_only_dates_a_slow_onset_later(night: Night, hz: float) -> None:
    watched = under_hum(night, HARMLESS_UV, all_night(night), hz=hz)
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms
    for event, cramp in zip(watched.score.events, night.cramps, strict=True):
        assert event.onset_s == pytest.approx(cramp.onset_s, abs=2.5)


@pytest.mark.parametrize("spans", [thermostat, on_in_each_cramp, off_in_each_cramp])
def test_hum_that_is_switched_neither_hides_nor_imitates_a_cramp(night: Night, spans: Callable[[Night], Spans]) -> None:
    watched = under_hum(night, HARMLESS_UV, spans(night))
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms


def test_hum_that_swells_over_half_an_hour_is_no_cramp(night: Night) -> None:
    watched = under_hum(night, HARMLESS_UV, all_night(night), fade_s=1800.0)
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms


def assert_hidden_only_while_not_watched(watched: Watched) -> None:
    assert not watched.false_alarms
    for cramp in watched.missed:
        lasts_s = cramp.end_s - cramp.onset_s
        assert watched.unwatched_s(cramp.onset_s, cramp.end_s, MAINS) > 0.5 * lasts_s


@pytest.mark.parametrize("uv", [60.0, 100.0])
def test_hum_that_hides_a_cramp_is_told_as_mains(night: Night, uv: float) -> None:
    assert_hidden_only_while_not_watched(under_hum(night, uv, all_night(night), hz=49.7))


def test_hum_that_swells_until_it_hides_a_cramp_is_told_as_mains(night: Night) -> None:
    watched = under_hum(night, DROWNING_UV, all_night(night), hz=49.7, fade_s=1800.0)
    assert_hidden_only_while_not_watched(watched)


@pytest.mark.parametrize("hz", LINES_HZ)
def test_strong_hum_is_told_as_mains_while_it_lasts_and_no_longer(night: Night, hz: float) -> None:
    first, last = night.cramps[0], night.cramps[-1]
    begins_s, ends_s = first.end_s + 60.0, last.onset_s - 60.0
    watched = under_hum(night, DROWNING_UV, [(begins_s, ends_s)], hz=hz)
    assert not watched.false_alarms
    assert {first, last} <= set(watched.found)
    assert watched.unwatched_s(begins_s, ends_s, MAINS) > 0.98 * (ends_s - begins_s)
    assert watched.unwatched_s(ends_s + 1.0, night.seconds) == 0
