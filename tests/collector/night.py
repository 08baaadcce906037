"""A collector and its simulated wearable in a process of their own, to be killed: `python -m tests.collector.night`."""

import asyncio
import sys
from pathlib import Path

from collector.service import Collector
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime
from tests.support.wearables import START_NS, ramp, settings


async def night(directory: Path, seconds: float, speed: float | None) -> None:
    """Play a ramp of this length into a journal; say so whenever the wearable has been started, and at the end."""
    wearable = VirtualWearable(ramp(seconds), speed)
    collector = Collector(settings(directory), memory_backend([wearable]), DeviceTime(START_NS))
    wearable.room = collector.settled
    running = asyncio.create_task(collector.run())
    await wearable.finished.wait()
    collector.stop()
    await running


if __name__ == "__main__":
    asyncio.run(night(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else None))
