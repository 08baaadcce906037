"""The outbox: passes on what changes in the night store and the diary, for ever, without their writers noticing.

It runs in a process of its own and reads both beside those who write. What it has not passed on yet is not queued
anywhere: it is what they count as changed behind the last number noted. Sent first, noted afterwards, so after
a crash in between points are sent twice and replace themselves.
"""

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from detector.sinks.delivery import Pauses, Rejected, Sink, Unavailable, deliver
from detector.sinks.diary_feed import DiaryFeed
from detector.sinks.diary_view import DiaryView
from detector.sinks.night_feed import PORTION_MINUTES, NightFeed, Portion
from detector.sinks.outbox_state import OutboxState
from detector.store_schema import BadStore

SETTLE_S = 30.0
"""How long after its first answer a server that stood still may go on to take in what it was sent before that.
It has it all in its own memory by then."""
RETRIED_AT_ONCE = 1000
"""About what a portion has."""

_log = logging.getLogger(__name__)


class Feed(Protocol):
    """What happened, in an order of its own: as points, each portion with the number of its last change."""

    def after(self, seq: int, minutes: int = PORTION_MINUTES, /) -> Portion:
        """The points of at most so many changes after the change with this number."""

    def waiting(self, seq: int, /) -> int:
        """How many changes come after the change with this number."""

    def latest(self) -> int:
        """The number of the latest change."""


class Source(NamedTuple):
    """A feed, and how far it has been delivered."""

    feed: Feed
    state: OutboxState

    @property
    def waiting(self) -> int:
        """How much is still to be delivered."""
        return self.feed.waiting(self.state.seq)


class Outbox:
    """Passes on what comes from all `sources`, the nights being the first, to one destination.

    The caller waits between the steps, and closes feeds and states. `down_ns` is since when no points have been taken,
    for who knows it from another outbox: the disk may have kept no note of that.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        sink: Sink,
        poll_s: float,
        now_ns: Callable[[], int] = time.time_ns,
        random: Callable[[], float] = random.random,
        monotonic_s: Callable[[], float] = time.monotonic,
        down_ns: int | None = None,
    ) -> None:
        self._sources = sources
        self._destination = sources[0].state  # of which every state knows the same
        self._sink = sink
        self._poll_s = poll_s
        self._now_ns = now_ns
        self._pauses = Pauses(random)
        trouble = self._destination.trouble()  # what was told before a restart is not told again
        self.down_ns = trouble.since_ns if trouble else down_ns
        self._monotonic_s = monotonic_s
        self._settled_s = monotonic_s() + SETTLE_S if self._in_doubt else None
        for source in self._sources:
            if source.feed.latest() < source.state.seq:  # an older copy has been put back
                source.state.begin_again()

    def step(self) -> float:
        """Pass on a portion of each feed; returns in how many seconds the next step is due."""
        if self._settled_s is not None and self._monotonic_s() >= self._settled_s:
            for source in self._sources:
                source.state.go_back()
            self._settled_s = None
        more = False
        for source in self._sources:
            portion = source.feed.after(source.state.seq, PORTION_MINUTES)
            try:
                rejected = deliver(portion.points, self._sink)
            except Unavailable as trouble:
                return self._wait(source, trouble)
            if portion.minutes:
                source.state.advance(portion.seq, portion.points, rejected)
            if portion.points:
                self._delivered(rejected)
            more |= portion.minutes == PORTION_MINUTES
        if self._settled_s is None and self._in_doubt:  # whoever had taken no points has now
            self._settled_s = self._monotonic_s() + SETTLE_S
        return 0.0 if more else self._poll_s

    @property
    def _in_doubt(self) -> bool:
        return any(source.state.in_doubt for source in self._sources)

    def _wait(self, source: Source, trouble: Unavailable) -> float:
        """One line in the log when it begins, whatever else goes wrong until it is over."""
        if self.down_ns is None:
            self.down_ns = self._now_ns()
            _log.warning("InfluxDB takes no points: %s. The night store keeps them; trying again for ever", trouble)
        if trouble.may_still_arrive:
            source.state.note_doubt(source.state.seq)
            self._settled_s = None
        with suppress(sqlite3.OperationalError):  # on a full disk the pause holds all the same
            self._destination.note_trouble(self.down_ns, str(trouble))
        return self._pauses.next_s(trouble.retry_after_s)

    def _delivered(self, rejected: list[Rejected]) -> None:
        self._pauses.reset()
        if self.down_ns is not None:
            self._destination.clear_trouble()
            _log.warning(
                "InfluxDB takes points again after %.1f min; %d minutes of the nights are still to be sent",
                (self._now_ns() - self.down_ns) / 60e9,
                self._sources[0].waiting,
            )
            self.down_ns = None
        if rejected:
            reason = rejected[0].reason
            _log.warning("InfluxDB refused %d points (%s); see `crampwatch outbox`", len(rejected), reason)


class Home(NamedTuple):
    """The night store and the diary of a home, to be passed on; the diary need not be there yet."""

    nights: NightFeed
    diary: DiaryFeed
    night_state: OutboxState
    diary_state: OutboxState

    @property
    def sources(self) -> list[Source]:
        """The nights first."""
        return [Source(self.nights, self.night_state), Source(self.diary, self.diary_state)]

    def is_current(self) -> bool:
        """Whether both files are still those that were opened."""
        return self.nights.is_current() and self.diary.is_current()


@contextmanager
def opened(store: Path, diary: Path, zone: ZoneInfo, state: Path, destination: str) -> Iterator[Home]:
    """Night store, diary, and how far each has been delivered; raises BadStore."""
    with (
        closing(DiaryView(diary)) as view,
        closing(NightFeed(store, zone, view)) as nights,
        closing(OutboxState(state, destination, nights.store_id)) as night_state,
        closing(DiaryFeed(view, nights)) as said,
        closing(OutboxState(state, destination, said.store_id)) as diary_state,
    ):
        yield Home(nights, said, night_state, diary_state)


def serve(
    store: Path,
    diary: Path,
    zone: ZoneInfo,
    state: Path,
    destination: str,
    sink: Sink,
    poll_s: float,
    stop: threading.Event,
) -> None:
    """Pass on night store and diary until `stop` is set; while the store cannot be read, wait for it.

    It is not there before the detector's first start, and another file after it was mended or put back. The file at
    `state` is touched before each step: who watches over the process sees by its age whether it goes on.
    """
    told, outbox = "", None
    while not stop.is_set():
        try:
            with opened(store, diary, zone, state, destination) as home:
                outbox = Outbox(home.sources, sink, poll_s, down_ns=outbox.down_ns if outbox else None)
                while home.is_current() and not stop.is_set():
                    with suppress(OSError):
                        state.touch()
                    stop.wait(outbox.step())
        except (BadStore, sqlite3.Error) as error:
            if str(error) != told:
                told = str(error)
                _log.warning("nothing can be passed on: %s; trying again", error)
            stop.wait(poll_s)


def backfill(feed: Feed, state: OutboxState, sink: Sink) -> Iterator[tuple[int, int, int]]:
    """Pass on everything from the beginning; yields how many points were sent, refused, and changes are left to do.

    It may run beside the outbox, as it leaves alone how far that has got. Raises Unavailable.
    """
    seq, end = 0, feed.latest()
    while seq < end:
        portion = feed.after(seq)
        rejected = deliver(portion.points, sink)
        state.put_aside(portion.points, rejected)
        seq = portion.seq
        yield len(portion.points) - len(rejected), len(rejected), feed.waiting(seq)


def retry(states: Sequence[OutboxState], sink: Sink) -> tuple[int, int]:
    """Send the points that were refused once more; returns how many were taken and refused. Raises Unavailable.

    It may run beside the outbox, of which these are all states. What that sends meanwhile is newer than what is sent
    here and must not be replaced by it, so it is put in doubt, and the outbox sends it once more.
    """
    taken = refused = 0
    last = ""
    while True:
        before = [(state, state.seq) for state in states]
        points = [known.point for known in states[0].quarantined(RETRIED_AT_ONCE, after=last)]
        if not points:
            return taken, refused
        try:
            rejected = deliver(points, sink)
        finally:
            for state, seq in before:
                state.note_doubt(seq)
        states[0].put_aside(points, rejected)
        taken, refused, last = taken + len(points) - len(rejected), refused + len(rejected), points[-1].identity
