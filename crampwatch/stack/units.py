"""systemd's units for what runs on the machine itself."""

import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple

MOSQUITTO = "/usr/sbin/mosquitto"
"""Where Debian has it; not in every user's search path."""
BROKER = "crampwatch-broker.service"
SOUND = "DevicePolicy=closed\nDeviceAllow=char-alsa rw\nSupplementaryGroups=audio"
"""The loudspeaker and nothing else (systemd.resource-control(5))."""


class Unit(NamedTuple):
    """One process: what it is, what is started before it, what it runs, and the folder in the home that it writes.

    `devices` are what it may use of the machine: systemd's lines for that.
    """

    what: str
    before: str
    command: tuple[str, ...]
    writes: str
    devices: str = "PrivateDevices=yes"


def units(home: Path, containers: bool, user: str) -> dict[str, str]:
    """The text of each unit, by its file's name; beside the containers only what needs the radio, the loudspeaker or
    the journals.
    """
    template = Template((files("crampwatch.stack") / "unit.service").read_text())
    home = home.absolute()
    beside = {"collector": _collector(home), "alarm": _alarm(home, before=""), "clips": _clips(home)}
    wanted = beside if containers else _all(home)
    return {f"crampwatch-{name}.service": _filled(template, unit, home, user) for name, unit in wanted.items()}


def _filled(template: Template, unit: Unit, home: Path, user: str) -> str:
    command = " ".join(_quoted(argument).replace("$", "$$") for argument in unit.command)
    writes = _quoted(str(home / unit.writes))
    return template.substitute(
        what=unit.what, before=unit.before, user=user, command=command, writes=writes, devices=unit.devices
    )


def _collector(home: Path) -> Unit:
    return Unit("from the wearables to the broker", "bluetooth.target", _program(home, "collect"), "nights")


def _alarm(home: Path, before: str) -> Unit:
    return Unit("what sounds beside the bed", before, _program(home, "alarm"), "nights", SOUND)


def _clips(home: Path) -> Unit:
    return Unit("the samples around alerts, kept for ever", "", _program(home, "clips", "--every", "5"), "nights")


def _all(home: Path) -> dict[str, Unit]:
    mosquitto = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or MOSQUITTO
    start = (mosquitto, "-c", str(home / "broker" / "mosquitto.conf"))
    return {
        "broker": Unit("mosquitto", "", start, "broker/data"),
        "collector": _collector(home),
        "alarm": _alarm(home, before=BROKER),
        "detector": Unit("from the broker to the night store", BROKER, _program(home, "detect"), "nights"),
        "clips": _clips(home),
        "outbox": Unit("from the night store to InfluxDB", "", _program(home, "outbox", "run"), "nights"),
        "page": Unit("the page for a phone", "", _program(home, "serve"), "nights"),
        "push": Unit("alerts on phones", "", _program(home, "push"), "nights"),
    }


def _program(home: Path, *command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "crampwatch", *command, "--config", str(home / "crampwatch.toml"))


def _quoted(text: str) -> str:
    """As systemd reads it: a blank ends no word, and % begins no specifier (systemd.syntax(7), systemd.unit(5))."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
