"""The outbox: passes on what changes in the night store, for ever, without the detector noticing.

It runs in a process of its own and reads the night store beside its writer. What it has not passed on yet is not queued
anywhere: it is what the store counts as changed behind the last number noted. Sent first, noted afterwards, so after
a crash in between points are sent twice and replace themselves.
"""

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from detector.sinks.delivery import Pauses, Rejected, Sink, Unavailable, deliver
from detector.sinks.night_feed import PORTION_MINUTES, NightFeed
from detector.sinks.outbox_state import OutboxState
from detector.store_schema import BadStore

SETTLE_S = 30.0
"""How long after its first answer a server that stood still may go on to take in what it was sent before that.
It has it all in its own memory by then."""
RETRIED_AT_ONCE = 1000
"""About what a portion has."""

_log = logging.getLogger(__name__)


class Outbox:
    """Passes on one store to one destination; the caller waits between the steps, and closes feed and state."""

    def __init__(
        self,
        feed: NightFeed,
        state: OutboxState,
        sink: Sink,
        poll_s: float,
        now_ns: Callable[[], int] = time.time_ns,
        random: Callable[[], float] = random.random,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feed = feed
        self._state = state
        self._sink = sink
        self._poll_s = poll_s
        self._now_ns = now_ns
        self._pauses = Pauses(random)
        trouble = state.trouble()  # what was told before a restart is not told again
        self._down_ns = trouble.since_ns if trouble else None
        self._monotonic_s = monotonic_s
        self._settled_s = monotonic_s() + SETTLE_S if state.in_doubt else None
        if feed.latest() < state.seq:  # an older copy of the store has been put back
            state.begin_again()

    def step(self) -> float:
        """Pass on a portion; returns in how many seconds the next step is due."""
        if self._settled_s is not None and self._monotonic_s() >= self._settled_s:
            self._state.go_back()
            self._settled_s = None
        portion = self._feed.after(self._state.seq, PORTION_MINUTES)
        if not portion.minutes:
            return self._poll_s
        try:
            rejected = deliver(portion.points, self._sink)
        except Unavailable as trouble:
            return self._wait(trouble)
        self._state.advance(portion.seq, portion.points, rejected)
        if portion.points:
            self._delivered(rejected)
        return 0.0 if portion.minutes == PORTION_MINUTES else self._poll_s

    def _wait(self, trouble: Unavailable) -> float:
        """One line in the log when it begins, whatever else goes wrong until it is over."""
        if self._down_ns is None:
            self._down_ns = self._now_ns()
            _log.warning("InfluxDB takes no points: %s. The night store keeps them; trying again for ever", trouble)
        self._state.note_trouble(self._down_ns, str(trouble))
        if trouble.may_still_arrive:
            self._state.note_doubt()
            self._settled_s = None
        return self._pauses.next_s(trouble.retry_after_s)

    def _delivered(self, rejected: list[Rejected]) -> None:
        self._pauses.reset()
        if self._settled_s is None and self._state.in_doubt:
            self._settled_s = self._monotonic_s() + SETTLE_S
        if self._down_ns is not None:
            _log.warning(
                "InfluxDB takes points again after %.1f min; %d minutes of the nights are still to be sent",
                (self._now_ns() - self._down_ns) / 60e9,
                self._feed.waiting(self._state.seq),
            )
            self._down_ns = None
            self._state.clear_trouble()
        if rejected:
            reason = rejected[0].reason
            _log.warning("InfluxDB refused %d points (%s); see `crampwatch outbox`", len(rejected), reason)


def serve(
    path: Path, zone: ZoneInfo, state: Path, destination: str, sink: Sink, poll_s: float, stop: threading.Event
) -> None:
    """Pass on the night store at `path` until `stop` is set; while it cannot be read, wait for it.

    It is not there before the detector's first start, and another file after it was mended or put back.
    """
    told = ""
    while not stop.is_set():
        try:
            with (
                closing(NightFeed(path, zone)) as feed,
                closing(OutboxState(state, destination, feed.store_id)) as known,
            ):
                outbox = Outbox(feed, known, sink, poll_s)
                while feed.is_current() and not stop.is_set():
                    stop.wait(outbox.step())
        except (BadStore, sqlite3.Error) as error:
            if str(error) != told:
                told = str(error)
                _log.warning("nothing can be passed on: %s; trying again", error)
            stop.wait(poll_s)


def backfill(feed: NightFeed, state: OutboxState, sink: Sink) -> Iterator[tuple[int, int, int]]:
    """Pass on everything from the beginning; yields how many points were sent, refused, and minutes are left to do.

    It may run beside the outbox, as it leaves alone how far that has got. Raises Unavailable.
    """
    seq, end = 0, feed.latest()
    while seq < end:
        portion = feed.after(seq)
        rejected = deliver(portion.points, sink)
        state.put_aside(portion.points, rejected)
        seq = portion.seq
        yield len(portion.points) - len(rejected), len(rejected), feed.waiting(seq)


def retry(state: OutboxState, sink: Sink) -> tuple[int, int]:
    """Send the points that were refused once more; returns how many were taken and refused. Raises Unavailable."""
    taken = refused = 0
    last = ""
    while points := [known.point for known in state.quarantined(RETRIED_AT_ONCE, after=last)]:
        rejected = deliver(points, sink)
        state.put_aside(points, rejected)
        taken, refused, last = taken + len(points) - len(rejected), refused + len(rejected), points[-1].identity
    return taken, refused
