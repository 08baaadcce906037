"""The push process: tells each target what waits for it, each in a thread of its own.

Told first, noted afterwards: a note is told at least once. When the process is killed in between, or an answer is lost
on its way, the same message is sent once more.
"""

import logging
import math
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from collector.contract.file_lock import FileLock
from collector.contract.messages import NS
from collector.contract.nights import bounds_ns, night_of
from detector.bedside.push_apprise import AppriseRecipient, BadAddress, NotTaken
from detector.bedside.push_plan import Budget, Message, Plan, plan
from detector.bedside.push_queue import LIFE_EVERY_S, Outcome, PushQueue
from detector.bedside.push_settings import PushSettings, PushTarget
from detector.bedside.recurring import Recurring
from detector.catalogue.catalogue import Catalogue
from detector.sinks.delivery import Pauses

NEW_TARGET_NS = 120 * NS
"""How far back a target is told that was not there before: the alert that is going on, not the week."""
KEPT_NS = 30 * 24 * 3600 * NS
"""How long `crampwatch push show` can look back."""

_log = logging.getLogger(__name__)


class Recipient(Protocol):
    """Somebody a message can be handed to."""

    def send(self, title: str, text: str, *, quiet: bool) -> None:
        """Hand it over; raises NotTaken."""


class Courier:
    """Tells one target what waits for it; the caller waits between the steps."""

    def __init__(
        self,
        queue: PushQueue,
        target: PushTarget,
        recipient: Recipient,
        limit: int,
        zone: ZoneInfo,
        catalogue: Catalogue,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic_s: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._target = target
        self._recipient = recipient
        self._limit = limit
        self._zone = zone
        self._catalogue = catalogue
        self._now_ns = now_ns
        self._monotonic_s = monotonic_s
        self._pauses = Pauses(random)
        self._life = Recurring(LIFE_EVERY_S)
        self._due_s = -math.inf
        self._seen: tuple[int, int] | None = None
        self._unnoted: dict[int, Outcome] = {}
        queue.enrol(target.name, now_ns() - NEW_TARGET_NS)
        troubles = {trouble.target: trouble for trouble in queue.troubles()}  # told before a restart: not told again
        self._down_ns = troubles[target.name].since_ns if target.name in troubles else None

    def step(self) -> None:
        """Tell what waits, if there is something new or a failed attempt is due again.

        A new note does not wait for the pause after a failure: it may be the one that matters.
        """
        newest = self._queue.newest()
        if self._seen and newest[0] != self._seen[0]:
            self._follow()
        if newest != self._seen or self._monotonic_s() >= self._due_s:
            self._seen, self._due_s = newest, -math.inf  # should the queue fail, the next step tries again
            self._note({})
            self._due_s = self._monotonic_s() + self._tell(self._plan())
        if self._life.due(self._now_ns()):  # after what a full disk does not keep from being told
            self._queue.note_life(self._target.name, self._now_ns())

    def _follow(self) -> None:
        """Another file has taken the queue's place: its rows are others, and all of them are news to this target."""
        self._unnoted.clear()
        self._queue.enrol(self._target.name, 0)

    def _plan(self) -> Plan:
        now_ns = self._now_ns()
        night_ns, _ = bounds_ns(night_of(now_ns, self._zone), self._zone)
        budget = Budget(self._limit, self._queue.settled(night_ns, self._target.name))
        return plan(self._queue.waiting(self._target), self._limit, budget, now_ns, self._catalogue)

    def _tell(self, ready: Plan) -> float:
        """Send until one message is not taken; in how many seconds the next attempt is due."""
        self._note(dict(ready.unsent))
        for message in ready.messages:
            try:
                self._recipient.send(message.title, message.text, quiet=message.quiet)
            except NotTaken as trouble:
                return self._failed(str(trouble))
            self._taken(message)
        if self._down_ns is not None:  # nothing waits any more: its address was mended before there was anything
            self._reached()
        return math.inf

    def _taken(self, message: Message) -> None:
        self._note(dict.fromkeys(message.rows, message.outcome))
        self._pauses.reset()
        if self._down_ns is not None:
            minutes = (self._now_ns() - self._down_ns) / (60 * NS)
            _log.warning("%s is reached again after %.1f min", self._target.name, minutes)
            self._reached()

    def _reached(self) -> None:
        """Nothing is known any more that keeps it from being reached."""
        self._queue.clear_trouble(self._target.name)
        self._down_ns = None

    def _failed(self, reason: str) -> float:
        """One line in the log when it begins, whatever else goes wrong until it is over."""
        if self._down_ns is None:
            self._down_ns = self._now_ns()
            _log.warning("%s is not reached: %s; trying again for ever", self._target.name, reason)
        with suppress(sqlite3.Error):  # on a full disk the pause holds all the same
            self._queue.note_trouble(self._target.name, self._down_ns, reason)
        return self._pauses.next_s(None)

    def _note(self, outcomes: dict[int, Outcome]) -> None:
        """What a full disk kept from being noted is noted before anything is sent: it would be sent again for ever."""
        self._unnoted |= outcomes
        if self._unnoted:
            self._queue.settle(self._target.name, self._unnoted.items(), self._now_ns())
            self._unnoted.clear()


def serve(path: Path, settings: PushSettings, zone: ZoneInfo, catalogue: Catalogue, stop: threading.Event) -> None:
    """Tell all targets what waits in the queue at `path` until `stop` is set, an attempt then going on included.

    Raises BadAddress when there is no target with an address that can be used, Occupied when somebody else does this.
    """
    told = f"the messages of {path} are already sent by another push process"  # each would send every one of them
    lock = FileLock(path.with_name(f"{path.name}.lock"), told, "stop that one, or name another data_directory")
    try:
        _serve(path, settings, zone, catalogue, stop)
    finally:
        lock.release()


def _serve(path: Path, settings: PushSettings, zone: ZoneInfo, catalogue: Catalogue, stop: threading.Event) -> None:
    with closing(PushQueue(path)) as queue:
        queue.forget(time.time_ns() - KEPT_NS)
        recipients = [
            (target, usable) for target in settings.targets if (usable := _recipient(target, settings, queue))
        ]
    if not recipients:
        raise BadAddress("no target has an address that can be used")
    errors: list[Exception] = []

    def deliver(target: PushTarget, recipient: Recipient) -> None:
        try:
            with closing(PushQueue(path)) as queue:
                _keep_telling(
                    Courier(queue, target, recipient, settings.nightly_limit, zone, catalogue), settings, stop
                )
        except Exception as error:  # whoever looks after the process starts all of it again
            errors.append(error)
            stop.set()

    threads = [threading.Thread(target=deliver, args=each, name=each[0].name) for each in recipients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _recipient(target: PushTarget, settings: PushSettings, queue: PushQueue) -> AppriseRecipient | None:
    """Where its messages go; one address that cannot be used is told, and keeps no other target from being told."""
    try:
        return AppriseRecipient(target.secret(), settings.timeout_s)
    except (ValueError, OSError) as error:  # ValueError: no address Apprise knows, or no text at all
        now_ns = time.time_ns()
        queue.enrol(target.name, now_ns)
        queue.note_trouble(target.name, now_ns, str(error))
        _log.error("%s cannot be told anything: %s", target.name, error)
        return None


def _keep_telling(courier: Courier, settings: PushSettings, stop: threading.Event) -> None:
    told = ""
    while not stop.wait(settings.poll_s):
        try:
            courier.step()
        except sqlite3.Error as error:  # a full disk, mostly
            if str(error) != told:
                told = str(error)
                _log.warning("the queue of messages cannot be used: %s; trying again", error)
