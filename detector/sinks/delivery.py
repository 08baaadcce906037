"""Delivering points to a server that may be away, busy or choosy."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from detector.sinks.influx_schema import Point


class Refused(Exception):
    """The server will not have these points, or one of them, however often they are sent."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class Unavailable(Exception):
    """The server can not take any points at present; the text says why.

    Where no answer came the points `may_still_arrive`: a server that stood still takes them in when it goes on, after
    what was sent later.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None, *, may_still_arrive: bool = False) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.may_still_arrive = may_still_arrive


class Sink(Protocol):
    """Takes points; a point it has already is replaced."""

    def write(self, points: Sequence[Point]) -> None:
        """Store the points; raises Refused or Unavailable, and may then have stored some of them."""


class Rejected(NamedTuple):
    """A point that was refused, and why."""

    point: Point
    status: int
    reason: str


def deliver(points: Sequence[Point], sink: Sink) -> list[Rejected]:
    """Write all points but those that are refused by themselves, which are returned; raises Unavailable.

    A refused batch is halved until the culprits stand alone: k of n points cost about 2 k log2(n / k) requests. After
    Unavailable everything may be delivered again, as points replace themselves.
    """
    rejected: list[Rejected] = []
    parts = [points] if points else []
    while parts:
        part = parts.pop()
        try:
            sink.write(part)
        except Refused as refusal:
            if len(part) == 1:
                rejected.append(Rejected(part[0], refusal.status, refusal.reason))
            else:
                parts += [part[len(part) // 2 :], part[: len(part) // 2]]
    return rejected


FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""A restart of InfluxDB takes seconds; when it has been down for hours, a minute more is soon enough."""
LONGEST_ASKED_S = 900.0
"""What a server may ask for by Retry-After; a nonsensical day must not silence the dashboards for one."""


class Pauses:
    """How long to wait before the next attempt: twice as long each time, with jitter, and as the server asks.

    `random` gives numbers in [0, 1). Half of the pause is left to it, so that what was cut off together does not come
    back together.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._pause_s = FIRST_PAUSE_S

    def reset(self) -> None:
        """Begin again with the first pause."""
        self._pause_s = FIRST_PAUSE_S

    def next_s(self, asked_s: float | None) -> float:
        """The pause after a further failure, in seconds."""
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return max(pause_s * (1 + self._random()) / 2, min(asked_s or 0.0, LONGEST_ASKED_S))
