"""How soon an alert is out: from the moment the block that decided it was due to be sent, to a subscriber's hand."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from benchmarks.throughput.looped_legs import LoopedWearer
from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.messages import EventMessage


class Alert(NamedTuple):
    """An alert that arrived: for whom, the time of the last sample that it needed, and when it came."""

    place: Place
    alerted_ns: int
    arrived_ns: int


@dataclass
class Arrivals:
    """What a Listener is told to call: keeps each alert with the time of day at which it came."""

    alerts: list[Alert] = field(default_factory=list)

    def __call__(self, place: Place, event: EventMessage) -> None:
        """An alert has come."""
        if event.alerted_ns is not None:
            self.alerts.append(Alert(place, event.alerted_ns, time.time_ns()))


@dataclass(frozen=True)
class Latencies:
    """Seconds from the block that decided an alert to the alert."""

    seconds: Sequence[float]

    @property
    def count(self) -> int:
        """How many alerts."""
        return len(self.seconds)

    def percentile(self, percent: float) -> float:
        """The smallest latency that so many per cent of the alerts do not exceed: with few alerts the largest."""
        return float(np.percentile(self.seconds, percent, method="inverted_cdf")) if self.seconds else float("nan")


def latencies(alerts: Sequence[Alert], wearers: Sequence[LoopedWearer], since_ns: int, until_ns: int) -> Latencies:
    """Of the alerts whose deciding block was due in this time.

    Latency counts from when the block was due, not from when it was sent: a sender that is late cannot make the
    detector look faster.
    """
    known: Mapping[Place, LoopedWearer] = {wearer.place: wearer for wearer in wearers}
    sent = [(known[alert.place].sent_ns(alert.alerted_ns), alert.arrived_ns) for alert in alerts]
    return Latencies([(arrived - due) / NS for due, arrived in sent if since_ns <= due < until_ns])
