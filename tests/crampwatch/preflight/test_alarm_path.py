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
from detector.alarm.messages import AlarmState, Command, Do, FaultTold
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
        self.prompted = 0
        self._remember(START_NS - round(silent_s * NS), obeyed=0)

    def ask(self) -> Finding:
        return alarm_path(self.diary, LEFT_CALF, self._prompt, self._serve, lambda: self.now_ns)

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
        state = AlarmState(state="WATCHING", since_ns=START_NS, by="bedside", text="", t_ns=t_ns, faults=self.faults)
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
    assert evening.ask().state == "not asked"
    assert (evening.commands(), evening.prompted) == ([], 0)


def test_an_alarm_that_makes_no_sound_has_not_passed_even_when_somebody_acknowledges(diary: Diary) -> None:
    evening = Evening(diary)
    evening.faults = (FaultTold(kind="no_sound", since_ns=START_NS, title="No sound.", cure="Check the loudspeaker."),)
    evening.answer = (20, "ack", "left_calf")
    assert evening.ask() == Finding("alarm", "problem", "No sound", "Check the loudspeaker")


def test_where_no_alarm_has_ever_run_none_is_asked(diary: Diary) -> None:
    found = alarm_path(diary, LEFT_CALF, lambda: None, lambda: None, lambda: START_NS)
    assert (found.state, found.says) == ("not asked", "no alarm is running")
