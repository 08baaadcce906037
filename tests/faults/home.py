"""A household: broker, collector, detector, outbox and InfluxDB, each a real process, with the shipped settings."""

import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from collector.contract.broker import BrokerSettings
from collector.contract.errors import BadRecording
from collector.contract.journal import SUFFIX, Journal
from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch.config import Config, Detection, Sensor, as_environment, dump, load
from crampwatch.errors import UserError
from crampwatch.influx import opened
from crampwatch.processes import Worker, run
from crampwatch.wiring import everything_filed
from detector.sinks.settings import InfluxSettings
from detector.store import NightStore
from detector.store_schema import BadStore
from tests.support.brokers import RunningBroker, ShippedMosquitto

RESTART_S = (0.1, 0.1)
"""At home the pause doubles with each restart, up to half a minute; here a process is killed again and again."""
PATIENCE_S = 900.0
"""Longer than any of these nights takes, harmed or not. Through a broker that drops what exceeds 1000 messages a night
of two and a half hours takes minutes."""
SETTINGS = "crampwatch.toml"


class OutboxAccount(NamedTuple):
    """Minutes of the nights still to be sent, points refused and kept, and whether an answer never came."""

    waiting_minutes: int
    refused: int
    in_doubt: bool


class Fault(Protocol):
    """Harms a home while its night runs."""

    def look(self, home: "Home") -> None:
        """Called ten times a second; does harm when it is due, and ends it."""

    @property
    def is_over(self) -> bool:
        """Whether no harm is being done at present."""


class Home:
    """One night at home: plays the recordings as fast as everything keeps up, until all of it has arrived.

    `collector_broker` is where the collector publishes where that is another broker than the detector's; `environment`
    is for all processes.
    """

    def __init__(
        self,
        folder: Path,
        recordings: Mapping[Place, Path],
        broker: RunningBroker,
        influx: InfluxSettings,
        collector_broker: RunningBroker | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.broker = broker
        self.settings = folder / SETTINGS
        self.settings.write_bytes(dump(_config(recordings, access(broker), influx)))
        self.config = load(self.settings)
        arguments = ["--config", str(self.settings)]
        of_all = dict(environment or {})
        of_collector = of_all | (as_environment(access(collector_broker)) if collector_broker else {})
        self.workers = {
            "collector": Worker("collector", ["collect", *arguments], of_collector, restart_s=RESTART_S),
            "detector": Worker("detector", ["detect", *arguments], of_all, restart_s=RESTART_S),
            "outbox": Worker("outbox", ["outbox", "run", *arguments], of_all, restart_s=RESTART_S),
        }

    def run(self, fault: Fault) -> None:
        """Play the night; raises TimeoutError when it does not come to its end."""
        deadline_s = time.monotonic() + PATIENCE_S

        def done() -> bool:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"after {PATIENCE_S:.0f} s the night is not over: {self._account()}")
            fault.look(self)
            return fault.is_over and self.everything_arrived()

        # In the order in which they are stopped.
        run(list(self.workers.values()), done, threading.Event())

    def everything_arrived(self) -> bool:
        """Whether every session is filed to its end, every event published, and InfluxDB has all of it for certain."""
        if not everything_filed(self.config):
            return False
        with NightStore(self.config.store, read_only=True) as store:
            published = not store.undelivered()
        outbox = self.outbox()
        return published and not outbox.waiting_minutes and not outbox.in_doubt

    def journalled_rows(self) -> float:
        """Blocks in all journals, those given up again included."""
        rows = 0
        for path in self.config.directory.glob(f"*{SUFFIX}"):
            with suppress(BadRecording), Journal.open(path, read_only=True) as journal:
                rows += journal.last_row
        return rows

    def filed_s(self) -> float:
        """Seconds in the night store, of all sessions."""
        try:
            with NightStore(self.config.store, read_only=True) as store:
                return sum((stored.end_ns - stored.start_ns) / NS for stored in store.sessions())
        except BadStore:  # the detector has not made it yet
            return 0.0

    def sent_s(self) -> float:
        """Seconds of the filed nights that the outbox has passed on; what changes after that is passed on again."""
        return max(0.0, self.filed_s() - 60.0 * self.outbox().waiting_minutes)

    def outbox(self) -> OutboxAccount:
        """How far the nights have got to InfluxDB."""
        try:
            with opened(self.config) as (feed, state):
                return OutboxAccount(feed.waiting(state.seq), state.refused(), state.in_doubt)
        except UserError:  # there is no night store yet
            return OutboxAccount(0, 0, in_doubt=False)

    def freeze(self, *names: str) -> None:
        """Let these processes stand still."""
        self._signal(signal.SIGSTOP, names)

    def thaw(self, *names: str) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT, names)

    def _signal(self, number: int, names: tuple[str, ...]) -> None:
        for name in names:
            if pid := self.workers[name].pid:
                os.kill(pid, number)

    def _account(self) -> str:
        rows, filed_s, waiting = self.journalled_rows(), self.filed_s(), self.outbox().waiting_minutes
        return f"{rows:.0f} blocks journalled, {filed_s:.0f} s filed, {waiting} min unsent"


def access(broker: RunningBroker) -> BrokerSettings:
    """How to enter a broker; one that was set up as shipped has a user for each role."""
    if isinstance(broker, ShippedMosquitto):
        return BrokerSettings(port=broker.port, password_directory=str(broker.plan.passwords))
    return BrokerSettings(
        port=broker.port, username=broker.username, password=broker.password, protocol=broker.protocol
    )


def _config(recordings: Mapping[Place, Path], broker: BrokerSettings, influx: InfluxSettings) -> Config:
    return Config(
        timezone="Europe/Berlin",
        data_directory="data",
        broker=broker,
        sensors=[
            Sensor(wearer=who.wearer, site=who.site, recording=str(path.absolute()), speed="max")
            for who, path in recordings.items()
        ],
        detection=Detection(clock="samples", simulated=True),
        influx=influx,
    )
