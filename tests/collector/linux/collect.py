"""A collector on the bus of the environment, in a process to be killed: `python -m tests.collector.linux.collect`."""

import asyncio
import sys
from pathlib import Path

from collector.service import Collector
from collector.time_source import DeviceTime
from tests.support.wearables import START_NS, settings

if __name__ == "__main__":
    asyncio.run(Collector(settings(Path(sys.argv[1])), time_source=DeviceTime(START_NS)).run())
