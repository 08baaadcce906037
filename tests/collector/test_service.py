"""The collector as a whole: every sample of the wearable is in the journal exactly once, whatever happens meanwhile."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bleak.exc import BleakError

from collector.backend import Backend
from collector.causes import RadioFailed
from collector.contract.broker import BrokerSettings
from collector.contract.journal import Journal
from collector.contract.messages import NS
from collector.service import Collector
from collector.settings import CollectorSettings
from collector.simulator.firmware.cramp_node import CHARS
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime, HostTime, TimeSource
from tests.collector.night import night
from tests.collector.virtual_time import in_virtual_time
from tests.support.brokers import Mosquitto
from tests.support.wearables import START_NS, journalled, ramp, settings

PATIENCE_S = 30


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def link_is(collector: Collector, state: str, reconnects: int) -> bool:
    (link,) = collector.health().links
    return (link.state, link.reconnects) == (state, reconnects)


@asynccontextmanager
async def collecting(
    wearable: VirtualWearable, options: CollectorSettings, time_source: TimeSource | None = None
) -> AsyncIterator[Collector]:
    collector = Collector(options, memory_backend([wearable]), time_source or DeviceTime(START_NS))
    wearable.room = collector.settled
    running = asyncio.create_task(collector.run())
    try:
        yield collector
    finally:
        collector.stop()
        await running


async def test_a_night_at_full_speed_is_journalled_sample_for_sample(tmp_path: Path) -> None:
    await night(tmp_path, seconds=1800, speed=None)
    found = journalled(tmp_path)
    assert {kind: len(indices) for kind, indices in found.items()} == {"emg": 450_000, "acc": 90_000, "temp": 360}
    assert all(indices == list(range(len(indices))) for indices in found.values())


async def test_sample_times_of_a_simulated_night_are_those_of_the_device(tmp_path: Path) -> None:
    await night(tmp_path, seconds=60, speed=None)
    (path,) = tmp_path.glob("*.journal")
    with Journal.open(path, read_only=True) as journal:
        assert journal.ended
        for block in journal.blocks():
            assert block.t0_ns == pytest.approx(START_NS + block.first_index / block.fs * NS, abs=2)


async def test_a_link_that_drops_again_and_again_loses_nothing(tmp_path: Path) -> None:
    wearable = VirtualWearable(ramp(120), speed=60.0)
    async with collecting(wearable, settings(tmp_path)) as collector:
        for drops in range(4):
            await until(lambda drops=drops: link_is(collector, "streaming", reconnects=drops))  # type: ignore[misc]  # mypy cannot type a lambda with a default
            await asyncio.sleep(0.1)
            wearable.drop()
        await until(lambda: link_is(collector, "streaming", reconnects=4))
        await until(wearable.finished.is_set)
    assert all(indices == list(range(len(indices))) for indices in journalled(tmp_path).values())


async def test_a_stack_that_delivers_every_packet_twice_is_seen_through(tmp_path: Path) -> None:
    wearable = VirtualWearable(ramp(60), speed=None)
    wearable.doubled = True
    async with collecting(wearable, settings(tmp_path)):
        await until(wearable.finished.is_set)
    assert journalled(tmp_path)["emg"] == list(range(15_000))


@in_virtual_time
async def test_where_bluetooth_does_not_work_at_all_the_collector_ends_to_be_started_afresh(tmp_path: Path) -> None:
    air: Any = memory_backend([])

    class NoDBus(air.scanner):  # type: ignore[misc]  # a class made by a function
        async def start(self) -> None:
            raise BleakError("[org.freedesktop.DBus.Error.ServiceUnknown] org.bluez was not provided")

    collector = Collector(settings(tmp_path), Backend(scanner=NoDBus, adapter=air.adapter))
    with pytest.raises(RadioFailed, match=r"20 scans in a row have failed: .*org.bluez was not provided; .+"):
        await collector.run()


async def test_a_node_that_restarts_leaves_a_gap_and_nothing_twice(tmp_path: Path) -> None:
    wearable = VirtualWearable(ramp(60), speed=60.0)
    async with collecting(wearable, settings(tmp_path)):
        await asyncio.sleep(0.3)
        wearable.restart(boot=2)
        await until(wearable.finished.is_set)
    (path,) = tmp_path.glob("*.journal")
    with Journal.open(path, read_only=True) as journal:
        emg = [block for block in journal.blocks() if block.stream == "emg"]
    ends = [0] + [block.end_index for block in emg]
    gaps = [block.first_index - end for block, end in zip(emg, ends, strict=False) if block.first_index != end]
    assert gaps == [1]
    assert [block.seq for block in emg] == list(range(len(emg)))


def test_killed_and_started_again_the_journal_holds_every_sample_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.collector.night", str(tmp_path), "120"]
    for pause_s in (0.5,):
        with subprocess.Popen([*command, "20"]) as running:
            deadline_s = time.monotonic() + PATIENCE_S
            while not list(tmp_path.glob("*.journal")):
                assert time.monotonic() < deadline_s
                time.sleep(0.01)
            time.sleep(pause_s)
            running.kill()
    assert 0 < len(journalled(tmp_path)["emg"]) < 30_000
    subprocess.run(command, check=True, timeout=PATIENCE_S)
    found = journalled(tmp_path)
    assert found["emg"] == list(range(30_000))
    assert found["acc"] == list(range(6_000))
    assert found["temp"] == list(range(24))


async def test_what_the_wearable_sent_reaches_the_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    wearable = VirtualWearable(ramp(120), speed=None)
    async with collecting(wearable, settings(tmp_path, broker)):
        await until(wearable.finished.is_set)
    (path,) = tmp_path.glob("*.journal")
    with Journal.open(path, read_only=True) as journal:
        assert journal.published == journal.last_row == 120 + 120 + 24


async def test_without_ending_the_session_the_next_start_goes_on_with_it(tmp_path: Path) -> None:
    for seconds, ends in ((30, False), (60, True)):
        wearable = VirtualWearable(ramp(seconds), speed=None)
        async with collecting(wearable, settings(tmp_path)) as collector:
            await until(wearable.finished.is_set)
            collector.stop(end_session=ends)
    found = journalled(tmp_path)
    assert found["emg"] == list(range(60 * 250))


async def test_at_noon_a_new_session_begins_without_losing_a_sample(tmp_path: Path) -> None:
    noon_ns = START_NS + 14 * 3600 * NS
    now_ns = [noon_ns - 60 * NS]
    wearable = VirtualWearable(ramp(60), speed=60.0)
    async with collecting(wearable, settings(tmp_path), HostTime(wall_ns=lambda: now_ns[0])):
        await asyncio.sleep(0.4)
        now_ns[0] = noon_ns
        await until(wearable.finished.is_set)
    paths = sorted(tmp_path.glob("*.journal"))
    assert [path.name[:10] for path in paths] == ["2026-11-19", "2026-11-20"]
    values: list[int] = []
    for path in paths:
        with Journal.open(path, read_only=True) as journal:
            assert journal.ended
            values += [v for block in journal.blocks() if block.stream == "emg" for v in block.digital()[:, 0].tolist()]
    assert values == list(range(60 * 250))


async def test_sessions_left_open_in_an_earlier_night_are_ended(tmp_path: Path) -> None:
    wearable = VirtualWearable(ramp(10), speed=None)
    async with collecting(wearable, settings(tmp_path)) as collector:
        await until(wearable.finished.is_set)
        collector.stop(end_session=False)
    async with collecting(VirtualWearable(ramp(10)), settings(tmp_path), DeviceTime(START_NS + 86_400 * NS)):
        await asyncio.sleep(0)
    (path,) = tmp_path.glob("2026-11-19*.journal")
    with Journal.open(path, read_only=True) as journal:
        assert journal.ended


async def test_refused_and_overflowed_packets_are_told_in_health(tmp_path: Path) -> None:
    wearable = VirtualWearable(ramp(3600), speed=1.0)
    options = msgspec.structs.replace(settings(tmp_path), queue_packets=5)
    async with collecting(wearable, options) as collector:
        await until(lambda: wearable.connected and collector.health(0).session is not None)
        await until(lambda: collector.health(0).links[0].state == "streaming")
        await collector.settled()
        for _ in range(8):
            wearable.notify(CHARS["emg"], b"torn")
        await collector.settled()
        health = collector.health(unpublished=3)
    assert health.refused == {"emg.PartialFrame": 5, "overflow": 3}
    assert health.unpublished == 3


async def test_a_journal_that_cannot_be_written_is_told_and_nothing_is_missing_when_it_can_be_again(
    tmp_path: Path,
) -> None:
    wearable = VirtualWearable(ramp(60), speed=30.0)
    async with collecting(wearable, settings(tmp_path)) as collector:
        await until(lambda: collector._session is not None)
        assert collector._session is not None
        database = collector._session.journal._db
        database.execute("PRAGMA query_only = ON")
        await until(lambda: any("nothing can be written" in fault.cause for fault in collector.faults()))
        database.execute("PRAGMA query_only = OFF")
        await until(wearable.finished.is_set)
        assert collector.faults() == ()
    assert all(indices == list(range(len(indices))) for indices in journalled(tmp_path).values())
