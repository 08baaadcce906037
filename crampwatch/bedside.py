"""The bedside put together from the settings; apart from the rest, so that its process loads nothing of the others."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from collector.contract.file_lock import FileLock
from collector.contract.topics import place
from crampwatch.config import Config
from crampwatch.errors import UserError
from detector.alarm.messages import FaultKind
from detector.bedside.hook import Sounder
from detector.bedside.mqtt import BedsideLink
from detector.bedside.push_queue import PushQueue, unreached
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.diary.repair import repair_diary
from detector.diary.schema import BadDiary

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
"""How often the other processes' files are asked whether database and phones are reached."""


def serve(config: Config, stop: threading.Event) -> None:
    """Be the alarm until `stop` is set. It sounds though diary and queue cannot be opened, and opens them when it can.

    Raises UserError, Occupied when there is another one.
    """
    broker = config.named_broker.as_role("alarm")
    with _alone(config.directory):
        link = BedsideLink(broker)
        ways = Ways(
            lambda: _mended_diary(config.diary),
            Sounder(config.alarm),
            lambda: PushQueue(config.push_queue),
            link.publish,
        )
        places = [place(sensor.wearer, sensor.site) for sensor in config.sensors]
        try:
            link.run(Bedside(config.alarm, config.zone, places, ways, noted=noted_troubles(config)), stop)
        except BadDiary as error:
            raise UserError(str(error)) from error


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep a second alarm out, where the disk lets a lock be made: two that sound are better than none."""
    told = f"another alarm runs for {directory}"
    try:
        lock = FileLock(directory / "alarm.lock", told, "stop that one, or name another data_directory")
    except OSError as error:
        log.warning("Nothing keeps a second alarm from sounding beside this one: its lock cannot be made (%s)", error)
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _mended_diary(path: Path) -> Diary:
    repair_diary(path)
    return Diary(path)


def noted_troubles(config: Config) -> dict[FaultKind, Callable[[], str | None]]:
    """What the processes beside the alarm note of their own trouble, by the fault as which it is told."""
    names = [target.name for target in config.alerts.targets]
    troubles: dict[FaultKind, Callable[[], str | None]] = {"database": Noted(config.outbox, _undelivered)}
    if names:
        troubles["phones"] = Noted(config.push_queue, lambda db: unreached(db, names, time.time_ns()))
    return troubles


class Noted:
    """What another process has noted in its file, the answer to a `question`; it looks every few seconds."""

    def __init__(self, path: Path, question: Callable[[sqlite3.Connection], str | None]) -> None:
        self._path = path
        self._question = question
        self._known: str | None = None
        self._due_s = 0.0

    def __call__(self) -> str | None:
        """What was found last; None where nothing is wrong."""
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + LOOK_EVERY_S
            self._known = self._looked()
        return self._known

    def _looked(self) -> str | None:
        try:
            if not self._path.is_file():
                return None
            with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as db:
                return self._question(db)
        except (sqlite3.Error, OSError):  # whoever writes the file looks after it
            return None


def _undelivered(outbox: sqlite3.Connection) -> str | None:
    row = outbox.execute("SELECT reason FROM trouble ORDER BY since_ns LIMIT 1").fetchone()
    return str(row[0]) if row else None
