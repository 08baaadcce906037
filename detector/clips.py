"""Clips: the samples around each alert, and around what a person has given a verdict on, kept when the night goes."""

import sqlite3
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from collector.contract.errors import BadRecording, ContractError
from collector.contract.journal import SUFFIX, Journal
from collector.contract.journal_clip import write_clip
from collector.contract.messages import NS
from collector.contract.nights import night_of
from collector.contract.salvage import UNREADABLE
from detector.diary.diary import Diary
from detector.events import Event
from detector.store import NightStore

FOLDER = "clips"
"""Within the data directory, so that nothing that looks for journals there finds them."""
BEFORE_S = 60
"""Half a minute of rest before the level is settled (detector/rest.py), and half a minute to see how it began: as far
as `crampwatch explain` shows."""
AFTER_S = 60
"""The muscle coming to rest, and the leg that is stretched or walked on: as far as `crampwatch explain` shows."""

Outcome = Literal["there", "made", "waiting", "gone", "failed"]
"""waiting: it goes on, or what follows it is not in the journal yet; gone: its samples are not in this folder."""


class Clip(NamedTuple):
    """What became of an event's clip; `why` is for one that failed."""

    event: Event
    path: Path
    outcome: Outcome
    why: str = ""


class Clips:
    """The clips of one data directory, whose journals are only read."""

    def __init__(self, directory: Path, store: Path, diary: Path, zone: ZoneInfo) -> None:
        self._directory = directory
        self._store = store
        self._diary = diary
        self._zone = zone

    def keep_all(self) -> list[Clip]:
        """Make each clip that is wanted and not there; doing so twice changes nothing.

        Without a night store nobody knows of an event, and none is made. Raises BadStore, BadDiary.
        """
        return [self.keep(event) for event in self._wanted()]

    def keep(self, event: Event) -> Clip:
        """Make this event's clip, if it is not there; one that cannot be made is told, and harms no other."""
        path = self.path(event)
        try:
            return Clip(event, path, self._keep(event, path))
        except (*UNREADABLE, ContractError, OSError) as error:
            return Clip(event, path, "failed", str(error))

    def path(self, event: Event) -> Path:
        """Where an event's clip is, or would be."""
        night = night_of(event.onset_ns, self._zone)
        return self._directory / FOLDER / f"{night}_{event.wearer}_{event.site}_{event.id}{SUFFIX}"

    def _wanted(self) -> list[Event]:
        """The alerts, and whatever has a verdict; a candidate that nobody spoke of is not kept."""
        if not self._store.is_file():
            return []
        spoken_of: frozenset[str] = frozenset()
        if self._diary.is_file():
            with Diary(self._diary, read_only=True) as diary:
                spoken_of = frozenset(diary.verdicts())
        with NightStore(self._store, read_only=True) as store:
            return store.alerts(besides=spoken_of)

    def _keep(self, event: Event, path: Path) -> Outcome:
        if _is_whole(path):
            return "there"
        journal = self._directory / f"{event.session}{SUFFIX}"
        if not journal.is_file():
            return "gone"
        if event.end_ns is None:
            return "waiting"
        span_ns = event.onset_ns - BEFORE_S * NS, event.end_ns + AFTER_S * NS
        with Journal.open(journal, read_only=True) as opened:
            if not _holds_all_until(opened, span_ns[1]):
                return "waiting"
            return "made" if write_clip(opened, path, span_ns) else "gone"


def _is_whole(clip: Path) -> bool:
    try:
        with Journal.open(clip, read_only=True) as opened:
            return opened.ended
    except (BadRecording, sqlite3.DatabaseError):
        return False


def _holds_all_until(journal: Journal, t_ns: int) -> bool:
    """Whether no block before this time will follow; no clock is asked, for a journal that goes on is never deleted."""
    return journal.ended or all(last.end_ns >= t_ns for last in journal.last_blocks().values())
