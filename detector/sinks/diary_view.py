"""The diary as the outbox reads it: beside those who append to it, a portion at a time, and as if empty while it is not
there or cannot be read. Nights are passed on without it."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from collector.contract.topics import Place
from detector.alarm.messages import FeltCramp, Transition, Verdict, Why
from detector.diary.diary import Diary, Entry
from detector.diary.entries import Latency
from detector.diary.schema import BadDiary

Answer = TypeVar("Answer")

ANSWERS: tuple[Why, ...] = ("ack", "snooze", "mute", "disarm")
"""What a person asks of the alarm who has heard it."""

_log = logging.getLogger(__name__)


class Heard(NamedTuple):
    """What became of an event: the newest verdict, how it became a sound, and who answered that."""

    verdict: Verdict | None = None
    latency: Latency | None = None
    answered_by: str | None = None


UNHEARD = Heard()


class Page(NamedTuple):
    """Entries, the row of the last one, and how many rows that were; of these some may not have been legible."""

    entries: list[Entry]
    row: int
    rows: int


class _Pages(Diary):
    """The diary, read a page at a time."""

    def page(self, row: int, limit: int) -> Page:
        """The entries behind this row, at most so many."""
        with self._reading():
            last, rows = self._db.execute(
                "SELECT max(row), count(*) FROM (SELECT row FROM entry WHERE row > ? ORDER BY row LIMIT ?)",
                (row, limit),
            ).fetchone()
        entries = self._entries("row > ? AND row <= ? ORDER BY row", (row, last)) if rows else []
        return Page(entries, last or row, rows)

    def number(self, what: str, row: int = 0, tail: str = "") -> int:
        """A number about the rows behind this one; 0 when there is none."""
        with self._reading():
            found = self._db.execute(f"SELECT {what} FROM entry WHERE row > ? {tail}", (row,)).fetchone()
        return int(found[0] or 0) if found else 0


class DiaryView:
    """The diary at `path`, opened when first there is one. Close it. One thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pages: _Pages | None = None
        self._inode = 0
        self._told = False
        self._verdicts: dict[str, Verdict] = {}
        self._verdicts_row = 0

    @property
    def diary_id(self) -> str:
        """Which diary this is: it is known by its first entry, and has no name before that."""
        first_ns = self._ask(lambda pages: pages.number("t_ns", tail="ORDER BY row LIMIT 1"), 0)
        return f"diary {first_ns}" if first_ns else ""

    def is_current(self) -> bool:
        """Whether the file is still the one that was opened, if one was."""
        return self._pages is None or (self._path.exists() and self._path.stat().st_ino == self._inode)

    def page(self, row: int, limit: int) -> Page:
        """The entries behind this row, at most so many."""
        return self._ask(lambda pages: pages.page(row, limit), Page([], row, 0))

    def waiting(self, row: int) -> int:
        """How many entries are behind this row."""
        return self._ask(lambda pages: pages.number("count(*)", row), 0)

    def latest(self) -> int:
        """The last row."""
        return self._ask(lambda pages: pages.number("max(row)"), 0)

    def heard(self, place: Place, event_id: str, onset_ns: int) -> Heard:
        """What became of an event."""
        span_ns = onset_ns, onset_ns + 1
        latencies: list[Latency] = self._ask(lambda pages: pages.latencies(place, span_ns), [])
        latency = next((it for it in latencies if it.event_id == event_id), None)
        answered_ns = latency and latency.acknowledged_ns
        by = self._answerer(place, answered_ns) if answered_ns else None
        return Heard(self.verdicts().get(event_id), latency, by)

    def verdicts(self) -> dict[str, Verdict]:
        """The newest verdict for each event.

        Read once for all events, and anew when the diary has grown: no index leads from an event to its verdict.
        """
        latest = self.latest()
        if latest != self._verdicts_row:
            self._verdicts, self._verdicts_row = self._ask(lambda pages: pages.verdicts(), {}), latest
        return self._verdicts

    def felt(self, place: Place, span_ns: tuple[int, int]) -> list[FeltCramp]:
        """What was felt within a span, in order of time."""
        return self._ask(lambda pages: pages.between(place, FeltCramp, span_ns), [])

    def close(self) -> None:
        """Close the file."""
        if self._pages is not None:
            self._pages.close()

    def _answerer(self, place: Place, t_ns: int) -> str | None:
        """Whose wish was obeyed at this moment: the alarm files the answer and the change with the same time."""
        changes: list[Transition] = self._ask(lambda pages: pages.transitions(place, (t_ns, t_ns + 1)), [])
        return next((change.by for change in reversed(changes) if change.why in ANSWERS), None)

    def _ask(self, question: Callable[[_Pages], Answer], nothing: Answer) -> Answer:
        """The diary's answer, or `nothing`; what is said in a diary that cannot be read is sent once it can be."""
        if self._pages is None and not self._path.is_file():
            return nothing
        try:
            if self._pages is None:
                self._pages, self._inode = _Pages(self._path, read_only=True), self._path.stat().st_ino
            return question(self._pages)
        except (BadDiary, FileNotFoundError) as error:
            if not self._told:
                self._told = True
                _log.warning("of the diary nothing can be passed on: %s", error)
            return nothing
