"""Listens to what the services tell on MQTT, for showing it on screen."""

import contextlib
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings
from collector.contract.codec import decode_json
from collector.contract.errors import ContractError
from collector.contract.messages import Ack
from collector.contract.topics import Place, everywhere, parse
from collector.mqtt_client import mqtt_client
from detector.messages import EventMessage

RECONNECT_S = 1


class Listener:
    """Calls `alert` for each confirmed event, once, in a thread of its own; `filed` counts the EMG blocks filed.

    A context manager. The broker may come and go; what is retained or repeated afterwards does no harm.
    """

    def __init__(self, broker: BrokerSettings, alert: Callable[[Place, EventMessage], None]) -> None:
        self._alert = alert
        self._alerted: set[str] = set()
        self._filed: dict[str, int] = {}
        self._broker = broker
        self._client = mqtt_client(broker)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(RECONNECT_S, RECONNECT_S)

    @property
    def filed(self) -> int:
        """How many EMG blocks the detector has filed, of all sessions together."""
        return sum(self._filed.values())

    def __enter__(self) -> "Listener":
        self._client.connect_async(self._broker.host, self._broker.port, self._broker.keepalive_s)
        self._client.loop_start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _: object, __: object, reason: ReasonCode, ___: object) -> None:
        if not reason.is_failure:
            client.subscribe([(everywhere(what), 1) for what in ("event", "ack")])

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        with contextlib.suppress(ContractError):  # this is only a display; the services count what they refuse
            where, what = parse(message.topic)
            if what == "ack":
                ack = decode_json(bytes(message.payload), Ack)
                self._filed[ack.session] = ack.next_seq.get("emg", 0)
            else:
                self._take_event(where, decode_json(bytes(message.payload), EventMessage))

    def _take_event(self, where: Place, event: EventMessage) -> None:
        if event.stage == "confirmed" and event.id not in self._alerted:
            self._alerted.add(event.id)
            self._alert(where, event)
