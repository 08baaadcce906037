"""The bedside: what sounds, what is told and what is kept, whatever fails around it."""

import errno
import logging
import os
from pathlib import Path

import msgspec
import pytest

from collector.contract.codec import encode_json
from collector.contract.messages import NS, Fault, Faults, Status
from collector.contract.names import SMOKE_TEST
from collector.contract.topics import Place
from detector.alarm.messages import Command
from detector.bedside.home_assistant import config_topic
from detector.diary.diary import Diary
from detector.sight import Seen
from tests.detector.bedside.stand_ins import EVENING_NS, Home
from tests.support.frames import PLACE, SESSION


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).online()


# What sounds


def test_a_cramp_sounds_at_once_and_says_what_to_do(home: Home) -> None:
    home.cramp()
    assert [ring.kind for _, ring, _ in home.speaker.sounds] == ["cramp"]
    text = home.speaker.sounds[0][2]
    assert text.startswith("Possible calf cramp for 12 s. Straighten your leg, pull toes up. Stand up slowly")
    assert (home.state["state"], home.state["sounding"], home.state["text"]) == ("ALERT", "cramp", text)


def test_it_sounds_again_and_again_with_growing_pauses_and_grows_louder(home: Home) -> None:
    home.cramp()
    started_s = home.now_s
    home.pass_s(300)
    times = [at_s - started_s for at_s, _ in home.rings]
    assert times == [0, 5, 15, 35, 75, 135, 255]
    levels = [ring.level for _, ring, _ in home.speaker.sounds]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0.4, 1.0)


def test_a_cramp_whose_message_was_lost_is_known_from_what_the_detector_sees(home: Home) -> None:
    home.sees("ALERT", "lost-one")
    assert home.rings[-1][1] == "cramp"
    assert home.state["event_id"] == "lost-one"
    home.pass_s(15)
    home.sees("WATCHING")
    assert home.state["state"] == "WATCHING"


def test_what_the_broker_kept_of_a_detector_that_is_gone_raises_no_alert(home: Home) -> None:
    old = Seen(state="ALERT", since_ns=0, event_id="old", text="", t_ns=home.now_ns - 121 * NS)
    home.hear("watch", old, retained=True)
    assert home.rings == []
    home.hear("watch", msgspec.structs.replace(old, t_ns=home.now_ns - 5 * NS), retained=True)
    assert home.rings[-1][1] == "cramp"


def test_a_cramp_found_in_late_data_is_not_heard(home: Home) -> None:
    home.cramp(late=True)
    assert (home.rings, home.state["state"]) == ([], "WATCHING")


def test_an_acknowledged_cramp_is_silent_and_the_next_one_sounds(home: Home) -> None:
    home.cramp(0)
    home.say("ack")
    home.pass_s(60)
    assert (len(home.rings), home.state["state"], home.state["by"]) == (1, "ACKED", "wearer")
    home.is_over(0)
    home.cramp(100)
    assert len(home.rings) == 2


def test_a_verdict_on_the_cramp_that_sounds_is_an_answer(home: Home) -> None:
    home.judge(home.cramp(), "not")
    home.pass_s(60)
    assert (len(home.rings), home.state["state"]) == (1, "ACKED")


def test_in_silent_mode_all_is_shown_and_nothing_sounds(tmp_path: Path) -> None:
    home = Home(tmp_path, mode="silent").online()
    home.cramp()
    home.pass_s(300)
    assert (home.rings, home.told("cmd/buzz"), home.postbox.notes) == ([], [], [])
    assert "ALERT" in [state["state"] for state in home.told("state")]


def test_with_each_sound_the_wearable_is_asked_to_buzz(home: Home) -> None:
    home.pass_s(60)
    home.cramp()
    home.pass_s(20)
    home.say("ack")
    home.say("test")
    asked = [(round((buzz["t_ns"] - EVENING_NS) / NS), buzz["kind"]) for buzz in home.told("cmd/buzz")]
    assert [kind for _, kind in asked] == ["cramp", "cramp", "cramp", "test"]  # at 0, 5 and 15 s, then the test
    assert asked == home.rings
    assert not any(retain for topic, _, retain in home.published if topic == PLACE.topic("cmd/buzz"))


def test_a_test_sounds_once_as_loud_as_can_be_and_reaches_phones(home: Home) -> None:
    home.say("test")
    home.pass_s(60)
    words = "This is a test. Nothing is wrong. Please answer it, so that we know it was heard."
    assert [(ring.kind, ring.level, text) for _, ring, text in home.speaker.sounds] == [("test", 1.0, words)]
    assert [note.text for note in home.postbox.notes] == [words]


# What is wrong


def test_a_detector_that_is_killed_is_a_fault_within_its_grace_and_its_return_ends_it(home: Home) -> None:
    home.pass_s(60)
    home.detecting, died_s = False, home.now_s
    home.pass_s(60)
    assert (home.state["state"], home.faults) == ("FAULT", ["detector_dead"])
    assert home.state["text"].startswith("The detector has stopped: nobody would see a cramp.")
    # Its last word lies back up to 10 s, and from there it has 30 s to come back.
    assert [(20 <= at_s - died_s <= 31, kind) for at_s, kind in home.rings] == [(True, "fault")]
    home.detecting = True
    home.pass_s(60)
    assert (home.state["state"], home.faults, len(home.rings)) == ("WATCHING", [], 1)


def test_a_broker_that_is_killed_is_a_fault_that_sounds_and_nothing_else_is_blamed(home: Home) -> None:
    home.pass_s(60)
    home.collecting = home.detecting = False
    home.bedside.disconnected("gone")
    home.pass_s(120)
    assert home.faults == ["broker"]
    assert [kind for _, kind in home.rings] == ["fault", "fault"]


def test_a_link_that_is_back_within_the_grace_is_no_fault(home: Home) -> None:
    home.pass_s(60)
    home.bedside.disconnected("gone")
    home.pass_s(29)
    home.connect()
    home.pass_s(60)
    assert [state["state"] for state in home.told("state") if state["faults"]] == []


def test_an_electrode_that_is_off_is_a_fault_with_its_cure(home: Home) -> None:
    home.go_blind("flat")
    home.pass_s(60)
    (fault,) = home.state["faults"]
    assert fault["kind"] == "electrode_off"
    assert fault["cure"].startswith("Press the electrodes on")


def test_what_the_collector_says_is_wrong_is_told_in_its_own_words_too(home: Home) -> None:
    full = Fault(device="disk", streams=(), since_ns=home.now_ns, cause="3 h are left", cure="make room")
    home.hear("fault", Faults(t_ns=home.now_ns, faults=(full,)))
    home.pass_s(40)
    assert (home.faults, home.state["faults"][0]["detail"]) == (["disk"], "disk: 3 h are left; make room")


def test_a_loudspeaker_that_fails_is_a_fault(home: Home) -> None:
    home.speaker.trouble = "aplay ended with code 1"
    home.pass_s(40)
    assert (home.faults, home.state["faults"][0]["detail"]) == (["no_sound"], "aplay ended with code 1")


def test_a_database_that_takes_nothing_is_told_and_makes_no_sound(home: Home) -> None:
    home.noted["database"] = "no connection"
    home.pass_s(400)
    assert (home.state["state"], home.faults, home.rings) == ("WATCHING", ["database"], [])


def test_phones_that_are_not_reached_are_told_and_shown_make_no_sound_and_are_not_told_of_by_phone(home: Home) -> None:
    home.noted["phones"] = "phone: it is in a tunnel"
    home.pass_s(400)
    assert (home.state["state"], home.faults, home.rings) == ("WATCHING", ["phones"], [])
    assert home.state["faults"][0]["detail"] == "phone: it is in a tunnel"
    home.noted["phones"] = None
    home.pass_s(60)
    assert (home.faults, home.postbox.notes) == ([], [])


def test_without_a_night_nothing_is_a_fault_and_nothing_sounds(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.collecting = False
    home.pass_s(300)
    assert (home.state["state"], home.state["faults"], home.rings) == ("DISARMED", [], [])


def test_a_night_that_has_ended_is_not_missed(home: Home) -> None:
    home.hear("status", Status(state="ended", t_ns=home.now_ns, session=SESSION))
    home.pass_s(20)  # in which the collector still gives account of itself
    home.collecting = False
    home.pass_s(300)
    assert (home.state["state"], home.rings) == ("DISARMED", [])


# Whatever fails, it sounds


@pytest.mark.parametrize("started_so", [False, True], ids=["while it runs", "from its start"])
def test_with_every_way_out_down_it_still_sounds_and_tells_it_and_resumes_without_a_flood(
    home: Home, caplog: pytest.LogCaptureFixture, started_so: bool
) -> None:
    home.pass_s(60)
    home.diary.full = home.postbox.full = True
    if started_so:
        home.kill()
        home.closed = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        home.start()
    home.bedside.disconnected("gone")
    home.collecting = home.detecting = False
    home.cramp(0)  # the last that came through
    home.pass_s(200)
    assert [kind for _, kind in home.rings[:5]] == ["cramp"] * 5
    assert set(home.faults) == {"broker", "disk"}
    assert caplog.text.count("The diary takes nothing") == 1
    home.diary.full = home.postbox.full = False
    home.closed = None
    home.collecting = home.detecting = True
    home.published.clear()
    home.connect()
    home.is_over(0)
    home.pass_s(60)
    assert home.faults == []
    assert len(home.told("state")) <= 6  # how things stand, their changes, and a sign of life
    kept = [(change.why, change.after) for change in home.diary.transitions(PLACE)]
    assert kept.count(("confirmed", "ALERT")) == kept.count(("faults", "FAULT")) == 1
    # Each matter once at most, though it was tried again and again meanwhile.
    assert len(home.postbox.notes) == len({(note.subject, note.stage) for note in home.postbox.notes}) <= 5


def test_what_is_asked_for_is_done_though_the_disk_is_full_and_filed_when_there_is_room(home: Home) -> None:
    home.cramp()
    home.diary.full = True
    home.press("cmd/alarm", do="ack", by="home assistant", id="a1")
    assert home.state["state"] == "ACKED"
    home.pass_s(60)
    home.diary.full = False
    home.pass_s(60)
    assert [entry.said.id for entry in home.diary.since(0) if isinstance(entry.said, Command)] == ["a1"]
    assert [change.why for change in home.diary.transitions(PLACE)].count("ack") == 1


# Restarts


def test_a_restart_keeps_the_snooze_and_its_end(home: Home) -> None:
    home.say("snooze", minutes=30)
    until_ns = home.state["until_ns"]
    assert until_ns is not None
    home.kill()
    home.start()
    home.pass_s(20)
    assert (home.state["state"], home.state["until_ns"]) == ("SNOOZED", until_ns)
    home.cramp()
    assert home.rings == []
    home.pass_s(1800)
    assert home.state["state"] != "SNOOZED"


def test_after_a_restart_an_alert_that_nobody_answered_goes_on(home: Home) -> None:
    home.cramp()
    home.pass_s(3)
    home.kill()
    home.start()
    home.pass_s(3)
    assert home.state["state"] == "ALERT"
    assert len(home.rings) >= 2


def test_what_was_obeyed_before_a_restart_is_not_obeyed_again(home: Home) -> None:
    home.cramp(0)
    home.say("ack")
    home.is_over(0)
    home.pass_s(20)
    home.kill()
    home.start()
    home.cramp(100)
    home.pass_s(1)
    assert home.state["state"] == "ALERT"


def test_what_was_said_while_the_bedside_was_away_is_obeyed_if_it_is_still_meant(home: Home) -> None:
    home.kill()
    with Diary(home.path) as diary:
        diary.add(PLACE, Command(do="mute", by="wearer", t_ns=home.now_ns - 130 * NS, id="old"))
        diary.add(PLACE, Command(do="snooze", minutes=10, by="wearer", t_ns=home.now_ns - 20 * NS, id="new"))
    home.start()
    home.pass_s(1)
    assert home.state["state"] == "SNOOZED"


def test_nothing_is_logged_in_a_quiet_night(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        home.pass_s(3600, 5.0)
    assert caplog.records == []


def test_a_place_that_is_first_heard_of_at_night_is_told_to_home_assistant_but_the_smoke_tests_is_not(
    home: Home,
) -> None:
    status = encode_json(Status(state="online", t_ns=home.now_ns, session=SESSION))
    for wearer in ("w9", SMOKE_TEST):
        home.bedside.message(Place(wearer, "left_calf").topic("status"), status)
    announced = {topic for topic, _, _ in home.published if topic.startswith("homeassistant/")}
    assert announced == {config_topic(PLACE), config_topic(Place("w9", "left_calf"))}
