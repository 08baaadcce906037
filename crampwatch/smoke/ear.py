"""Hears what collectors and detector say on MQTT, what the broker has retained of it included."""

import threading
import time
from collections.abc import Collection

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BadAccess, BrokerSettings
from collector.contract.codec import decode_json
from collector.contract.errors import ContractError
from collector.contract.topics import Place, everywhere, parse
from collector.mqtt_client import Trouble, mqtt_client, not_answered, refused, unreachable
from detector.messages import EventMessage

ANSWER_S = 5.0
"""As long as the doctor waits for a broker."""
RETAINED_S = 0.5
"""What is retained follows on the heels of the answer to a subscription; nothing tells when it is over."""
STEP_S = 0.05
HEARD = ("status", "watch", "ack", "event")


class Ear:
    """A context manager; `trouble` says why nothing can be heard, if so.

    Messages come in a thread of the client's own.
    """

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker
        self._client: paho.Client | None = None
        self._listening = threading.Event()
        self._refusal: ReasonCode | None = None
        self.trouble: Trouble | None = None
        self.latest: dict[tuple[Place, str], bytes] = {}
        self.told: dict[str, tuple[float, EventMessage]] = {}
        """By an event's id when it was first told, by the monotonic clock, and how."""

    def __enter__(self) -> "Ear":
        try:
            self._client = self._new_client()
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except BadAccess as error:
            self.trouble = Trouble(f"{error.what} {error.why}", error.cure)
        except OSError as error:
            self.trouble = unreachable(self._broker, error)
        else:
            self._client.loop_start()
            self._listening.wait(ANSWER_S)
            time.sleep(RETAINED_S)
            self.trouble = self._why_deaf()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._client:
            self._client.disconnect()
            self._client.loop_stop()

    def of(self, what: str) -> dict[Place, bytes]:
        """The latest message of this kind from each place; an empty one clears what was retained, and is none."""
        return {place: payload for (place, kind), payload in list(self.latest.items()) if kind == what and payload}

    def _new_client(self) -> paho.Client:
        client = mqtt_client(self._broker)
        client.connect_timeout = ANSWER_S
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._listening.set()
        client.on_message = self._on_message
        return client

    def _why_deaf(self) -> Trouble | None:
        if self._refusal is not None:
            return refused(self._refusal)
        return None if self._listening.is_set() else not_answered(self._broker)

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if reason.is_failure:
            self._refusal = reason
            self._listening.set()
            client.disconnect()  # it would come back for ever
        else:
            client.subscribe([(everywhere(what), 1) for what in HEARD])

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        try:
            place, what = parse(message.topic)
            self.latest[place, what] = bytes(message.payload)
            if what == "event":
                event = decode_json(bytes(message.payload), EventMessage)
                self.told.setdefault(event.id, (time.monotonic(), event))
        except ContractError:
            return  # whoever it is meant for counts what cannot be read


def cleared(broker: BrokerSettings, topics: Collection[str]) -> bool:
    """Clear what is retained on these topics, as the user of these settings; whether the broker has done so."""
    answers: list[ReasonCode] = []
    try:
        client = mqtt_client(broker)
        client.on_publish = lambda _, __, ___, reason, ____: answers.append(reason)
        client.connect(broker.host, broker.port, broker.keepalive_s)
    except (BadAccess, OSError):
        return False
    for topic in topics:
        client.publish(topic, b"", qos=1, retain=True)
    deadline_s = time.monotonic() + ANSWER_S
    while len(answers) < len(topics) and time.monotonic() < deadline_s:
        client.loop(STEP_S)
    client.disconnect()
    return len(answers) == len(topics) and not any(reason.is_failure for reason in answers)
