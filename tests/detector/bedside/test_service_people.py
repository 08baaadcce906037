"""The bedside: what people may say to it, and what it tells and keeps."""

from pathlib import Path
from typing import Any

import pytest

from collector.contract.messages import NS, Status
from detector.alarm.messages import Command, Do, EveningNote, FeltCramp, Transition, Verdict
from detector.diary.diary import Diary
from tests.detector.bedside.stand_ins import OTHER_LEG, Home
from tests.support.frames import PLACE, event


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).online()


# What people say


def test_a_button_without_time_and_id_is_obeyed_and_kept_with_who_pressed_it(home: Home) -> None:
    home.press("cmd/alarm", do="snooze", minutes=10, by="home assistant")
    assert (home.state["state"], home.state["by"]) == ("SNOOZED", "home assistant")
    (command,) = [entry.said for entry in home.diary.since(0) if isinstance(entry.said, Command)]
    assert (command.t_ns, command.minutes) == (home.now_ns, 10)


def test_a_command_that_comes_twice_is_done_once(home: Home) -> None:
    for _ in range(2):
        home.press("cmd/alarm", do="snooze", minutes=10, by="phone", id="once")
        home.pass_s(60)
    assert [change.why for change in home.diary.transitions(PLACE)].count("snooze") == 1


def test_a_verdict_without_an_event_is_on_the_latest_alert(home: Home) -> None:
    latest = home.cramp()
    home.press("cmd/verdict", verdict="cramp", by="home assistant")
    assert home.diary.verdicts()[latest].verdict == "cramp"


def test_a_cramp_that_was_felt_is_noted_as_of_now_unless_it_says_when(home: Home) -> None:
    home.press("cmd/diary", pain=7, by="phone")
    home.press("cmd/diary", felt_ns=home.now_ns - 3600 * NS, by="phone")
    felt = home.diary.between(PLACE, FeltCramp)
    assert [(cramp.felt_ns, cramp.pain) for cramp in felt] == [(home.now_ns - 3600 * NS, None), (home.now_ns, 7)]


def test_a_note_with_a_night_is_about_that_evening(home: Home) -> None:
    home.press("cmd/diary", night="2026-11-19", coffee="two, after lunch", by="phone")
    assert home.diary.between(PLACE, FeltCramp) == []
    (note,) = home.diary.between(PLACE, EveningNote)
    assert (note.night.isoformat(), note.coffee, note.by) == ("2026-11-19", "two, after lunch", "phone")


@pytest.mark.parametrize(
    ("what", "said", "retained", "reason"),
    [
        ("cmd/alarm", {"do": "disarm"}, True, "Stale"),
        ("cmd/alarm", {"do": "disarm", "t_ns": 0}, False, "Stale"),
        ("cmd/alarm", {"do": "explode"}, False, "Inconsistent"),
        ("cmd/alarm", {"do": "snooze", "minutes": 100_000}, False, "Inconsistent"),
        ("cmd/alarm", {"do": "ack", "v": 2}, False, "WrongVersion"),
        ("cmd/verdict", {"verdict": "cramp"}, False, "NoSuchEvent"),
        ("cmd/diary", {"pain": 11}, False, "Inconsistent"),
        ("cmd/diary", {"night": "yesterday"}, False, "Inconsistent"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_logged(
    home: Home, caplog: pytest.LogCaptureFixture, what: str, said: dict[str, Any], retained: bool, reason: str
) -> None:
    home.press(what, retained=retained, **said)
    assert home.bedside.refusals.counts == {reason: 1}
    assert reason in caplog.text
    assert home.state["state"] == "WATCHING"
    assert not [entry for entry in home.diary.since(0) if not isinstance(entry.said, Transition)]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"ack", b"{" * 100_000])
def test_a_command_that_is_no_json_object_is_refused(home: Home, payload: bytes) -> None:
    home.hear("cmd/alarm", payload)
    assert home.bedside.refusals.counts.total() == 1


def test_nobody_can_command_a_place_that_is_not_there(home: Home) -> None:
    home.press("cmd/alarm", do="mute", of=OTHER_LEG)
    assert home.bedside.refusals.counts == {"Inconsistent": 1}
    assert home.told("state", OTHER_LEG) == []


# What is told and kept


def test_a_place_that_is_heard_of_has_an_alarm_of_its_own(home: Home) -> None:
    home.hear("status", Status(state="online", t_ns=home.now_ns, session="other"), of=OTHER_LEG)
    home.say("mute")
    assert [home.told("state", place)[-1]["state"] for place in (PLACE, OTHER_LEG)] == ["MUTED", "WATCHING"]


def test_the_state_is_told_when_it_changes_and_once_a_minute_as_a_sign_of_life(home: Home) -> None:
    home.pass_s(100)
    home.published.clear()
    home.pass_s(600)
    assert len(home.told("state")) == 10
    assert len(home.told("tonight")) == 10
    assert all(retain for topic, _, retain in home.published if topic == PLACE.topic("state"))


def test_who_looks_into_the_diary_sees_the_state_and_that_it_is_fresh(home: Home) -> None:
    home.pass_s(200)
    with Diary(home.path, read_only=True) as diary:
        state = diary.state(PLACE)
    assert state is not None
    assert state.state == "WATCHING"
    assert home.now_ns - state.t_ns <= 60 * NS


def test_an_events_way_to_the_ear_and_back_is_kept_with_each_of_its_times(home: Home) -> None:
    home.pass_s(60)
    confirmed = event(0)
    delivered_ns = home.now_ns
    home.cramp(0)
    home.pass_s(4)
    home.say("ack")
    (latency,) = home.diary.latencies(PLACE)
    assert (latency.event_id, latency.onset_ns, latency.suspected_ns, latency.confirmed_ns) == (
        confirmed.id,
        confirmed.onset_ns,
        confirmed.suspected_ns,
        confirmed.alerted_ns,
    )
    assert latency.published_ns == latency.delivered_ns == latency.sounded_ns == delivered_ns
    assert latency.acknowledged_ns == home.now_ns == delivered_ns + round(4.1 * NS)


def test_everything_the_alarm_does_is_a_row_with_who_and_when(home: Home) -> None:
    home.cramp()
    home.say("ack")
    done = [(change.before, change.after, change.by) for change in home.diary.transitions(PLACE)]
    assert done[-2:] == [("WATCHING", "ALERT", "detector"), ("ALERT", "ACKED", "wearer")]


def test_news_are_told_once_and_not_retained(home: Home) -> None:
    home.cramp()
    home.pass_s(200)
    assert [news["what"] for news in home.told("news")].count("cramp") == 1
    assert not any(retain for topic, _, retain in home.published if topic.endswith("/news"))


def test_home_assistant_is_told_of_each_place_when_it_starts(home: Home) -> None:
    home.published.clear()
    home.bedside.message("homeassistant/status", b"online")
    assert [topic.split("/")[0] for topic, _, _ in home.published] == ["homeassistant"]


def test_what_was_told_before_a_restart_is_no_news_and_a_cramp_that_begins_meanwhile_is(home: Home) -> None:
    home.cramp(0)
    home.pass_s(5)
    home.kill()
    home.published.clear()
    home.start()
    home.pass_s(5)
    assert (home.state["sounding"], home.told("news")) == ("cramp", [])
    home.kill()
    home.start()
    other = home.cramp(100)
    assert [news["event_id"] for news in home.told("news") if news["what"] == "cramp"] == [other]


def test_phones_are_told_once_then_the_second_person_and_at_last_that_it_is_over(home: Home) -> None:
    home.cramp(0)
    home.pass_s(100)
    home.is_over(0)
    home.pass_s(20)
    told = [(note.stage, note.audience, note.t_ns) for note in home.postbox.notes]
    assert [(stage, audience) for stage, audience, _ in told] == [
        ("cramp", "first"),
        ("unanswered", "second"),
        ("over", "told"),
    ]
    assert 60 <= (told[1][2] - told[0][2]) / NS <= 61
    assert {note.subject for note in home.postbox.notes} == {event(0).id}


def test_a_second_person_is_not_told_of_a_cramp_that_was_answered(home: Home) -> None:
    home.cramp()
    home.say("ack")
    home.pass_s(100)
    assert [note.stage for note in home.postbox.notes] == ["cramp"]


def test_who_was_called_because_nobody_answered_is_told_at_once_that_somebody_has_and_who(home: Home) -> None:
    home.cramp()
    home.pass_s(70)
    home.say("ack")
    assert [(note.stage, note.audience) for note in home.postbox.notes[1:]] == [
        ("unanswered", "second"),
        ("answered", "told"),
    ]
    assert home.postbox.notes[-1].text == "The alert was answered."
    assert home.postbox.notes[-1].t_ns == home.now_ns
    home.pass_s(100)
    home.is_over()
    home.pass_s(20)
    assert [note.stage for note in home.postbox.notes[3:]] == ["over"]


@pytest.mark.parametrize("do", ["snooze", "mute", "disarm"])
def test_whoever_silences_the_alert_has_answered_it(home: Home, do: Do) -> None:
    home.cramp()
    home.pass_s(70)
    home.say(do)
    assert home.postbox.notes[-1].stage == "answered"


def test_a_verdict_has_answered_the_alert_too(home: Home) -> None:
    event_id = home.cramp()
    home.pass_s(70)
    home.judge(event_id, "cramp")
    assert home.postbox.notes[-1].stage == "answered"


def test_the_second_person_is_called_again_when_what_was_snoozed_sounds_again_and_is_not_answered(home: Home) -> None:
    home.cramp()
    home.pass_s(70)
    home.say("snooze", minutes=1)
    home.pass_s(130)
    home.say("ack")
    assert [note.stage for note in home.postbox.notes] == [
        "cramp",
        "unanswered",
        "answered",
        "unanswered 2",
        "answered 2",
    ]


def test_an_answer_after_a_restart_is_told_to_who_was_called_before_it(home: Home) -> None:
    home.cramp()
    home.pass_s(130)
    home.kill()
    home.start()
    home.say("ack")
    assert home.postbox.notes[-1].stage == "answered"


def test_an_answer_to_an_earlier_alert_is_none_to_the_one_that_sounds(home: Home) -> None:
    earlier = home.cramp(0)
    home.pass_s(10)
    home.cramp(100)
    home.pass_s(70)
    home.judge(earlier, "not")
    assert [note.stage for note in home.postbox.notes].count("answered") == 0


def test_phones_are_told_of_a_fault_and_of_its_end(home: Home) -> None:
    home.pass_s(60)
    home.detecting = False
    home.pass_s(60)
    home.detecting = True
    home.pass_s(60)
    assert [(note.kind, note.stage) for note in home.postbox.notes] == [("fault", "fault"), ("fault", "over")]
    assert home.postbox.notes[0].text.startswith("The detector has stopped")


def test_a_night_is_told_of_in_figures(home: Home) -> None:
    home.pass_s(600)
    judged = home.cramp(0)
    home.cramp(100)
    home.judge(judged, "not")
    home.pass_s(120)
    tonight = home.told("tonight")[-1]
    assert (len(tonight["alerts"]), tonight["denied"], tonight["cramps"]) == (2, [judged], 1)
    assert tonight["watched_percent"] > 90


def test_who_looks_at_the_broker_sees_that_a_stopped_bedside_is_gone(home: Home) -> None:
    home.bedside.close()
    assert home.published[-1] == (PLACE.topic("state"), b"", True)


def test_a_verdict_is_kept_whatever_it_is_about(home: Home) -> None:
    home.judge("an-event-of-last-week", "unsure")
    assert [it.verdict for it in home.diary.between(PLACE, Verdict)] == ["unsure"]
