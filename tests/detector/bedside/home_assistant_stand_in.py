"""An MQTT client that does what Home Assistant's documentation says it does with device discovery.

It is no Home Assistant: it knows the platforms we use and of those the options we use, keeps no history and lets
nothing expire. The pages it follows are named in the schema. Its templates are rendered by Jinja in a sandbox, without
Home Assistant's own functions and filters, so what passes here needs none of them.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

import jinja2
import msgspec
import paho.mqtt.client as paho
from jinja2.sandbox import ImmutableSandboxedEnvironment

from collector.contract.broker import BrokerSettings
from collector.mqtt_client import mqtt_client
from tests.detector.bedside import home_assistant_schema as documented

PATIENCE_S = 20.0
UNAVAILABLE, UNKNOWN = "unavailable", "unknown"
LONGEST_STATE = 255


def until(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.01)


def render(template: str | None, payload: str) -> str:
    """A value template's result: `value` is the message, `value_json` what it decodes to, if it does.

    Raises jinja2.TemplateError where Home Assistant would keep the state it has.
    """
    if template is None:
        return payload
    values: dict[str, Any] = {"value": payload}
    with suppress(msgspec.DecodeError):
        values["value_json"] = msgspec.json.decode(payload)
    return ImmutableSandboxedEnvironment().from_string(template).render(values).strip()


class ShownEntity:
    """An entity as Home Assistant would show it."""

    def __init__(self, config: documented.Entity, device: documented.Discovery) -> None:
        self.config = config
        self.own_state = UNKNOWN
        self.attributes: dict[str, Any] = {}
        self.happened: list[dict[str, Any]] = []
        self._available: dict[str, bool] = {}
        self._availability = config.availability or device.availability or []
        self._mode = config.availability_mode if config.availability else device.availability_mode

    @property
    def topics(self) -> set[str]:
        topics = {getattr(self.config, "state_topic", None), self.config.json_attributes_topic}
        return {topic for topic in topics if topic} | {source.topic for source in self._availability}

    @property
    def state(self) -> str:
        heard = [self._available.get(source.topic, False) for source in self._availability]
        assert len(heard) < 2 or self._mode == "all"
        return self.own_state if all(heard) else UNAVAILABLE

    def message(self, topic: str, payload: str, *, retained: bool) -> None:
        for source in self._availability:
            if source.topic == topic:
                self._available[topic] = render(source.value_template, payload) == source.payload_available
        if topic == self.config.json_attributes_topic and payload:
            self.attributes = msgspec.json.decode(render(self.config.json_attributes_template, payload), type=dict)
        try:
            if topic == getattr(self.config, "state_topic", None):
                self._show(payload, retained=retained)
        except jinja2.TemplateError:
            assert not payload, "a template failed on one of our messages"

    def _show(self, payload: str, *, retained: bool) -> None:
        config = self.config
        match config:
            case documented.BinarySensor():
                shown = render(config.value_template, payload)
                self.own_state = {config.payload_on: "on", config.payload_off: "off"}[shown]
            case documented.Sensor():
                self.own_state = self._sensor_state(config, render(config.value_template, payload))
            case documented.Event() if not retained:
                if event := render(config.value_template, payload):
                    self.happened.append(msgspec.json.decode(event, type=dict))
                    assert self.happened[-1]["event_type"] in config.event_types

    def _sensor_state(self, config: documented.Sensor, shown: str) -> str:
        assert len(shown) <= LONGEST_STATE
        if shown in ("", "None"):
            assert shown, "an empty state would be ignored, and the old one stay"
            return UNKNOWN
        assert config.options is None or shown in config.options
        if config.state_class or config.unit_of_measurement:
            float(shown)
        return shown


class HomeAssistantStandIn:
    """Takes in discovery messages, follows the topics they name, presses buttons, and says that it has started."""

    def __init__(self, broker: BrokerSettings) -> None:
        self.entities: dict[str, ShownEntity] = {}  # by entity id
        self.devices: dict[str, documented.Device] = {}  # by discovery topic
        self.triggered: list[tuple[str, str, str]] = []  # device's name, subtype, type
        self._parts: dict[tuple[str, str], str] = {}  # discovery topic and key -> entity id
        self._triggers: dict[tuple[str, str], documented.DeviceTrigger] = {}
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._subscribing: set[int] = set()  # the subscriptions the broker has not granted yet
        self._client = mqtt_client(broker)
        self._client.on_connect = lambda client, *_: client.subscribe("homeassistant/#", qos=1)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect(broker.host, broker.port)

    def __enter__(self) -> "HomeAssistantStandIn":
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def knows(self, devices: int) -> bool:
        """Whether it has been told of so many devices, and follows all their topics."""
        return len(self.devices) == devices and not self._subscribing

    def be_born(self) -> None:
        self._client.publish("homeassistant/status", "online")

    def delete(self, discovery_topic: str) -> None:
        """What a person does who removes the device by hand."""
        self._client.publish(discovery_topic, b"", qos=1, retain=True)

    def state(self, entity_id: str) -> str:
        return self.entities[entity_id].state

    def press(self, entity_id: str) -> None:
        button = self.entities[entity_id].config
        assert isinstance(button, documented.Button)
        assert self.state(entity_id) != UNAVAILABLE
        self._client.publish(button.command_topic, button.payload_press, qos=1, retain=button.retain)

    def _on_subscribe(self, _: paho.Client, __: object, number: int, *___: object) -> None:
        self._ready.set()
        self._subscribing.discard(number)

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        with self._lock:
            if message.topic.endswith("/config"):
                self._discover(message.topic, bytes(message.payload))
            elif not message.topic.startswith("homeassistant/"):
                self._follow(message.topic, message.payload.decode(), retained=message.retain)

    def _discover(self, topic: str, payload: bytes) -> None:
        if not payload:
            self.devices.pop(topic, None)
            for known, key in [part for part in [*self._parts, *self._triggers] if part[0] == topic]:
                self._remove(known, key)
            return
        device, removed = read(payload)
        for key in removed:
            self._remove(topic, key)
        topics = set()
        for key, part in device.components.items():
            if isinstance(part, documented.DeviceTrigger):
                self._triggers[topic, key] = part
                topics.add(part.topic)
            else:
                topics |= self._set_up(topic, key, part, device)
        if topics:
            _, number = self._client.subscribe([(followed, int(device.qos)) for followed in sorted(topics)])
            self._subscribing.add(number or 0)
        self.devices[topic] = device.device

    def _set_up(self, topic: str, key: str, config: documented.Entity, device: documented.Discovery) -> set[str]:
        """A new entity; one that is known keeps its id and its state. Returns the topics to follow."""
        entity_id = self._parts.get((topic, key)) or config.default_entity_id
        assert entity_id
        entity = ShownEntity(config, device)
        if (topic, key) in self._parts:
            return set()
        assert entity_id not in self.entities
        self._parts[topic, key] = entity_id
        self.entities[entity_id] = entity
        return entity.topics

    def _remove(self, topic: str, key: str) -> None:
        entity_id = self._parts.pop((topic, key), None)
        self.entities.pop(entity_id or "", None)
        self._triggers.pop((topic, key), None)

    def _follow(self, topic: str, payload: str, *, retained: bool) -> None:
        for entity in self.entities.values():
            if topic in entity.topics:
                entity.message(topic, payload, retained=retained)
        for (device, _), trigger in self._triggers.items():
            if trigger.topic == topic and trigger.payload in (None, render(trigger.value_template, payload)):
                self.triggered.append((self.devices[device].name, trigger.subtype, trigger.type))


def read(payload: bytes) -> tuple[documented.Discovery, list[str]]:
    """A discovery message, checked, and the keys of the components it removes; raises msgspec.ValidationError."""
    message = msgspec.json.decode(payload)
    removed = [key for key, part in message["components"].items() if set(part) == {"platform"}]
    for key in removed:
        msgspec.convert(message["components"].pop(key), documented.Removal)
    return msgspec.convert(message, documented.Discovery), removed
