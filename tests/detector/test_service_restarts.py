"""A detector that comes back: after the disk was full, with another rule, or while another one still runs."""

from pathlib import Path
from typing import Any

import pytest

from collector.contract.file_lock import Occupied
from detector import texts
from detector.store import NightStore
from tests.detector.mortal_bedside import Fate, Killed, MortalBedside
from tests.support.bedside import BLOCKS, EXPECTED_STAGES, NIGHT, Bedside, bedside, derived, stages
from tests.support.signals import LEFT_CALF


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nights.sqlite"


@pytest.fixture
def undisturbed(tmp_path: Path) -> list[str]:
    with bedside(tmp_path / "undisturbed.sqlite") as running:
        running.deliver(*BLOCKS).end()
    return derived(tmp_path / "undisturbed.sqlite")


def fill_disk(running: Bedside) -> None:
    """SQLite refuses as on a full disk: the file must not grow."""
    (pages,) = running.store._db.execute("PRAGMA page_count").fetchone()
    running.store._db.execute(f"PRAGMA max_page_count = {pages}")


def make_room(running: Bedside) -> None:
    running.store._db.execute("PRAGMA max_page_count = 1000000")


def test_on_a_full_disk_alerts_are_given_and_the_curves_wait_until_there_is_room(
    path: Path, undisturbed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:60])
        fill_disk(running)
        running.deliver(*BLOCKS[60:]).end()
        assert stages(running) == EXPECTED_STAGES[: len(stages(running))]
        assert "confirmed" in [stage for _, stage in stages(running)]
        make_room(running)
        running.tick()
        assert stages(running) == EXPECTED_STAGES
    assert derived(path) == undisturbed
    said = [message for message in caplog.messages if "night store" in message]
    assert ["takes nothing (database or disk is full)" in said[0], said[1]] == [
        True,
        "The night store takes everything again.",
    ]


def test_what_was_told_while_the_disk_took_nothing_at_all_counts_as_told_once_there_is_room(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:60])
        running.store._db.execute("PRAGMA query_only = ON")
        running.deliver(*BLOCKS[60:]).end()
        running.store._db.execute("PRAGMA query_only = OFF")
        running.tick()
        assert stages(running) == EXPECTED_STAGES
        assert not running.store.undelivered()


def test_a_detector_that_dies_on_a_full_disk_catches_up_once_there_is_room(path: Path, undisturbed: list[str]) -> None:
    running = Bedside(path)
    running.deliver(*BLOCKS[:60])
    fill_disk(running)
    running.deliver(*BLOCKS[60:])
    told = stages(running)
    running.crash()
    with bedside(path) as running:
        running.answer_replays(BLOCKS)
        running.end()
        assert list(dict.fromkeys(told + stages(running))) == EXPECTED_STAGES
    assert derived(path) == undisturbed


def test_a_night_that_an_older_rule_began_is_judged_again_by_the_newer_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:180])
        told = stages(running)
        running.crash()
    for module in ("snapshot", "watch", "channel"):
        monkeypatch.setattr(f"detector.{module}.VERSION", "99")
    with bedside(path) as running:
        assert running.said("cmd/replay")[-1]["from_seq"] == {"emg": 0, "acc": 0}
        running.answer_replays(BLOCKS)
        running.end()
        record = running.store.record(*LEFT_CALF, *NIGHT)
        # What was told by the older rule is told once more under the same identity: the figures may be others now.
        assert list(dict.fromkeys(told + stages(running))) == EXPECTED_STAGES
    assert record.detector_version == "99"
    assert {event.detector_version for event in record.events + record.candidates} == {"99"}


def test_a_second_detector_on_the_same_store_is_refused_and_told_what_to_do_while_reports_are_not(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:60])
        with pytest.raises(Occupied, match=r"another detector writes .*nights.sqlite \(process \d+\); stop that one"):
            NightStore(path)
        with NightStore(path, read_only=True) as report:
            assert report.sessions()
        running.deliver(*BLOCKS[60:]).end()  # the first one was not disturbed
        assert stages(running) == EXPECTED_STAGES
    NightStore(path).close()


def test_the_end_that_a_killed_detector_did_not_tell_is_told_by_the_next_one(path: Path) -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    fate = Fate()
    running = MortalBedside(path, said, fate)
    running.deliver(*BLOCKS)
    fate.next = ("watch", False)
    with pytest.raises(Killed):
        running.end()
    running.crash()
    running = MortalBedside(path, said, fate)
    running.end()  # as the broker retained it
    running.crash()
    assert said[-1][1]["text"] == texts.ENDED
