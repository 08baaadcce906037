"""What the bedside keeps on disk: the diary, and what phones are to be told. The disk may refuse; the alarm goes on."""

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from collector.contract.topics import Place
from detector.alarm.messages import AlarmState
from detector.bedside.push_queue import PushNote
from detector.bedside.recurring import Recurring
from detector.diary.diary import Diary, Entry
from detector.diary.entries import Said
from detector.diary.schema import BadDiary

TRY_AGAIN_S = 10.0
"""After the disk has refused something: each attempt may wait for seconds, and a sound may be due."""

_log = logging.getLogger(__name__)


class Queue(Protocol):
    """Takes what phones are to be told."""

    def append(self, note: PushNote) -> bool:
        """Queue it; on return it is safe. Raises sqlite3.Error."""


class Records:
    """What the disk refuses waits in memory and is tried again; `trouble` says why it refused last, None if it did not.

    Nothing raises because of the disk.
    """

    def __init__(self, diary: Diary, queue: Queue, now_ns: Callable[[], int]) -> None:
        self._diary = diary
        self._queue = queue
        self._now_ns = now_ns
        self._read_to = diary.obeyed
        self._unfiled: defaultdict[Place, list[Said]] = defaultdict(list)
        self._unqueued: list[PushNote] = []
        self._read_already: set[str] = set()  # what was obeyed before it could be filed
        self._retry = Recurring(TRY_AGAIN_S)
        self.trouble: str | None = None

    def add(self, place: Place, said: Said) -> bool:
        """Note what somebody said, to be read again with `news`; false where the disk refuses: it is filed later."""
        try:
            self._diary.add(place, said)
        except sqlite3.Error as error:
            self._refused(error)
            self._unfiled[place].append(said)
            self._read_already.add(getattr(said, "id", ""))
            return False
        return True

    def news(self) -> list[Entry]:
        """What was said since the last call, by whomever."""
        try:
            entries = self._diary.since(self._read_to)
        except (BadDiary, sqlite3.Error) as error:
            self._refused(error)
            return []
        if entries:
            self._read_to = entries[-1].row
        return [entry for entry in entries if getattr(entry.said, "id", None) not in self._read_already]

    def file(
        self,
        place: Place,
        memory: Callable[[], msgspec.Struct],
        state: AlarmState,
        said: Sequence[Said] = (),
        *,
        obeyed: int | None = None,
        even_so: bool = False,
    ) -> None:
        """Keep what happened, with what the alarm has to know after a restart and what it shows.

        Without anything that happened, nothing is written, unless something was obeyed, or `even_so`.
        """
        unfiled = self._unfiled[place]
        unfiled.extend(said)
        if not (even_so or obeyed is not None or (unfiled and self._may_write())):
            return
        try:
            self._diary.remember(place, memory(), state, unfiled, obeyed)
        except sqlite3.Error as error:
            self._refused(error)
            return
        unfiled.clear()
        if self.trouble is not None:
            self.trouble = None
            _log.warning("The diary takes everything again.")

    def queue(self, notes: Sequence[PushNote]) -> None:
        """Hand over what phones are to be told."""
        self._unqueued.extend(notes)
        if not self._unqueued or not self._may_write():
            return
        try:
            while self._unqueued:
                self._queue.append(self._unqueued[0])
                del self._unqueued[0]
        except sqlite3.Error as error:
            self._refused(error)

    def _refused(self, error: Exception) -> None:
        if self.trouble is None:
            _log.error("The disk takes nothing (%s): alerts sound all the same. Make room for the diary.", error)
        self.trouble = str(error)
        self._retry.put_off(self._now_ns())

    def _may_write(self) -> bool:
        return self.trouble is None or self._retry.due(self._now_ns())
