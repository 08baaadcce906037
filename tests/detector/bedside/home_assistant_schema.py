"""What Home Assistant's documentation allows in a device discovery message, as far as our platforms go.

Written from these pages below https://www.home-assistant.io/integrations/: `mqtt` ("Discovery topic", "Device discovery
payload", "Discovery payload" for the origin), `binary_sensor.mqtt`, `sensor.mqtt`, `event.mqtt`, `button.mqtt` and
`device_trigger.mqtt`; for units and classes `binary_sensor`, `sensor`, `event` and `button`. Home Assistant ignores
options that it does not know; here they are refused, since a misspelt one would be ignored too.
"""

from typing import Annotated, Literal

import jinja2
import msgspec
from msgspec import Meta

CONFIG_TOPIC = r"^homeassistant/device/[a-zA-Z0-9_-]+/config\Z"
"""`mqtt`, "Discovery topic": the object id is of these characters only."""

Text = Annotated[str, Meta(min_length=1)]
Topic = Annotated[str, Meta(pattern=r"^[^#+\x00]+\Z")]
EntityId = Annotated[str, Meta(pattern=r"^[a-z_]+\.[a-z0-9]+(_[a-z0-9]+)*\Z")]
"""What an entity id looks like: a domain and a slug, which neither begins nor ends with an underscore."""
Qos = Literal[0, 1, 2]
Seconds = Annotated[int, Meta(gt=0)]

UNITS = {"battery": {"%"}, "temperature": {"°C", "°F", "K"}}


class Documented(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Options of a documented mapping."""


class Availability(Documented, kw_only=True):
    topic: Topic
    value_template: str | None = None
    payload_available: str = "online"
    payload_not_available: str = "offline"


class Device(Documented, kw_only=True):
    """`identifiers` or `connections` are required; we use the former."""

    identifiers: Annotated[list[Text], Meta(min_length=1)]
    name: Text
    manufacturer: Text | None = None
    model: Text | None = None
    sw_version: Text | None = None
    configuration_url: Annotated[str, Meta(pattern=r"^(https?|homeassistant)://")] | None = None


class Origin(Documented, kw_only=True):
    """Required in a device discovery message."""

    name: Text
    sw_version: Text | None = None
    support_url: Annotated[str, Meta(pattern=r"^https?://")] | None = None


class Component(Documented, kw_only=True, tag_field="platform"):
    """An entry below `components`."""

    qos: Qos | None = None


class Entity(Component, kw_only=True):
    """What all entities have; a `unique_id` is required in a device discovery message."""

    unique_id: Text
    name: Text | None = None
    default_entity_id: EntityId | None = None
    icon: Annotated[str, Meta(pattern=r"^mdi:")] | None = None
    enabled_by_default: bool = True
    availability: Annotated[list[Availability], Meta(min_length=1)] | None = None
    availability_mode: Literal["all", "any", "latest"] = "latest"
    json_attributes_topic: Topic | None = None
    json_attributes_template: str | None = None

    @property
    def domain(self) -> str:
        return str(self.__struct_config__.tag)

    def __post_init__(self) -> None:
        if self.default_entity_id and not self.default_entity_id.startswith(f"{self.domain}."):
            raise ValueError("default_entity_id begins with the platform")
        if self.json_attributes_template and not self.json_attributes_topic:
            raise ValueError("a json_attributes_template is for a json_attributes_topic")


class BinarySensor(Entity, kw_only=True, tag="binary_sensor"):
    """A binary sensor's category, where it has one, is diagnostic."""

    state_topic: Topic
    value_template: str | None = None
    device_class: Literal["problem", "running", "safety", "sound", "vibration"] | None = None
    entity_category: Literal["diagnostic"] | None = None
    payload_on: str = "ON"
    payload_off: str = "OFF"
    expire_after: Seconds | None = None
    off_delay: Seconds | None = None
    force_update: bool = False


class Sensor(Entity, kw_only=True, tag="sensor"):
    """A sensor's category, where it has one, is diagnostic."""

    state_topic: Topic
    value_template: str | None = None
    device_class: Literal["battery", "temperature", "enum", "timestamp", "duration"] | None = None
    state_class: Literal["measurement", "total", "total_increasing"] | None = None
    unit_of_measurement: str | None = None
    options: Annotated[list[Text], Meta(min_length=1)] | None = None
    entity_category: Literal["diagnostic"] | None = None
    last_reset_value_template: str | None = None
    suggested_display_precision: int | None = None
    expire_after: Seconds | None = None
    force_update: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.options is not None) != (self.device_class == "enum"):
            raise ValueError("options go with device_class enum")
        if self.options and (self.state_class or self.unit_of_measurement):
            raise ValueError("options cannot be used together with state_class or unit_of_measurement")
        if self.device_class in UNITS and self.unit_of_measurement not in UNITS[self.device_class]:
            raise ValueError(f"{self.device_class} is not measured in {self.unit_of_measurement}")
        if self.last_reset_value_template and self.state_class != "total":
            raise ValueError("last_reset_value_template goes with state_class total")


class Event(Entity, kw_only=True, tag="event"):
    state_topic: Topic
    event_types: Annotated[list[Text], Meta(min_length=1)]
    value_template: str | None = None
    device_class: Literal["button", "doorbell", "motion"] | None = None
    entity_category: Literal["config", "diagnostic"] | None = None


class Button(Entity, kw_only=True, tag="button"):
    command_topic: Topic
    payload_press: str = "PRESS"
    command_template: str | None = None
    device_class: Literal["identify", "restart", "update"] | None = None
    entity_category: Literal["config", "diagnostic"] | None = None
    retain: bool = False


class DeviceTrigger(Component, kw_only=True, tag="device_automation"):
    """`type` and `subtype` together are unique within a device."""

    automation_type: Literal["trigger"]
    topic: Topic
    type: Text
    subtype: Text
    payload: str | None = None
    value_template: str | None = None


Known = BinarySensor | Sensor | Event | Button | DeviceTrigger


class Discovery(Documented, kw_only=True):
    """A device discovery message; availability, qos and encoding are shared by all components that have none."""

    device: Device
    origin: Origin
    components: dict[str, Known]
    availability: Annotated[list[Availability], Meta(min_length=1)] | None = None
    availability_mode: Literal["all", "any", "latest"] = "latest"
    qos: Qos = 0
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        triggers = [(part.type, part.subtype) for part in self.components.values() if isinstance(part, DeviceTrigger)]
        if len(set(triggers)) < len(triggers):
            raise ValueError("two triggers have the same type and subtype")
        for part in self.components.values():
            for option in part.__struct_fields__:
                if option.endswith("_template") and getattr(part, option):
                    jinja2.Environment().parse(getattr(part, option))


class Removal(Documented, kw_only=True):
    """What an entry below `components` has left when the component is to be removed."""

    platform: Literal["binary_sensor", "sensor", "event", "button", "device_automation"]
