"""From the detector's word to the wearable on the leg: the buzz on its whole way over the shipped broker."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.contract.broker import BrokerSettings
from collector.contract.codec import encode_json
from collector.contract.messages import Buzz
from collector.mqtt_client import mqtt_client
from collector.service import Collector
from collector.settings import CollectorSettings, DeviceSettings
from collector.simulator.firmware.myo import Myo
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from detector.alarm.settings import AlarmSettings
from detector.bedside.hook import Sounder
from detector.bedside.mqtt import BedsideLink
from detector.bedside.push_queue import PushQueue
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.messages import event_message
from tests.detector.bedside.stand_ins import BERLIN
from tests.support.brokers import ShippedMosquitto
from tests.support.frames import PLACE, event
from tests.support.wearables import ramp_of

PATIENCE_S = 30.0
LONG = 3


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not met():
            await asyncio.sleep(0.02)


@contextmanager
def bedside_without_a_voice(broker: BrokerSettings, folder: Path) -> Iterator[None]:
    """An alarm whose program for sounds fails."""
    settings, stop = AlarmSettings(command=("false",)), threading.Event()

    def run() -> None:
        link = BedsideLink(broker)
        diary, queue = folder / "diary.sqlite", folder / "push.sqlite"
        ways = Ways(lambda: Diary(diary), Sounder(settings), lambda: PushQueue(queue), link.publish)
        link.run(Bedside(settings, BERLIN, [PLACE], ways), stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def client(broker: BrokerSettings) -> Iterator[Callable[[str, bytes], None]]:
    """Somebody who publishes under the left calf's topics."""
    somebody = mqtt_client(broker)
    somebody.connect(broker.host, broker.port)
    somebody.loop_start()
    try:
        yield lambda what, payload: somebody.publish(PLACE.topic(what), payload, qos=1).wait_for_publish(PATIENCE_S)
    finally:
        somebody.disconnect()
        somebody.loop_stop()


async def test_a_cramp_makes_the_wearable_buzz_though_the_loudspeaker_fails_and_a_late_word_does_not(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    wearable = VirtualWearable(ramp_of(Myo(), 600), firmware=Myo())
    settings = CollectorSettings(
        wearer=PLACE.wearer,
        site=PLACE.site,
        data_directory=tmp_path,
        device=DeviceSettings(profile="myo"),
        broker=shipped_mosquitto.access("collector"),
        health_every_s=0.2,
    )
    collector = Collector(settings, memory_backend([wearable]))
    running = asyncio.create_task(collector.run())
    with (
        bedside_without_a_voice(shipped_mosquitto.access("alarm"), tmp_path),
        client(shipped_mosquitto.access("alarm")) as as_alarm,
        client(shipped_mosquitto.access("detector")) as as_detector,
        client(shipped_mosquitto.access("home")) as as_home,
    ):
        await until(lambda: collector.health().samples.get("emg", 0) > 0)
        await asyncio.to_thread(as_home, "cmd/alarm", b'{"do": "test"}')
        await until(lambda: wearable.vibrations == [LONG])
        as_alarm("cmd/buzz", encode_json(Buzz(kind="fault", t_ns=time.time_ns() - 10**10)))  # ten seconds late
        cramp = event_message(event(0), late=False, t_ns=time.time_ns())
        await asyncio.to_thread(as_detector, "event", encode_json(cramp))
        await until(lambda: wearable.vibrations == [LONG, LONG])
        await asyncio.to_thread(as_home, "cmd/alarm", b'{"do": "ack"}')
    collector.stop()
    await running
    (link,) = collector.health().links
    assert link.reconnects == 0
