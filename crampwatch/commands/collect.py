"""`crampwatch collect`: from the wearables to the broker."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crampwatch.config import Config, load
from crampwatch.logs import to_stderr

if TYPE_CHECKING:
    from collector.service import Collector
    from collector.simulator.virtual_wearable import VirtualWearable

log = logging.getLogger(__name__)

FAILED = 1
"""The exit code where Bluetooth does not work, or nothing is published any more. Not 2, which says that starting again
would not help: it does, once a person or the system has mended what was wrong."""


def collect(config: Path = Path("crampwatch.toml")) -> int:
    """Collect from the wearables of the settings: into the journal first, then to the broker.

    Runs until it is stopped (SIGTERM or Ctrl-C); started again in the same night, it goes on with the same recording.
    A sensor with a `recording` plays that file instead, as a virtual wearable; what has been played can still be asked
    for until the collector is stopped. Where Bluetooth itself does not work it says why, and ends with exit code 1 to
    be started again.

    Parameters
    ----------
    config
        The settings file.
    """
    from collector.journal_repair import repair_journals

    to_stderr()
    settings = load(config)
    repair_journals(settings.directory)
    return asyncio.run(run_sensors(settings))


async def run_sensors(config: Config) -> int:
    """Collect from all sensors until a signal; the exit code."""
    from crampwatch.wiring import live_collector, playing_collector

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # All are made before any is started: what is wrong with the settings shows here, and in one line.
    live = [live_collector(config, sensor) for sensor in config.sensors if sensor.recording is None]
    playing = [playing_collector(config, it, Path(it.recording)) for it in config.sensors if it.recording is not None]
    wearables = [wearable for _, wearable in playing]
    async with asyncio.TaskGroup() as sensors:
        codes = [sensors.create_task(_listen(collector, wearables, stop)) for collector in live]
        for collector, wearable in playing:
            sensors.create_task(_play(collector, wearable, stop))
    return max((code.result() for code in codes), default=0)


async def _listen(collector: "Collector", played: "Sequence[VirtualWearable]", stop: asyncio.Event) -> int:
    """Collect from the radio; where that or publishing fails, let recordings play to their end before it stops."""
    from collector.causes import RadioFailed
    from collector.publisher import PublisherStopped

    running = asyncio.create_task(collector.run())
    await _first(running, stop)
    collector.stop(end_session=False)
    try:
        await running
    except (RadioFailed, PublisherStopped) as error:
        log.error("%s. Ending, to be started again.", error)
        for wearable in played:
            await _first(None, wearable.finished, stop)
        stop.set()
        return FAILED
    return 0


async def _play(collector: "Collector", wearable: "VirtualWearable", stop: asyncio.Event) -> None:
    running = asyncio.create_task(collector.run())
    await _first(running, stop, wearable.finished)
    finished = wearable.finished.is_set()
    collector.stop(end_session=finished, linger=stop if finished else None)
    await running


async def _first(running: "asyncio.Task[None] | None", *events: asyncio.Event) -> None:
    """Wait until one of these events is set, or the task that runs has ended."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait((*waiting, running) if running else waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
