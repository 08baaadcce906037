"""The page on a disk that takes nothing: it reads what the alarm notes, so it knows nothing, and says so."""

from pathlib import Path

import pytest

from collector.contract.messages import NS
from crampwatch.page.exchange import Refused
from crampwatch.page.room import takes_notes
from detector.alarm.messages import Command
from tests.crampwatch.page.home import PageAtHome, get, post
from tests.crampwatch.page.test_views import words
from tests.detector.bedside.stand_ins import Home
from tests.faults.disk import fill, make_room, remount

NOT_KNOWN = "Not known"
ACK = post("/command", {"place": "w1/left_calf", "do": "ack"})


def shown(page: PageAtHome) -> str:
    return words(page.page.answer(get()))


def test_an_alert_on_a_full_disk_is_never_shown_as_watching_nor_as_an_alarm_that_does_not_run(tiny_disk: Path) -> None:
    alarm, page = Home(tiny_disk).online(), PageAtHome(tiny_disk)
    page.now_ns = alarm.now_ns
    assert "Watching" in shown(page)
    fill(tiny_disk)
    alarm.cramp()
    for _ in range(2):
        alarm.pass_s(100)
        page.now_ns = alarm.now_ns
        said = shown(page)
        assert NOT_KNOWN in said
        assert "Watching" not in said
        assert "does not run" not in said
    assert alarm.rings[0][1] == "cramp"
    make_room(tiny_disk)
    alarm.pass_s(70)
    page.now_ns = alarm.now_ns
    assert NOT_KNOWN not in shown(page)
    assert "Straighten your leg, pull toes up." in shown(page)


@pytest.mark.parametrize("how", ["full", "ro"])
def test_an_answer_that_cannot_be_filed_is_refused_with_what_to_do_instead(tiny_disk: Path, how: str) -> None:
    page = PageAtHome(tiny_disk)
    page.tell("ALERT")
    spoil(tiny_disk, how)
    with pytest.raises(Refused) as caught:
        page.page.answer(ACK)
    refusal = page.page.refusal(caught.value)
    assert refusal.status == 503
    for advice in ("Nothing was stored", "Home Assistant or MQTT", "switch the loudspeaker off", "crampwatch prune"):
        assert advice in words(refusal)


@pytest.mark.parametrize("how", ["full", "ro"])
def test_the_page_trusts_the_diary_again_as_soon_as_its_disk_takes_something(tiny_disk: Path, how: str) -> None:
    page = PageAtHome(tiny_disk)
    page.tell("WATCHING")
    spoil(tiny_disk, how)
    assert NOT_KNOWN in shown(page)
    if how == "full":
        make_room(tiny_disk)
    else:
        remount(tiny_disk, "rw")
    page.now_ns += 30 * NS
    assert "Watching" in shown(page)
    page.page.answer(ACK)
    assert [command.do for command in page.said(Command)] == ["ack"]


def test_where_there_is_no_folder_yet_the_diary_itself_says_what_is_wrong(tmp_path: Path) -> None:
    assert takes_notes(tmp_path / "not yet" / "diary.sqlite")


def spoil(disk: Path, how: str) -> None:
    """Let it take nothing."""
    if how == "full":
        fill(disk)
    else:
        remount(disk, "ro")
