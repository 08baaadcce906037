"""A journal on its way to a real broker, and those who listen there."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from collector.contract.broker import BrokerSettings
from collector.contract.codec import decode_block, decode_json, encode_json
from collector.contract.journal import Header, Journal
from collector.contract.messages import Health, ReplayRequest, SampleBlock, Status
from collector.contract.topics import place
from collector.mqtt_client import mqtt_client
from collector.publisher import Publisher
from tests.support.blocks import START_NS, block
from tests.support.brokers import RunningBroker

LEFT_CALF = place("w1", "left_calf")
SESSION = "2026-11-19_w1_left_calf_3f2a"
EARLIER = "2026-11-18_w1_left_calf_0b1c"
PATIENCE_S = 20


def access(broker: RunningBroker) -> BrokerSettings:
    return BrokerSettings(
        host=broker.host,
        port=broker.port,
        username=broker.username,
        password=broker.password,
        protocol=broker.protocol,
    )


def health(unpublished: int) -> Health:
    return Health(
        t_ns=0, session=SESSION, links=(), samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=unpublished
    )


def journal_of(directory: Path, count: int, session: str = SESSION) -> Journal:
    header = Header(session=session, wearer="w1", site="left_calf", started_ns=START_NS)
    journal = Journal.create(directory / f"{session}.journal", header)
    journal.append(block(seq, session=session) for seq in range(count))
    return journal


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


class Listener:
    """A detector's ears: a session that outlasts its connection, subscribed to everything of the left calf."""

    def __init__(self, broker: RunningBroker) -> None:
        five = broker.protocol == "5"
        self.blocks: list[SampleBlock] = []
        self.statuses: list[Status] = []
        self.health: list[Health] = []
        self.content_types: set[str | None] = set()
        self._subscribed = threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            "listener",
            protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311,
            clean_session=None if five else False,
        )
        self.client.username_pw_set(broker.username, broker.password)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def seqs(self) -> list[int]:
        return [block.seq for block in self.blocks]

    def ask(self, from_seq: int) -> None:
        request = ReplayRequest(session=SESSION, from_seq={"emg": from_seq})
        self.client.publish(LEFT_CALF.topic("cmd/replay"), encode_json(request), qos=1)

    def _on_connect(self, *_: object) -> None:
        self.client.subscribe(LEFT_CALF.topic("#"), qos=1)

    def _on_message(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        what, payload = message.topic.rpartition("/")[2], bytes(message.payload)
        if what == "emg":
            self.blocks.append(decode_block(payload))
            self.content_types.add(getattr(message.properties, "ContentType", None))
        elif what == "status":
            self.statuses.append(decode_json(payload, Status))
        elif what == "health":
            self.health.append(decode_json(payload, Health))


class ViewersEars:
    """Somebody who looks at everything: which kinds of message there were."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._topics: set[str] = set()
        self._client = mqtt_client(settings)
        self._client.on_connect = lambda client, *_: client.subscribe("crampwatch/v1/#", qos=1)
        self._client.on_message = lambda _, __, message: self._topics.add(message.topic)
        self._client.connect(settings.host, settings.port)
        self._client.loop_start()

    def kinds(self) -> set[str]:
        return {topic.rpartition("/")[2] for topic in self._topics}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def listening(broker: RunningBroker) -> Iterator[Listener]:
    listener = Listener(broker)
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def publishing(broker: RunningBroker, directory: Path, *paths: Path) -> Iterator[Publisher]:
    publisher = Publisher(LEFT_CALF, access(broker), directory, health, health_every_s=0.2)
    for path in paths:
        publisher.publish(path)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()
