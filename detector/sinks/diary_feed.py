"""What people say and what the alarm does as points, in the order of the diary: a portion at a time, like the nights.

What is said of an event belongs to the event's own point, and what was felt to what was detected beside it; both are
made by the night feed, from the night store and the diary together, whichever of them changed.
"""

from collections.abc import Iterable
from datetime import date

from collector.contract.nights import night_of
from collector.contract.topics import Place
from detector.alarm.messages import EveningNote, FeltCramp, Transition, Verdict
from detector.alarm.preflight_message import Preflight
from detector.diary.diary import Entry
from detector.diary.entries import Latency
from detector.sinks.diary_points import alarm_point, evening_point, preflight_point
from detector.sinks.diary_view import DiaryView
from detector.sinks.influx_schema import Point
from detector.sinks.night_feed import PORTION_MINUTES, NightFeed, Portion


class DiaryFeed:
    """The diary of a night feed's home. It has nothing to tell while there is no diary, or it cannot be read."""

    def __init__(self, diary: DiaryView, nights: NightFeed) -> None:
        self._diary = diary
        self._nights = nights
        self.store_id = diary.diary_id

    def after(self, row: int, entries: int = PORTION_MINUTES) -> Portion:
        """What the entries behind this row tell, at most so many of them; raises BadStore."""
        page = self._diary.page(row, entries)
        points = [point for entry in page.entries if (point := self._own(entry))]
        points += self._nights.retold(_events(page.entries), self._felt_in(page.entries))
        return Portion(points, page.row, page.rows)

    def waiting(self, row: int) -> int:
        """How many entries are behind this row."""
        return self._diary.waiting(row)

    def latest(self) -> int:
        """The last row."""
        return self._diary.latest()

    def is_current(self) -> bool:
        """Whether it is still the diary that was opened; one without an entry has become another with its first."""
        return self._diary.is_current() and self._diary.diary_id == self.store_id

    def close(self) -> None:
        """Close the file."""
        self._diary.close()

    def _own(self, entry: Entry) -> Point | None:
        """The point of an entry that stands for itself."""
        match entry.said:
            case Transition():
                return alarm_point(entry.place, entry.said, self._nights.zone)
            case EveningNote():
                return evening_point(entry.place, entry.said)
            case Preflight():
                return preflight_point(entry.place, entry.said)
            case _:
                return None

    def _felt_in(self, entries: Iterable[Entry]) -> list[tuple[Place, date]]:
        """The nights in which something was felt."""
        found = [(it.place, it.said.felt_ns) for it in entries if isinstance(it.said, FeltCramp)]
        return list(dict.fromkeys((place, night_of(felt_ns, self._nights.zone)) for place, felt_ns in found))


def _events(entries: Iterable[Entry]) -> list[str]:
    """The events that something new is said of, by their ids."""
    return list(dict.fromkeys(entry.said.event_id for entry in entries if isinstance(entry.said, Verdict | Latency)))
