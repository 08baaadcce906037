"""Two collectors of one site: into one folder never, from two computers in turn and without a loss."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.file_lock import Occupied
from collector.contract.journal import Journal
from collector.service import Collector
from collector.settings import CollectorSettings
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime
from detector.mqtt import serve
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore
from tests.support.brokers import Mosquitto
from tests.support.wearables import START_NS, journalled, ramp, settings

PATIENCE_S = 60


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def collecting(options: CollectorSettings, wearable: VirtualWearable) -> AsyncIterator[Collector]:
    collector = Collector(options, memory_backend([wearable]), DeviceTime(START_NS))
    wearable.room = collector.settled
    running = asyncio.create_task(collector.run())
    try:
        yield collector
    finally:
        collector.stop()
        await running


async def test_a_second_one_into_the_same_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    wearable = VirtualWearable(ramp(30), speed=20.0)
    async with collecting(settings(tmp_path), wearable):
        await asyncio.sleep(0.2)
        second = Collector(settings(tmp_path), memory_backend([VirtualWearable(ramp(30))]), DeviceTime(START_NS))
        told = r"another collector records w1/left_calf into .* \(process \d+\); stop that one, or name another data_"
        with pytest.raises(Occupied, match=told):
            await second.run()
        await until(wearable.finished.is_set)
    assert journalled(tmp_path)["emg"] == list(range(30 * 250))


async def test_other_sites_may_use_the_same_folder(tmp_path: Path) -> None:
    sites = ["left_calf", "right_calf"]
    wearables = [VirtualWearable(ramp(10), speed=None) for _ in sites]
    options = [CollectorSettings(wearer="w1", site=site, data_directory=tmp_path) for site in sites]
    async with collecting(options[0], wearables[0]), collecting(options[1], wearables[1]):
        await until(lambda: all(wearable.finished.is_set() for wearable in wearables))
    assert len(list(tmp_path.glob("*.journal"))) == 2


async def test_two_computers_with_one_site_take_turns_and_both_sessions_are_filed(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("collector.mqtt_client.TAKEN_OVER_S", 1.0)  # a minute is long for a test
    broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    store, stop = tmp_path / "nights.sqlite", threading.Event()
    service = ServiceSettings(clock="samples")
    detector = asyncio.create_task(asyncio.to_thread(serve, broker, store, service, DetectorSettings(), stop))
    wearables = [VirtualWearable(ramp(60), speed=10.0) for _ in range(2)]
    one, other = (settings(tmp_path / name, broker) for name in ("one", "other"))
    try:
        async with collecting(one, wearables[0]), collecting(other, wearables[1]):
            await until(lambda: all(wearable.finished.is_set() for wearable in wearables))
            await until(lambda: all(is_published(tmp_path / name) for name in ("one", "other")))
        await until(lambda: len(filed(store)) == 2)
    finally:
        stop.set()
        await detector
    assert set(filed(store).values()) == {(START_NS, START_NS + 60_000_000_000)}
    told = [line for line in caplog.messages if "do two programs run as crampwatch-collector-w1-left_calf?" in line]
    assert 1 <= len(told) <= 30  # each waits longer from turn to turn


def is_published(folder: Path) -> bool:
    """Whether the broker has taken all that the journal holds."""
    (path,) = folder.glob("*.journal")
    with Journal.open(path, read_only=True) as journal:
        return 0 < journal.last_row == journal.published


def filed(store: Path) -> dict[str, tuple[int, int]]:
    """From when to when each session was watched to its end."""
    with NightStore(store, read_only=True) as nights:
        return {
            stored.info.session: (stored.start_ns, stored.end_ns) for stored in nights.sessions() if stored.complete
        }
