"""The night store tells which minutes have changed, and what it no longer holds."""

import sqlite3
from pathlib import Path

import pytest

from collector.contract.messages import NS
from detector import store_changes, store_schema
from detector.batch import Batch
from detector.frames import Quality
from detector.sinks.influx_schema import CANDIDATE, CRAMP, UNWATCHED
from detector.sinks.night_feed import NightFeed
from detector.store import NightStore
from detector.store_schema import BadStore, connect
from tests.detector.sinks.nights import UTC, at, batch, everything, fill, filled
from tests.support.frames import INFO, PLACE, SESSION, event, frames

MINUTE = at(0) // (60 * NS)
HEALTH_TOLD = ("link", "stream", "collector")
"""Measurements made of the collector's health, of which version 1 of the store kept none."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nights.sqlite"


def changed(path: Path, seq: int = 0) -> list[int]:
    """The minutes of the night that changed, counted from its first."""
    db = connect(path, read_only=True)
    found = [change.minute - MINUTE for change in store_changes.since(db, seq, 1000)]
    db.close()
    return found


def latest(path: Path) -> int:
    db = connect(path, read_only=True)
    seq = store_changes.latest(db)
    db.close()
    return seq


def stages(path: Path) -> dict[tuple[str, int], object]:
    """What is told of each event and stretch, by measurement and time."""
    feed = NightFeed(path, UTC)
    told: dict[tuple[str, int], object] = {
        (point.measurement, point.t_ns): point.fields.get("stage", point.fields.get("cause"))
        for point in everything(feed)
        if point.measurement in (CRAMP.name, CANDIDATE.name, UNWATCHED.name)
    }
    feed.close()
    return told


def test_every_minute_that_a_commit_touches_has_changed(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(150, frames(0, 150)))
        assert changed(path) == [0, 1, 2]


def test_after_what_was_seen_only_later_changes_are_told(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(90, frames(0, 90)))
        seen = latest(path)
        assert changed(path, seen) == []
        store.commit(batch(130, frames(90, 130)))
        assert changed(path, seen) == [1, 2]


def test_an_event_that_ends_changes_the_minute_of_its_onset(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(30, frames(0, 30), event(15, "confirmed")))
        store.commit(batch(600, frames(30, 600)))
        seen = latest(path)
        store.commit(batch(600, None, event(15, "ended", end_s=590)))
        assert changed(path, seen) == [0]


def test_a_stretch_without_data_that_goes_on_does_not_touch_those_before_it(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(20, frames(0, 20, quality=Quality.FLAT)))
        store.commit(batch(300, frames(20, 300)))
        store.commit(batch(330, frames(300, 330, quality=Quality.MISSING)))
        seen = latest(path)
        store.commit(batch(380, frames(330, 380, quality=Quality.MISSING)))
        assert sorted(changed(path, seen)) == [4, 5, 6]  # it began with the last nanosecond of minute 4


def test_a_number_is_not_given_twice(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(30, frames(0, 30)))
        first = latest(path)
        store.forget(PLACE, SESSION)
        store.commit(batch(30, frames(0, 30)))
        assert latest(path) > first
        assert changed(path, first) == [0]


def test_the_account_of_a_night_grows_with_its_minutes_and_not_with_its_commits(path: Path) -> None:
    with NightStore(path) as store:
        for tenth in range(300):
            store.commit(batch(tenth / 10 + 0.1, frames(tenth / 10, tenth / 10 + 0.1)))
        assert changed(path) == [0]


def test_what_judging_anew_does_not_find_again_is_withdrawn(path: Path) -> None:
    gap = frames(30, 40, quality=Quality.MISSING)
    with NightStore(path) as store:
        store.commit(batch(30, frames(0, 30), event(5, "rejected", end_s=6), event(15, "ended", end_s=28)))
        store.commit(batch(40, gap, event(35, "suspected")))
        store.forget(PLACE, SESSION)
        store.commit(batch(40, frames(0, 40), event(5, "rejected", end_s=6)))
    assert stages(path) == {
        ("cramp_candidate", at(5)): "rejected",
        ("cramp_event", at(15)): "withdrawn",
        ("unwatched", at(30) - 1): "withdrawn",
    }


def test_a_candidate_that_becomes_an_alert_after_all_is_withdrawn_as_a_candidate(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(20, frames(0, 20), event(15, "suspected")))
        store.commit(batch(20, None, event(15, "rejected", end_s=20)))  # the detector was stopped here
        store.commit(batch(40, frames(20, 40), event(15, "confirmed")))
    assert stages(path) == {("cramp_candidate", at(15)): "withdrawn", ("cramp_event", at(15)): "confirmed"}


def test_a_store_of_version_1_is_brought_up_to_date_and_tells_everything(tmp_path: Path) -> None:
    fresh, old = tmp_path / "fresh.sqlite", tmp_path / "old.sqlite"
    told = everything(filled(fresh))
    _fill_as_version_1(old, fresh)
    with NightStore(old) as store:
        assert len(store.record(*PLACE, store.nights(UTC)[0].night, UTC).events) == 1
    same = [point for point in told if point.measurement not in HEALTH_TOLD]
    assert sorted(map(str, everything(NightFeed(old, UTC)))) == sorted(map(str, same))


def test_a_store_of_version_1_can_still_be_reported_on_but_not_passed_on(tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    filled(tmp_path / "fresh.sqlite").close()
    _fill_as_version_1(old, tmp_path / "fresh.sqlite")
    with NightStore(old, read_only=True) as store:
        assert len(store.nights(UTC)) == 1
    with pytest.raises(BadStore, match="start the detector once"):
        NightFeed(old, UTC)


def test_bringing_a_store_up_to_date_happens_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old.sqlite"
    filled(tmp_path / "fresh.sqlite").close()
    _fill_as_version_1(old, tmp_path / "fresh.sqlite")
    with monkeypatch.context() as patched:
        script = store_changes.script() + "SELECT no_such_function();"
        patched.setattr(store_changes, "script", lambda: script)
        with pytest.raises(BadStore, match="no such function"):
            NightStore(old)
    with NightStore(old) as store:
        fill(store)
    assert len(everything(NightFeed(old, UTC))) > 0


def test_the_collectors_health_is_kept_once_a_minute_for_sessions_that_are_known(path: Path) -> None:
    feed = filled(path)
    (link,) = (point for point in everything(feed) if point.measurement == "link")
    (stream,) = (point for point in everything(feed) if point.measurement == "stream")
    assert link.tags == {"wearer": "w1", "site": "left_calf", "device": "node-1"}
    assert link.fields == {"state": "streaming", "rssi_dbm": -61, "battery_percent": 87.5, "reconnects": 2}
    assert stream.fields == {"samples": 17500, "lost": 12, "rate": 0.99, "fitted_ppm": -8.25}
    assert link.t_ns == stream.t_ns == at(60)
    feed.close()


def _fill_as_version_1(old: Path, fresh: Path) -> None:
    """A store as the program before wrote it: its tables, its mark, and the rows of another store."""
    db = sqlite3.connect(old, isolation_level=None)
    db.executescript(store_schema._TABLES)
    db.execute("ATTACH ? AS fresh", (str(fresh),))
    for (table,) in db.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall():
        db.execute(f"INSERT INTO main.{table} SELECT * FROM fresh.{table}")
    db.execute(f"PRAGMA application_id = {store_schema.APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
    db.close()


def test_filing_the_same_batch_again_leaves_the_same_points(path: Path) -> None:
    filed = Batch(info=INFO, start_ns=at(0), end_ns=at(90), frames=frames(0, 90), events=[event(15, "confirmed")])
    with NightStore(path) as store:
        store.commit(filed)
        once = sorted(map(str, everything(NightFeed(path, UTC))))
        store.commit(filed)
    assert sorted(map(str, everything(NightFeed(path, UTC)))) == once


def test_that_an_alert_was_published_changes_its_minute(path: Path) -> None:
    with NightStore(path) as store:
        store.commit(batch(150, frames(0, 150), event(75, "confirmed")))
        seen = latest(path)
        store.delivered(event(75).id, "confirmed", at(90))
        assert changed(path, seen) == [1]
