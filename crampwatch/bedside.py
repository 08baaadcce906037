"""The bedside put together from the settings; apart from the rest, so that its process loads nothing of the others."""

import logging
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from collector.contract.broker import BrokerSettings
from collector.contract.file_lock import FileLock
from collector.contract.topics import place
from crampwatch.config import Config
from crampwatch.errors import UserError
from detector.bedside.hook import Sounder
from detector.bedside.mqtt import BedsideLink
from detector.bedside.push_queue import PushQueue
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.diary.repair import repair_diary
from detector.diary.schema import BadDiary, DiaryUnavailable

log = logging.getLogger(__name__)

TRY_AGAIN = 1
"""The exit code when the disk lets no diary be opened. Not 2: starting again may help."""
LOOK_EVERY_S = 5.0
"""How often the outbox is asked whether the database takes what it is given."""


def serve(config: Config, stop: threading.Event) -> int:
    """Be the alarm until `stop` is set; the exit code. Raises UserError, Occupied when there is another one."""
    broker = config.named_broker.as_role("alarm")
    told = f"another alarm runs for {config.directory}"
    lock = FileLock(config.directory / "alarm.lock", told, "stop that one, or name another data_directory")
    try:
        repair_diary(config.diary)
        with Diary(config.diary) as diary, closing(PushQueue(config.push_queue)) as queue:
            _run(config, broker, diary, queue, stop)
    except (DiaryUnavailable, sqlite3.Error) as error:
        log.error("%s. Ending, to be started again.", error)
        return TRY_AGAIN
    except BadDiary as error:
        raise UserError(str(error)) from error
    finally:
        lock.release()
    return 0


def _run(config: Config, broker: BrokerSettings, diary: Diary, queue: PushQueue, stop: threading.Event) -> None:
    link = BedsideLink(broker)
    ways = Ways(diary, Sounder(config.alarm), queue, link.publish)
    places = [place(sensor.wearer, sensor.site) for sensor in config.sensors]
    link.run(Bedside(config.alarm, config.zone, places, ways, database_trouble=DatabaseTrouble(config.outbox)), stop)


class DatabaseTrouble:
    """Asks the outbox's file what keeps the nights from reaching their database; it looks every few seconds."""

    def __init__(self, outbox: Path) -> None:
        self._outbox = outbox
        self._known: str | None = None
        self._due_s = 0.0

    def __call__(self) -> str | None:
        """What was found last; None where nothing is wrong."""
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + LOOK_EVERY_S
            self._known = _noted(self._outbox)
        return self._known


def _noted(outbox: Path) -> str | None:
    if not outbox.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{outbox.absolute().as_uri()}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT reason FROM trouble ORDER BY since_ns LIMIT 1").fetchone()
    except sqlite3.Error:  # the outbox looks after its own file
        return None
    return str(row[0]) if row else None
