"""What Home Assistant is told by MQTT discovery: each place is one device there, fed by our own topics.

After its documentation below https://www.home-assistant.io/integrations/: the pages `mqtt` (device discovery, removal,
birth message), `binary_sensor.mqtt`, `sensor.mqtt`, `event.mqtt`, `button.mqtt` and `device_trigger.mqtt`. It needs
Home Assistant 2024.11 or newer, the first with a discovery message for a whole device.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

import msgspec

from collector.contract.topics import ALARM, Place
from detector.alarm.messages import VERSION, AlarmStateName, Answer, Do
from detector.catalogue.catalogue import Catalogue

PREFIX = "homeassistant"
"""What its topics begin with unless its user has changed that."""
BIRTH_TOPIC, BIRTH = f"{PREFIX}/status", b"online"
"""What it says when it has started: then it wants to be told again of every device."""
CONFIG_TOPICS = f"{PREFIX}/device/+/config"
"""The filter of all topics where places are announced."""
BY = "home assistant"
"""Who its buttons' commands come from."""
EXPIRE_S = 180
"""`state` and `tonight` come once a minute. When three in a row are missing, the bedside is gone."""
LONGEST_STATE = 255
"""Home Assistant shows no longer text as the state of an entity."""

RETIRED: Mapping[str, str] = {}
"""Keys of components that an earlier version announced and this one does not, with their platform."""

# What is said on ALARM is what Home Assistant takes for availability without a template.
ONLINE, OFFLINE = b"online", b"offline"

# Jinja templates; `value_json` is the decoded message and does not exist where that is empty.
_ALIVE = "{{ 'online' if value_json is defined else 'offline' }}"
_COLLECTING = "{{ 'online' if value_json is defined and value_json.state == 'online' else 'offline' }}"
_CRAMP = "{{ 'ON' if value_json.state in ('ALERT', 'ACKED') else 'OFF' }}"
_FAULT = "{{ 'ON' if value_json.faults else 'OFF' }}"
_CAUSE = f"{{{{ (value_json.faults | map(attribute='title') | join(' '))[:{LONGEST_STATE}] or '-' }}}}"
_FAULTS = "{{ {'faults': value_json.faults} | tojson }}"
_ALARM = "{{ {'text': value_json.text, 'by': value_json.by, 'unanswered': value_json.unanswered} | tojson }}"
_EVENT = (
    "{% set types = {'confirmed': 'cramp_found_late' if value_json.late else 'cramp_start', 'ended': 'cramp_end'} %}"
    "{% if value_json.stage in types %}"
    "{{ {'event_type': types[value_json.stage], 'event_id': value_json.id, 'text': value_json.text} | tojson }}"
    "{% endif %}"
)

Component = dict[str, Any]


class Publication(NamedTuple):
    """A message to be published with QoS 1."""

    topic: str
    payload: bytes
    retain: bool


def announce(
    place: Place, version: str, catalogue: Catalogue, retired: Mapping[str, str] = RETIRED, *, has_will: bool = True
) -> list[Publication]:
    """What to publish, in this order, when there is a connection, and again whenever `is_birth`.

    `version` is that of the program. What is `retired` is removed by a message of its own, which is not retained, so
    that the retained one is always what there is. Without `has_will` nobody speaks on ALARM, so nothing hangs on it.
    """
    parts, alive = components(place, catalogue, has_will=has_will), _alive(place, has_will=has_will)
    messages = [Publication(config_topic(place), _encoded(place, version, parts, alive), retain=True)]
    if retired:
        without = {**parts, **{key: {"platform": platform} for key, platform in retired.items()}}
        messages.insert(0, Publication(config_topic(place), _encoded(place, version, without, alive), retain=False))
    return messages


def withdraw(place: Place) -> Publication:
    """What removes the device and everything about it."""
    return Publication(config_topic(place), b"", retain=True)


def is_birth(topic: str, payload: bytes) -> bool:
    """Whether this message says that Home Assistant has started."""
    return topic == BIRTH_TOPIC and payload == BIRTH


def config_topic(place: Place) -> str:
    """Where a place is announced; no name has a capital letter, so no two places share one."""
    return f"{PREFIX}/device/crampwatch_{place.wearer}_AT_{place.site}/config"


def components(place: Place, catalogue: Catalogue, *, has_will: bool = True) -> dict[str, Component]:
    """Everything a place has in Home Assistant, by key."""
    alive = _alive(place, has_will=has_will)
    entities = {**_alarm(place), **_tonight(place, alive), **_buttons(place)}
    for key, entity in entities.items():
        entity["name"] = catalogue.say(f"home_assistant.{key}")
        entity["unique_id"] = f"{_identity(place)}/{key}"
        entity["default_entity_id"] = f"{entity['platform']}.{_slug(place, key)}"
    return {**entities, **_triggers(place)}


def _encoded(place: Place, version: str, parts: dict[str, Component], alive: list[Component]) -> bytes:
    message = {
        "device": {
            "identifiers": [_identity(place)],
            "name": " ".join(f"crampwatch {place.wearer} {place.site}".replace("_", " ").split()),
            "manufacturer": "crampwatch",
            "model": "Night leg cramp watch, not a medical device",
            "sw_version": version,
        },
        "origin": {"name": "crampwatch", "sw_version": version},
        # Not the collector's `status`: a fault has to be seen just when the collector is gone.
        "availability": alive,
        "availability_mode": "all",
        "qos": 1,
        "components": parts,
    }
    return msgspec.json.encode(message)


def _alive(place: Place, *, has_will: bool) -> list[Component]:
    """What says that the bedside is there, and serves this place."""
    told = {"topic": place.topic("state"), "value_template": _ALIVE}
    return [{"topic": ALARM}, told] if has_will else [told]


def _alarm(place: Place) -> dict[str, Component]:
    """What follows from `state` and `event`."""
    state: Component = {"state_topic": place.topic("state"), "expire_after": EXPIRE_S}
    attributes = {"json_attributes_topic": place.topic("state")}
    return {
        "cramp": {"platform": "binary_sensor", **state, "value_template": _CRAMP},
        "fault": {
            "platform": "binary_sensor",
            **state,
            "device_class": "problem",
            "value_template": _FAULT,
            **attributes,
            "json_attributes_template": _FAULTS,
        },
        "cause": {"platform": "sensor", **state, "value_template": _CAUSE, "entity_category": "diagnostic"},
        "alarm": {
            "platform": "sensor",
            **state,
            "device_class": "enum",
            "options": list(get_args(AlarmStateName)),
            "value_template": "{{ value_json.state }}",
            **attributes,
            "json_attributes_template": _ALARM,
        },
        "event": {
            "platform": "event",
            "state_topic": place.topic("event"),
            "event_types": ["cramp_start", "cramp_end", "cramp_found_late"],
            "value_template": _EVENT,
        },
    }


def _tonight(place: Place, alive: list[Component]) -> dict[str, Component]:
    """The figures of the `tonight` message; null there is "unknown" here."""
    figure: Component = {
        "platform": "sensor",
        "state_topic": place.topic("tonight"),
        "expire_after": EXPIRE_S,
        "state_class": "measurement",
    }
    worn = {
        "availability": [*alive, {"topic": place.topic("status"), "value_template": _COLLECTING}],
        "availability_mode": "all",
    }
    return {
        "cramps_tonight": {**figure, "value_template": "{{ value_json.cramps }}"},
        "watched": {
            **figure,
            "unit_of_measurement": "%",
            "value_template": "{{ value_json.watched_percent }}",
            "entity_category": "diagnostic",
        },
        "battery": {
            **figure,
            **worn,
            "device_class": "battery",
            "unit_of_measurement": "%",
            "value_template": "{{ value_json.battery_percent }}",
            "entity_category": "diagnostic",
        },
        "skin_temperature": {
            **figure,
            **worn,
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.skin_temperature_c }}",
        },
    }


def _buttons(place: Place) -> dict[str, Component]:
    """Their payloads are fixed: the bedside fills in time and id, and a verdict is about the latest event."""
    return {
        "arm": _command(place, "arm"),
        "ack": _command(place, "ack"),
        "snooze": _command(place, "snooze", minutes=10),
        "was_cramp": _verdict(place, "cramp"),
        "was_none": _verdict(place, "not"),
    }


def _command(place: Place, do: Do, **more: int) -> Component:
    return _button(place.topic("cmd/alarm"), {"do": do, **more})


def _verdict(place: Place, verdict: Answer) -> Component:
    return _button(place.topic("cmd/verdict"), {"verdict": verdict})


def _button(topic: str, said: dict[str, Any]) -> Component:
    payload = msgspec.json.encode({"v": VERSION, **said, "by": BY}).decode()
    return {"platform": "button", "command_topic": topic, "payload_press": payload}


def _triggers(place: Place) -> dict[str, Component]:
    """One for each kind of `news`; people read its subtype and type, as in "fault started"."""
    told = {"cramp": ("cramp", "started"), "fault": ("fault", "started"), "unanswered": ("cramp", "unanswered")}
    return {
        f"{what}_trigger": {
            "platform": "device_automation",
            "automation_type": "trigger",
            "topic": place.topic("news"),
            "value_template": "{{ value_json.what }}",
            "payload": what,
            "subtype": subtype,
            "type": kind,
        }
        for what, (subtype, kind) in told.items()
    }


def _identity(place: Place) -> str:
    return f"crampwatch/{place.wearer}/{place.site}"


def _slug(place: Place, key: str) -> str:
    """As Home Assistant itself makes entity ids: small letters, digits and single underscores."""
    return re.sub(r"[^a-z0-9]+", "_", f"crampwatch_{place.wearer}_{place.site}_{key}")
