"""The comparison sees each kind of damage, and nothing else."""

import sqlite3
from pathlib import Path

import pytest

from collector.contract.journal import Header, Journal
from tests.faults.evidence import Difference, Evidence, difference, gather
from tests.support.bedside import BLOCKS, bedside
from tests.support.influx import Identity
from tests.support.signals import LEFT_CALF, SESSION

POINTS: dict[Identity, dict[str, object]] = {
    ("cramp_event", (("wearer", "w1"),), 5): {"peak_uv": 80.0, "event_id": "drawn"},
    ("link", (("wearer", "w1"),), 5): {"rssi_dbm": -60},
}
"""One of the night, and one of the run."""
HEADER = Header(session=SESSION, wearer=LEFT_CALF.wearer, site=LEFT_CALF.site, started_ns=BLOCKS[0].t0_ns)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with bedside(tmp_path / "nights.sqlite") as running:
        running.deliver(*BLOCKS).end()
    with Journal.create(tmp_path / "a.journal", HEADER) as journal:
        journal.append(BLOCKS)
    return tmp_path


@pytest.fixture
def whole(folder: Path) -> Evidence:
    return gather(folder, POINTS)


def in_store(folder: Path, change: str) -> None:
    with sqlite3.connect(folder / "nights.sqlite") as db:
        db.execute("PRAGMA recursive_triggers = OFF")
        db.execute(change)


def nothing(**but: int) -> Difference:
    counts = dict.fromkeys(("samples_lost", "samples_doubled", "events_missing", "events_doubled", "rows", "points"), 0)
    return Difference(**{**counts, **but})


def test_a_night_is_the_same_as_itself(folder: Path, whole: Evidence) -> None:
    assert difference(gather(folder, POINTS), whole) == nothing()


def test_a_missing_block_is_that_many_samples_lost(folder: Path, whole: Evidence) -> None:
    (block, *_) = (block for block in BLOCKS if block.stream == "emg" and block.seq == 3)
    with sqlite3.connect(folder / "a.journal") as db:
        db.execute("DELETE FROM block WHERE stream = 'emg' AND seq = 3")
    assert difference(gather(folder, POINTS), whole) == nothing(samples_lost=block.count)


def test_a_changed_sample_is_a_lost_one(folder: Path, whole: Evidence) -> None:
    altered = gather(folder, POINTS)
    stream = next(iter(altered.samples))
    altered.samples[stream].digital[7] += 1
    assert difference(altered, whole) == nothing(samples_lost=1)


def test_samples_in_two_journals_are_doubled(folder: Path, whole: Evidence) -> None:
    (block, *_) = BLOCKS
    with Journal.create(folder / "b.journal", HEADER) as journal:
        journal.append([block])
    assert difference(gather(folder, POINTS), whole) == nothing(samples_doubled=block.count)


def test_an_event_that_is_not_there_is_missing(folder: Path, whole: Evidence) -> None:
    in_store(folder, "DELETE FROM event WHERE stage = 'rejected'")
    assert difference(gather(folder, POINTS), whole).events_missing == 1


def test_an_event_with_another_reason_is_missing_and_too_many(folder: Path, whole: Evidence) -> None:
    in_store(folder, "UPDATE event SET json = replace(json, '\"reason\":\"', '\"reason\":\"x') WHERE stage = 'ended'")
    found = difference(gather(folder, POINTS), whole)
    assert (found.events_missing, found.events_doubled) == (1, 1)


def test_a_changed_envelope_shows_among_the_rows(folder: Path, whole: Evidence) -> None:
    in_store(folder, "UPDATE envelope SET max_uv = max_uv + 1 WHERE t_s = (SELECT min(t_s) FROM envelope)")
    assert difference(gather(folder, POINTS), whole).rows >= 2


def test_the_radio_s_state_and_drawn_names_do_not_count_but_every_other_field_does(
    folder: Path, whole: Evidence
) -> None:
    (event, link) = POINTS
    same: dict[Identity, dict[str, object]] = {event: {"peak_uv": 80.0, "event_id": "another"}, link: {"rssi_dbm": -90}}
    other: dict[Identity, dict[str, object]] = {event: {"peak_uv": 81.0}, link: POINTS[link]}
    assert difference(gather(folder, same), whole) == nothing()
    assert difference(gather(folder, other), whole) == nothing(points=1)
    assert difference(gather(folder, {}), whole) == nothing(points=1)
