"""The connection by which the check listens; it publishes nothing."""

import time
from collections.abc import Callable
from contextlib import suppress

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.errors import ContractError
from collector.contract.topics import Place
from collector.mqtt_client import mqtt_client, not_answered, refused, unreachable
from crampwatch.errors import UserError

WAIT_S = 0.05
ENTER_S = 5.0
"""As the doctor allows a broker."""


class Ear:
    """Hands on what is published about a place. A context manager; raises UserError when the broker lets it not in."""

    def __init__(
        self, broker: BrokerSettings, place: Place, what: tuple[str, ...], message: Callable[[str, bytes], None]
    ) -> None:
        self._broker = broker
        self._topics = [(place.topic(it), 1) for it in what]
        self._message = message
        self._reason: ReasonCode | None = None
        self._client = mqtt_client(broker)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def __enter__(self) -> "Ear":
        where = f"MQTT broker at {self._broker.address}"
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except OSError as error:
            raise UserError(f"{where}: {unreachable(self._broker, error)}") from error
        deadline_s = time.monotonic() + ENTER_S
        while self._reason is None and time.monotonic() < deadline_s:
            self._client.loop(WAIT_S)
        if self._reason is None:
            raise UserError(f"{where}: {not_answered(self._broker)}")
        if self._reason.is_failure:
            raise UserError(f"{where}: {refused(self._reason)}")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.disconnect()

    def serve(self) -> None:
        """Handle what comes within a moment; a connection that was lost is made again."""
        if self._client.loop(WAIT_S) != paho.MQTT_ERR_SUCCESS:
            time.sleep(WAIT_S)
            with suppress(OSError):  # the next moment tries again
                self._client.reconnect()

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        self._reason = reason
        if not reason.is_failure:
            client.subscribe(self._topics)

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        with suppress(ContractError):  # of another version, or none of ours; whoever it is for counts it
            self._message(message.topic, bytes(message.payload))
