"""A collector restarted after the night, before noon: what the night left open must not stand in the next one's way."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.contract.messages import NS
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import HostTime
from tests.collector.publishing import SESSION, Listener, access, journal_of, listening, publishing, until
from tests.collector.test_service import collecting
from tests.support.blocks import block
from tests.support.brokers import Mosquitto
from tests.support.wearables import START_NS, ramp, settings

HOUR_NS = 3600 * NS
EIGHT_NS, NOON_NS, NINE_NS = START_NS + 10 * HOUR_NS, START_NS + 14 * HOUR_NS, START_NS + 23 * HOUR_NS
SECONDS = 20
NEXT_NIGHT = "2026-11-20"


def left_open(directory: Path) -> None:
    """Last night's journal, published to the last row, as a crash or a stop leaves it."""
    with journal_of(directory, 30) as journal:
        journal.published = journal.last_row


def is_told_as_ended(listener: Listener, session: str) -> bool:
    return any(
        status.state == "ended" and status.session.startswith(session) for status in listener.statuses if status.session
    )


def heard_of(listener: Listener, session: str) -> list[int]:
    return [block.seq for block in listener.blocks if block.session.startswith(session)]


async def soon(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, condition)


@pytest.mark.parametrize("asks", [False, True], ids=["nobody asks", "the detector asks for a replay"])
@pytest.mark.parametrize("sees_noon", [False, True])
async def test_the_night_after_a_restart_in_the_morning_is_published_and_the_one_before_told_as_ended(
    asks: bool, sees_noon: bool, mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.service.OVERSEE_EVERY_S", 0.05 if sees_noon else 3600.0)
    left_open(tmp_path)
    wearable = VirtualWearable(ramp(SECONDS), speed=60.0)
    wearable.in_range = False  # it is being charged
    now_ns = [EIGHT_NS]
    with listening(mosquitto) as listener:
        time = HostTime(wall_ns=lambda: now_ns[0])
        async with collecting(wearable, settings(tmp_path, access(mosquitto)), time) as collector:
            await soon(lambda: bool(listener.health))
            if asks:
                listener.ask(from_seq=0)
                await soon(lambda: heard_of(listener, SESSION) == list(range(30)))
            now_ns[0] = NINE_NS
            wearable.in_range = True
            await soon(wearable.finished.is_set)
            await collector.settled()
            await soon(lambda: len(heard_of(listener, NEXT_NIGHT)) >= SECONDS - 1)
            await soon(lambda: is_told_as_ended(listener, SESSION))
        await soon(lambda: is_told_as_ended(listener, NEXT_NIGHT))
        assert heard_of(listener, NEXT_NIGHT) == list(range(SECONDS))


async def test_at_noon_what_was_left_open_is_ended_though_no_wearable_is_there(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.service.OVERSEE_EVERY_S", 0.05)
    left_open(tmp_path)
    wearable = VirtualWearable(ramp(SECONDS))
    wearable.in_range = False
    now_ns = [EIGHT_NS]
    with listening(mosquitto) as listener:
        time = HostTime(wall_ns=lambda: now_ns[0])
        async with collecting(wearable, settings(tmp_path, access(mosquitto)), time):
            await soon(lambda: len(listener.health) >= 1)
            assert not is_told_as_ended(listener, SESSION)
            now_ns[0] = NOON_NS
            await soon(lambda: is_told_as_ended(listener, SESSION))


def test_a_journal_that_nobody_ended_keeps_no_newer_one_waiting(mosquitto: Mosquitto, tmp_path: Path) -> None:
    earlier = "2026-11-18_w1_left_calf_0b1c"
    paths = [tmp_path / f"{session}.journal" for session in (earlier, SESSION)]
    with listening(mosquitto) as listener, journal_of(tmp_path, 5, earlier) as open_still, journal_of(tmp_path, 5):
        with publishing(mosquitto, tmp_path, *paths) as publisher:
            until(lambda: heard_of(listener, SESSION) == list(range(5)))
            assert not is_told_as_ended(listener, earlier)
            open_still.end()
            for path in paths:  # as a collector names the one it has ended, and the one it goes on with
                publisher.publish(path)
            until(lambda: is_told_as_ended(listener, earlier))
            until(lambda: listener.statuses[-1].session == SESSION)
        assert heard_of(listener, earlier) == list(range(5))
        assert heard_of(listener, SESSION) == list(range(5))


def test_a_replay_of_what_was_left_open_goes_before_the_present_session_and_not_instead_of_it(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    present = "2026-11-20_w1_left_calf_77aa"
    left_open(tmp_path)
    with (
        listening(mosquitto) as listener,
        journal_of(tmp_path, 5, present) as journal,
        publishing(mosquitto, tmp_path, tmp_path / f"{present}.journal"),
    ):
        until(lambda: len(heard_of(listener, present)) == 5)
        listener.ask(from_seq=20)
        until(lambda: heard_of(listener, SESSION)[-1:] == [29])
        journal.append(block(seq, session=present) for seq in range(5, 8))
        until(lambda: heard_of(listener, present) == list(range(8)))
