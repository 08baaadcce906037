"""A collector at work in a process of its own, with nothing loaded that a collector does not load.

The wearable is simulated and lives in the same process, so the same wearable with nobody but bleak to listen is
measured beside it.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bleak import BleakClient
from bleak.backends.device import BLEDevice

from benchmarks.cost.resident import Resident, resident
from collector.contract.broker import BrokerSettings
from collector.contract.messages import NS
from collector.devices.profile import load_profile
from collector.service import Collector
from collector.settings import CollectorSettings
from collector.simulator.firmware.cramp_node import CHARS
from collector.simulator.firmware.firmware import Signals
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime, TimeSource

START_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
SETTLE_S = 2.0
"""Connecting happens once a night; what counts goes on all the time."""


def shares_collecting(signals: Signals, broker: BrokerSettings, window_s: float, windows: int) -> list[float]:
    """Shares of a core that collector and wearable take together, at real time, window by window."""

    async def measure() -> list[float]:
        async with _collecting(VirtualWearable(signals), broker, None):
            return await _shares(window_s, windows)

    return asyncio.run(measure())


def shares_of_the_wearable(signals: Signals, window_s: float, windows: int) -> list[float]:
    """The same for the wearable alone, with bleak and a callback that does nothing."""

    async def measure() -> list[float]:
        wearable = VirtualWearable(signals)
        device = BLEDevice(wearable.address, wearable.name, wearable)
        async with BleakClient(device, backend=memory_backend([wearable]).client) as client:
            for char in CHARS.values():
                await client.start_notify(char, lambda *_: None)
            for command in load_profile("cramp-node").start:
                await client.write_gatt_char(command.char, command.payload({}), response=True)
            return await _shares(window_s, windows)

    return asyncio.run(measure())


def memory_collecting(signals: Signals, broker: BrokerSettings) -> Resident:
    """The memory after all of these signals were collected as fast as journal and broker take them."""

    async def play() -> None:
        wearable = VirtualWearable(signals, speed=None)
        async with _collecting(wearable, broker, DeviceTime(START_NS)):
            await wearable.finished.wait()

    asyncio.run(play())
    return resident()


@asynccontextmanager
async def _collecting(
    wearable: VirtualWearable, broker: BrokerSettings, time_source: TimeSource | None
) -> AsyncIterator[None]:
    """A collector, stopped in the end when the broker has everything."""
    with tempfile.TemporaryDirectory() as folder:
        settings = CollectorSettings(wearer="bench", site="left_calf", data_directory=Path(folder), broker=broker)
        collector = Collector(settings, memory_backend([wearable]), time_source)
        wearable.room = collector.settled
        running = asyncio.create_task(collector.run())
        try:
            yield
        finally:
            collector.stop()
            await running


async def _shares(window_s: float, windows: int) -> list[float]:
    """CPU seconds of this process and all its threads per second."""
    await asyncio.sleep(SETTLE_S)
    return [await _share(window_s) for _ in range(windows)]


async def _share(window_s: float) -> float:
    started_s, cpu_s = time.monotonic(), time.process_time()
    await asyncio.sleep(window_s)
    return (time.process_time() - cpu_s) / (time.monotonic() - started_s)
