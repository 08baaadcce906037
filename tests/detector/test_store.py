"""The night store: files what was derived from the samples, once, whole or not at all, and gives back nights."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.batch import Batch
from detector.events import Event
from detector.frames import Frames, Quality
from detector.night_record import NightRecord
from detector.store import NightStore
from detector.store_record import NoSuchNight
from detector.store_schema import BadStore
from tests.support.blocks import START_NS
from tests.support.frames import INFO, PLACE, SESSION, event, frames

UTC = ZoneInfo("UTC")
NIGHT = date(2026, 11, 19)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nights.sqlite"


def batch(until_s: float, shown: Frames | None = None, *events: Event, **other: object) -> Batch:
    fields = {"info": INFO, "start_ns": START_NS, "end_ns": START_NS + round(until_s * NS), "frames": shown}
    return Batch(**{**fields, "events": events, **other})  # type: ignore[arg-type]


def record(store: NightStore) -> NightRecord:
    return store.record(*PLACE, NIGHT, UTC)


def rows(path: Path) -> list[str]:
    """Everything in the file that was derived from frames."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        tables = ("event", "second", "envelope", "unwatched", "temperature", "trace", "delivery")
        return [repr(row) for table in tables for row in sorted(map(repr, db.execute(f"SELECT * FROM {table}")))]


def at(seconds: float) -> int:
    return START_NS + round(seconds * NS)


def test_a_second_keeps_the_lowest_and_highest_envelope_and_the_largest_motion_of_its_frames(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(3, frames(0, 3)))
        seconds = record(store).seconds[0]
    assert seconds.t_ns.tolist() == [at(0), at(1), at(2)]
    assert seconds.envelope_min_uv.tolist() == [1, 11, 21]
    assert seconds.envelope_max_uv.tolist() == [10, 20, 30]
    assert seconds.motion_mg.tolist() == [9, 9, 9]
    assert seconds.rest_uv.tolist() == [2, 2, 2]
    assert seconds.threshold_uv.tolist() == [5, 5, 5]
    assert seconds.watched.all()


@pytest.mark.parametrize("cuts", [[1.0], [0.3, 0.4, 1.7, 2.9], [0.1 * k for k in range(1, 30)]])
def test_however_the_frames_are_batched_the_same_rows_are_filed(tmp_path: Path, cuts: list[float]) -> None:
    shown = [frames(0, 1.5), frames(1.5, 2.2, quality=Quality.MISSING), frames(2.2, 3)]
    whole = Frames.joined(shown)
    edges = [0, *(round(cut * 10) for cut in cuts), 30]
    with NightStore(tmp_path / "one") as one, NightStore(tmp_path / "many") as many:
        one.commit(batch(3, whole, event(1.0, end_s=2.0)))
        for start, stop in pairwise(edges):
            many.commit(batch(stop / 10, part(whole, start, stop)))
        many.commit(batch(3, None, event(1.0, end_s=2.0)))
        assert record(one).unwatched == record(many).unwatched == [Interval(at(1.5) - 1, at(2.2) - 1, "no data")]
        assert record(one).watched_s == pytest.approx(2.3)
    derived = ("second", "envelope", "unwatched", "event")
    assert [table(tmp_path / "one", name) for name in derived] == [table(tmp_path / "many", name) for name in derived]


def part(whole: Frames, start: int, stop: int) -> Frames:
    arrays = ("t_ns", "envelope_uv", "rest_uv", "threshold_uv", "quality", "motion_mg", "gravity_mg")
    return replace(whole, **{name: getattr(whole, name)[start:stop] for name in arrays})


def table(path: Path, name: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        return list(db.execute(f"SELECT * FROM {name}"))


def test_filing_a_night_twice_changes_nothing(path: Path) -> None:
    batches = [
        batch(30, frames(0, 30), event(10, "suspected")),
        batch(60, Frames.joined([frames(30, 45), frames(45, 60, quality=Quality.FLAT)]), event(10, "confirmed")),
        batch(90, frames(60, 90), event(10, "ended", end_s=50), temperatures=[(at(60), 31.5)]),
    ]
    with NightStore(path) as store:
        for each in batches:
            store.commit(each)
        once = rows(path)
        for each in batches:
            store.commit(each)
        assert rows(path) == once


def test_frames_decided_anew_replace_what_was_filed_from_their_first_moment_on(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(10, frames(0, 10)))
        store.commit(batch(20, frames(10, 20, quality=Quality.MISSING), event(15, "rejected", end_s=16)))
        store.commit(batch(30, frames(10, 30)))
        found = record(store)
    assert found.unwatched == []
    assert found.watched_s == pytest.approx(30)
    assert found.candidates == []


def test_a_frame_is_unwatched_only_when_no_channel_is_good_and_the_gravest_cause_is_told(path: Path) -> None:
    pair = ("lateral", "medial")
    one_bad = frames(10, 20, channels=pair)
    one_bad.quality[:, 0] = Quality.FLAT
    both_bad = frames(20, 30, channels=pair, quality=Quality.MAINS)
    both_bad.quality[:, 1] = Quality.CLIPPED
    with NightStore(path) as store:
        store.commit(batch(30, Frames.joined([frames(0, 10, channels=pair), one_bad, both_bad])))
        found = record(store)
    assert found.unwatched == [Interval(at(20) - 1, at(30) - 1, "signal clipped")]
    assert [int(seconds.watched.sum()) for seconds in found.seconds] == [10, 20]


def test_seconds_without_a_value_come_back_as_nan(path: Path) -> None:
    shown = frames(0, 2)
    shown.envelope_uv[:10] = shown.rest_uv[:10] = shown.motion_mg[:10, None] = np.nan
    with NightStore(path) as store:
        store.commit(batch(2, shown))
        seconds = record(store).seconds[0]
    for values in (seconds.envelope_min_uv, seconds.envelope_max_uv, seconds.rest_uv, seconds.motion_mg):
        assert np.isnan(values).tolist() == [True, False]


def test_a_later_stage_of_an_event_replaces_the_earlier_one(path: Path) -> None:
    with NightStore(path) as store:
        for stage in ("suspected", "confirmed", "ended"):
            store.commit(batch(60, None, event(10, stage, end_s=40 if stage == "ended" else None)))
        store.commit(batch(60, None, event(50, "rejected", end_s=52)))
        found = record(store)
    assert found.events == [event(10, "ended", end_s=40)]
    assert found.candidates == [event(50, "rejected", end_s=52)]


@pytest.mark.parametrize(("end_s", "last_s"), [(60.0, 70.0), (400.0, 210.0)])
@pytest.mark.parametrize("step_s", [1, 7, 60])
def test_a_trace_runs_from_20_s_before_onset_to_10_s_after_the_end_but_no_longer_than_180_s(
    path: Path, end_s: float, last_s: float, step_s: int
) -> None:
    whole = frames(0, 480)
    with NightStore(path) as store:
        for start in range(0, 480, step_s):
            over = start >= end_s
            shown = event(50, "ended" if over else "suspected", end_s=end_s if over else None)
            events = [shown] if start >= 50 else []
            store.commit(batch(start + step_s, part(whole, start * 10, (start + step_s) * 10), *events))
        trace = record(store).traces[event(50).id]
    assert trace.t_ns[0] == at(30.1) - 1  # the first frame that ends at or behind 30 s
    assert trace.t_ns[-1] == at(last_s) - 1
    assert np.diff(trace.t_ns).tolist() == [NS // 10] * (len(trace.t_ns) - 1)
    assert trace.envelope_uv[0] == 301


def test_two_sessions_of_a_night_are_told_together_with_the_time_between_as_unwatched(path: Path) -> None:
    later = msgspec.structs.replace(INFO, session="2026-11-19_w1_left_calf_77aa")
    with NightStore(path) as store:
        store.commit(batch(100, frames(0, 100)))
        store.commit(Batch(info=later, start_ns=at(200), end_ns=at(300), frames=frames(200, 300)))
        found = record(store)
    assert (found.start_ns, found.end_ns) == (at(0), at(300))
    assert found.unwatched == [Interval(at(100), at(200), "no data")]
    assert found.watched_s == pytest.approx(200)
    assert len(found.seconds[0].t_ns) == 200


def test_nights_are_named_by_the_evening_and_split_at_local_noon(path: Path) -> None:
    noon_ns = START_NS - 10 * 3600 * NS  # the session began at 22:00
    other = msgspec.structs.replace(INFO, session="other", site="right_calf")
    with NightStore(path) as store:
        store.commit(batch(1))
        store.commit(Batch(info=other, start_ns=noon_ns - NS, end_ns=noon_ns))
        assert store.nights(UTC) == [("w1", "right_calf", date(2026, 11, 18)), ("w1", "left_calf", NIGHT)]
        assert store.nights(ZoneInfo("Asia/Tokyo"))[0] == ("w1", "left_calf", NIGHT)  # 07:00 and 20:59 there
        assert store.nights(ZoneInfo("Asia/Tokyo"))[1] == ("w1", "right_calf", NIGHT)


def test_a_night_without_a_recording_is_refused_in_words(path: Path) -> None:
    with NightStore(path) as store, pytest.raises(NoSuchNight, match="w1 at left_calf in the night of 2026-11-19"):
        record(store)


def test_temperatures_come_back_in_order_with_their_exact_times(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(120, temperatures=[(at(60) + 1, 31.25), (at(0) + 7, 31.5)]))
        found = record(store)
    assert found.temperature_t_ns.tolist() == [at(0) + 7, at(60) + 1]
    assert found.temperature_c.tolist() == [31.5, 31.25]


def test_postures_come_from_gravity_and_are_empty_without_an_accelerometer(path: Path) -> None:
    blind = frames(0, 20)
    blind.gravity_mg[:] = np.nan
    with NightStore(path) as store:
        store.commit(batch(20, blind))
        assert record(store).postures == []
        store.commit(batch(60, frames(20, 60)))
        assert record(store).postures == [
            Interval(at(0), at(20), "unknown"),
            Interval(at(20), at(60), "on the back"),
        ]


def test_a_night_says_which_session_is_still_recorded(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(60, frames(0, 60)))
        assert record(store).recording == SESSION
        store.commit(batch(60, complete=True))
        assert record(store).recording is None


def test_no_posture_is_told_where_nobody_knows_how_the_sensor_is_worn(path: Path) -> None:
    worn_anyhow = msgspec.structs.replace(INFO, parameters={"shank_axis": None})
    with NightStore(path) as store:
        store.commit(replace(batch(60, frames(0, 60)), info=worn_anyhow))
        assert record(store).postures == []


def test_an_event_waits_for_delivery_until_it_was_taken_over_and_is_never_due_twice(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(60, None, event(10, "suspected")))
        assert store.undelivered() == []
        store.commit(batch(60, None, event(10, "confirmed")))
        assert store.undelivered() == [event(10, "confirmed")]
        store.delivered(event(10).id, "confirmed", at(25))
        store.forget(PLACE, SESSION)
        store.commit(batch(60, None, event(10, "confirmed")))
        assert store.undelivered() == []
        assert record(store).delivered_ns == {event(10).id: at(25)}


def test_an_event_that_was_told_before_it_could_be_filed_is_not_told_again(path: Path) -> None:
    with NightStore(path) as store:
        store.delivered(event(10).id, "confirmed", at(25))
        store.commit(batch(60, None, event(10, "confirmed")))
        assert store.undelivered() == []
        assert record(store).delivered_ns == {event(10).id: at(25)}


def test_forgetting_a_session_leaves_nothing_to_continue_from(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(60, frames(0, 60), event(10, end_s=30), snapshot=b"state", temperatures=[(at(0), 30.0)]))
        assert store.snapshot(PLACE, SESSION) == b"state"
        store.forget(PLACE, SESSION)
        assert store.snapshot(PLACE, SESSION) is None
        assert store.sessions() == []
    assert [row for row in rows(path) if "confirmed" not in row] == []


def test_a_batch_that_cannot_be_filed_leaves_no_trace(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(10, frames(0, 10), snapshot=b"before"))
        filed = rows(path)
        with pytest.raises(sqlite3.Error):
            store.commit(batch(20, frames(10, 20), temperatures=[(at(15), None)], snapshot=b"after"))
        assert rows(path) == filed
        assert store.snapshot(PLACE, SESSION) == b"before"


def test_a_night_can_be_read_while_the_detector_writes(path: Path) -> None:
    with NightStore(path) as writer:
        writer.commit(batch(10, frames(0, 10)))
        with NightStore(path, read_only=True) as reader:
            assert record(reader).watched_s == pytest.approx(10)
            writer.commit(batch(20, frames(10, 20)))
            assert record(reader).watched_s == pytest.approx(20)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.commit(batch(30, frames(20, 30)))


def test_what_was_committed_survives_a_kill(path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from tests.detector.test_store import batch, frames\n"
        "from detector.store import NightStore\n"
        "NightStore(pathlib.Path(sys.argv[1])).commit(batch(10, frames(0, 10), snapshot=b'state'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == -9
    with NightStore(path) as store:
        assert record(store).watched_s == pytest.approx(10)
        assert store.snapshot(PLACE, SESSION) == b"state"


def test_a_file_that_is_no_night_store_is_refused_and_left_as_it_was(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    before = path.read_bytes()
    with pytest.raises(BadStore, match="not a crampwatch night store"):
        NightStore(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("EDF" * 1000)
    with pytest.raises(BadStore, match="cannot be opened"):
        NightStore(path)


def test_a_store_of_another_version_is_refused_with_what_to_do(path: Path) -> None:
    NightStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 3")
    with pytest.raises(BadStore, match=r"version 3.*knows version 2.*use the program that wrote it"):
        NightStore(path)


@pytest.mark.parametrize("just_being_made", [False, True])
def test_reading_a_store_that_is_not_there_says_when_it_comes(path: Path, just_being_made: bool) -> None:
    if just_being_made:
        path.touch()
    with pytest.raises(BadStore, match="no night store here yet"):
        NightStore(path, read_only=True)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE event SET json = x'7b'",
        "UPDATE session SET last_frame_ns = 'soon'",
        "UPDATE trace SET frames = x'c1'",
        "DROP TABLE envelope",
    ],
)
def test_a_damaged_row_or_table_is_told_with_the_files_name(path: Path, damage: str) -> None:
    with NightStore(path) as store:
        store.commit(batch(60, frames(0, 60), event(10, "ended", end_s=40)))
    with sqlite3.connect(path) as database:
        database.execute(damage)
    database.close()
    with NightStore(path, read_only=True) as store, pytest.raises(BadStore, match=r"nights\.sqlite: is damaged"):
        record(store)


def test_a_session_or_event_that_cannot_be_read_does_not_keep_the_others_from_being_watched(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with NightStore(path) as store:
        store.commit(batch(60, frames(0, 60), event(10, "confirmed"), event(30, "confirmed")))
        store.commit(replace(batch(60), info=msgspec.structs.replace(INFO, session="another")))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE session SET info = x'7b' WHERE name = 'another'")
        database.execute("UPDATE event SET json = x'ff' WHERE onset_ns = ?", (at(10),))
    database.close()
    with NightStore(path) as store:
        assert [stored.info.session for stored in store.sessions()] == [SESSION]
        assert [waiting.onset_ns for waiting in store.undelivered()] == [at(30)]
    assert [line.getMessage().partition(" is left out")[0] for line in caplog.records] == [
        f"{path.name}: a damaged SessionInfo",
        f"{path.name}: a damaged Event",
    ]


def test_the_events_of_a_span_are_those_with_an_onset_in_it(path: Path) -> None:
    onsets = {event(onset_s).id: onset_s for onset_s in (1.0, 2.0, 3.0)}
    with NightStore(path) as store:
        store.commit(batch(60, None, *(event(onset_s, "rejected", end_s=onset_s + 1) for onset_s in onsets.values())))
        assert [onsets[found.id] for found in store.events(at(2.0), at(3.0))] == [2.0]
        assert [onsets[found.id] for found in store.events(0, at(100.0))] == [1.0, 2.0, 3.0]
