"""The diary: takes what is said from whoever says it, keeps it for ever, and gives it back."""

import multiprocessing
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.alarm.messages import Command, EveningNote, FeltCramp, Transition, Verdict
from detector.alarm.preflight_message import Check, Preflight
from detector.diary.diary import Diary
from detector.diary.entries import KINDS, LastState, Latency, Said
from detector.diary.schema import BadDiary
from tests.detector.diary.appender import append

LEFT, RIGHT = Place("w1", "left_calf"), Place("w1", "right_calf")
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = date(2026, 11, 19)
T_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z

ONE_OF_EACH: list[Said] = [
    Command(do="snooze", by="wearer", t_ns=T_NS, minutes=10, id="c1"),
    Verdict(event_id="e1", verdict="not", by="partner", t_ns=T_NS, id="v1"),
    FeltCramp(felt_ns=T_NS, by="wearer", t_ns=T_NS + NS, pain=7, duration_s=90, leg="left", note="foot, too", id="f1"),
    EveningNote(night=NIGHT, coffee="two", by="wearer", t_ns=T_NS, id="n1"),
    Transition(before="WATCHING", after="ALERT", t_ns=T_NS, by="detector", why="confirmed", event_id="e1"),
    Latency(event_id="e1", onset_ns=1, suspected_ns=2, confirmed_ns=3, published_ns=4, delivered_ns=5, sounded_ns=6),
    Preflight(night=NIGHT, t_ns=T_NS, by="wearer", checks=(Check(area="battery", state="ok", says="Full."),)),
]


STATE = LastState(state="ALERT", since_ns=T_NS, event_id="e1", by="detector", text="Possible cramp.", t_ns=T_NS)


class Memory(msgspec.Struct):
    """Something that has to outlast a restart."""

    until_ns: int


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "diary.sqlite"


@pytest.fixture(scope="module")
def processes() -> Iterator[Pool]:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        yield pool


def said(diary: Diary) -> list[Said]:
    return [entry.said for entry in diary.since(0)]


def verdict(number: int, answer: Any = "cramp", event: str = "e1") -> Verdict:
    return Verdict(event_id=event, verdict=answer, by="wearer", t_ns=T_NS + number, id=f"v{number}")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * NS


def felt(when: str) -> FeltCramp:
    return FeltCramp(felt_ns=at(when), by="wearer", t_ns=at("2026-11-20T18:00"), id=when)


def test_every_kind_of_entry_comes_back_as_it_was_said_and_where(path: Path) -> None:
    assert {type(entry) for entry in ONE_OF_EACH} == set(KINDS.values())
    with Diary(path) as diary:
        for entry in ONE_OF_EACH:
            diary.add(LEFT, entry)
    with Diary(path, read_only=True) as diary:
        assert said(diary) == ONE_OF_EACH
        assert {entry.place for entry in diary.since(0)} == {LEFT}


def test_what_comes_twice_is_one_entry(path: Path) -> None:
    with Diary(path) as diary:
        first = diary.add(LEFT, verdict(1))
        diary.add(LEFT, verdict(2))
        assert diary.add(LEFT, verdict(1)) == first
        assert said(diary) == [verdict(1), verdict(2)]


def test_who_reads_on_gets_what_is_new_to_him_whoever_said_it(path: Path) -> None:
    with Diary(path) as one, Diary(path) as other:
        read_to = one.add(LEFT, verdict(1))
        other.add(RIGHT, verdict(2))
        assert [(entry.place, entry.said) for entry in one.since(read_to)] == [(RIGHT, verdict(2))]


def test_of_several_verdicts_on_an_event_the_newest_counts_and_the_others_stay(path: Path) -> None:
    with Diary(path) as diary:
        diary.add(LEFT, verdict(1, "cramp"))
        diary.add(LEFT, verdict(2, "not"))
        diary.add(RIGHT, verdict(3, "unsure", "e2"))
        assert {event: it.verdict for event, it in diary.verdicts().items()} == {"e1": "not", "e2": "unsure"}
        assert list(diary.verdicts(RIGHT)) == ["e2"]
        assert len(said(diary)) == 3


@pytest.mark.parametrize(
    ("when", "belongs"),
    [("2026-11-19T11:59", False), ("2026-11-19T12:00", True), ("2026-11-20T03:30", True), ("2026-11-20T12:00", False)],
)
def test_a_cramp_belongs_to_the_night_in_which_it_was_felt_from_noon_to_noon(
    path: Path, when: str, belongs: bool
) -> None:
    with Diary(path) as diary:
        diary.add(LEFT, felt(when))
        assert diary.cramps(LEFT, NIGHT, BERLIN) == ([felt(when)] if belongs else [])
        assert diary.cramps(RIGHT, NIGHT, BERLIN) == []


def test_cramps_come_in_the_order_in_which_they_were_felt(path: Path) -> None:
    with Diary(path) as diary:
        for when in ("2026-11-20T05:00", "2026-11-20T02:00"):
            diary.add(LEFT, felt(when))
        assert diary.cramps(LEFT, NIGHT, BERLIN) == [felt("2026-11-20T02:00"), felt("2026-11-20T05:00")]


def test_notes_and_looks_before_bed_are_found_by_their_night(path: Path) -> None:
    with Diary(path) as diary:
        for entry in ONE_OF_EACH:
            diary.add(LEFT, entry)
        assert diary.evening(LEFT, NIGHT) == [ONE_OF_EACH[3]]
        assert diary.preflights(LEFT, NIGHT) == [ONE_OF_EACH[6]]
        assert diary.evening(LEFT, date(2026, 11, 20)) == []


def test_an_events_latest_latency_replaces_the_earlier(path: Path) -> None:
    earlier = ONE_OF_EACH[5]
    assert isinstance(earlier, Latency)
    later = msgspec.structs.replace(earlier, acknowledged_ns=7)
    with Diary(path) as diary:
        diary.add(LEFT, earlier)
        diary.add(LEFT, later)
        assert diary.latencies(LEFT) == [later]
        assert diary.latencies(LEFT, (2, 3)) == []


def test_what_the_alarm_did_is_kept_together_with_what_it_has_to_know_or_not_at_all(path: Path) -> None:
    did = ONE_OF_EACH[4]
    with Diary(path) as diary:
        diary.remember(LEFT, Memory(until_ns=5), STATE, [did], obeyed=3)
        with pytest.raises(KeyError):
            diary.remember(LEFT, Memory(until_ns=6), STATE, [did, Memory(until_ns=0)], obeyed=4)  # type: ignore[list-item]
    with Diary(path) as diary:
        assert (diary.memory(LEFT, Memory), diary.obeyed, said(diary)) == (Memory(until_ns=5), 3, [did])
        assert diary.state(LEFT) == STATE
        assert (diary.memory(RIGHT, Memory), diary.state(RIGHT)) == (None, None)
        assert diary.places() == [LEFT]


@settings(max_examples=8, deadline=None)
@given(counts=st.tuples(st.integers(0, 40), st.integers(0, 40)), wearers=st.tuples(*[st.sampled_from("ab")] * 2))
def test_two_processes_that_append_at_once_lose_and_swap_nothing(
    processes: Pool, counts: tuple[int, int], wearers: tuple[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "diary.sqlite"  # which both find missing, and make
        people = list(zip(("one", "other"), wearers, counts, strict=True))
        processes.starmap(append, [(path, *person) for person in people])
        with Diary(path) as diary:
            entries = diary.since(0)
    for by, wearer, count in people:
        found = [(entry.place.wearer, entry.said.t_ns) for entry in entries if entry.said.by == by]  # type: ignore[union-attr]
        assert found == [(wearer, number) for number in range(count)]
    assert [entry.row for entry in entries] == list(range(1, sum(counts) + 1))


@pytest.mark.parametrize("lines", [1, 30, 200])
def test_a_kill_in_the_middle_of_a_commit_loses_nothing_that_was_taken(path: Path, lines: int) -> None:
    command = [sys.executable, "-m", "tests.detector.diary.appender", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as appender:
        assert appender.stdout
        told = [int(appender.stdout.readline()) for _ in range(lines)]
        appender.kill()
        told += [int(line) for line in appender.stdout if line.endswith("\n")]
    with Diary(path) as diary:
        found = [entry.t_ns for entry in said(diary) if isinstance(entry, Verdict)]
    assert found[: len(told)] == told
    assert len(found) - len(told) <= 1  # the one that was taken and not told yet


def test_a_damaged_entry_is_left_out_and_logged_and_the_others_are_read(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Diary(path) as diary:
        for number in range(3):
            diary.add(LEFT, verdict(number))
        with sqlite3.connect(path) as db:
            db.execute("UPDATE entry SET json = x'00ff' WHERE row = 2")
        assert said(diary) == [verdict(0), verdict(2)]
    assert f"{path.name}: a damaged Verdict is left out" in caplog.text


def test_what_a_later_version_has_said_is_passed_over(path: Path) -> None:
    with Diary(path) as diary:
        diary.add(LEFT, verdict(1))
        with sqlite3.connect(path) as db:
            db.execute("UPDATE entry SET kind = 'dream'")
        assert said(diary) == []


def test_a_reader_does_not_make_a_diary(path: Path) -> None:
    with pytest.raises(BadDiary, match="there is no diary yet"):
        Diary(path, read_only=True)
    assert not path.exists()


def test_another_programs_file_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(BadDiary, match="not a crampwatch diary"):
        Diary(path)
    assert path.read_bytes() == before


def test_a_diary_of_a_later_version_says_so(path: Path) -> None:
    Diary(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(BadDiary, match="tables of version 99, this program knows version 1"):
        Diary(path)


def test_a_file_that_is_no_database_says_so(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(BadDiary, match="cannot be opened as a diary"):
        Diary(path)
