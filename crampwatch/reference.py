"""Writes the reference pages from the code itself: `python -m crampwatch.reference docs/reference`.

A test compares the committed pages with what this writes, so they cannot fall behind.
"""

import inspect
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from collector.contract import messages
from collector.contract.broker import BrokerSettings
from collector.contract.journal import Header
from collector.devices.profile import Profile, load_profile, shipped_profiles
from crampwatch.cli import COMMANDS, build
from crampwatch.config import Companion, Config, Detection, Sensor
from crampwatch.device_table import rows
from crampwatch.page.settings import PageSettings
from detector.alarm.messages import (
    AlarmState,
    Command,
    EveningNote,
    FaultTold,
    FeltCramp,
    Transition,
    Verdict,
)
from detector.alarm.preflight_message import Check, Muscle, Preflight
from detector.alarm.settings import AlarmSettings
from detector.bedside.news import News
from detector.bedside.push_settings import PushSettings, PushTarget
from detector.bedside.tonight import Tonight
from detector.diary.entries import Latency
from detector.events import Event, Figures
from detector.messages import EventMessage
from detector.settings import DetectorSettings
from detector.sight import Seen
from detector.sinks.influx_reference import influxdb_page
from detector.sinks.settings import InfluxSettings

MESSAGES: dict[type[msgspec.Struct], str] = {
    messages.SampleBlock: "`emg`, `acc`, `temp` (a MessagePack map with raw `samples`, then its CRC-32 as a uint 32)",
    messages.Channel: "within a sample block",
    messages.Clock: "within a sample block",
    messages.Status: "`status` (JSON, retained, last will)",
    messages.Health: "`health` (JSON, every 10 s)",
    messages.LinkHealth: "within `health`",
    messages.Faults: "`fault` (JSON, retained)",
    messages.Fault: "within `fault`",
    messages.Ack: "`ack` (JSON, retained)",
    messages.ReplayRequest: "`cmd/replay` (JSON)",
    messages.Buzz: "`cmd/buzz` (JSON)",
    EventMessage: "`event` (JSON)",
    Event: "what the night store keeps of an `event`",
    Figures: "within `event`",
    Seen: "`watch` (JSON, retained; repeated every 10 s)",
    AlarmState: "`state` (JSON, retained; repeated once a minute)",
    FaultTold: "within `state`",
    Tonight: "`tonight` (JSON, retained; once a minute)",
    News: "`news` (JSON)",
    Command: "`cmd/alarm` (JSON), and the diary",
    Verdict: "`cmd/verdict` (JSON), and the diary",
    FeltCramp: "`cmd/diary` (JSON), and the diary",
    EveningNote: "`cmd/diary` (JSON), where it has a `night`; and the diary",
    Transition: "the diary",
    Latency: "the diary",
    Preflight: "the diary",
    Check: "within Preflight",
    Muscle: "within Preflight",
    Header: "the journal's header (JSON)",
}
"""Every type of the contract, and under which topic it travels or where it is kept."""

SETTINGS: dict[type[msgspec.Struct], str] = {
    Config: "the file itself",
    BrokerSettings: "`[broker]`",
    Sensor: "`[[sensor]]`, one for each wearable",
    Companion: "`[[sensor.companion]]`",
    Detection: "`[detection]`",
    AlarmSettings: "`[alarm]`",
    PushSettings: "`[alerts]`",
    PushTarget: "`[[alerts.target]]`, one for each that is told",
    PageSettings: "`[page]`",
    InfluxSettings: "`[influx]`",
    DetectorSettings: "`[detector]`, the rule's parameters; docs/explanation/detector.md gives the reason for each",
}


CONTRACT_INTRODUCTION = f"""# The contract

Generated from the types in `collector/contract/`, `detector/messages.py`, `detector/alarm/` and beside them; as JSON
Schema: `contract.schema.json`.

Version {messages.VERSION}. Topics: `crampwatch/v1/<wearer>/<site>/<what>`, wearer and site of `a-z 0-9 _ -`.
MQTT 5 or 3.1.1, QoS 1 (`health`: 0). Times are nanoseconds since 1970-01-01 UTC."""

SETTINGS_INTRODUCTION = """# The settings file

Generated from `crampwatch/config.py`. TOML; every number has its unit in its name. Unknown entries are refused, with
the path of the entry in the message."""


DEVICES_INTRODUCTION = """# Supported devices

Generated from the profiles in `collector/devices/`. The name in the first column is the `profile` of a `[[sensor]]`.
[How to add a device](../how-to/add-a-device.md); [what a profile may contain](device-profiles.md).

"vectors": the profile decodes published packets as it should. "layout only": it follows a published description; no
packet of a real device has been decoded with it. Nobody here has had any of these devices in hand.

Every device may have, beside its own services, the standard ones: battery level (`2a19`), and where its profile has no
temperature, that of Environmental Sensing (`2a6e`) or of a Health Thermometer (`2a1c`)."""


def contract_page() -> str:
    """The contract as Markdown."""
    return _page(CONTRACT_INTRODUCTION, MESSAGES)


def config_page() -> str:
    """The settings file as Markdown."""
    return _page(SETTINGS_INTRODUCTION, SETTINGS)


def contract_schema() -> str:
    """JSON Schema of every message."""
    return json.dumps({"$defs": _schemas(MESSAGES)}, indent=2, ensure_ascii=False) + "\n"


def devices_page() -> str:
    """The supported devices as Markdown."""
    profiles = [(name, load_profile(name)) for name in shipped_profiles()]
    table = ["| profile | device | EMG | accelerometer | temperature | buzz |", "|---|---|---|---|---|---|"]
    table += [
        f"| `{row.name}` | {row.title} | {' | '.join(row.signals.values())} | {'yes' if row.buzzes else ''} |"
        for row in rows(profiles)
    ]
    return "\n\n".join([DEVICES_INTRODUCTION, "\n".join(table), *(_device(*entry) for entry in profiles)]) + "\n"


def _device(name: str, profile: Profile) -> str:
    device = profile.device
    facts = [f"Needs an MTU of {device.min_mtu}."]
    facts += ["Has to be paired with the host once."] if device.pairing else []
    lines = [f"## {name}", "", " ".join(facts), ""]
    lines += [f"- Source: {source}." for source in device.sources]
    lines += [f"- Limit: {limit}." for limit in device.limits]
    return "\n".join(lines)


def cli_page() -> str:
    """The command line as Markdown."""
    page = build(explained=COMMANDS).generate_docs(output_format="markdown").rstrip() + "\n"
    # In the usage of a sub-command's commands cyclopts repeats how this very process was started.
    return re.sub(r"^(crampwatch \S+ \S+) -m \S+", r"\1", page, flags=re.MULTILINE)


PAGES = {
    "contract.md": contract_page,
    "contract.schema.json": contract_schema,
    "config.md": config_page,
    "cli.md": cli_page,
    "devices.md": devices_page,
    "influxdb.md": influxdb_page,
}


def main() -> None:
    """Write all pages into the folder given."""
    folder = Path(sys.argv[1])
    for name, page in PAGES.items():
        (folder / name).write_text(page())


def _schemas(types: Mapping[type[msgspec.Struct], str]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components(tuple(types), ref_template="#/$defs/{name}")
    return components


def _page(introduction: str, types: Mapping[type[msgspec.Struct], str]) -> str:
    schemas = _schemas(types)
    parts = [introduction]
    for kind, where in types.items():
        parts += [f"## {kind.__name__}", f"Where: {where}.", inspect.getdoc(kind) or "", _table(schemas[kind.__name__])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = ["| field | type | default |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        rows.append(f"| `{name}` | {_type(field)} | {'' if name in required else _default(field.get('default'))} |")
    return "\n".join(rows)


def _default(value: object) -> str:
    return "see there" if isinstance(value, dict) and value else f"`{json.dumps(value)}`"


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}" if isinstance(field.get("items"), Mapping) else "list"
    if isinstance(inner := field.get("additionalProperties"), Mapping):
        return f"table of {_type(inner)}"
    limits = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "pattern": "matches"}
    # A bar would end the cell of the table, even within code.
    said = [f"{sign} `{field[key]}`".replace("|", r"\|") for key, sign in limits.items() if key in field]
    return " ".join([str(field.get("type", "anything")), *said])


if __name__ == "__main__":
    main()
