"""What people say and what the alarm does, on its way to InfluxDB."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from collector.contract.messages import NS
from detector.alarm.messages import Answer, Command, EveningNote, FeltCramp, Transition, Verdict
from detector.diary.diary import Diary
from detector.diary.entries import Latency
from detector.sinks.influx_schema import ALARM, EVENING, FELT, PREFLIGHT, Point, Value
from detector.sinks.influx_schema import CRAMP as CRAMP_EVENT
from detector.sinks.outbox import Home, Outbox, backfill, opened
from detector.store import NightStore
from tests.detector.sinks.nights import UTC, MemorySink, at, batch, fill, tell
from tests.support.frames import PLACE, event, frames

CRAMP = event(75, "ended", end_s=117.5)
"""The one that `fill` files."""


@contextmanager
def home(folder: Path) -> Iterator[Home]:
    with opened(folder / "nights.sqlite", folder / "diary.sqlite", UTC, folder / "outbox.sqlite", "here") as found:
        yield found


def sent(folder: Path, sink: MemorySink) -> MemorySink:
    """Everything there is, delivered in as many steps as it takes."""
    with home(folder) as found:
        outbox = outbox_of(found, sink)
        while outbox.step() == 0.0:
            pass
    return sink


def outbox_of(found: Home, sink: MemorySink) -> Outbox:
    return Outbox(found.sources, sink, 5.0, random=lambda: 1.0)


def anew(folder: Path) -> MemorySink:
    """What an empty database gets from a backfill."""
    sink = MemorySink()
    with home(folder) as found:
        for source in found.sources:
            list(backfill(*source, sink))
    return sink


def points(sink: MemorySink, measurement: str) -> list[dict[str, Value]]:
    return [fields for identity, fields in sink.stored.items() if identity.startswith(f'["{measurement}"')]


def verdict(said: Answer, name: str, by: str = "wearer") -> Verdict:
    return Verdict(event_id=CRAMP.id, verdict=said, by=by, t_ns=at(300), id=name)


def felt(seconds: float, name: str, **more: Any) -> FeltCramp:
    return FeltCramp(felt_ns=at(seconds), by="wearer", t_ns=at(seconds + 60), id=name, **more)


def answered(acknowledged_s: float | None) -> Latency:
    """Told 13 s after the onset and sounded 14 s after it."""
    return Latency(
        event_id=CRAMP.id,
        onset_ns=CRAMP.onset_ns,
        suspected_ns=CRAMP.suspected_ns,
        confirmed_ns=CRAMP.onset_ns + 12 * NS,
        published_ns=CRAMP.onset_ns + 13 * NS,
        delivered_ns=CRAMP.onset_ns + 13 * NS,
        sounded_ns=CRAMP.onset_ns + 14 * NS,
        acknowledged_ns=None if acknowledged_s is None else CRAMP.onset_ns + round(acknowledged_s * NS),
    )


def change(seconds: float, **more: object) -> Transition:
    told = {"before": "WATCHING", "after": "SNOOZED", "by": "partner", "why": "snooze"}
    return Transition(t_ns=at(seconds), **{**told, **more})  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home with a short night and no diary yet."""
    with NightStore(tmp_path / "nights.sqlite") as store:
        fill(store)
    return tmp_path


@pytest.fixture
def diary(folder: Path) -> Iterator[Diary]:
    with Diary(folder / "diary.sqlite") as opened_diary:
        yield opened_diary


def test_without_a_diary_the_night_is_sent_as_ever_and_nothing_is_missed(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = sent(folder, MemorySink())
    (night,), (cramp,) = points(sink, "night_summary"), points(sink, "cramp_event")
    assert (night["not_judged"], night["felt_missed"]) == (1, 0)
    assert not {"verdict", "answered_by", "published_s"} & set(cramp)
    assert caplog.messages == []


def test_a_diary_that_begins_while_the_outbox_runs_is_sent(folder: Path) -> None:
    sink = MemorySink()
    with home(folder) as found:
        outbox_of(found, sink).step()
        with Diary(folder / "diary.sqlite") as diary:
            assert found.is_current()
            diary.add(PLACE, verdict("not", "v1"))
            assert not found.is_current()
    (cramp,) = points(sent(folder, sink), "cramp_event")
    assert cramp["verdict"] == "not"


def test_a_verdict_is_on_the_events_own_point_and_a_newer_one_takes_its_place(folder: Path, diary: Diary) -> None:
    sink = MemorySink()
    for said, name, by in (("not", "v1", "partner"), ("cramp", "v2", "wearer")):
        diary.add(PLACE, verdict(said, name, by))  # type: ignore[arg-type]
        sent(folder, sink)
        (cramp,) = points(sink, "cramp_event")
        assert (cramp["verdict"], cramp["verdict_by"]) == (said, by)
        assert (cramp["stage"], cramp["duration_s"]) == ("ended", 42.5)
    (night,) = points(sink, "night_summary")
    assert (night["judged_cramp"], night["judged_not"], night["not_judged"]) == (1, 0, 0)


def test_a_rejected_contraction_can_be_judged_too_and_is_not_counted_among_the_alerts(
    folder: Path, diary: Diary
) -> None:
    rejected = event(20, "rejected", end_s=24)
    diary.add(PLACE, Verdict(event_id=rejected.id, verdict="cramp", by="wearer", t_ns=at(300), id="v1"))
    sink = sent(folder, MemorySink())
    assert [candidate["verdict"] for candidate in points(sink, "cramp_candidate")] == ["cramp"]
    assert [night["judged_cramp"] for night in points(sink, "night_summary")] == [0]


def test_how_long_it_took_to_a_sound_and_to_an_answer_counts_from_the_onset(folder: Path, diary: Diary) -> None:
    sink = MemorySink()
    diary.add(PLACE, answered(None))
    (cramp,) = points(sent(folder, sink), "cramp_event")
    assert (cramp["published_s"], cramp["sounded_s"]) == (13.0, 14.0)
    assert not {"acknowledged_s", "answered_by"} & set(cramp)
    for said in (change(75 + 40, after="ACKED", why="ack", by="partner"), answered(40.0)):
        diary.add(PLACE, said)
    (cramp,) = points(sent(folder, sink), "cramp_event")
    assert (cramp["acknowledged_s"], cramp["answered_by"]) == (40.0, "partner")


@pytest.mark.parametrize(
    ("felt_s", "match"),
    [
        (100.0, CRAMP.id),
        (75.0 - 15 * 60, CRAMP.id),
        (75.0 - 15 * 60 - 1, "not recorded"),
        (117.5 + 15 * 60, CRAMP.id),
        (117.5 + 15 * 60 + 1, "not detected"),
        (30 * 60.0, "not recorded"),
    ],
)
def test_what_was_felt_is_held_against_the_alert_within_a_quarter_of_an_hour(
    tmp_path: Path, felt_s: float, match: str
) -> None:
    with NightStore(tmp_path / "nights.sqlite") as store, Diary(tmp_path / "diary.sqlite") as diary:
        fill(store, minutes=20)
        diary.add(PLACE, felt(felt_s, "f1", pain=6))
    (cramp,) = points(sent(tmp_path, MemorySink()), "felt_cramp")
    assert (cramp["match"], cramp["detected"], cramp["pain"]) == (match, match == CRAMP.id, 6)
    assert cramp["match_ms"] == (CRAMP.onset_ns // 10**6 if match == CRAMP.id else 0)


@pytest.mark.parametrize(("leg", "match"), [("left", CRAMP.id), ("right", "not recorded"), (None, CRAMP.id)])
def test_a_cramp_in_the_other_leg_is_not_held_against_the_alerts_of_this_one(
    tmp_path: Path, leg: Any, match: str
) -> None:
    with NightStore(tmp_path / "nights.sqlite") as store, Diary(tmp_path / "diary.sqlite") as diary:
        fill(store, minutes=20)
        diary.add(PLACE, felt(100.0, "f1", leg=leg))
    (cramp,) = points(sent(tmp_path, MemorySink()), "felt_cramp")
    assert cramp["match"] == match


def test_of_two_alerts_the_nearer_is_the_one_that_was_felt(tmp_path: Path) -> None:
    later = event(150, "ended", end_s=170)
    with NightStore(tmp_path / "nights.sqlite") as store, Diary(tmp_path / "diary.sqlite") as diary:
        store.commit(batch(240, frames(0, 240), CRAMP, later))
        diary.add(PLACE, felt(134, "f1"))  # 16.5 s after the first, 16 s before the second
    (cramp,) = points(sent(tmp_path, MemorySink()), "felt_cramp")
    assert cramp["match"] == later.id


def test_a_cramp_that_is_found_after_it_was_noted_is_no_longer_called_missed(tmp_path: Path) -> None:
    sink = MemorySink()
    with NightStore(tmp_path / "nights.sqlite") as store, Diary(tmp_path / "diary.sqlite") as diary:
        store.commit(batch(120, frames(0, 120)))
        diary.add(PLACE, felt(80, "f1"))
        (missed,) = points(sent(tmp_path, sink), "felt_cramp")
        assert missed["match"] == "not detected"
        store.commit(batch(120, None, CRAMP))
        (found,), (night,) = points(sent(tmp_path, sink), "felt_cramp"), points(sink, "night_summary")
    assert found["match"] == CRAMP.id
    assert (night["felt_detected"], night["felt_missed"]) == (1, 0)


def test_two_cramps_that_were_felt_at_the_same_minute_stay_two(folder: Path, diary: Diary) -> None:
    diary.add(PLACE, felt(100, "f1", pain=3))
    diary.add(PLACE, felt(100, "f2"))
    sink = sent(folder, MemorySink())
    assert sorted(str(cramp.get("pain")) for cramp in points(sink, "felt_cramp")) == ["3", "None"]


def test_of_two_changes_of_the_alarm_at_the_same_instant_the_later_one_stands_whole(folder: Path, diary: Diary) -> None:
    diary.add(PLACE, change(60, until_ns=at(600), event_id=CRAMP.id, faults=("no_data", "battery")))
    diary.add(PLACE, change(60, before="SNOOZED", after="WATCHING", by="bedside", why="time"))
    (told,) = points(sent(folder, MemorySink()), "alarm")
    assert (told["state"], told["until_ms"], told["event_id"]) == ("WATCHING", 0, "")
    assert (told["fault"], told["faults"]) == ("none", "none")


def test_what_is_wrong_is_told_by_its_nearest_cause_and_as_a_whole(folder: Path, diary: Diary) -> None:
    diary.add(PLACE, change(60, faults=("no_data", "battery")))
    (told,) = points(sent(folder, MemorySink()), "alarm")
    assert (told["fault"], told["faults"]) == ("no_data", "no_data, battery")


def test_a_note_of_an_evening_lies_with_its_night_whenever_it_was_made(folder: Path, diary: Diary) -> None:
    evening = date(2026, 3, 1)
    diary.add(PLACE, EveningNote(night=evening, coffee="two", by="wearer", t_ns=at(86_400 * 9), id="e1"))
    sink = sent(folder, MemorySink())
    (note,) = points(sink, "evening")
    assert (note["night"], note["coffee"], note["noted_ms"]) == ("2026-03-01", "two", at(86_400 * 9) // 10**6)
    assert "alcohol" not in note
    (identity,) = [it for it in sink.stored if it.startswith('["evening"')]
    assert 0 <= int(identity.rpartition(",")[2].rstrip("]")) - 1_772_402_400_000_000_000 < 10**6  # 22:00 UTC


def test_what_was_asked_of_the_alarm_makes_no_point_of_its_own_and_is_not_asked_for_again(
    folder: Path, diary: Diary
) -> None:
    diary.add(PLACE, Command(do="test", by="wearer", t_ns=at(60), id="c1"))
    with home(folder) as found:
        outbox_of(found, MemorySink()).step()
        assert found.sources[1].waiting == 0


def test_every_point_of_the_diary_has_the_types_of_the_schema(folder: Path, diary: Diary) -> None:
    tell(diary)
    sink, told = sent(folder, MemorySink()), (CRAMP_EVENT, FELT, ALARM, EVENING, PREFLIGHT)
    for measurement in told:
        (fields,) = points(sink, measurement.name)
        assert {name: type(value) for name, value in fields.items()} == {
            name: field.kind for name, field in measurement.fields.items()
        }


def sayings() -> list[Verdict | FeltCramp | Transition | Latency]:
    return [
        felt(100, "f1", pain=5),
        verdict("not", "v1"),
        change(115, after="ACKED", why="ack"),
        answered(40.0),
        verdict("unsure", "v2"),
        felt(200, "f2"),
    ]


def test_an_empty_database_gets_from_a_backfill_what_was_sent_while_it_happened(folder: Path, diary: Diary) -> None:
    live = sent(folder, MemorySink())
    for said in sayings():
        diary.add(PLACE, said)
        sent(folder, live)
    assert anew(folder).stored == live.stored


@pytest.mark.parametrize("away", [0, 1, 2])
def test_a_crash_between_sending_and_noting_sends_it_twice_and_changes_nothing(
    folder: Path, diary: Diary, away: int
) -> None:
    """The state that forgets its note is that of the diary; before it InfluxDB may have been away for a while."""
    sink = MemorySink(away=away)
    for said in sayings():
        diary.add(PLACE, said)
        with home(folder) as found:
            before = found.diary_state.seq
            outbox_of(found, sink).step()
            found.diary_state.advance(before, [], [])
    sent(folder, sink)
    assert sink.stored == anew(folder).stored


def test_a_refused_point_of_the_diary_is_put_aside_beside_those_of_the_nights(folder: Path, diary: Diary) -> None:
    diary.add(PLACE, change(60))
    sent(folder, MemorySink(refuses=frozenset({at(60)})))
    with home(folder) as found:
        kept: list[Point] = [rejected.point for rejected in found.night_state.quarantined(100)]
    assert "alarm" in {point.measurement for point in kept}


def test_a_long_diary_is_sent_in_portions_of_which_one_may_hold_nothing(
    folder: Path, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.sinks.outbox.PORTION_MINUTES", 2)
    for k in range(3):
        diary.add(PLACE, Command(do="test", by="wearer", t_ns=at(60 + k), id=f"c{k}"))
    for k in range(4):
        diary.add(PLACE, change(100 + k))
    assert len(points(sent(folder, MemorySink()), "alarm")) == 4


def test_an_older_copy_of_the_diary_that_was_put_back_is_sent_anew(folder: Path, diary: Diary) -> None:
    diary.add(PLACE, change(60))
    sent(folder, MemorySink())
    with home(folder) as found:
        found.diary_state.advance(99, [], [])  # what a longer diary had come to
    assert len(points(sent(folder, MemorySink()), "alarm")) == 1


def test_a_diary_that_cannot_be_read_is_told_of_once_and_keeps_no_night_back(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "diary.sqlite").write_bytes(b"never was a diary" * 500)
    with caplog.at_level(logging.WARNING):
        sink = sent(folder, MemorySink())
    assert len(points(sink, "cramp_event")) == 1
    (told,) = caplog.messages
    assert told.startswith("of the diary nothing can be passed on: ")


def test_what_is_not_legible_in_the_diary_is_stepped_over(folder: Path, diary: Diary) -> None:
    diary.add(PLACE, change(60))
    diary.add(PLACE, change(70))
    diary._db.execute("UPDATE entry SET json = '{' WHERE t_ns = ?", (at(60),))
    assert len(points(sent(folder, MemorySink()), "alarm")) == 1
    with home(folder) as found:
        assert found.sources[1].waiting == 0
