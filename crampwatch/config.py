"""The settings file: one TOML for collector, detector and report, checked as a whole before anything starts."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from collector.contract.broker import BrokerSettings
from collector.contract.names import ALLOWED, PATTERN, Name
from crampwatch.errors import UserError
from crampwatch.page.settings import PageSettings
from detector.alarm.settings import AlarmSettings
from detector.bedside.push_settings import PushSettings
from detector.catalogue.catalogue import languages
from detector.settings import DetectorSettings
from detector.sinks.settings import InfluxSettings

ENVIRONMENT = {
    "CRAMPWATCH_BROKER_HOST": "host",
    "CRAMPWATCH_BROKER_PORT": "port",
    "CRAMPWATCH_BROKER_TLS": "tls",
    "CRAMPWATCH_BROKER_CA_FILE": "ca_file",
    "CRAMPWATCH_BROKER_USERNAME": "username",
    "CRAMPWATCH_BROKER_PASSWORD": "password",
    "CRAMPWATCH_BROKER_PASSWORD_FILE": "password_file",
    "CRAMPWATCH_BROKER_PASSWORD_DIRECTORY": "password_directory",
    "CRAMPWATCH_BROKER_PROTOCOL": "protocol",
}
"""What the environment may say of the broker; it goes before the file, so that secrets can stay out of it."""
NO_BROKER = (
    "no broker is named: write one under [broker] in the settings, or use `crampwatch night`, which starts its own"
)
NO_SETTINGS = (
    "no settings are here: name them with --config, or go to their folder; none yet? `crampwatch setup` writes them"
)
PASSWORDS = {"password", "password_file", "password_directory"}
"""Ways to give a password; one in the environment goes before each in the file."""

Positive = Annotated[float, msgspec.Meta(gt=0)]
StreamKind = Literal["emg", "acc", "temp"]
"""The contract's own; importing it from there would load numpy for every `--help`."""


class Companion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further wearable at the same site, for streams that the sensor does not have.

    `streams` are those to take from it, by default all that are not there yet.
    """

    profile: str
    name: str | None = None
    address: str | None = None
    adapter: str | None = None
    streams: list[StreamKind] | None = None


class Sensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One wearable: who wears it, where, and how to find it. `recording` plays a file instead of listening.

    `streams` are those to take from it, by default all. `power_cycle_adapter` allows to switch the Bluetooth adapter
    off and on when nothing else has helped; whatever else uses it loses its link then.
    """

    wearer: Name
    site: Name
    profile: str = "cramp-node"
    name: str | None = None
    address: str | None = None
    adapter: str | None = None
    streams: list[StreamKind] | None = None
    companions: list[Companion] = msgspec.field(name="companion", default_factory=list)
    power_cycle_adapter: bool = False
    recording: str | None = None
    speed: Positive | Literal["max"] = 1.0
    block_s: Positive = 1.0


class Detection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the service watches; the rule's own parameters are in `[detector]`."""

    commit_every_s: Positive = 10.0
    late_after_s: Positive = 120.0
    clock: Literal["host", "samples"] = "host"
    simulated: bool = False


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. Without `[broker]`, `crampwatch night` starts an embedded one."""

    timezone: str = "UTC"
    data_directory: str = "crampwatch-data"
    keep_nights: Annotated[int, msgspec.Meta(ge=0)] = 14  # nights after which a journal, with all samples, is deleted
    profile_directory: str = "devices"  # where profiles of wearables of one's own are
    broker: BrokerSettings | None = None
    sensors: list[Sensor] = msgspec.field(name="sensor", default_factory=list)
    detection: Detection = Detection()
    detector: DetectorSettings = DetectorSettings()
    alarm: AlarmSettings = AlarmSettings()
    alerts: PushSettings = PushSettings()  # without a target nothing is pushed
    page: PageSettings = PageSettings()
    influx: InfluxSettings | None = None  # without it nothing is sent to an InfluxDB

    @property
    def named_broker(self) -> BrokerSettings:
        """The broker; raises UserError when none is named."""
        if self.broker is None:
            raise UserError(NO_BROKER)
        return self.broker

    @property
    def zone(self) -> ZoneInfo:
        """The wearer's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def store(self) -> Path:
        """The night store's file."""
        return self.directory / "nights.sqlite"

    @property
    def outbox(self) -> Path:
        """The file in which the outbox remembers how far it has got."""
        return self.directory / "outbox.sqlite"

    @property
    def diary(self) -> Path:
        """The file with what people say and the alarm does."""
        return self.directory / "diary.sqlite"

    @property
    def push_queue(self) -> Path:
        """The file with what phones are to be told."""
        return self.directory / "push.sqlite"

    @property
    def directory(self) -> Path:
        """Where journals, the night store and reports are kept."""
        return Path(self.data_directory)


def load(path: Path) -> Config:
    """Read the settings; raises UserError that names the wrong entry."""
    try:
        config = msgspec.toml.decode(path.read_bytes(), type=Config)
    except FileNotFoundError as error:
        raise UserError(f"{path}: {NO_SETTINGS}") from error
    except OSError as error:
        raise UserError(f"{path}: the settings cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {_in_words(str(error))}") from error
    except RecursionError as error:
        raise UserError(f"{path}: lists or tables are nested deeper than in any settings") from error
    if config.timezone not in available_timezones():
        raise UserError(f"{path}: timezone {config.timezone!r} is not known; write it like Europe/Berlin")
    if config.alarm.language not in languages():
        there = ", ".join(languages())
        raise UserError(f"{path}: there is no language {config.alarm.language!r} for [alarm]; choose one of: {there}")
    _check_sensors(path, config)
    # A relative folder is meant from where the settings are, not from where the command happens to be called.
    here = path.absolute().parent
    config = msgspec.structs.replace(
        config,
        data_directory=str(here / config.data_directory),
        profile_directory=str(here / config.profile_directory),
        broker=config.broker and config.broker.relative_to(here),
        alerts=config.alerts.relative_to(here),
        influx=config.influx and config.influx.relative_to(here),
    )
    return with_environment(config, os.environ)


def with_environment(config: Config, environment: "os._Environ[str] | dict[str, str]") -> Config:
    """The settings with what the environment says of the broker; raises UserError for a value that cannot be."""
    said = {field: environment[name] for name, field in ENVIRONMENT.items() if name in environment}
    if not said:
        return config
    known = msgspec.to_builtins(config.broker) if config.broker else {}
    if said.keys() & PASSWORDS:
        known = {field: value for field, value in known.items() if field not in PASSWORDS}
    try:
        broker = msgspec.convert({**known, **said}, BrokerSettings, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"the environment's CRAMPWATCH_BROKER_... variables: {error}") from error
    return msgspec.structs.replace(config, broker=broker)


def as_environment(broker: BrokerSettings) -> dict[str, str]:
    """The variables that say the same as these settings."""
    said = {name: getattr(broker, field) for name, field in ENVIRONMENT.items()}
    return {name: str(value) for name, value in said.items() if value is not None}


def dump(config: Config) -> bytes:
    """The settings as TOML."""
    return msgspec.toml.encode(_without_none(msgspec.to_builtins(config)))


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_none(inner) for inner in value]
    return value


def _in_words(refusal: str) -> str:
    """What msgspec says of a wrong entry, for a reader who has never seen a regular expression."""
    what, _, where = refusal.partition(" - at ")
    place = where.strip("`").removeprefix("$").removeprefix(".")
    if repr(PATTERN) in what:
        return f"{place} may only have {ALLOWED}"
    if "unknown field" in what:
        entry = what.partition("`")[2].rstrip("`")
        return f"unknown field `{entry}` in {place or 'the settings'}; known are {', '.join(_known_at(place))}"
    return refusal


def _known_at(place: str) -> list[str]:
    """The fields of a table of the settings, such as `sensor[0].companion[1]`."""
    table: type[msgspec.Struct] = Config
    for name in re.findall(r"[a-z_]+", place):
        inner = next(field.type for field in msgspec.structs.fields(table) if field.encode_name == name)
        table = next(it for it in (inner, *get_args(inner)) if isinstance(it, type) and issubclass(it, msgspec.Struct))
    return [field.encode_name for field in msgspec.structs.fields(table)]


def _check_sensors(path: Path, config: Config) -> None:
    if not config.sensors:
        raise UserError(f"{path}: no sensor is named; write a [[sensor]] with its wearer and site")
    places = [(sensor.wearer, sensor.site) for sensor in config.sensors]
    for place in places:
        if places.count(place) > 1:
            raise UserError(f"{path}: two [[sensor]] entries for wearer {place[0]} at {place[1]}; name the sites apart")
