"""How long the publisher takes to bring a whole night's backlog to a broker, each message acknowledged."""

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from collector.contract.broker import BrokerSettings
from collector.contract.journal import Journal
from collector.contract.messages import Health
from collector.contract.topics import Place
from collector.publisher import Publisher

POLL_S = 0.05


@dataclass(frozen=True)
class Drain:
    """A backlog that was published."""

    broker: str
    messages: int
    seconds: float


def measure(path: Path, place: Place, broker: BrokerSettings, name: str) -> Drain:
    """Publish a journal from its first row, until the broker has acknowledged the last one."""
    with Journal.open(path) as journal:
        journal.published = 0
        messages = journal.last_row
    publisher = Publisher(place, broker, path.parent, _health, health_every_s=10.0)
    begun_s = time.monotonic()
    publisher.publish(path)
    publisher.start()
    with Journal.open(path, read_only=True) as journal:
        while journal.published < messages:
            time.sleep(POLL_S)
    seconds = time.monotonic() - begun_s
    publisher.stop()
    return Drain(name, messages, seconds)


def _health(unpublished: int) -> Health:
    health = Health(t_ns=0, session=None, links=(), samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=0)
    return msgspec.structs.replace(health, unpublished=unpublished)
