"""The detector service's connection to the broker: one thread, which reconnects for ever."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.topics import everywhere, parse
from collector.mqtt_client import REPEAT_S, Attempts, Denials, Repeats, mqtt_client
from detector.service import LISTENED, DetectorService
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore

SESSION_EXPIRY_S = 7 * 24 * 3600
"""The broker keeps what arrives while the detector is away for a week; the collectors' journals reach back further."""
TICK_S = 1.0
WAIT_S = 0.2
"""How long the network is waited for in one go, and so how fast a stop is obeyed."""
LEAVE_S = 2.0
"""How long a stop waits for the broker; what it has not taken over by then is published after the next start."""
RECONNECT_S = (0.25, 10.0)
"""The first pause before connecting again, and the longest; each is twice the one before."""

_log = logging.getLogger(__name__)


def serve(
    broker: BrokerSettings,
    path: Path,
    settings: ServiceSettings,
    detector_settings: DetectorSettings,
    stop: threading.Event,
) -> None:
    """Watch every place that sends until `stop` is set, into the night store at `path`.

    Raises BadStore, and BadAccess when a file that is needed to enter the broker is no good.
    """
    with NightStore(path) as store:
        link = MqttLink(broker, settings.client_id)
        link.run(DetectorService(settings, detector_settings, store, link.publish), stop)


class MqttLink:
    """A persistent MQTT session under a fixed client id.

    It runs paho's network loop in the caller's thread, so that the service needs no locks and the broker hears of a
    block's arrival only once the service has taken it in.
    """

    def __init__(self, broker: BrokerSettings, client_id: str) -> None:
        self._broker = broker
        self._client = mqtt_client(broker, client_id, persistent=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._in_flight: dict[int, tuple[str, Callable[[], None] | None]] = {}  # message id -> topic, whom to tell
        self._newest: dict[str, bytes | None] = {}  # topics of retained messages under way -> what to send after that
        self._denials = Denials(broker, _log)
        self._repeats = Repeats(REPEAT_S)
        self._service: DetectorService | None = None
        self._connected = False
        self._attempts = Attempts(broker, client_id, _log, RECONNECT_S)

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None
    ) -> None:
        """Send with QoS 1; while there is no broker the message waits in memory.

        Of retained messages, which replace each other, one is under way for each topic, and the newest behind it waits:
        a detector that catches up with a night makes thousands of them faster than a broker acknowledges.
        """
        if retain:
            self._repeats.said(topic, payload)
        if retain and topic in self._newest:
            self._newest[topic] = payload
            return
        if retain:
            self._newest[topic] = None
        message = self._client.publish(topic, payload, qos=1, retain=retain)
        self._in_flight[message.mid] = (topic, taken)

    def run(self, service: DetectorService, stop: threading.Event) -> None:
        """Serve until `stop` is set, then close the service and say so to the broker."""
        self._service = service
        next_tick_s = time.monotonic()
        while not stop.is_set():
            if not self._serve_once():
                stop.wait(self._attempts.next_s())
            if self._connected and time.monotonic() >= next_tick_s:
                self._repeat()
                service.tick()
                next_tick_s = time.monotonic() + TICK_S
        service.close()
        self._leave()

    def _serve_once(self) -> bool:
        """Handle what the network brings within WAIT_S, connecting first where necessary; false when that fails."""
        if self._client.socket() is None and not self._connect():
            return False
        outcome = self._client.loop(WAIT_S)
        # A broker that says goodbye is no error to paho.
        return outcome == MQTTErrorCode.MQTT_ERR_SUCCESS and self._client.socket() is not None

    def _repeat(self) -> None:
        """Say again what the broker denied us, as its permissions may have been mended."""
        if self._service and self._repeats.due():
            self._service.tell_again()
            for topic, payload in self._repeats.denied():
                self.publish(topic, payload, retain=True)

    def _connect(self) -> bool:
        properties = None
        options: dict[str, Any] = {}
        if self._broker.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            options["clean_start"] = False
        try:
            self._client.connect(
                self._broker.host, self._broker.port, self._broker.keepalive_s, properties=properties, **options
            )
        except OSError as error:
            self._attempts.unreachable(error)
            return False
        return True

    def _leave(self) -> None:
        """Give the last messages a moment to be taken over."""
        deadline_s = time.monotonic() + LEAVE_S
        while self._connected and self._in_flight and time.monotonic() < deadline_s:
            self._connected = self._client.loop(WAIT_S) == MQTTErrorCode.MQTT_ERR_SUCCESS
        self._client.disconnect()

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if not self._attempts.answered(reason):
            return
        client.subscribe([(everywhere(what), 1) for what in LISTENED])
        self._connected = True
        if self._service:
            self._service.connected()

    def _on_disconnect(self, _: paho.Client, __: object, ___: object, reason: ReasonCode, ____: object) -> None:
        self._attempts.ended(reason)
        self._connected = False

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        if self._service:
            self._service.message(message.topic, bytes(message.payload))

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        topic, taken = self._in_flight.pop(mid)
        self._denials.note(parse(topic)[1], reason)
        self._repeats.answered(topic, reason)
        if newest := self._newest.pop(topic, None):
            self.publish(topic, newest, retain=True)
        if taken and not reason.is_failure:
            taken()
