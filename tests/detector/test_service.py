"""The detector service: what it says about what arrives over MQTT."""

import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.contract.codec import encode_block
from collector.contract.messages import NS
from collector.contract.topics import place
from tests.support.bedside import (
    BLOCKS,
    EXPECTED_STAGES,
    Bedside,
    bedside,
    stages,
)
from tests.support.signals import LEFT_CALF

RIGHT_CALF = place("w1", "right_calf")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nights.sqlite"


def test_events_are_published_as_the_detector_decides_them_and_suspicions_are_not(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS).end()
        assert stages(running) == EXPECTED_STAGES
        told = running.said("event")[0]
        assert told["late"] is False
        assert told["text"].startswith("Possible calf cramp for 12 s. Straighten your leg")
        assert running.store.undelivered() == []


def test_the_state_goes_from_watching_over_candidate_to_alert_and_back_and_ends_offline(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS).end()
        shown = [state["state"] for state in running.said("watch")]
    assert shown == ["WATCHING", "CANDIDATE", "ALERT", "WATCHING", "CANDIDATE", "WATCHING", "OFFLINE"]


def test_an_event_is_in_the_store_before_anything_is_said_about_it(path: Path) -> None:
    class Doubting(Bedside):
        def publish(self, topic: str, payload: bytes, **options: Any) -> None:
            if topic.endswith("event"):
                told = msgspec.json.decode(payload)
                with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
                    (stage,) = db.execute("SELECT stage FROM event WHERE id = ?", (told["id"],)).fetchone()
                assert stage == told["stage"]
            super().publish(topic, payload, **options)

    running = Doubting(path)
    running.deliver(*BLOCKS).end()
    assert len(running.said("event")) == 3
    running.store.close()


def test_late_data_make_events_but_no_alert(path: Path) -> None:
    with bedside(path) as running:
        running.now_ns = BLOCKS[-1].end_ns + 121 * NS
        running.deliver(*BLOCKS).end()
        assert stages(running) == EXPECTED_STAGES
        assert all(event["late"] for event in running.said("event"))
        assert {state["state"] for state in running.said("watch")} == {"OFFLINE"}


def test_when_no_data_come_for_two_minutes_the_state_says_so_and_recovers(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:40])
        running.now_ns += 121 * NS
        running.tick(121)
        assert running.said("watch")[-1]["state"] == "OFFLINE"
        assert running.said("watch")[-1]["since_ns"] == BLOCKS[39].end_ns
        running.deliver(*BLOCKS[40:60])  # ten seconds further: 111 s old
        assert running.said("watch")[-1]["state"] == "WATCHING"


def test_several_places_are_watched_at_once(path: Path) -> None:
    with bedside(path) as running:
        for block in BLOCKS:
            running.deliver(block)
            running.deliver(block, to=RIGHT_CALF)
        left, right = running.said("event"), running.said("event", RIGHT_CALF)
    assert [event["onset_ns"] for event in left] == [event["onset_ns"] for event in right]
    assert {event["site"] for event in right} == {"right_calf"}
    assert not {event["id"] for event in left} & {event["id"] for event in right}


def test_an_event_that_the_broker_did_not_take_is_published_after_the_next_start(path: Path) -> None:
    with bedside(path) as running:
        running.broker_takes = False
        running.deliver(*BLOCKS)
    with bedside(path) as running:
        assert {(event["id"], event["stage"]) for event in running.said("event")} == set(EXPECTED_STAGES[1:])
    with bedside(path) as running:
        assert running.said("event") == []


def test_what_breaks_the_contract_is_counted_by_reason_and_logged_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with bedside(path) as running:
        for _ in range(3):
            running.service.message(LEFT_CALF.topic("emg"), b"")
            running.service.message(LEFT_CALF.topic("emg"), b"\xc1nonsense")
        running.service.message(LEFT_CALF.topic("acc"), encode_block(BLOCKS[1]))
        running.service.message("crampwatch/v1/W1/left calf/emg", encode_block(BLOCKS[1]))
        assert running.service.refusals.counts == {"Truncated": 3, "Damaged": 3, "Inconsistent": 1, "BadTopic": 1}
    assert len(caplog.records) == 4


def test_by_the_samples_clock_a_replayed_recording_is_never_late(path: Path) -> None:
    with bedside(path, clock="samples") as running:
        running.now_ns = BLOCKS[-1].end_ns + 10**9 * NS
        running.deliver(*BLOCKS)
        assert not any(event["late"] for event in running.said("event"))
        assert "ALERT" in [state["state"] for state in running.said("watch")]


def test_a_block_that_does_not_fit_its_session_is_refused_and_the_others_go_on(path: Path) -> None:
    odd = msgspec.structs.replace(BLOCKS[51], fs=100.0)
    with bedside(path) as running:
        running.deliver(*BLOCKS[:51], odd, *BLOCKS[52:])
        assert running.service.refusals.counts == {"Inconsistent": 1}
        assert [stage for _, stage in stages(running)] == ["confirmed", "ended", "rejected"]


def test_while_nothing_changes_what_is_seen_is_said_again_every_ten_seconds(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS[:20])
        running.published.clear()
        for _ in range(35):
            running.tick(1.0)
        assert [told["state"] for told in running.said("watch")] == ["WATCHING"] * 3


def test_a_night_that_is_caught_up_with_does_not_say_the_same_again_and_again(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS).end()
        told = [(seen["state"], seen["event_id"], seen["text"]) for seen in running.said("watch")]
    assert all(one != next_one for one, next_one in pairwise(told))


def test_a_recording_that_has_ended_is_not_talked_of_any_more(path: Path) -> None:
    with bedside(path) as running:
        running.deliver(*BLOCKS).end()
        running.published.clear()
        for _ in range(35):
            running.tick(1.0)
        assert running.said("watch") == []


def test_what_is_seen_bears_how_far_it_was_looked_and_when_it_was_said(path: Path) -> None:
    with bedside(path, commit_every_s=5.0) as running:
        running.deliver(*BLOCKS[:60])
        running.now_ns += 7 * NS
        running.tick(10.0)
        told = running.said("watch")[-1]
        assert told["t_ns"] == BLOCKS[59].end_ns + 7 * NS
        # The last commit lies back 5 s at most, and frames wait for the accelerometer for 5 s at most.
        assert 7 * NS <= told["t_ns"] - told["judged_ns"] <= 17 * NS


def test_an_event_bears_when_it_was_said(path: Path) -> None:
    with bedside(path) as running:
        for block in BLOCKS:
            before = len(running.said("event"))
            running.deliver(block)
            assert all(event["t_ns"] == block.end_ns for event in running.said("event")[before:])
