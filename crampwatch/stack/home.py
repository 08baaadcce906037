"""The folder of a home: settings, secrets, the broker's configuration and the nights. What is there is kept."""

import secrets
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from crampwatch.broker import folder as broker
from crampwatch.broker.folder import OPEN, SECRET, write_new
from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.stack.owner import Owner
from crampwatch.stack.units import units

SECRETS = ("influxdb_admin_password", "influxdb_admin_token", "influxdb_read_password", "grafana_admin_password")
"""What docker-compose.yml hands to InfluxDB and Grafana; the broker's passwords are beside its configuration."""
IN_CONTAINER = Path("/mosquitto")
"""Where mosquitto's image expects its configuration and keeps its data."""
INFLUX = {"url": "http://influxdb:8086", "org": "home", "bucket": "crampwatch", "token_file": "influx/write-token"}
"""As docker-compose.yml names them. The token is written there at InfluxDB's first start."""
CRAMP_NODE = "cramp-node"
UNMOUNTABLE = {"'", ":"}
"""A quote ends the path in `.env`, a colon in a short mount."""
PRIVATE = 0o700


class Household(NamedTuple):
    """Who wears which wearable, where, and whether an alarm is to wake them (`mode`: alarm or silent)."""

    wearer: str
    site: str
    timezone: str
    profile: str = CRAMP_NODE
    mode: str = "alarm"


class Home(NamedTuple):
    """Where everything is, whether in containers, and the port on this machine by which the broker is reached."""

    folder: Path
    containers: bool
    broker_port: int

    @property
    def settings(self) -> Path:
        """What collector, detector and report are told."""
        return self.folder / "crampwatch.toml"

    @property
    def secrets(self) -> Path:
        """A file for each secret."""
        return self.folder / "secrets"

    @property
    def units(self) -> Path:
        """What systemd is told."""
        return self.folder / "systemd"


def set_up(home: Home, household: Household, owner: Owner) -> list[Path]:
    """Write what is missing, and nothing that is there; returns what was written.

    Raises UserError when the settings would not be understood, or Compose could not mount the folder; nothing else is
    written then.
    """
    if home.containers and UNMOUNTABLE & set(str(home.folder.absolute())):
        raise UserError(f"Compose cannot mount {home.folder.absolute()}: choose a path without ' and :")
    for path in (home.folder, home.folder / "nights", home.units):
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    written = _settings(home, household)
    # Whatever the folder is called, git leaves it alone.
    written += write_new(home.folder / ".gitignore", "*\n", OPEN)
    written += broker.set_up(_plan(home))
    if home.containers:
        written += _for_containers(home)
    for name, text in units(home.folder, home.containers, owner.name).items():
        written += write_new(home.units / name, text, OPEN)
    owner.take([home.folder, *home.folder.rglob("*")])
    return written


def environment(home: Home, file: Path, owner: Owner) -> list[Path]:
    """Write for docker-compose.yml where the home is and whose it is, if there is no such file yet."""
    told = {"HOME": f"'{home.folder.absolute()}'", "UID": owner.uid, "GID": owner.gid, "BROKER_PORT": home.broker_port}
    written = write_new(file, "".join(f"CRAMPWATCH_{name}={value}\n" for name, value in told.items()), SECRET)
    owner.take(written)
    return written


def _settings(home: Home, household: Household) -> list[Path]:
    told: dict[str, Any] = {
        "timezone": household.timezone,
        "data_directory": "nights",
        "broker": {"port": home.broker_port, "password_directory": "broker/passwords"},
        "sensor": [{"wearer": household.wearer, "site": household.site, "profile": household.profile}],
    }
    if household.profile == CRAMP_NODE:
        told["detector"] = {"shank_axis": "x"}  # it is worn with x towards the knee
    if household.mode != "alarm":
        told["alarm"] = {"mode": household.mode}
    if home.containers:
        told["influx"] = INFLUX
    written = write_new(home.settings, msgspec.toml.encode(told).decode(), SECRET)
    try:
        load(home.settings)
    except UserError:
        for path in written:
            path.unlink()
        raise
    return written


def _plan(home: Home) -> broker.Plan:
    """The broker: in a container it is reached by its name or a published port, otherwise from this machine only."""
    folder = (home.folder / "broker").absolute()
    if home.containers:
        return broker.Plan(folder, IN_CONTAINER / "config", IN_CONTAINER / "data", "0.0.0.0", 1883, (), 8883)
    return broker.Plan(folder, folder, folder / "data", "127.0.0.1", home.broker_port, (), 8883)


def _for_containers(home: Home) -> list[Path]:
    home.secrets.mkdir(mode=PRIVATE, exist_ok=True)
    for mounted in ("influx", "phones"):
        (home.folder / mounted).mkdir(mode=PRIVATE, exist_ok=True)
    return [
        path for name in SECRETS for path in write_new(home.secrets / name, secrets.token_urlsafe(24) + "\n", SECRET)
    ]
