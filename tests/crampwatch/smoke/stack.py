"""A stack as it runs at home: mosquitto, detector, outbox and InfluxDB are real, Grafana is a stand-in."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from collector.contract.broker import BrokerSettings
from crampwatch.config import Config, Sensor, dump, load
from crampwatch.doctor.finding import Finding
from crampwatch.smoke.round import Choices, from_store_to_screen, whole_stack
from tests.crampwatch.smoke.grafana import ADMIN, PASSWORD, StandIn
from tests.dashboards.grafana import FOLDER
from tests.support.influx import InfluxServer

STOP_S = 20.0
DAYS_AGO = 500
PATIENCE_S = 60.0
"""Nothing here takes that long, but on a machine that is busy."""


class Stack(NamedTuple):
    """Where everything is."""

    settings: Path
    influx: InfluxServer
    bucket: str
    grafana: StandIn

    @property
    def config(self) -> Config:
        """The settings."""
        return load(self.settings)

    @property
    def password_file(self) -> Path:
        """Of Grafana's admin."""
        return self.settings.parent / "secrets" / "grafana_admin_password"

    def smoke(self, config: Config | None = None, **changed: Any) -> list[Finding]:
        """All findings, by default without a test event."""
        return list(whole_stack(config or self.config, self._choices()._replace(**changed)))

    def screen(self, **changed: Any) -> list[Finding]:
        """Those for which no broker is needed."""
        return list(from_store_to_screen(self.config, self._choices()._replace(**changed)))

    def _choices(self) -> Choices:
        return Choices(self.grafana.url, ADMIN, self.password_file, None, FOLDER, None, PATIENCE_S)


def furnish(folder: Path, broker: BrokerSettings, influx: InfluxServer, bucket: str, grafana: StandIn) -> Stack:
    """Write settings and secrets as `crampwatch setup` does."""
    config = Config(
        timezone="Europe/Berlin",
        data_directory="nights",
        broker=broker,
        sensors=[Sensor(wearer="w1", site="left_calf")],
        influx=msgspec.structs.replace(influx.settings(bucket), poll_s=0.2),
    )
    settings = folder / "crampwatch.toml"
    settings.write_bytes(dump(config))
    stack = Stack(settings, influx, bucket, grafana)
    stack.password_file.parent.mkdir()
    stack.password_file.write_text(f"{PASSWORD}\n")
    return stack


def started(stack: Stack, *command: str) -> "subprocess.Popen[bytes]":
    """A process of the stack: `detect`, or `outbox run`."""
    return subprocess.Popen([sys.executable, "-m", "crampwatch", *command, "--config", str(stack.settings)])


def stopped(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end."""
    process.terminate()
    process.wait(STOP_S)


def of(found: Sequence[Finding], area: str) -> list[Finding]:
    """What was said of this."""
    return [finding for finding in found if finding.area == area]


def problems(found: Sequence[Finding]) -> list[str]:
    """Which areas have a problem."""
    return [finding.area for finding in found if finding.state == "problem"]
