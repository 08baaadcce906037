"""The detector service's connection to the broker: one thread, which reconnects for ever."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.topics import everywhere
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
    """Watch every place that sends until `stop` is set, into the night store at `path`; raises BadStore."""
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
        five = broker.protocol == "5"
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=paho.MQTTv5 if five else paho.MQTTv311,
            clean_session=None if five else False,
        )
        if broker.username:
            self._client.username_pw_set(broker.username, broker.secret())
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._in_flight: dict[int, Callable[[], None] | None] = {}  # by message id: whom to tell
        self._service: DetectorService | None = None
        self._connected = False
        self._pause_s = RECONNECT_S[0]

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None
    ) -> None:
        """Send with QoS 1; while there is no broker the message waits in memory."""
        message = self._client.publish(topic, payload, qos=1, retain=retain)
        self._in_flight[message.mid] = taken

    def run(self, service: DetectorService, stop: threading.Event) -> None:
        """Serve until `stop` is set, then close the service and say so to the broker."""
        self._service = service
        next_tick_s = time.monotonic()
        while not stop.is_set():
            if not self._serve_once():
                stop.wait(self._pause_s)
                self._pause_s = min(2 * self._pause_s, RECONNECT_S[1])
            if self._connected and time.monotonic() >= next_tick_s:
                service.tick()
                next_tick_s = time.monotonic() + TICK_S
        service.close()
        self._leave()

    def _serve_once(self) -> bool:
        """Handle what the network brings within WAIT_S, connecting first where necessary; false when that fails."""
        if not self._client.is_connected() and self._client.socket() is None and not self._connect():
            return False
        outcome = self._client.loop(WAIT_S)
        if outcome != MQTTErrorCode.MQTT_ERR_SUCCESS:
            _log.warning("the broker at %s is gone (%s); trying again", self._address, paho.error_string(outcome))
            self._connected = False
        return outcome == MQTTErrorCode.MQTT_ERR_SUCCESS

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
            _log.warning("no broker at %s (%s); is it running? Trying again", self._address, error)
            return False
        return True

    def _leave(self) -> None:
        """Give the last messages a moment to be taken over."""
        deadline_s = time.monotonic() + LEAVE_S
        while self._connected and self._in_flight and time.monotonic() < deadline_s:
            self._connected = self._client.loop(WAIT_S) == MQTTErrorCode.MQTT_ERR_SUCCESS
        self._client.disconnect()

    @property
    def _address(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if reason.is_failure:
            _log.error("the broker at %s refuses the detector: %s; check user and password", self._address, reason)
            return
        client.subscribe([(everywhere(what), 1) for what in LISTENED])
        self._connected = True
        self._pause_s = RECONNECT_S[0]
        if self._service:
            self._service.connected()

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        if self._service:
            self._service.message(message.topic, bytes(message.payload))

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        taken = self._in_flight.pop(mid, None)
        if reason.is_failure:
            _log.error("the broker does not let the detector publish: %s; check its access rights", reason)
        elif taken:
            taken()
