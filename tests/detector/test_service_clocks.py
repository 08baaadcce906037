"""Clocks that disagree: late is what is late by the clock that dated the samples, and one set back hides no night."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from collector.contract.codec import encode_block, encode_json
from collector.contract.messages import NS, Health, SampleBlock, Status
from detector import texts
from detector.collector_clock import CollectorClock
from tests.support.bedside import BLOCKS, EXPECTED_STAGES, Bedside, bedside, stages
from tests.support.signals import LEFT_CALF, SESSION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nights.sqlite"


def says_its_time(running: Bedside, t_ns: int) -> None:
    health = Health(t_ns=t_ns, session=SESSION, links=(), samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=0)
    running.service.message(LEFT_CALF.topic("health"), encode_json(health))


def send(running: Bedside, blocks: Iterable[SampleBlock], *, ahead_s: float, waited_s: float = 0.0) -> None:
    """Blocks, and every ten seconds the collector's account of itself, to a detector whose clock is ahead."""
    for block in blocks:
        running.now_ns = block.end_ns + round((ahead_s + waited_s) * NS)
        running.service.message(LEFT_CALF.topic(block.stream), encode_block(block))
        if block.stream == "acc" and block.seq % 10 == 9:
            says_its_time(running, block.end_ns)


def moved(blocks: Iterable[SampleBlock], by_s: float) -> list[SampleBlock]:
    """The same samples in another session, at another time."""
    clock = msgspec.structs.replace(BLOCKS[0].clock, t_ns=BLOCKS[0].clock.t_ns + round(by_s * NS))
    return [msgspec.structs.replace(block, session="moved", clock=clock) for block in blocks]


@pytest.mark.parametrize("ahead_s", [-3600.0, 0.0, 3600.0])
def test_an_alert_comes_in_time_whatever_hour_the_detectors_clock_says(path: Path, ahead_s: float) -> None:
    with bedside(path) as running:
        send(running, BLOCKS, ahead_s=ahead_s)
        assert [event["late"] for event in running.said("event")] == [False] * 3
        assert "ALERT" in [state["state"] for state in running.said("watch")]


@pytest.mark.parametrize("ahead_s", [-3600.0, 3600.0])
def test_with_clocks_that_disagree_late_data_still_raise_no_alert(path: Path, ahead_s: float) -> None:
    with bedside(path) as running:
        send(running, BLOCKS[:80], ahead_s=ahead_s)
        running.service.message(LEFT_CALF.topic("status"), encode_json(Status(state="offline", t_ns=0)))
        for block in BLOCKS[80:]:  # after five minutes, in one go
            running.now_ns = BLOCKS[-1].end_ns + round((ahead_s + 300) * NS)
            running.service.message(LEFT_CALF.topic(block.stream), encode_block(block))
        assert stages(running)[0] == EXPECTED_STAGES[0]
        assert all(event["late"] for event in running.said("event"))
        assert "ALERT" not in [state["state"] for state in running.said("watch")]


def test_a_backlog_that_comes_at_once_with_its_own_times_is_late_and_not_a_clock_that_is_behind(path: Path) -> None:
    with bedside(path) as running:
        for block in BLOCKS:
            running.now_ns = BLOCKS[0].t0_ns + 3600 * NS + block.seq * NS // 100  # a hundred times as fast
            running.service.message(LEFT_CALF.topic(block.stream), encode_block(block))
            if block.stream == "acc" and block.seq % 10 == 9:
                says_its_time(running, block.end_ns)
        assert all(event["late"] for event in running.said("event"))
        assert {state["state"] for state in running.said("watch")} == {"OFFLINE"}


def test_a_person_is_told_once_that_the_clocks_differ(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with bedside(path) as running:
        send(running, BLOCKS, ahead_s=3600.0)
    (warning,) = caplog.messages
    assert warning.startswith("the clock of the collector of w1/left_calf is off ours by -3600 s")


def test_after_the_clock_was_set_back_the_new_session_is_the_one_that_is_shown(path: Path) -> None:
    hour_earlier = moved(BLOCKS, -3600)
    with bedside(path) as running:
        running.deliver(*BLOCKS[:60]).status("ended", last_seq={"acc": 29, "emg": 29})
        running.published.clear()
        send(running, hour_earlier, ahead_s=0.0)
        shown = [state["state"] for state in running.said("watch")]
        assert shown == ["WATCHING", "CANDIDATE", "ALERT", "WATCHING", "CANDIDATE", "WATCHING"]


def test_a_last_block_of_the_session_before_the_clock_was_set_back_that_comes_late_changes_nothing(path: Path) -> None:
    hour_earlier = moved(BLOCKS, -3600)
    with bedside(path) as running:
        running.deliver(*BLOCKS[:59]).status("ended", last_seq={"acc": 29, "emg": 29})
        send(running, hour_earlier[:20], ahead_s=0.0)
        running.deliver(BLOCKS[59])
        running.published.clear()
        send(running, hour_earlier[20:], ahead_s=0.0)
        assert "ALERT" in [state["state"] for state in running.said("watch")]


def test_while_away_the_time_of_the_last_data_is_that_of_the_session_that_goes_on(path: Path) -> None:
    hour_earlier = moved(BLOCKS[:80], -3600)
    with bedside(path) as running:
        running.deliver(*BLOCKS).end()
        send(running, hour_earlier, ahead_s=0.0)
        running.status("offline")
        told = running.said("watch")[-1]
        assert (told["state"], told["text"]) == ("OFFLINE", texts.OFFLINE)
        assert told["since_ns"] == hour_earlier[-1].end_ns


def test_readings_count_only_when_they_agree_over_fifteen_seconds() -> None:
    clock = CollectorClock()
    for sent_s, now_s in [(0, 100), (10, 110), (14, 114)]:
        clock.heard(sent_s * NS, now_s * NS)
    assert clock.behind_ns == 0
    clock.heard(20 * NS, round(120.5 * NS))
    assert clock.behind_ns == 100 * NS  # the other came half a second late
    clock.heard(40 * NS, 240 * NS)  # a minute and a half late: nothing is learned from that
    assert clock.behind_ns == 100 * NS


def test_a_clock_that_is_set_is_followed_within_half_a_minute() -> None:
    clock = CollectorClock()
    for now_s in range(0, 60, 10):
        clock.heard(now_s * NS, now_s * NS)
    for now_s in range(60, 100, 10):
        clock.heard((now_s - 3600) * NS, now_s * NS)
    assert clock.behind_ns == 3600 * NS
