"""Where faults are tried: recordings, a broker, an InfluxDB, and the undisturbed night that all are compared with."""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from detector.sinks.settings import InfluxSettings
from tests.faults import night
from tests.faults.evidence import Difference, Evidence, difference, gather, in_detail
from tests.faults.home import Fault, Home
from tests.support.brokers import Mosquitto, RunningBroker, ShippedMosquitto
from tests.support.influx import InfluxServer

log = logging.getLogger(__name__)

POLL_S = 0.2
"""How often the outbox looks for news: at home every 5 s, in which a night is over here."""


class Whole(NamedTuple):
    """How far each part comes in the undisturbed night."""

    journalled_rows: float
    filed_s: float


class Undisturbed:
    """A fault that does no harm."""

    is_over = True

    def look(self, home: Home) -> None:
        """Nothing."""


class Grounds:
    """Plays nights of so many hours, each in a folder and a bucket of its own."""

    def __init__(self, folder: Path, influx: InfluxServer, hours: float) -> None:
        self.influx = influx
        self.folder = folder
        self._runs = 0
        folder.mkdir(exist_ok=True)
        self.recordings = night.record(folder / "recordings", hours)
        with self.at_home() as home:
            home.run(Undisturbed())
            self.undisturbed = self.evidence(home)
            self.whole = Whole(home.journalled_rows(), home.filed_s())

    @contextmanager
    def at_home(self, broker: Callable[[Path], RunningBroker] = ShippedMosquitto, **options: object) -> Iterator[Home]:
        """A home with a running broker and an empty bucket; its folder is deleted when all went well."""
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        folder.mkdir()
        running = broker(folder)
        running.start()
        try:
            home = Home(folder, self.recordings, running, self.bucket(f"{self.folder.name}-{folder.name}"), **options)  # type: ignore[arg-type]
            yield home
        finally:
            running.stop()
        shutil.rmtree(folder)

    def bucket(self, name: str) -> InfluxSettings:
        """A new bucket."""
        self.influx.create_bucket(name)
        settings = self.influx.settings(name)
        return InfluxSettings(
            url=settings.url, bucket=name, token=settings.token, timeout_s=settings.timeout_s, poll_s=POLL_S
        )

    def evidence(self, home: Home) -> Evidence:
        """What the home's night has left behind."""
        assert home.config.influx
        return gather(home.config.directory, self.influx.points(home.config.influx.bucket))

    def harmed(self, fault: Fault, home: Home) -> Difference:
        """Play the night with this fault; what is different then."""
        home.run(fault)
        return self.difference(home)

    def difference(self, home: Home) -> Difference:
        """What is different in this home's night; the log has all of it."""
        evidence = self.evidence(home)
        found = difference(evidence, self.undisturbed)
        if not found.nothing:
            log.error("%s", in_detail(evidence, self.undisturbed))
        return found

    @contextmanager
    def second_broker(self) -> Iterator[Mosquitto]:
        """A broker beside the home's."""
        folder = self.folder / "second-broker"
        folder.mkdir(exist_ok=True)
        broker = Mosquitto(folder)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()
