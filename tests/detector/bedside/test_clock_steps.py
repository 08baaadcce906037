"""A clock that is set: by the network after a start without one, by a person, by a machine that was woken."""

import logging
from pathlib import Path

import pytest

from collector.contract.messages import NS
from detector.bedside.clock_steps import ClockSteps
from tests.detector.bedside.stand_ins import Home

HOUR = 3600


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path).online()
    home.pass_s(20)
    return home


class Clocks:
    """Seconds of a clock that is set and of one that nobody sets."""

    def __init__(self) -> None:
        self.wall_s = self.steady_s = 1000.0
        self.steps = ClockSteps(lambda: round(self.wall_s * NS), lambda: round(self.steady_s * NS))


def test_a_clock_that_goes_is_not_set_and_one_that_is_slewed_neither() -> None:
    clocks = Clocks()
    told = []
    for _ in range(8 * HOUR):
        clocks.steady_s += 1
        clocks.wall_s += 1.0005  # as fast as Linux slews: 500 ppm, 14 s in a night
        told.append(clocks.steps.step_ns())
    assert set(told) == {0}


@pytest.mark.parametrize("step_s", [-HOUR, -3, 3, 20 * 365 * 24 * HOUR])
def test_a_step_is_told_once(step_s: int) -> None:
    clocks = Clocks()
    clocks.wall_s += 60 + step_s
    clocks.steady_s += 60
    assert (clocks.steps.step_ns(), clocks.steps.step_ns()) == (step_s * NS, 0)


@pytest.mark.parametrize("step_s", [-HOUR, HOUR])
def test_a_cramp_rings_on_as_if_nobody_had_set_the_clock(home: Home, step_s: int) -> None:
    home.cramp()
    begun_s = home.now_s
    home.pass_s(2)
    home.set_s = step_s
    home.pass_s(300)
    assert [at_s - begun_s for at_s, _ in home.rings] == [0, 5, 15, 35, 75, 135, 255]
    assert len(home.postbox.notes) == 2  # the wearer, and the second person: no cramp is another one for that


def test_a_fault_is_one_matter_to_phones_before_and_after_the_clock_was_set(home: Home) -> None:
    home.go_blind("flat")
    home.pass_s(60)
    home.set_s = HOUR
    home.blind_since_ns = home.now_ns - 60 * NS
    home.pass_s(60)
    home.kill()
    home.start()
    home.pass_s(60)
    assert len({note.subject for note in home.postbox.notes}) == 1


def test_who_falls_silent_is_missed_though_the_clock_was_set_back_meanwhile(home: Home) -> None:
    home.collecting = False
    home.set_s = -HOUR
    home.pass_s(60)
    assert (home.state["state"], home.faults) == ("FAULT", ["collector_gone"])


def test_who_has_just_spoken_is_not_missed_because_the_clock_was_set_forward(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        home.set_s = HOUR
        home.pass_s(600)
    assert (home.rings, [state for state in home.told("state") if state["faults"]]) == ([], [])
    assert "The clock was set by +3600 s" in caplog.text
    assert home.told("tonight")[-1]["recorded_s"] < 700  # an hour that has not passed was not recorded


def test_a_snooze_lasts_as_long_as_was_asked_and_a_mute_till_noon_lasts_till_noon(home: Home) -> None:
    home.say("snooze", minutes=30)
    home.set_s = HOUR
    home.pass_s(29 * 60)
    assert home.state["state"] == "SNOOZED"
    home.pass_s(2 * 60)
    assert home.state["state"] == "WATCHING"
    home.say("mute")
    noon_ns = home.state["until_ns"]
    home.set_s = 0
    home.pass_s(2)
    assert (home.state["state"], home.state["until_ns"]) == ("MUTED", noon_ns)


def test_a_clock_that_was_weeks_behind_begins_no_other_night(home: Home) -> None:
    home.cramp()
    home.say("ack")
    home.set_s = 21 * 24 * HOUR
    home.pass_s(3)
    assert (home.state["state"], home.rings[1:]) == ("ACKED", [])
