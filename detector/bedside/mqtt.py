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
from collector.contract.topics import everywhere
from collector.mqtt_client import Attempts, Denials, mqtt_client
from detector.bedside.home_assistant import BIRTH_TOPIC
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
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._attempts = Attempts(broker, CLIENT_ID, _log, RECONNECT_S)
        self._denials = Denials(broker, _log)
        self._kinds: dict[int, str] = {}  # message id -> what it is, until the broker has answered
        self._outgoing: deque[_Outgoing] = deque()
        self._inbox: queue.SimpleQueue[Callable[[Bedside], None]] = queue.SimpleQueue()
        self._leaving = threading.Event()
        self._connected = False

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
        self._leaving.set()
        network.join(2 * LEAVE_S)

    def _serve_network(self) -> None:
        while not self._leaving.is_set():
            if not self._serve_once():
                self._leaving.wait(self._attempts.next_s())
        deadline_s = time.monotonic() + LEAVE_S
        while self._connected and (self._outgoing or self._kinds) and time.monotonic() < deadline_s:
            self._serve_once()
        self._client.disconnect()

    def _serve_once(self) -> bool:
        """Let messages in and out for a moment, connecting first where necessary; false when that fails."""
        if self._client.socket() is None and not self._connect():
            return False
        while self._outgoing and self._connected:
            message = self._outgoing.popleft()
            sent = self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
            self._kinds[sent.mid] = message.topic.rsplit("/", 1)[-1]
        outcome = self._client.loop(WAIT_S)
        return outcome == MQTTErrorCode.MQTT_ERR_SUCCESS and self._client.socket() is not None

    def _connect(self) -> bool:
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except OSError as error:
            self._attempts.unreachable(error)
            return False
        return True

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if not self._attempts.answered(reason):
            return
        self._outgoing.clear()
        self._connected = True
        # Before anything that is retained arrives: it is judged by a bedside that knows of its broker.
        self._inbox.put(lambda bedside: bedside.connected())
        client.subscribe([(everywhere(what), 1) for what in (*HEARD, *ASKED)] + [(BIRTH_TOPIC, 1)])

    def _on_disconnect(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        self._attempts.ended(reason)
        if self._connected:
            self._connected = False
            self._kinds.clear()
            self._inbox.put(lambda bedside: bedside.disconnected(f"{self._broker.address}: {reason}"))

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        topic, payload, retained = message.topic, bytes(message.payload), message.retain
        self._inbox.put(lambda bedside: bedside.message(topic, payload, retained=retained))

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        if (what := self._kinds.pop(mid, None)) is not None:
            self._denials.note(what, reason)
