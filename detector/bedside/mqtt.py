"""The bedside's connection to the broker, in a thread of its own: whatever the network does, the sound is in time."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.topics import ALARM, everywhere, parse
from collector.mqtt_client import REPEAT_S, Attempts, Denials, Repeats, mqtt_client
from detector.bedside.home_assistant import BIRTH_TOPIC, CONFIG_TOPICS, OFFLINE, ONLINE, PREFIX
from detector.bedside.service import ASKED, HEARD, Bedside

CLIENT_ID = "crampwatch-alarm"
TICK_S = 0.1
"""How late a sound may be, and how fast a stop is obeyed."""
WAIT_S = 0.05
"""How long the network is waited for in one go, and so how late a message may leave."""
LEAVE_S = 2.0
"""How long a stop waits for the broker to take the last messages."""
RECONNECT_S = (0.25, 10.0)
"""The first pause before connecting again, and the longest; each is twice the one before."""

_log = logging.getLogger(__name__)


class NetworkStopped(RuntimeError):
    """The bedside is deaf without knowing: it has to be started again."""


class _Outgoing(NamedTuple):
    """A message on its way to the broker."""

    topic: str
    payload: bytes
    retain: bool


class BedsideLink:
    """A connection that begins anew each time: a command or an event of before it was lost is of no use any more.

    Raises BadAccess when a file needed to enter the broker is no good.
    """

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker
        self._client = mqtt_client(broker, CLIENT_ID)
        self._client.will_set(ALARM, OFFLINE, qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._attempts = Attempts(broker, CLIENT_ID, _log, RECONNECT_S)
        self._denials = Denials(broker, _log)
        self._repeats = Repeats(REPEAT_S)
        self._topics: dict[int, str] = {}  # message id -> where it went, until the broker has answered
        self._outgoing: deque[_Outgoing] = deque()
        self._inbox: queue.SimpleQueue[Callable[[Bedside], None]] = queue.SimpleQueue()
        self._leaving = threading.Event()
        self._connected = False
        self._has_will: bool | None = None  # None: the broker has not said yet whether we may write to ALARM

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send with QoS 1, if there is a connection: what still holds is said when there is one again."""
        if self._connected:
            self._outgoing.append(_Outgoing(topic, payload, retain))

    def run(self, bedside: Bedside, stop: threading.Event) -> None:
        """Serve until `stop` is set, then close the bedside and say so to the broker.

        Raises NetworkStopped when the thread that serves the network has ended, whatever ended it.
        """
        network = threading.Thread(target=self._serve_network, name="network", daemon=True)
        network.start()
        next_tick_s = 0.0
        while not stop.is_set():
            if not network.is_alive():
                raise NetworkStopped("nobody serves the network any more; what ended it is told above")
            with suppress(queue.Empty):
                self._inbox.get(timeout=TICK_S)(bedside)
            if time.monotonic() >= next_tick_s:
                bedside.tick()
                next_tick_s = time.monotonic() + TICK_S
        bedside.close()
        self.publish(ALARM, OFFLINE, retain=True)
        self._leaving.set()
        network.join(2 * LEAVE_S)

    def _serve_network(self) -> None:
        while not self._leaving.is_set():
            if not self._serve_once():
                self._leaving.wait(self._attempts.next_s())
        deadline_s = time.monotonic() + LEAVE_S
        while self._connected and (self._outgoing or self._topics) and time.monotonic() < deadline_s:
            self._serve_once()
        if not self._outgoing:  # otherwise the will has to tell what could not be said
            self._client.disconnect()

    def _serve_once(self) -> bool:
        """Let messages in and out for a moment, connecting first where necessary; false when that fails."""
        if self._client.socket() is None and not self._connect():
            return False
        if self._connected and self._repeats.due():  # in front of what is newer
            self._outgoing.extendleft(_Outgoing(*said, retain=True) for said in self._repeats.denied())
        while self._outgoing and self._connected:
            message = self._outgoing.popleft()
            sent = self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
            self._topics[sent.mid] = message.topic
            if message.retain:
                self._repeats.said(message.topic, message.payload)
        outcome = self._client.loop(WAIT_S)
        return outcome == MQTTErrorCode.MQTT_ERR_SUCCESS and self._client.socket() is not None

    def _connect(self) -> bool:
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except OSError as error:
            self._attempts.unreachable(error)
            return False
        return True

    def _on_connect(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        if not self._attempts.answered(reason):
            return
        self._outgoing.clear()
        self._repeats = Repeats(REPEAT_S)
        self._outgoing.append(_Outgoing(ALARM, ONLINE, retain=True))
        self._has_will = None
        self._connected = True

    def _on_alarm_answered(self, *, has_will: bool) -> None:
        """The broker takes or denies that we are there; this comes first, and all the rest can rely on it."""
        if has_will == self._has_will:
            return
        # Before anything that is retained arrives: it is judged by a bedside that knows of its broker.
        self._inbox.put(lambda bedside: bedside.connected(has_will=has_will))
        if self._has_will is None:
            self._client.subscribe([(everywhere(what), 1) for what in (*HEARD, *ASKED)] + [(BIRTH_TOPIC, 1)])
        self._has_will = has_will

    def _on_disconnect(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        self._attempts.ended(reason)
        if self._connected:
            self._connected = False
            self._topics.clear()
            self._inbox.put(lambda bedside: bedside.disconnected(f"{self._broker.address}: {reason}"))

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        topic, payload, retained = message.topic, bytes(message.payload), message.retain
        self._inbox.put(lambda bedside: bedside.message(topic, payload, retained=retained))

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        if (topic := self._topics.pop(mid, None)) is None:
            return
        self._repeats.answered(topic, reason)
        if topic == ALARM:
            self._denials.note("alarm", reason, ALARM)
            self._on_alarm_answered(has_will=not reason.is_failure)
        elif topic.startswith(PREFIX):
            self._denials.note("config", reason, CONFIG_TOPICS)
        else:
            self._denials.note(parse(topic)[1], reason)
