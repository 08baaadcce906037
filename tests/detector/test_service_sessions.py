"""Sessions under the detector service: however badly they arrive, they are filed as if they had come in order once."""

import random
import sqlite3
from pathlib import Path

import msgspec
import pytest

from collector.contract.messages import NS
from detector.settings import DetectorSettings
from tests.support.bedside import (
    BLOCKS,
    CONFIRMED,
    EXPECTED_STAGES,
    LAST_SEQ,
    NIGHT,
    Bedside,
    bedside,
    derived,
    stages,
)
from tests.support.signals import LEFT_CALF, SESSION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nights.sqlite"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("undisturbed") / "nights.sqlite"
    with bedside(path) as running:
        running.deliver(*BLOCKS).end()
    return derived(path)


def test_blocks_that_come_twice_swapped_or_after_a_replay_leave_the_same_rows(
    path: Path, undisturbed: list[str]
) -> None:
    rng = random.Random(7)
    lost = set(rng.sample(range(len(BLOCKS) - 1), 15))
    arriving = [block for k, block in enumerate(BLOCKS) if k not in lost for _ in range(rng.choice([1, 1, 2]))]
    for k in range(0, len(arriving) - 4, 4):
        rng.shuffle(part := arriving[k : k + 4])
        arriving[k : k + 4] = part
    with bedside(path) as running:
        for block in arriving:
            running.deliver(block).tick(0.5)
            running.answer_replays(BLOCKS)
        running.end()
        running.tick()
        running.answer_replays(BLOCKS)
    assert derived(path) == undisturbed


@pytest.mark.parametrize("crashes", [[3], [90], [95, 130], list(range(10, 220, 30))])
def test_after_crashes_at_any_moment_the_rows_are_those_of_an_undisturbed_night(
    path: Path, undisturbed: list[str], crashes: list[int]
) -> None:
    told = []
    running = Bedside(path)
    for k, block in enumerate(BLOCKS):
        if k in crashes:
            told += stages(running)
            running.crash()
            running = Bedside(path)
            running.answer_replays(BLOCKS[:k])
        running.deliver(block)
        running.tick(0.5)
        running.answer_replays(BLOCKS[: k + 1])
    running.end()
    told += stages(running)
    running.store.close()
    assert derived(path) == undisturbed
    assert list(dict.fromkeys(told)) == EXPECTED_STAGES


def test_a_clean_stop_files_what_is_open_and_a_later_start_goes_on_as_if_nothing_had_happened(
    path: Path, undisturbed: list[str]
) -> None:
    half = next(k for k, block in enumerate(BLOCKS) if block.t0_ns > CONFIRMED.alerted_ns)  # type: ignore[operator]
    with bedside(path) as running:
        running.deliver(*BLOCKS[:half])
        running.service.close()
        with sqlite3.connect(path) as db:
            (filed,) = db.execute("SELECT stage FROM event WHERE id = ?", (CONFIRMED.id,)).fetchone()
        assert filed == "ended"
        assert stages(running) == EXPECTED_STAGES[:1]
        assert running.said("watch")[-1]["state"] == "OFFLINE"
    with bedside(path) as running:
        assert running.said("event") == []
        assert running.said("watch")[0]["state"] == "ALERT"  # it still goes on
        running.deliver(*BLOCKS[half:]).end()
        assert stages(running) == EXPECTED_STAGES[1:]
    assert derived(path) == undisturbed


def test_a_session_that_is_taken_up_again_after_its_end_goes_on_as_if_it_had_not_ended(
    path: Path, undisturbed: list[str]
) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:120])
        running.status("ended", last_seq={block.stream: block.seq for block in BLOCKS[:120]})
        assert running.store.is_complete(LEFT_CALF, SESSION)
        running.status("online")
        running.deliver(*BLOCKS[120:]).end()
        assert running.store.is_complete(LEFT_CALF, SESSION)
    assert derived(path) == undisturbed


def test_what_the_collector_is_told_to_forget_has_been_committed(path: Path) -> None:
    with bedside(path, commit_every_s=7.0) as running:
        running.deliver(*BLOCKS[:100])
        told = running.said("ack")[-1]["next_seq"]
        running.crash()
    with bedside(path) as running:
        assert running.said("cmd/replay")[-1]["from_seq"] == told
        assert 40 <= told["emg"] <= 50


def test_a_hole_is_asked_for_at_once_then_only_when_nothing_moves(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*(block for block in BLOCKS[:40] if (block.stream, block.seq) != ("emg", 5)))
        running.tick(1)
        assert running.said("cmd/replay") == [{"v": 1, "session": SESSION, "from_seq": {"emg": 5}}]
        for _ in range(9):
            running.tick(1)
        assert len(running.said("cmd/replay")) == 2  # again after 5 s


def test_a_hole_that_nobody_fills_is_given_up_and_its_time_counts_as_not_watched(path: Path) -> None:
    lost = ("emg", 20)
    with bedside(path) as running:
        running.deliver(*(block for block in BLOCKS if (block.stream, block.seq) != lost))
        running.tick(119)
        assert running.said("event") == []
        running.tick(2)
        running.end()
        record = running.store.record(*LEFT_CALF, *NIGHT)
    hole = record.unwatched[-1]
    assert hole.label == "no data"
    assert 1.0 <= hole.seconds <= 2.0  # the second that is missing, and the filters settling behind it
    assert hole.start_ns == pytest.approx(BLOCKS[0].clock.t_ns + 20 * NS, abs=0.3 * NS)
    assert [event.onset_ns for event in record.events] == [pytest.approx(CONFIRMED.onset_ns, abs=0.1 * NS)]


def test_while_the_collector_is_away_the_state_says_so_and_no_hole_is_given_up(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:20], BLOCKS[24])
        running.status("offline")
        assert running.said("watch")[-1]["state"] == "OFFLINE"
        running.tick(1000)
        running.status("online")
        assert running.said("watch")[-1]["state"] == "WATCHING"
        running.tick(1)
        running.answer_replays(BLOCKS)
        running.end()
        running.tick(1)
        running.tick(5)
        running.answer_replays(BLOCKS)
        assert stages(running) == EXPECTED_STAGES


def test_a_new_session_of_a_place_brings_the_older_one_to_its_end(path: Path) -> None:
    later = [
        msgspec.structs.replace(
            block, session="next", clock=msgspec.structs.replace(block.clock, t_ns=block.clock.t_ns + 200 * NS)
        )
        for block in BLOCKS[:6]
    ]
    with bedside(path) as running:
        running.deliver(*BLOCKS[:150])
        running.deliver(*later)
        running.tick(119)
        assert not running.store.is_complete(LEFT_CALF, SESSION)  # stragglers may come
        running.tick(2)
        assert running.store.is_complete(LEFT_CALF, SESSION)
        assert not running.store.is_complete(LEFT_CALF, "next")


def test_a_snapshot_of_other_parameters_is_not_continued_but_the_session_judged_again(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:180])
        running.crash()
    stricter = DetectorSettings(on_ratio=2.5)
    with bedside(path, stricter) as running:
        assert running.said("cmd/replay")[-1]["from_seq"] == {"emg": 0, "acc": 0}
        assert len(running.store.record(*LEFT_CALF, *NIGHT).events) == 1  # not before there is something better
        running.deliver(*BLOCKS).end()
        record = running.store.record(*LEFT_CALF, *NIGHT)
    assert record.parameters_hash == stricter.hash
    assert {event.parameters_hash for event in record.events + record.candidates} == {stricter.hash}


def test_a_night_that_was_watched_to_its_end_is_not_judged_again_by_another_rule(
    path: Path, undisturbed: list[str]
) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS).end()
    with bedside(path, DetectorSettings(on_ratio=2.5)) as running:
        running.end()
        running.deliver(*BLOCKS[-3:])
        assert running.service.refusals.counts == {"Inconsistent": 4}
    assert derived(path) == undisturbed


def test_a_session_of_which_only_the_end_was_heard_is_asked_for_from_its_beginning(
    path: Path, undisturbed: list[str]
) -> None:
    with bedside(path) as running:
        running.status("ended", last_seq={"acc": LAST_SEQ["acc"], "emg": LAST_SEQ["emg"]})
        running.tick()
        assert running.said("cmd/replay") == [{"v": 1, "session": SESSION, "from_seq": {"acc": 0, "emg": 0}}]
        running.answer_replays(BLOCKS)
        assert running.store.is_complete(LEFT_CALF, SESSION)
        assert stages(running) == EXPECTED_STAGES
    assert [row for row in derived(path) if SESSION not in row] == [row for row in undisturbed if SESSION not in row]


def test_a_session_of_which_nothing_ever_comes_is_let_go(path: Path) -> None:
    with bedside(path) as running:
        running.end()
        for _ in range(130):
            running.tick()
        assert len(running.said("cmd/replay")) == pytest.approx(120 / 5, abs=1)
        assert running.store.sessions() == []


def test_a_stream_that_never_brought_anything_does_not_keep_a_session_from_being_taken_up_from_its_end(
    path: Path,
) -> None:
    blocks = [msgspec.structs.replace(block, streams=("emg", "acc", "temp")) for block in BLOCKS]
    with bedside(path) as running:
        running.status("ended", last_seq=LAST_SEQ)
        running.deliver(*blocks)
        assert running.store.is_complete(LEFT_CALF, SESSION)
        assert stages(running) == EXPECTED_STAGES


def test_a_snapshot_in_which_a_bit_has_changed_is_not_continued_but_the_session_judged_again(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:180])
        running.crash()
    with sqlite3.connect(path) as database:
        (state,) = database.execute("SELECT state FROM snapshot").fetchone()
        changed = bytearray(state)
        changed[len(state) // 2] ^= 1
        database.execute("UPDATE snapshot SET state = ?", (bytes(changed),))
    database.close()
    with bedside(path) as running:
        assert running.said("cmd/replay")[-1]["from_seq"] == {"emg": 0, "acc": 0}
