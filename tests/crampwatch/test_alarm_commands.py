"""What people say at the command line, and what they are told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.contract.codec import encode_json
from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch import answering
from crampwatch.commands.ack import ack
from crampwatch.commands.alarm import UNHEARD, show
from crampwatch.commands.diary import evening, felt
from crampwatch.commands.diary import show as listing
from crampwatch.commands.mute import mute
from crampwatch.commands.snooze import snooze
from crampwatch.commands.verdict import verdict
from crampwatch.errors import UserError
from crampwatch.meant import Meant, Spoken
from detector.alarm.messages import Command, EveningNote, FeltCramp
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside.push_queue import PushNote
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.messages import event_message
from detector.store import NightStore
from tests.detector.bedside.stand_ins import BERLIN, health
from tests.detector.test_store import batch
from tests.faults.disk import fill
from tests.support.frames import PLACE, event, frames

SETTINGS = """
timezone = "Europe/Berlin"
data_directory = "nights"

[[sensor]]
wearer = "w1"
site = "left_calf"
"""
RIGHT = Place("w1", "right_calf")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "crampwatch.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture
def diary(config: Path) -> Iterator[Diary]:
    with Diary(config.parent / "nights" / "diary.sqlite") as opened:
        yield opened


@pytest.fixture
def night(config: Path) -> None:
    """An alert and a candidate, on the night of 2026-11-19."""
    with NightStore(config.parent / "nights" / "nights.sqlite") as store:
        store.commit(batch(60, frames(0, 60), event(10, "ended", end_s=40), event(50, "rejected", end_s=52)))


class Silence:
    """Neither sounds nor sends anything."""

    trouble = None

    def sound(self, ring: Ring, place: Place, text: str) -> None: ...
    def hush(self, place: Place, but: str | None) -> None: ...
    def look(self) -> None: ...
    def close(self) -> None: ...

    def append(self, note: PushNote) -> bool:
        return True


@contextmanager
def alarm(config: Path) -> Iterator[None]:
    """An alarm that runs, with a cramp going on."""
    stop, ready = threading.Event(), threading.Event()

    def run() -> None:
        path = config.parent / "nights" / "diary.sqlite"
        ways = Ways(lambda: Diary(path), Silence(), Silence, lambda *_, **__: None)
        bedside = Bedside(AlarmSettings(), BERLIN, [PLACE], ways)
        bedside.connected()
        now_ns = time.time_ns()
        bedside.message(PLACE.topic("health"), encode_json(health(now_ns)))
        confirmed = event_message(event(0), late=False, t_ns=now_ns)
        bedside.message(PLACE.topic("event"), encode_json(confirmed))
        while not stop.wait(0.02):
            bedside.tick()
            ready.set()
        bedside.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(30)
        yield
    finally:
        stop.set()
        thread.join()


def test_who_answers_is_told_what_the_alarm_does_now(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alarm(config):
        assert ack(spoken=Spoken(by="partner", config=config)) == 0
        told = capsys.readouterr().out
        assert told == "w1 left_calf: Possible cramp, answered. Waiting until it is over.\n"
        assert snooze(30, spoken=Spoken(config=config)) == 0
        assert mute(spoken=Spoken(config=config)) == 0
        assert capsys.readouterr().out.count("Quiet until 12:00, then it sounds again by itself.") == 1
        assert mute(off=True, spoken=Spoken(config=config)) == 0
        show(meant=Meant(config=config))
        assert "w1 left_calf: ACKED. Possible cramp, answered." in capsys.readouterr().out


def test_an_alarm_that_was_stopped_is_said_not_to_run(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alarm(config):
        show(meant=Meant(config=config))
        assert "does not run" not in capsys.readouterr().out
    show(meant=Meant(config=config))
    assert "w1 left_calf: the alarm does not run; it was stopped at " in capsys.readouterr().out


def test_a_snooze_says_until_when(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alarm(config):
        before_s = time.time()
        snooze(10, spoken=Spoken(config=config))
    until = {f"{datetime.fromtimestamp(before_s + 600 + late_s, BERLIN):%H:%M}" for late_s in (0, 60)}
    told = capsys.readouterr().out
    assert any(f"Cramp alerts are quiet until {clock}." in told for clock in until) or "12:00" in told


def test_without_an_alarm_it_is_noted_and_said_that_nobody_took_it_up(
    config: Path, diary: Diary, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "PATIENCE_S", 0.1)
    assert ack(spoken=Spoken(by="wearer", config=config)) == UNHEARD
    assert "no alarm has taken it up: none is running on this computer" in capsys.readouterr().out
    assert [command.do for command in diary.between(PLACE, Command)] == ["ack"]


def test_before_the_first_night_there_is_no_alarm_to_show(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(meant=Meant(config=config))
    assert capsys.readouterr().out == "w1 left_calf: no alarm has run yet.\n"


@pytest.mark.usefixtures("night")
def test_a_verdict_is_on_the_latest_alert_unless_another_event_is_named(
    config: Path, diary: Diary, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict("cramp", spoken=Spoken(by="wearer", config=config))
    assert capsys.readouterr().out.startswith("Noted: the alert of 2026-11-19 23:00:10 (w1 left_calf, ")
    verdict("not", event(50).id[:8], spoken=Spoken(config=config))
    assert {it.event_id: it.verdict for it in diary.verdicts().values()} == {
        event(10).id: "cramp",
        event(50).id: "not",
    }


@pytest.mark.usefixtures("night")
def test_a_verdict_on_what_was_not_there_is_refused(config: Path, diary: Diary) -> None:
    with pytest.raises(UserError, match="no event's id begins with 'zz'"):
        verdict("cramp", "zz", spoken=Spoken(config=config))
    with pytest.raises(UserError, match="the ids of 2 events begin with ''"):
        verdict("cramp", "", spoken=Spoken(config=config))
    assert diary.verdicts() == {}


def test_before_the_first_alert_there_is_none_to_judge(config: Path) -> None:
    with pytest.raises(UserError, match="no alert was raised yet"):
        verdict("cramp", spoken=Spoken(config=config))


def test_a_cramp_that_was_felt_is_noted_with_all_that_is_known_of_it(config: Path, diary: Diary) -> None:
    felt(
        at="2026-11-20 03:12",
        pain=7,
        duration_s=90,
        leg="left",
        muscle="calf",
        spoken=Spoken(by="wearer", config=config),
    )
    (cramp,) = diary.between(PLACE, FeltCramp)
    assert datetime.fromtimestamp(cramp.felt_ns / NS, UTC).isoformat() == "2026-11-20T02:12:00+00:00"
    assert (cramp.pain, cramp.duration_s, cramp.leg, cramp.muscle) == (7, 90, "left", "calf")


def test_what_is_too_long_to_be_kept_is_refused(config: Path, diary: Diary) -> None:
    with pytest.raises(UserError, match="length <= 64"):
        felt(muscle="m" * 65, spoken=Spoken(config=config))
    assert diary.since(0) == []


def test_an_evening_is_noted_for_its_night(config: Path, diary: Diary) -> None:
    evening(night="2026-11-19", coffee="two, after lunch", spoken=Spoken(config=config))
    (note,) = diary.between(PLACE, EveningNote)
    assert (note.night.isoformat(), note.coffee) == ("2026-11-19", "two, after lunch")
    with pytest.raises(UserError, match="nothing to note"):
        evening(spoken=Spoken(config=config))
    with pytest.raises(UserError, match="no date of an evening"):
        evening(night="yesterday", text="tired", spoken=Spoken(config=config))


@pytest.mark.usefixtures("night")
def test_a_night_is_listed_in_order_with_what_was_found_felt_and_said(
    config: Path, diary: Diary, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict("cramp", spoken=Spoken(by="wearer", config=config))
    felt(at="2026-11-19 23:00", pain=6, spoken=Spoken(by="wearer", config=config))
    evening(night="2026-11-19", alcohol="none", spoken=Spoken(config=config))
    at_ns = event(10).onset_ns + 30 * NS
    diary.add(PLACE, Command(do="snooze", minutes=30, by="partner", t_ns=at_ns, id="s1"))
    capsys.readouterr()
    listing(night="2026-11-19", meant=Meant(config=config))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["w1 left_calf, night of 2026-11-19:", "  alcohol: none"]
    assert [line.split("  ", 2)[1:] for line in lines[2:]] == [
        ["2026-11-19 23:00:00", "felt a cramp; pain 6 of 10"],
        ["2026-11-19 23:00:10", f"alert, 30 s: a cramp, says wearer  [{event(10).id}]"],
        ["2026-11-19 23:00:40", "snooze for 30 min, by partner"],
        ["2026-11-19 23:00:50", f"candidate, 2 s: no verdict yet  [{event(50).id}]"],
    ]


def test_a_night_without_anything_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing(night="2026-11-19", meant=Meant(config=config))
    assert capsys.readouterr().out == "w1 left_calf, night of 2026-11-19: nothing was detected or said.\n"


def test_where_two_legs_are_watched_a_cramp_belongs_to_one_and_an_answer_to_both(config: Path, diary: Diary) -> None:
    config.write_text(SETTINGS + '\n[[sensor]]\nwearer = "w1"\nsite = "right_calf"\n')
    with pytest.raises(
        UserError, match="say which is meant: --wearer w1 --site left_calf, --wearer w1 --site right_calf"
    ):
        felt(spoken=Spoken(config=config))
    felt(spoken=Spoken(site="right_calf", config=config))
    assert len(diary.between(RIGHT, FeltCramp)) == 1
    with pytest.raises(UserError, match=r"no .* is for any wearer at arm"):
        ack(spoken=Spoken(site="arm", config=config))


def test_what_a_full_disk_does_not_take_is_told_in_one_line(config: Path, tiny_disk: Path) -> None:
    config.write_text(SETTINGS.replace('"nights"', f'"{tiny_disk}"'))
    with Diary(tiny_disk / "diary.sqlite") as diary:
        diary.obeyed  # noqa: B018  # who has read it holds its index open
        fill(tiny_disk)
        with pytest.raises(UserError, match=r"nothing was noted .*full.*; make room, and say it again"):
            ack(spoken=Spoken(config=config))


def test_a_diary_that_is_none_is_told_in_one_line(config: Path) -> None:
    (config.parent / "nights").mkdir()
    (config.parent / "nights" / "diary.sqlite").write_bytes(b"Dear diary, " * 100)
    with pytest.raises(UserError, match="cannot be opened as a diary"):
        felt(spoken=Spoken(config=config))
