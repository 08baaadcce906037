"""The test alert: who answers it, who does not, and who was never asked."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.contract.messages import NS
from collector.contract.topics import place
from crampwatch.doctor.finding import Finding
from crampwatch.preflight.alarm_path import alarm_path
from detector.alarm.machine import Memory
from detector.alarm.messages import AlarmState, AlarmStateName, Command, Do, FaultTold
from detector.catalogue import load
from detector.diary.diary import Diary
from tests.support.signals import LEFT_CALF, START_NS


class Evening:
    """A diary, an alarm whose last word is `silent_s` old, and a clock that goes on by a second with each look."""

    def __init__(self, diary: Diary, silent_s: float = 0.0) -> None:
        self.diary = diary
        self.now_ns = START_NS
        self.answer: tuple[float, Do, str] | None = None
        self.obeys = True
        self.faults: tuple[FaultTold, ...] = ()
        self.state: AlarmStateName = "WATCHING"
        self.until_ns: int | None = None
        self.prompted = 0
        self.silent_s = silent_s

    def ask(self) -> Finding:
        self._remember(self.now_ns - round(self.silent_s * NS), obeyed=0)
        return alarm_path(self.diary, LEFT_CALF, load(), self._prompt, self._serve, lambda: self.now_ns, hhmm)

    def commands(self) -> list[Do]:
        return [entry.said.do for entry in self.diary.since(0) if isinstance(entry.said, Command)]

    def _prompt(self) -> None:
        self.prompted += 1

    def _serve(self) -> None:
        self.now_ns += NS
        if self.obeys:
            self._remember(self.now_ns, obeyed=self.diary.since(0)[-1].row)
        if self.answer and self.now_ns - START_NS >= self.answer[0] * NS:
            _, do, site = self.answer
            said = Command(do=do, by="wearer", t_ns=self.now_ns, id=uuid.uuid4().hex)
            self.diary.add(place("w1", site), said)
            self.answer = None

    def _remember(self, t_ns: int, obeyed: int) -> None:
        state = AlarmState(
            state=self.state,
            since_ns=START_NS,
            until_ns=self.until_ns,
            by="bedside",
            text="",
            t_ns=t_ns,
            faults=self.faults,
        )
        self.diary.remember(LEFT_CALF, Memory(), state, obeyed=obeyed)


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    with Diary(tmp_path / "diary.sqlite") as opened:
        yield opened


def test_a_test_that_is_acknowledged_is_told_with_the_time_it_took(diary: Diary) -> None:
    evening = Evening(diary)
    evening.answer = (20, "ack", "left_calf")
    found = evening.ask()
    assert (found.state, found.says) == ("ok", "the test was acknowledged after 20 s")
    assert (evening.commands(), evening.prompted) == (["test", "ack"], 1)


def test_a_test_that_nobody_acknowledges_within_a_minute_is_a_problem(diary: Diary) -> None:
    evening = Evening(diary)
    found = evening.ask()
    assert (found.state, evening.now_ns - START_NS) == ("problem", 60 * NS)
    assert "crampwatch ack" in found.cure


@pytest.mark.parametrize("answer", [(20.0, "snooze", "left_calf"), (20.0, "ack", "right_calf")])
def test_another_answer_or_that_of_another_leg_is_none(diary: Diary, answer: tuple[float, Do, str]) -> None:
    evening = Evening(diary)
    evening.answer = answer
    assert evening.ask().state == "problem"


def test_an_alarm_that_does_not_take_the_test_is_told_apart_from_a_sleeper(diary: Diary) -> None:
    evening = Evening(diary)
    evening.obeys = False
    assert evening.ask().says == "the alarm did not take the test"


def test_an_alarm_that_has_been_silent_for_minutes_is_not_running_and_asked_for_nothing(diary: Diary) -> None:
    evening = Evening(diary, silent_s=200)
    assert evening.ask().says == "no alarm is running"
    assert (evening.commands(), evening.prompted) == ([], 0)


@pytest.mark.parametrize("state", ["DISARMED", "MUTED", "SNOOZED"])
def test_an_alarm_that_was_silenced_has_not_passed_and_says_until_when(diary: Diary, state: AlarmStateName) -> None:
    evening = Evening(diary)
    evening.state, evening.until_ns = state, START_NS
    found = evening.ask()
    assert (found.state, found.says) == ("problem", f"the alarm will not sound before {hhmm(START_NS)}")
    assert "crampwatch alarm arm" in found.cure
    assert evening.prompted == 0


def test_before_a_night_begins_nothing_is_watched_yet_and_the_test_sounds_all_the_same(diary: Diary) -> None:
    evening = Evening(diary)
    evening.state = "DISARMED"
    evening.answer = (20, "ack", "left_calf")
    assert evening.ask().state == "ok"


def test_an_alarm_that_makes_no_sound_has_not_passed_even_when_somebody_acknowledges(diary: Diary) -> None:
    evening = Evening(diary)
    evening.faults = (FaultTold(kind="no_sound", since_ns=START_NS, title="No sound.", cure="Check the loudspeaker."),)
    evening.answer = (20, "ack", "left_calf")
    assert evening.ask() == Finding("alarm", "problem", "No sound", "Check the loudspeaker")


def test_phones_that_are_not_reached_are_told_even_when_somebody_acknowledges(diary: Diary) -> None:
    evening = Evening(diary)
    evening.faults = (FaultTold(kind="phones", since_ns=START_NS, title="Not reached.", cure="See.", soft=True),)
    evening.answer = (20, "ack", "left_calf")
    assert evening.ask() == Finding("alarm", "problem", "Not reached", "See")


def test_where_no_alarm_has_ever_run_none_is_asked(diary: Diary) -> None:
    found = alarm_path(diary, LEFT_CALF, load(), lambda: None, lambda: None, lambda: START_NS, hhmm)
    assert (found.state, found.says) == ("problem", "no alarm is running")


def hhmm(t_ns: int) -> str:
    return f"{t_ns // (3600 * NS) % 24:02}:{t_ns // (60 * NS) % 60:02}"
