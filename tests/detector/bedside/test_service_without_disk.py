"""A bedside that starts while the disk opens neither diary nor queue: it sounds, says so, and loses nothing."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from detector.alarm.messages import Command, Transition
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.diary.schema import BadDiary, DiaryUnavailable
from tests.detector.bedside.stand_ins import BERLIN, EVENING_NS, Home
from tests.support.frames import PLACE

REFUSALS = [
    DiaryUnavailable("diary.sqlite: cannot be opened as a diary (database or disk is full)"),
    sqlite3.OperationalError("unable to open database file"),
    OSError(errno.EROFS, os.strerror(errno.EROFS), "diary.sqlite"),
]
FULL = REFUSALS[0]
TRY_AGAIN_S = 10


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, closed=FULL).online()


def transitions(home: Home) -> list[Transition]:
    return home.diary.transitions(PLACE)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
def test_it_sounds_and_the_disk_is_a_fault_from_the_beginning_with_its_reason(
    tmp_path: Path, refusal: Exception
) -> None:
    home = Home(tmp_path, closed=refusal).online()
    home.cramp()
    home.pass_s(40)
    assert home.rings == [(1, "cramp"), (6, "cramp"), (16, "cramp"), (36, "cramp")]  # as with a disk
    (fault,) = home.state["faults"]
    assert (fault["kind"], fault["detail"], fault["since_ns"]) == ("disk", f"diary: {refusal}", EVENING_NS)


def test_what_waited_is_filed_once_and_told_once_when_it_can_be_opened(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.cramp()
    home.pass_s(60)
    home.closed = None
    home.pass_s(TRY_AGAIN_S + 2)
    assert [change.why for change in transitions(home)].count("confirmed") == 1
    assert [note.stage for note in home.postbox.notes][:2] == ["cramp", "unanswered"]
    assert caplog.text.count("The diary takes everything again.") == 1
    filed, told = transitions(home), list(home.postbox.notes)
    home.pass_s(60)
    assert home.faults == []
    assert transitions(home)[: len(filed)] == filed
    assert home.postbox.notes[: len(told)] == told
    assert len({(note.subject, note.stage) for note in home.postbox.notes}) == len(home.postbox.notes)


def test_each_refusal_is_logged_once_however_long_it_lasts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = Home(tmp_path, closed=FULL).online()
    home.pass_s(3600, 5.0)
    assert caplog.text.count("The diary takes nothing") == 1
    assert caplog.text.count("The queue for phones takes nothing") == 1


def test_a_queue_that_cannot_be_opened_is_a_fault_and_keeps_nothing_from_the_diary(tmp_path: Path) -> None:
    home = Home(tmp_path)
    refusal = sqlite3.OperationalError("unable to open database file")

    def refuse() -> None:
        raise refusal

    ways = Ways(lambda: Diary(home.path), home.speaker, refuse, home.publish)  # type: ignore[arg-type]
    home.bedside = Bedside(home.settings, BERLIN, [PLACE], ways, lambda: home.now_ns)
    home.connect()
    home.online()
    home.cramp()
    home.pass_s(60)
    assert home.faults == ["disk"]
    assert home.state["faults"][0]["detail"] == f"queue for phones: {refusal}"
    with Diary(home.path) as diary:
        assert "confirmed" in [change.why for change in diary.transitions(PLACE)]


def test_what_people_wrote_meanwhile_is_obeyed_if_it_is_still_meant(home: Home) -> None:
    home.pass_s(200)
    with Diary(home.path) as diary:
        diary.add(PLACE, Command(do="disarm", by="wearer", t_ns=home.now_ns - 130 * 10**9, id="old"))
        diary.add(PLACE, Command(do="snooze", minutes=10, by="wearer", t_ns=home.now_ns, id="new"))
    home.closed = None
    home.pass_s(TRY_AGAIN_S + 1)
    assert (home.state["state"], home.state["by"]) == ("SNOOZED", "wearer")
    assert home.diary.obeyed == 2


def test_what_was_asked_for_meanwhile_is_done_at_once_filed_later_and_not_done_again(home: Home) -> None:
    home.cramp(0)
    home.press("cmd/alarm", do="ack", by="home assistant", id="a1")
    assert home.state["state"] == "ACKED"
    home.closed = None
    home.pass_s(TRY_AGAIN_S + 1)
    assert [entry.said.id for entry in home.diary.since(0) if isinstance(entry.said, Command)] == ["a1"]
    assert [change.why for change in transitions(home)].count("ack") == 1
    home.is_over(0)
    home.pass_s(60)
    home.kill()
    home.start()
    home.cramp(100)  # within the two minutes for which a command is good
    home.pass_s(1)
    assert home.state["state"] == "ALERT"


def test_a_restart_without_a_disk_forgets_a_snooze_and_so_sounds(tmp_path: Path) -> None:
    home = Home(tmp_path).online()
    home.say("snooze", minutes=30)
    home.kill()
    home.closed = FULL
    home.start()
    home.cramp()
    assert home.rings[-1][1] == "cramp"
    home.closed = None
    home.pass_s(TRY_AGAIN_S + 1)
    assert home.diary.state(PLACE).state == "ALERT"  # type: ignore[union-attr]


def test_another_programs_file_in_the_diarys_place_is_for_a_person_to_mend(tmp_path: Path) -> None:
    with pytest.raises(BadDiary, match="not a crampwatch diary"):
        Home(tmp_path, closed=BadDiary("this SQLite file is not a crampwatch diary"))


def test_one_that_turns_up_later_silences_nobody(home: Home) -> None:
    home.closed = BadDiary("this SQLite file is not a crampwatch diary")
    home.pass_s(60)
    home.cramp()
    assert home.rings[-1][1] == "cramp"
    assert home.state["faults"][0]["detail"].startswith("diary: ")


def test_a_diary_that_was_opened_on_a_read_only_disk_is_opened_again_when_it_takes_something(tmp_path: Path) -> None:
    home = Home(tmp_path, closed=FULL)
    home.closed = None
    Diary(home.path).close()
    mode = ["ro"]

    def opened() -> Diary:
        return Diary(home.path, read_only=mode[0] == "ro")

    ways = Ways(opened, home.speaker, lambda: home.postbox, home.publish)
    home.bedside = Bedside(home.settings, BERLIN, [PLACE], ways, lambda: home.now_ns)
    home.connect()
    home.online()
    home.cramp()
    home.pass_s(60)
    assert home.faults == ["disk"]
    assert home.state["faults"][0]["detail"] == "diary: attempt to write a readonly database"
    mode[0] = "rw"
    home.pass_s(60)
    assert home.faults == []
    with Diary(home.path) as diary:
        assert [change.why for change in diary.transitions(PLACE)].count("confirmed") == 1
