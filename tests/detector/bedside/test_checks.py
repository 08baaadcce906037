"""The checks that users of night alarms asked for, by their numbers: see docs/reference/checks.md."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.contract.codec import encode_json
from collector.contract.messages import NS, LinkHealth
from tests.detector.bedside.stand_ins import EVENING_NS, Home, health


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).online()


def test_check_4_snooze_then_a_new_sample_and_a_restart_still_snoozed(home: Home) -> None:
    home.say("snooze", minutes=30)
    until_ns = home.state["until_ns"]
    home.cramp(0)
    home.kill()
    home.start()
    home.pass_s(60)
    home.cramp(100)
    assert (home.rings, home.state["state"], home.state["until_ns"]) == ([], "SNOOZED", until_ns)


def test_check_5_a_fault_that_clears_ends_its_sound_at_once(home: Home) -> None:
    home.go_blind("flat")
    home.pass_s(120)
    assert list(home.speaker.playing.values()) == ["fault"]
    home.blind = None
    home.pass_s(60)
    assert (home.state["state"], home.speaker.playing) == ("WATCHING", {})
    rung = len(home.rings)
    home.pass_s(600)
    assert len(home.rings) == rung


def test_check_6_a_broker_that_restarts_mid_night_is_told_and_the_next_cramp_sounds(home: Home) -> None:
    home.pass_s(60)
    home.bedside.disconnected("gone")
    home.pass_s(60)
    assert home.faults == ["broker"]
    home.connect()
    home.pass_s(60)
    assert home.faults == []
    home.cramp()
    assert home.rings[-1][1] == "cramp"


def test_check_8_connected_without_samples_for_30_s_is_a_fault_that_sounds(home: Home) -> None:
    home.pass_s(60)
    last_ns, home.collecting = home.now_ns, False
    for _ in range(7):
        home.pass_s(10)
        link = LinkHealth(
            device="cramp-node",
            state="streaming",
            streams=("emg", "acc"),
            last_data_age_s=(home.now_ns - last_ns) / NS,
        )
        home.hear("health", encode_json(health(home.now_ns, link)))
        home.sees()
    assert (home.state["state"], home.faults) == ("FAULT", ["silent"])
    assert home.rings[-1][1] == "fault"


def test_check_9_a_snooze_through_the_hour_that_comes_twice_lasts_as_long_as_any(home: Home) -> None:
    repeated = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 02:50 in Berlin, for the first time
    home.now_s = repeated.timestamp() - EVENING_NS / NS
    home.pass_s(1)
    home.say("snooze", minutes=30)
    assert home.state["until_ns"] - home.now_ns == pytest.approx(1800 * NS, abs=NS)
    assert "02:20" in home.state["text"]


def test_check_14_none_found_in_a_night_of_which_a_fifth_was_watched_is_never_told_as_nought(home: Home) -> None:
    home.pass_s(120)
    home.go_blind("flat")
    home.pass_s(600)
    (*_, last) = home.told("tonight")
    assert last["watched_percent"] < 25
    assert last["cramps"] is None


def test_check_14_what_was_found_is_told_however_little_was_watched(home: Home) -> None:
    home.pass_s(60)
    home.cramp()
    home.is_over()
    home.go_blind("flat")
    home.pass_s(600)
    assert home.told("tonight")[-1]["cramps"] == 1
