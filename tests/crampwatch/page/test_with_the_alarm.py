"""The page and the alarm, which meet only in the diary: what is pressed is done, and what is done is shown."""

from pathlib import Path

import pytest

from collector.contract.messages import Status
from tests.crampwatch.page.home import PageAtHome, get, post
from tests.crampwatch.page.test_views import words
from tests.detector.bedside.stand_ins import Home
from tests.support.frames import SESSION


class Both:
    """A bedside and a page with the same diary and the same clock."""

    def __init__(self, folder: Path) -> None:
        self.bedside = Home(folder).online()
        self._page = PageAtHome(folder)

    def press(self, do: str, **fields: str) -> None:
        """A button of the page; then a second passes."""
        self._send("/command", {"do": do, **fields})

    def judge(self, verdict: str) -> None:
        """What the person says of the event that sounds."""
        event_id = self.bedside.state["event_id"]
        self._send("/verdict", {"verdict": verdict, "event_id": event_id})

    @property
    def shown(self) -> str:
        """What the page says now."""
        self._page.now_ns = self.bedside.now_ns
        return words(self._page.page.answer(get()))

    def _send(self, path: str, fields: dict[str, str]) -> None:
        self._page.now_ns = self.bedside.now_ns
        self._page.page.answer(post(path, {"place": "w1/left_calf", **fields}))
        self.bedside.pass_s(1)


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def test_i_am_awake_ends_the_sound_and_the_page_shows_it(both: Both) -> None:
    both.bedside.cramp()
    assert "Straighten your leg, pull toes up." in both.shown
    both.press("ack")
    sounded = len(both.bedside.rings)
    both.bedside.pass_s(120)
    assert len(both.bedside.rings) == sounded
    assert "Answered" in both.shown
    assert "waiting for the alarm" not in both.shown


def test_a_snooze_is_quiet_and_the_page_shows_until_when(both: Both) -> None:
    both.bedside.cramp()
    both.press("snooze", minutes="30")
    assert "Snoozed" in both.shown
    assert "quiet until 23:30" in both.shown


@pytest.mark.parametrize(("do", "name", "undo"), [("mute", "Muted", "unmute"), ("disarm", "Disarmed", "arm")])
def test_what_was_silenced_for_longer_is_shown_until_it_is_undone(both: Both, do: str, name: str, undo: str) -> None:
    both.press(do)
    assert name in both.shown
    both.press(undo)
    assert name not in both.shown
    assert "Watching" in both.shown


def test_whoever_judges_the_cramp_that_sounds_has_heard_it(both: Both) -> None:
    both.bedside.cramp()
    both.judge("cramp")
    assert both.bedside.state["state"] == "ACKED"
    assert "You said: cramp." in both.shown


def test_a_fault_of_the_night_is_shown_with_its_cure(both: Both) -> None:
    both.bedside.collecting = False
    both.bedside.pass_s(120)
    assert "Fault" in both.shown
    assert "Switch it off and on again." in both.shown or "start it again" in both.shown.lower()


def test_after_the_night_the_page_does_not_ask_anybody_to_arm_the_alarm(both: Both) -> None:
    both.bedside.hear("status", Status(state="ended", t_ns=both.bedside.now_ns, session=SESSION))
    both.bedside.pass_s(1)
    assert "No night is going on" in both.shown
    assert "Arm " not in both.shown


def test_an_alarm_that_was_killed_is_not_taken_for_one_that_watches(both: Both) -> None:
    assert "Watching" in both.shown
    both.bedside.kill()
    both.bedside.now_s += 151
    assert "The alarm does not run" in both.shown


def test_an_alarm_that_was_stopped_is_at_once_said_not_to_run_and_what_it_said_last(both: Both) -> None:
    both.bedside.cramp()
    both.bedside.bedside.close()
    assert "The alarm does not run" in both.shown
    assert "The last it said, at 23:00: Possible calf cramp" in both.shown


def test_an_alarm_that_is_started_again_is_at_once_shown_and_still_snoozed(both: Both) -> None:
    both.press("snooze", minutes="30")
    both.bedside.bedside.close()
    both.bedside.start()
    both.bedside.pass_s(1)
    assert "The alarm does not run" not in both.shown
    assert "quiet until 23:30" in both.shown
