"""`python -m benchmarks.throughput.soak_collector SETTINGS`: the collectors of the soak, in a process of their own.

As `crampwatch collect` puts them together, with two differences: recordings that several wearables play are in memory
once, and no wearable runs further ahead than AHEAD_S of what the detector has acknowledged. Without that the broker
would have to keep whatever the detector is slower by, and that is not what the soak is about.
"""

import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho

from collector.contract.broker import BrokerSettings
from collector.contract.codec import decode_json
from collector.contract.messages import Ack
from collector.contract.recordings import open_recording
from collector.contract.topics import Place, everywhere, parse, place
from collector.mqtt_client import mqtt_client
from collector.service import Collector
from collector.simulator.memory_backend import memory_backend
from collector.simulator.playback import signals_of
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime
from crampwatch.config import Config, load
from crampwatch.logs import to_stderr
from crampwatch.wiring import collector_settings

AHEAD_S = 600.0
"""Seconds of the night: ten commits, and of 20 wearers 12 MB in the broker."""
POLL_S = 0.25
READ_S = 60.0
"""The blocks in which a recording is read."""


class Acknowledged:
    """How many seconds of each place the detector has acknowledged, as a context manager.

    Its acknowledgements are heeded, not the night store: those of mosquitto (2.0.11) to the detector wait behind all
    blocks that it still has for it, and up to then the detector holds back what it has to say.
    """

    def __init__(self, broker: BrokerSettings, block_s: float) -> None:
        self._broker = broker
        self._block_s = block_s
        self._seconds: dict[Place, float] = {}
        self._client = mqtt_client(broker)
        self._client.on_connect = lambda client, *_: client.subscribe(everywhere("ack"))
        self._client.on_message = self._on_message

    def seconds(self, where: Place) -> float:
        """Of one place, so far."""
        return self._seconds.get(where, 0.0)

    def __enter__(self) -> "Acknowledged":
        self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        self._client.loop_start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        ack = decode_json(bytes(message.payload), Ack)
        self._seconds[parse(message.topic)[0]] = ack.next_seq.get("emg", 0) * self._block_s


class Room:
    """Where a wearable may go on: what it sent is in the journal, and the detector is not far behind."""

    def __init__(self, collector: Collector, where: Place, emg_fs: float, acknowledged: Acknowledged) -> None:
        self._collector = collector
        self._where = where
        self._emg_fs = emg_fs
        self._acknowledged = acknowledged

    async def __call__(self) -> None:
        """Wait until it may."""
        await self._collector.settled()
        while self._collected_s() - self._acknowledged.seconds(self._where) > AHEAD_S:
            await asyncio.sleep(POLL_S)

    def _collected_s(self) -> float:
        return self._collector.health().samples.get("emg", 0) / self._emg_fs


async def collect(config: Config) -> None:
    """Play all recordings to their end, and stay to answer for them until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with Acknowledged(config.named_broker.as_role("viewer"), config.sensors[0].block_s) as acknowledged:
        async with asyncio.TaskGroup() as sensors:
            for collector, wearable in _playing(config, acknowledged):
                sensors.create_task(_play(collector, wearable, stop))


def _playing(config: Config, acknowledged: Acknowledged) -> Iterator[tuple[Collector, VirtualWearable]]:
    paths = sorted({sensor.recording for sensor in config.sensors if sensor.recording})
    recordings = {path: open_recording(Path(path)) for path in paths}
    signals = {path: signals_of(recording.blocks(READ_S)) for path, recording in recordings.items()}
    for sensor in config.sensors:
        assert sensor.recording is not None
        played = signals[sensor.recording]
        wearable = VirtualWearable(played, speed=None)
        time_source = DeviceTime(recordings[sensor.recording].start_ns)
        collector = Collector(collector_settings(config, sensor), memory_backend([wearable]), time_source)
        wearable.room = Room(collector, place(sensor.wearer, sensor.site), played["emg"].fs, acknowledged)
        yield collector, wearable


async def _play(collector: Collector, wearable: VirtualWearable, stop: asyncio.Event) -> None:
    running = asyncio.create_task(collector.run())
    ends = [asyncio.create_task(event.wait()) for event in (wearable.finished, stop)]
    await asyncio.wait((running, *ends), return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    collector.stop(end_session=wearable.finished.is_set(), linger=stop)
    await running


if __name__ == "__main__":
    to_stderr()
    asyncio.run(collect(load(Path(sys.argv[1]))))
