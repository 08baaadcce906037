"""`crampwatch collect`: from the wearables to the broker."""

import asyncio
import signal
from pathlib import Path

from crampwatch.config import Config, Sensor, load
from crampwatch.logs import to_stderr


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
    async with asyncio.TaskGroup() as sensors:
        for sensor in config.sensors:
            collecting = _play(config, sensor, Path(sensor.recording), stop) if sensor.recording else None
            sensors.create_task(collecting or _listen(config, sensor, stop))


async def _listen(config: Config, sensor: Sensor, stop: asyncio.Event) -> None:
    from crampwatch.wiring import live_collector

    collector = live_collector(config, sensor)
    running = asyncio.create_task(collector.run())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    collector.stop(end_session=False)
    await running


async def _play(config: Config, sensor: Sensor, recording: Path, stop: asyncio.Event) -> None:
    from crampwatch.wiring import playing_collector

    collector, wearable = playing_collector(config, sensor, recording)
    running = asyncio.create_task(collector.run())
    events = [asyncio.create_task(event.wait()) for event in (stop, wearable.finished)]
    await asyncio.wait((running, *events), return_when=asyncio.FIRST_COMPLETED)
    for event in events:
        event.cancel()
    finished = wearable.finished.is_set()
    collector.stop(end_session=finished, linger=stop if finished else None)
    await running
