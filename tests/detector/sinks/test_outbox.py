"""The outbox: sends what has changed, notes it afterwards, tells trouble once, keeps what is refused."""

import json
import logging
import os
import sqlite3
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.contract.messages import NS
from detector.batch import Batch
from detector.sinks.delivery import Unavailable
from detector.sinks.diary_view import DiaryView
from detector.sinks.influx_schema import Point, Value
from detector.sinks.night_feed import NightFeed
from detector.sinks.outbox import Outbox, Source, backfill, retry, serve
from detector.sinks.outbox_state import OutboxState
from detector.store import NightStore
from tests.detector.sinks.nights import UTC, MemorySink, at, batch, everything, fill
from tests.support.frames import INFO, event, frames

POLL_S = 5.0


class StandingStill(MemorySink):
    """Takes a request in without an answer, and stores it only when `go_on` is called, however much came since."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Sequence[Point]] = []
        self.stands_still = True

    def write(self, points: Sequence[Point]) -> None:
        if self.stands_still:
            self.held.append(points)
            raise Unavailable("timed out", may_still_arrive=True)
        super().write(points)

    def go_on(self) -> None:
        for points in self.held:
            super().write(points)


@dataclass
class Interrupted(MemorySink):
    """Something happens once while a request is on its way."""

    before_storing: Callable[[], None] | None = None

    def write(self, points: Sequence[Point]) -> None:
        if happens := self.before_storing:
            self.before_storing = None
            happens()
        super().write(points)


class Setting(NamedTuple):
    store: NightStore
    feed: NightFeed
    state: OutboxState
    path: Path

    def outbox(
        self, sink: MemorySink, now_s: list[float] | None = None, monotonic_s: Callable[[], float] = lambda: 0.0
    ) -> Outbox:
        clock = iter(now_s or ())
        now_ns = lambda: round(next(clock, 0) * NS)  # noqa: E731 - a clock in a line
        return Outbox([Source(self.feed, self.state)], sink, POLL_S, now_ns, lambda: 1.0, monotonic_s)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Setting]:
    with (
        NightStore(tmp_path / "nights.sqlite") as store,
        closing(NightFeed(tmp_path / "nights.sqlite", UTC)) as feed,
        closing(OutboxState(tmp_path / "outbox.sqlite", "here", feed.store_id)) as state,
    ):
        yield Setting(store, feed, state, tmp_path)


def whole(feed: NightFeed) -> dict[str, dict[str, Value]]:
    return {point.identity: point.fields for point in everything(feed)}


def test_everything_arrives_and_nothing_is_sent_twice(home: Setting) -> None:
    sink = MemorySink()
    outbox = home.outbox(sink)
    fill(home.store)
    assert outbox.step() == POLL_S
    assert sink.stored == whole(home.feed)
    assert outbox.step() == POLL_S
    assert len(sink.batches) == 1


def test_what_was_sent_while_it_happened_is_the_same_as_what_is_sent_afterwards(home: Setting) -> None:
    live, late = MemorySink(), MemorySink()
    outbox = home.outbox(live)
    for start in range(0, 180, 10):
        stage = {30: ("confirmed", None), 50: ("ended", 45.0)}.get(start)
        events = (event(20, stage[0], end_s=stage[1]),) if stage else ()  # type: ignore[arg-type]
        home.store.commit(batch(start + 10, frames(start, start + 10), *events))
        outbox.step()
    list(backfill(home.feed, home.state, late))
    assert live.stored == late.stored


def test_a_second_start_goes_on_where_the_first_stopped(home: Setting) -> None:
    fill(home.store)
    home.outbox(MemorySink()).step()
    sink = MemorySink()
    home.outbox(sink).step()
    assert sink.batches == []


def test_a_long_backlog_is_sent_in_portions_without_a_pause(home: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.sinks.outbox.PORTION_MINUTES", 3)
    fill(home.store, minutes=7)
    sink = MemorySink()
    outbox = home.outbox(sink)
    assert [outbox.step() for _ in range(3)] == [0, 0, POLL_S]
    assert sink.stored == whole(home.feed)


@pytest.mark.parametrize("restarts", [False, True])
def test_what_a_server_that_stood_still_takes_in_late_does_not_stay_in_place_of_newer_points(
    restarts: bool, home: Setting
) -> None:
    home.store.commit(batch(80, frames(0, 80), event(75, "confirmed")))
    sink, now_s = StandingStill(), [0.0]
    outbox = home.outbox(sink, monotonic_s=lambda: now_s[0])
    outbox.step()
    home.store.commit(batch(120, frames(80, 120), event(75, "ended", end_s=117.5)))
    sink.stands_still = False
    outbox.step()
    assert sink.stored == whole(home.feed)
    sink.go_on()
    assert sink.stored != whole(home.feed)
    if restarts:
        outbox = home.outbox(sink, monotonic_s=lambda: now_s[0])
    now_s[0] = 29.0
    outbox.step()
    assert home.state.in_doubt
    now_s[0] = 30.0
    outbox.step()
    assert sink.stored == whole(home.feed)
    assert not home.state.in_doubt


def test_while_it_is_down_nothing_is_lost_and_one_line_tells_so_and_one_that_it_is_back(
    home: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    fill(home.store)
    sink = MemorySink(away=3)
    outbox = home.outbox(sink, [100.0, 190.0])
    assert [outbox.step() for _ in range(3)] == [1, 2, 4]
    trouble = home.state.trouble()
    assert trouble == (100 * NS, "it cannot be reached (made up)")
    outbox.step()
    assert home.state.trouble() is None
    assert sink.stored == whole(home.feed)
    down, back = caplog.messages
    assert down.startswith("InfluxDB takes no points: it cannot be reached (made up).")
    assert back.startswith("InfluxDB takes points again after 1.5 min")


def test_an_outage_on_a_full_disk_is_told_by_one_line_and_its_end_by_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NightStore(tmp_path / "nights.sqlite") as store:
        fill(store)
    full_disk = sqlite3.OperationalError("database or disk is full")
    failures, advance = [full_disk] * 3, OutboxState.advance

    def note_trouble(*_: object) -> None:
        raise full_disk

    def advance_later(state: OutboxState, *what: Any) -> None:
        if failures:
            raise failures.pop()
        advance(state, *what)
        stop.set()

    monkeypatch.setattr(OutboxState, "note_trouble", note_trouble)
    monkeypatch.setattr(OutboxState, "advance", advance_later)
    sink, stop = MemorySink(away=1), threading.Event()
    diary = tmp_path / "diary.sqlite"
    arguments = (tmp_path / "nights.sqlite", diary, UTC, tmp_path / "outbox.sqlite", "here", sink, 0.01, stop)
    service = threading.Thread(target=serve, args=arguments)
    service.start()
    service.join()
    assert [message.split(":")[0][:28] for message in caplog.messages] == [
        "InfluxDB takes no points",
        "nothing can be passed on",
        "InfluxDB takes points again ",
    ]


def test_a_restart_during_an_outage_does_not_tell_of_it_again_but_of_its_end(
    home: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    fill(home.store)
    home.outbox(MemorySink(away=1), [0.0]).step()
    sink = MemorySink(away=1)
    again = home.outbox(sink, [120.0])
    again.step()
    again.step()
    assert [message.split(":")[0][:28] for message in caplog.messages] == [
        "InfluxDB takes no points",
        "InfluxDB takes points again ",
    ]


def test_a_refused_point_is_kept_shown_and_taken_on_a_later_try(
    home: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    fill(home.store)
    sink = MemorySink(refuses=frozenset({at(75)}))
    home.outbox(sink).step()
    (kept,) = home.state.quarantined(10)
    assert (kept.point.measurement, kept.status, kept.reason) == ("cramp_event", 400, "field type conflict")
    assert len(sink.stored) == len(whole(home.feed)) - 1
    assert caplog.messages == ["InfluxDB refused 1 points (field type conflict); see `crampwatch outbox`"]
    assert retry([home.state], sink) == (0, 1)
    sink.refuses = frozenset()
    assert retry([home.state], sink) == (1, 0)
    assert home.state.refused() == 0
    assert sink.stored == whole(home.feed)


def test_a_refused_point_that_is_tried_again_does_not_stay_in_place_of_a_newer_one_sent_meanwhile(
    home: Setting,
) -> None:
    home.store.commit(batch(30, frames(0, 30), event(15, "confirmed")))
    sink, now_s = Interrupted(refuses=frozenset({at(15)})), [0.0]
    outbox = home.outbox(sink, monotonic_s=lambda: now_s[0])
    outbox.step()
    sink.refuses = frozenset()

    def meanwhile() -> None:
        home.store.commit(batch(30, None, event(15, "ended", end_s=29)))
        outbox.step()

    sink.before_storing = meanwhile
    assert retry([home.state], sink) == (1, 0)
    assert sink.stored != whole(home.feed)
    outbox.step()
    now_s[0] = 30.0
    outbox.step()
    assert sink.stored == whole(home.feed)
    assert not home.state.in_doubt


def test_a_refused_point_that_is_taken_in_a_later_version_is_not_tried_again(home: Setting) -> None:
    home.store.commit(batch(30, frames(0, 30), event(15, "confirmed")))
    sink = MemorySink(refuses=frozenset({at(15)}))
    outbox = home.outbox(sink)
    outbox.step()
    sink.refuses = frozenset()
    home.store.commit(batch(30, None, event(15, "ended", end_s=29)))
    outbox.step()
    assert home.state.refused() == 0
    assert sink.stored == whole(home.feed)


def test_more_refused_points_than_are_sent_at_once_are_all_tried_again(
    home: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.sinks.outbox.RETRIED_AT_ONCE", 2)
    fill(home.store)
    minutes = {at(60.0 * k) for k in range(4)}  # of each minute both points, emg and leg, and those of the link
    sink = MemorySink(refuses=frozenset(minutes))
    home.outbox(sink).step()
    refused = home.state.refused()
    sink.refuses = frozenset(minutes - {at(0)})
    assert retry([home.state], sink) == (3, refused - 3)
    sink.refuses = frozenset()
    assert retry([home.state], sink) == (refused - 3, 0)
    assert sink.stored == whole(home.feed)


def test_another_destination_gets_everything(home: Setting) -> None:
    fill(home.store)
    home.outbox(MemorySink()).step()
    sink = MemorySink()
    with closing(OutboxState(home.path / "outbox.sqlite", "elsewhere", home.feed.store_id)) as state:
        Outbox([Source(home.feed, state)], sink, POLL_S).step()
    assert sink.stored == whole(home.feed)


def test_an_older_copy_of_the_store_that_was_put_back_is_sent_anew(home: Setting) -> None:
    fill(home.store)
    home.state.advance(10_000, [], [])  # what a longer night had come to
    sink = MemorySink()
    home.outbox(sink).step()
    assert sink.stored == whole(home.feed)


@pytest.mark.parametrize("seq", [10_000, 3])
def test_an_older_copy_that_was_put_back_while_an_answer_was_due_is_sent_anew_and_then_once_more(
    seq: int, home: Setting
) -> None:
    fill(home.store)
    home.state.advance(10_000, [], [])
    home.state.note_doubt(seq)
    sink, now_s = MemorySink(), [0.0]
    outbox = home.outbox(sink, monotonic_s=lambda: now_s[0])
    outbox.step()
    assert sink.stored == whole(home.feed)
    sink.stored.clear()  # what came late has replaced it
    now_s[0] = 30.0
    outbox.step()
    assert sink.stored == whole(home.feed)
    assert home.state.seq == home.feed.latest()


def test_going_back_never_goes_forward(home: Setting) -> None:
    home.state.advance(500, [], [])
    home.state.note_doubt(500)
    home.state.advance(300, [], [])
    home.state.go_back()
    assert home.state.seq == 300


def test_a_backfill_leaves_alone_how_far_the_outbox_has_got_and_says_how_far_it_is_itself(home: Setting) -> None:
    fill(home.store)
    home.outbox(MemorySink()).step()
    seq, sink = home.state.seq, MemorySink()
    ((sent, refused, left),) = backfill(home.feed, home.state, sink)
    assert (sent, refused, left) == (len(everything(home.feed)), 0, 0)
    assert home.state.seq == seq
    with pytest.raises(Unavailable):
        next(backfill(home.feed, home.state, MemorySink(away=1)))


@settings(max_examples=6, deadline=None)
@given(outages=st.lists(st.integers(0, 3), max_size=8), crashes=st.sets(st.integers(0, 7)))
def test_whatever_fails_and_whenever_it_restarts_everything_arrives_once(
    tmp_path_factory: pytest.TempPathFactory, outages: list[int], crashes: set[int]
) -> None:
    """A crash after sending and before noting is a state that forgets its last note."""
    path = tmp_path_factory.mktemp("home")
    sink = MemorySink()
    with NightStore(path / "nights.sqlite") as store, closing(NightFeed(path / "nights.sqlite", UTC)) as feed:
        with closing(OutboxState(path / "outbox.sqlite", "here", feed.store_id)) as state:
            for step in range(8):
                store.commit(batch(20.0 * step + 20, frames(20.0 * step, 20.0 * step + 20)))
                sink.away = outages[step] if step < len(outages) else 0
                before = state.seq
                Outbox([Source(feed, state)], sink, POLL_S).step()
                if step in crashes:
                    state.advance(before, [], [])
            sink.away = 0
            Outbox([Source(feed, state)], sink, POLL_S).step()
        assert sink.stored == whole(feed)


def test_the_service_waits_for_a_store_that_is_not_there_yet_and_stops_when_asked(tmp_path: Path) -> None:
    sink, stop = MemorySink(), threading.Event()
    diary = tmp_path / "diary.sqlite"
    arguments = (tmp_path / "nights.sqlite", diary, UTC, tmp_path / "outbox.sqlite", "here", sink, 0.01, stop)
    service = threading.Thread(target=serve, args=arguments)
    service.start()
    with NightStore(tmp_path / "nights.sqlite") as store:
        fill(store)
        with closing(NightFeed(tmp_path / "nights.sqlite", UTC, DiaryView(diary))) as feed:
            expected = whole(feed)
            while sink.stored != expected:
                assert service.is_alive()
                time.sleep(0.01)
    stop.set()
    service.join(10)
    assert not service.is_alive()


def test_the_service_goes_on_with_a_store_that_was_put_in_the_place_of_the_first(tmp_path: Path) -> None:
    for name, minutes in (("nights", 2), ("mended", 4)):
        with NightStore(tmp_path / f"{name}.sqlite") as store:
            fill(store, minutes)
    sink, stop = MemorySink(), threading.Event()
    diary = tmp_path / "diary.sqlite"
    arguments = (tmp_path / "nights.sqlite", diary, UTC, tmp_path / "outbox.sqlite", "here", sink, 0.01, stop)
    service = threading.Thread(target=serve, args=arguments)
    service.start()
    while not sink.stored:
        time.sleep(0.01)
    (tmp_path / "mended.sqlite").replace(tmp_path / "nights.sqlite")
    while max(point.t_ns for point in everything(NightFeed(tmp_path / "nights.sqlite", UTC))) > latest_ns(sink):
        assert service.is_alive()
        time.sleep(0.01)
    stop.set()
    service.join(10)
    assert not service.is_alive()


def test_who_watches_over_the_service_sees_by_the_age_of_its_file_that_it_goes_on(tmp_path: Path) -> None:
    with NightStore(tmp_path / "nights.sqlite") as store:
        fill(store)
    sink, stop, file = MemorySink(), threading.Event(), tmp_path / "outbox.sqlite"
    arguments = (tmp_path / "nights.sqlite", tmp_path / "diary.sqlite", UTC, file, "here", sink, 0.01, stop)
    service = threading.Thread(target=serve, args=arguments)
    service.start()
    with closing(NightFeed(tmp_path / "nights.sqlite", UTC)) as feed:
        while len(sink.stored) < len(whole(feed)):
            time.sleep(0.01)
    for _ in range(2):  # once for the note of what was sent
        os.utime(file, (0, 0))
        while file.stat().st_mtime == 0:
            assert service.is_alive()
            time.sleep(0.01)
    stop.set()
    service.join(10)


def latest_ns(sink: MemorySink) -> int:
    return max(int(json.loads(identity)[2]) for identity in sink.stored)


def test_memory_does_not_grow_with_the_nights(tmp_path: Path) -> None:
    """Two nights of 8 h are read with as much as one."""
    peaks = []
    with NightStore(tmp_path / "nights.sqlite") as store:
        for night in range(2):
            info = msgspec.structs.replace(INFO, session=f"night_{night}")
            begin_s = 86_400.0 * night
            shown = frames(begin_s, begin_s + 8 * 3600)
            store.commit(Batch(info=info, start_ns=at(begin_s), end_ns=at(begin_s + 8 * 3600), frames=shown))
            with closing(NightFeed(tmp_path / "nights.sqlite", UTC)) as feed:
                tracemalloc.start()
                seq = 0
                while (portion := feed.after(seq, 50)).minutes:
                    seq = portion.seq
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_nothing_is_logged_while_all_is_well(home: Setting, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        fill(home.store)
        home.outbox(MemorySink()).step()
    assert caplog.messages == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE progress SET seq = 'much'",
        "UPDATE trouble SET since_ns = 'once'",
        "UPDATE quarantine SET identity = identity || '!'",  # `outbox retry` would begin with it again for ever
        "UPDATE quarantine SET point = x'7b'",
        "ALTER TABLE quarantine RENAME COLUMN destination TO other",
    ],
)
def test_a_damaged_memory_is_kept_and_everything_sent_once_more(home: Setting, damage: str) -> None:
    fill(home.store, minutes=2)
    refused = MemorySink(refuses=frozenset({home.feed.after(0).points[0].t_ns}))
    home.outbox(refused).step()
    home.state.note_trouble(1, "it cannot be reached")
    home.state._db.execute(damage)
    home.state.close()
    with closing(OutboxState(home.path / "outbox.sqlite", "here", home.feed.store_id)) as state:
        sink = MemorySink()
        Outbox([Source(home.feed, state)], sink, POLL_S).step()
        assert retry([state], sink) == (0, 0)
    assert sink.stored == whole(home.feed)
    assert (home.path / "outbox.sqlite.damaged").exists()


def test_a_memory_that_is_no_database_is_kept_and_a_new_one_begun(home: Setting) -> None:
    (home.path / "other.sqlite").write_bytes(b"never was a database" * 100)
    with closing(OutboxState(home.path / "other.sqlite", "here", home.feed.store_id)) as state:
        assert state.seq == 0
