"""A file on a disk that may refuse it: opened as soon as it can be, used where it can be, and never waited for."""

import logging
import sqlite3
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from detector.bedside.recurring import Recurring
from detector.diary.schema import BadDiary, DiaryUnavailable

TRY_AGAIN_S = 10.0
"""After the disk has refused something: each attempt may wait for seconds, and a sound may be due."""

_log = logging.getLogger(__name__)


class Closable(Protocol):
    """What is open, and can be closed."""

    def close(self) -> None:
        """Close it."""


File = TypeVar("File", bound=Closable)
Answer = TypeVar("Answer")


class Shelf(Generic[File]):
    """Where one file is kept. `trouble` says why it was not opened, or took nothing, last; None if it did.

    Raises nothing because of the disk; BadDiary where somebody else's file is there from the beginning.
    """

    def __init__(self, name: str, opening: Callable[[], File], now_ns: Callable[[], int]) -> None:
        self._name = name
        self._opening = opening
        self._now_ns = now_ns
        self._file: File | None = None
        self._retry = Recurring(TRY_AGAIN_S)
        self._owes_a_write = False  # one was refused, and none was taken since
        self.trouble: str | None = None
        try:
            self._file = opening()
        except (DiaryUnavailable, sqlite3.Error, OSError) as error:
            self._refused(error)

    def open_again(self) -> None:
        """Open what is not open, if that is due."""
        if self._file is not None or not self._retry.due(self._now_ns()):
            return
        try:
            self._file = self._opening()
        except (BadDiary, sqlite3.Error, OSError) as error:
            self._refused(error)
            return
        if self._owes_a_write:  # that it can be opened says nothing yet: a read-only one can
            self._retry.bring_forward()
        else:
            self._taken()

    def read(self, question: Callable[[File], Answer], otherwise: Answer) -> Answer:
        """What the file answers; `otherwise` where it cannot be read."""
        if self._file is None:
            return otherwise
        try:
            return question(self._file)
        except (BadDiary, sqlite3.Error, OSError) as error:
            self._refused(error)
            return otherwise

    def write(self, work: Callable[[File], object]) -> bool:
        """Whether the file has taken it."""
        if self._file is None:
            return False
        try:
            work(self._file)
        except (sqlite3.Error, OSError) as error:
            self._owes_a_write = True
            self._refused(error)
            return False
        self._taken()
        return True

    @property
    def is_due(self) -> bool:
        """Whether something may be written; once every so often while the disk refuses."""
        return self._file is not None and (self.trouble is None or self._retry.due(self._now_ns()))

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _taken(self) -> None:
        self._owes_a_write = False
        if self.trouble is not None:
            self.trouble = None
            _log.warning("The %s takes everything again.", self._name)

    def _refused(self, error: Exception) -> None:
        if self.trouble is None:
            _log.error(
                "The %s takes nothing (%s): alerts sound all the same. Make room on its disk, or mend it.",
                *(self._name, error),
            )
        self.trouble = f"{self._name}: {error}"
        self._retry.put_off(self._now_ns())
        if _is_read_only(error):  # opened like that, it stays so when the disk takes something again
            self.close()


def _is_read_only(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY
