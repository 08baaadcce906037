"""What the page says: of the alarm now, of nights, and of what was entered."""

import re
from html import unescape
from pathlib import Path
from typing import Any, get_args

import pytest

from collector.contract.messages import NS
from crampwatch.page.exchange import Response
from detector.alarm.messages import AlarmStateName, Command, EveningNote, FeltCramp, Verdict
from detector.catalogue import load
from detector.diary.diary import Diary
from tests.crampwatch.page.home import (
    BATTERY,
    CRAMP,
    EVENT,
    LEFT,
    NEAR_MISS,
    RIGHT,
    STRETCH,
    TWITCH,
    PageAtHome,
    get,
    post,
)
from tests.support.frames import event

MINUTE_NS = 60 * NS
STATES = get_args(AlarmStateName)
W1 = {"place": "w1/left_calf"}


def words(response: Response) -> str:
    """What a page says, without its tags and what is only for the browser."""
    body = re.sub(r"<(title|style|script)[^>]*>.*?</\1>", " ", response.body.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def shown(home: PageAtHome, path: str = "/") -> str:
    return words(home.page.answer(get(path)))


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_told_in_words_with_since_when_and_how_old_the_news_are(home: PageAtHome, state: str) -> None:
    home.tell(state, since_ns=home.now_ns - 42 * MINUTE_NS)
    home.now_ns += 20 * NS
    said = shown(home)
    assert "Since 02:30, for 42 min." in said
    assert "last sign of life: 20 s ago" in said
    assert "The alarm does not run" not in said


@pytest.mark.parametrize("state", STATES)
def test_a_fault_is_shown_with_its_cure_in_every_state(home: PageAtHome, state: str) -> None:
    home.tell(state, faults=[BATTERY])
    said = shown(home)
    assert f"{BATTERY.title} {BATTERY.cure} Since 03:08, for 4 min." in said


def test_until_when_it_is_snoozed_is_on_the_page(home: PageAtHome) -> None:
    home.tell("SNOOZED", text="Snoozed. Cramp alerts are quiet until 03:42.")
    assert "quiet until 03:42" in shown(home)


@pytest.mark.parametrize(("minutes", "trusted"), [(2, True), (3, False), (600, False)])
def test_an_alarm_without_a_sign_of_life_is_never_shown_as_watching(
    home: PageAtHome, minutes: int, trusted: bool
) -> None:
    home.tell("WATCHING", text="Watching.")
    home.now_ns += minutes * MINUTE_NS
    said = shown(home)
    assert ("Watching" in said.partition("The last it said")[0]) == trusted
    assert ("Nobody would be woken now." in said) != trusted


def test_what_an_alarm_said_last_that_does_not_run_is_told_and_from_when_it_was(home: PageAtHome) -> None:
    home.tell("ALERT", text="Possible calf cramp for 12 s.")
    home.now_ns += 10 * MINUTE_NS
    assert "The last it said, at 03:12: Possible calf cramp for 12 s." in shown(home)


def test_a_fault_is_told_with_its_cure_above_the_button_too(home: PageAtHome) -> None:
    home.tell("FAULT", text=f"{BATTERY.title} {BATTERY.cure}", faults=[BATTERY])
    panel = home.page.answer(get()).body.decode().partition('<button id="w1-left_calf-ack"')[0]
    assert BATTERY.cure in panel
    assert "Faults: 1" in panel


@pytest.mark.parametrize("language", ["en", "de"])
def test_where_the_disk_takes_nothing_no_state_is_claimed_and_no_button_promises_anything(
    tmp_path: Path, language: str
) -> None:
    home = PageAtHome(tmp_path, (LEFT, RIGHT), language=language, takes_notes=lambda _: False)
    home.tell("WATCHING", text="Watching.", faults=[BATTERY])
    body, said = home.page.answer(get()).body.decode(), shown(home)
    heading = load(language).say("page.unknown")
    assert said.count(heading) == 4  # to be seen and to be heard, of each leg
    assert "crampwatch prune --keep-nights 3" in said
    assert load(language).say("name.WATCHING") not in said
    assert BATTERY.title not in said
    assert "<button" not in body


def test_a_sign_of_life_from_the_future_is_none(home: PageAtHome) -> None:
    home.tell("WATCHING", t_ns=home.now_ns + 60 * MINUTE_NS)
    assert "The alarm does not run" in shown(home)


@pytest.mark.parametrize(
    ("state", "more", "bright"),
    [
        ("ALERT", {}, True),
        ("FAULT", {"sounding": "fault"}, True),
        ("FAULT", {"sounding": "none"}, False),
        ("WATCHING", {"unanswered": True}, True),
        ("WATCHING", {}, False),
        ("ALERT", {"t_ns": 0}, False),
    ],
)
def test_the_button_is_bright_as_long_as_somebody_is_to_answer(
    home: PageAtHome, state: str, more: dict[str, Any], bright: bool
) -> None:
    home.tell(state, **more)
    button = re.search(r'<button id="w1-left_calf-ack" class="(\w+)"', home.page.answer(get()).body.decode())
    assert button is not None
    assert (button[1] == "main") == bright


def test_before_the_alarm_ever_ran_the_page_says_so_and_what_to_do(home: PageAtHome) -> None:
    said = shown(home)
    assert "The alarm does not run" in said
    assert "crampwatch night" in said


def test_what_was_asked_stands_there_until_the_alarm_has_taken_it_up(home: PageAtHome) -> None:
    home.tell("WATCHING")
    home.page.answer(post("/command", {**W1, "do": "snooze", "minutes": "10"}))
    assert "Passed on at 03:12" in shown(home)
    home.tell("SNOOZED")
    assert "Passed on" not in shown(home)


def test_a_snooze_until_the_morning_has_no_minutes(home: PageAtHome) -> None:
    home.page.answer(post("/command", {**W1, "do": "snooze", "minutes": ""}))
    (command,) = home.said(Command)
    assert (command.do, command.minutes, command.by, command.t_ns) == ("snooze", None, "page", home.now_ns)


def test_the_latest_alert_of_the_night_is_asked_about_and_the_newest_answer_shown(home: PageAtHome) -> None:
    home.alert("an-earlier-one")
    home.now_ns += 30 * MINUTE_NS
    home.alert(EVENT)
    assert "Alert at 03:42. Was that a cramp? no verdict yet" in shown(home)
    for answer in ("cramp", "not"):
        home.page.answer(post("/verdict", {**W1, "event_id": EVENT, "verdict": answer}))
    assert "You said: no cramp." in shown(home)
    assert [said.verdict for said in home.said(Verdict)] == ["cramp", "not"]


def test_an_alert_of_the_night_before_is_not_asked_about_on_this_page(home: PageAtHome) -> None:
    home.alert()
    home.now_ns += 24 * 60 * MINUTE_NS
    home.tell("WATCHING")
    assert "Was that a cramp?" not in shown(home)


def test_the_leg_that_calls_comes_first(tmp_path: Path) -> None:
    home = PageAtHome(tmp_path, (LEFT, RIGHT))
    home.tell("WATCHING", LEFT)
    home.alert(place=RIGHT)
    said = shown(home)
    assert said.index("right calf") < said.index("left calf")


def test_the_silent_mode_is_said(tmp_path: Path) -> None:
    home = PageAtHome(tmp_path, silent=True)
    home.tell("WATCHING")
    assert "nothing sounds" in shown(home)


@pytest.mark.parametrize(("language", "heading"), [("en", "Possible cramp"), ("de", "Möglicher Krampf")])
def test_every_view_is_in_the_language_of_the_settings(tmp_path: Path, language: str, heading: str) -> None:
    home = PageAtHome(tmp_path, language=language)
    home.alert()
    body = home.page.answer(get()).body.decode()
    assert f'<html lang="{language}">' in body
    assert heading in body
    for path in ("/nights", "/cramp", "/evening"):
        assert shown(home, path)


def test_what_a_person_wrote_is_shown_and_never_run(home: PageAtHome) -> None:
    note = "<script>alert(1)</script>"
    home.page.answer(post("/cramp", {**W1, "note": note}))
    body = home.page.answer(get("/cramp")).body.decode()
    assert note not in body
    assert note in words(home.page.answer(get("/cramp")))


def test_the_list_of_nights_has_no_count_without_the_time_watched_and_says_what_awaits_a_verdict(
    home: PageAtHome,
) -> None:
    home.record(CRAMP, STRETCH)
    said = shown(home, "/nights")
    assert "19 November to 20 November 2026, w1, left calf Alerts: 2 (23:10, 23:15). Watched 20 min of 20 min." in said
    assert "Not judged yet: 2" in said


def test_a_night_that_was_hardly_watched_is_never_a_night_without_alerts(home: PageAtHome) -> None:
    home.record(minutes=60.0, watched_minutes=20.0)
    said = shown(home, "/nights")
    assert "Too little was watched to say" in said
    assert "No alert" not in said


def test_a_quiet_night_says_how_long_it_was_watched(home: PageAtHome) -> None:
    home.record()
    assert "No alert. Watched 20 min of 20 min." in shown(home, "/nights")


def test_without_a_night_the_list_explains_itself(home: PageAtHome) -> None:
    assert "No night has been recorded yet." in shown(home, "/nights")


def test_a_night_shows_its_alerts_with_their_length_and_what_was_said_of_it(home: PageAtHome) -> None:
    path = home.record(CRAMP, event(1100))
    home.page.answer(post("/cramp", {**W1, "clock": "0205", "pain": "7", "minutes": "2", "leg": "left"}))
    home.page.answer(post("/evening", {**W1, "night": "2026-11-19", "coffee": "two, late"}))
    back = home.page.answer(post("/verdict", {**W1, "event_id": CRAMP.id, "verdict": "cramp", "night": "2026-11-19"}))
    assert ("Location", f"{path}#{CRAMP.id}") in back.headers
    said = shown(home, path)
    assert "23:10, for 1 min 34 s. Was that a cramp? You said: cramp." in said
    assert "23:18, still going on. Was that a cramp? no verdict yet" in said
    assert "02:05, pain 7 of 10, 2 min, left" in said
    assert "Coffee two, late" in said


def test_a_night_lists_what_was_turned_down_apart_from_its_alerts_with_the_reason(home: PageAtHome) -> None:
    said = shown(home, home.record(CRAMP, NEAR_MISS))
    listed = said[said.index("Not counted as cramps: 1") :]
    assert "23:07, for 14 s. Was that a cramp? the leg was moving no verdict yet" in listed
    assert "23:10" not in listed
    assert "Alerts: 1 (23:10)" in said


def test_what_was_as_short_as_a_leg_movement_is_not_listed(home: PageAtHome) -> None:
    assert "Not counted as cramps" not in shown(home, home.record(CRAMP, TWITCH))


def test_the_list_of_what_was_turned_down_is_folded_until_one_of_it_is_judged(home: PageAtHome) -> None:
    path = home.record(CRAMP, NEAR_MISS)
    assert "<details>" in home.page.answer(get(path)).body.decode()
    verdict = {**W1, "event_id": NEAR_MISS.id, "verdict": "cramp", "night": "2026-11-19"}
    back = home.page.answer(post("/verdict", verdict))
    assert ("Location", f"{path}#{NEAR_MISS.id}") in back.headers
    body = home.page.answer(get(path)).body.decode()
    assert "<details open>" in body
    assert f'id="{NEAR_MISS.id}"' in body
    assert "You said: cramp." in shown(home, path)


def test_an_event_of_any_name_leads_back_to_the_night_and_nowhere_else(home: PageAtHome) -> None:
    path = home.record(CRAMP)
    verdict = {**W1, "event_id": "a\r\nb", "verdict": "cramp", "night": "2026-11-19"}
    assert ("Location", f"{path}#a%0D%0Ab") in home.page.answer(post("/verdict", verdict)).headers


def test_where_two_legs_are_watched_each_entry_is_filed_for_the_one_that_was_chosen_and_shown_with_its_name(
    tmp_path: Path,
) -> None:
    home = PageAtHome(tmp_path, (LEFT, RIGHT))
    for site, coffee, pain in (("left_calf", "two", "3"), ("right_calf", "three", "4")):
        chosen = {"place": f"w1/{site}"}
        home.page.answer(post("/evening", {**chosen, "night": "2026-11-19", "coffee": coffee}))
        home.page.answer(post("/cramp", {**chosen, "pain": pain}))
    evening, cramps = shown(home, "/evening"), shown(home, "/cramp")
    assert "w1, left calf Coffee two w1, right calf Coffee three" in evening
    assert "pain 3 of 10 w1, left calf" in cramps
    assert "pain 4 of 10 w1, right calf" in cramps
    with Diary(home.home.diary) as diary:
        assert [note.coffee for note in diary.between(RIGHT, EveningNote)] == ["three"]


def test_a_felt_cramp_sent_twice_is_filed_once(home: PageAtHome) -> None:
    form = {**W1, "id": "one-form", "pain": "5"}
    for _ in range(2):
        home.page.answer(post("/cramp", form))
    assert [cramp.pain for cramp in home.said(FeltCramp)] == [5]


def test_a_mistake_is_told_and_what_was_written_is_still_there(home: PageAtHome) -> None:
    answer = home.page.answer(post("/cramp", {**W1, "clock": "2530", "pain": "7", "note": "while turning"}))
    assert answer.status == 422
    body = answer.body.decode()
    assert "a time that has been" in words(answer)
    assert 'value="2530"' in body
    assert re.search(r'value="7" checked', body)
    assert "while turning" in body
    assert home.said(FeltCramp) == []


def test_an_evening_note_is_for_the_night_that_is_named_in_the_form(home: PageAtHome) -> None:
    home.page.answer(post("/evening", {**W1, "night": "2026-11-18", "alcohol": "a glass of wine"}))
    (note,) = home.said(EveningNote)
    assert (note.night.isoformat(), note.alcohol) == ("2026-11-18", "a glass of wine")


def test_a_damaged_diary_row_leaves_the_page_standing(home: PageAtHome) -> None:
    home.alert()
    with Diary(home.home.diary) as diary:
        diary._db.execute("UPDATE entry SET json = X'ff'")
    assert "Possible cramp" in shown(home)
