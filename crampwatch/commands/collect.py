"""`crampwatch collect`: from the wearables to the broker."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crampwatch.config import Config, Sensor, load
from crampwatch.logs import to_stderr

if TYPE_CHECKING:
    from collector.service import Collector
    from collector.simulator.virtual_wearable import VirtualWearable


def collect(config: Path = Path("crampwatch.toml")) -> None:
    """Collect from the wearables of the settings: into the journal first, then to the broker.

    Runs until it is stopped (SIGTERM or Ctrl-C); started again in the same night, it goes on with the same recording.
    A sensor with a `recording` plays that file instead, as a virtual wearable; what has been played can still be asked
    for until the collector is stopped.

    Parameters
    ----------
    config
        The settings file.
    """
    to_stderr()
    asyncio.run(_collect(load(config)))


async def _collect(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # All are made before any is started: what is wrong with the settings shows here, and in one line.
    collecting = [_collector(config, sensor, stop) for sensor in config.sensors]
    async with asyncio.TaskGroup() as sensors:
        for collector in collecting:
            sensors.create_task(collector())


def _collector(config: Config, sensor: Sensor, stop: asyncio.Event) -> Callable[[], Coroutine[None, None, None]]:
    from crampwatch.wiring import live_collector, playing_collector

    if sensor.recording is None:
        return partial(_listen, live_collector(config, sensor), stop)
    return partial(_play, *playing_collector(config, sensor, Path(sensor.recording)), stop)


async def _listen(collector: "Collector", stop: asyncio.Event) -> None:
    running = asyncio.create_task(collector.run())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    collector.stop(end_session=False)
    await running


async def _play(collector: "Collector", wearable: "VirtualWearable", stop: asyncio.Event) -> None:
    running = asyncio.create_task(collector.run())
    events = [asyncio.create_task(event.wait()) for event in (stop, wearable.finished)]
    await asyncio.wait((running, *events), return_when=asyncio.FIRST_COMPLETED)
    for event in events:
        event.cancel()
    finished = wearable.finished.is_set()
    collector.stop(end_session=finished, linger=stop if finished else None)
    await running
