"""The round of everything that the night needs besides Bluetooth."""

import shutil
from datetime import datetime
from importlib.util import find_spec

from collector.contract.topics import place
from crampwatch.config import Config
from crampwatch.doctor import clock, storage
from crampwatch.doctor.finding import Finding
from detector.catalogue import load

INSTALL = "in the checkout: pip install '.[night]'"
INSTALL_INFLUX = "in the checkout: pip install '.[influx]'"


def computer() -> list[Finding]:
    """What needs no settings."""
    return [clock.clock(clock.kernel_clock_state(), load())]


def settings(config: Config) -> list[Finding]:
    """What the settings ask for."""
    return [
        clock.time_zone(config.zone, datetime.now().astimezone()),
        *_broker(config),
        *_storage(config),
        _database(config),
    ]


def _broker(config: Config) -> list[Finding]:
    if config.broker is None:
        if find_spec("amqtt") is None:
            return [Finding("broker", "problem", "none is named, and that of crampwatch is not installed", INSTALL)]
        return [Finding("broker", "ok", "none is named; `crampwatch night` starts its own")]
    if find_spec("paho") is None:
        return [Finding("broker", "problem", "the program's MQTT part is not installed", INSTALL)]
    from crampwatch.doctor.broker import broker  # imports paho

    return broker(config.broker, [place(sensor.wearer, sensor.site) for sensor in config.sensors])


def _storage(config: Config) -> list[Finding]:
    directory = storage.data_directory(config.directory)
    if directory.state == "problem":
        return [directory]
    free_bytes = shutil.disk_usage(storage.nearest(config.directory)).free
    return [
        directory,
        storage.disk(config.directory, free_bytes, config.zone, load()),
        storage.night_store(config.store),
    ]


def _database(config: Config) -> Finding:
    if config.influx is None:
        return Finding("database", "not asked", "none is configured; nights are kept in files")
    if find_spec("influxdb_client") is None:
        return Finding("database", "problem", "the program's InfluxDB part is not installed", INSTALL_INFLUX)
    from crampwatch.doctor.database import database  # imports the client

    return database(config.influx)
