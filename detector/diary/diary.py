"""The diary: everything people say and everything the alarm does, in one SQLite file that survives a power cut.

Any process may append, each for milliseconds, and any may read. Nothing is ever changed or deleted: who changes his
mind says something new, and the newest counts.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.nights import bounds_ns
from collector.contract.salvage import UNREADABLE, legible
from collector.contract.topics import Place
from collector.contract.transaction import transaction
from detector.alarm.messages import AlarmState, EveningNote, FeltCramp, Transition, Verdict
from detector.alarm.preflight_message import Preflight
from detector.diary.entries import KINDS, NAMES, LastState, Latency, Said, about_ns
from detector.diary.schema import DiaryUnavailable, connect

Kind = TypeVar("Kind", bound=Said)
Stored = TypeVar("Stored", bound=msgspec.Struct)
_ALWAYS = (0, 2**63 - 1)


class Entry(NamedTuple):
    """Something that was said of a place; rows count upwards in the order in which it was."""

    row: int
    place: Place
    said: Said


class Diary:
    """An open diary. Close it, or use it as a context manager. One thread at a time.

    Raises BadDiary when the file is not one. What is written raises sqlite3.OperationalError when the disk takes
    nothing, or another process wrote for longer than BUSY_TIMEOUT_S; nothing has changed then.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._db = connect(path, read_only=read_only)

    def add(self, place: Place, said: Said) -> int:
        """Append an entry and return its row: when this returns it survives a power cut.

        What bears the `id` of an entry that is there already is the same, come twice, and gets that one's row. Raises
        msgspec.ValidationError for what breaks the bounds of its kind.
        """
        with transaction(self._db):
            return self._append(place, said)

    def remember(
        self,
        place: Place,
        memory: msgspec.Struct,
        state: AlarmState,
        said: Iterable[Said] = (),
        obeyed: int | None = None,
    ) -> None:
        """Append what the alarm did, with what it has to know after a restart and what it shows, whole or not at all.

        `obeyed` is the row up to which it has acted on what people said.
        """
        stored = msgspec.json.encode(memory), msgspec.json.encode(state)
        with transaction(self._db):
            for entry in said:
                self._append(place, entry)
            self._db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?, ?, ?)", (*place, *stored))
            if obeyed is not None:
                self._db.execute("INSERT OR REPLACE INTO progress VALUES (1, ?)", (obeyed,))

    def memory(self, place: Place, kind: type[Stored]) -> Stored | None:
        """What was remembered for a place last; None where nothing was, or it is damaged."""
        return self._remembered(place, "memory", kind)

    def state(self, place: Place) -> LastState | None:
        """What the alarm of a place showed last: once a minute, and whenever it changed."""
        return self._remembered(place, "state", LastState)

    def places(self) -> list[Place]:
        """The places whose alarm is remembered."""
        with self._reading():
            return [Place(*row) for row in self._db.execute("SELECT wearer, site FROM memory ORDER BY wearer, site")]

    @property
    def obeyed(self) -> int:
        """The row up to which the alarm has acted on what people said; 0 when it never has."""
        with self._reading():
            row = self._db.execute("SELECT obeyed FROM progress").fetchone()
        return int(row[0]) if row else 0

    def since(self, row: int) -> list[Entry]:
        """The entries behind this row, in their order."""
        return self._entries("row > ? ORDER BY row", (row,))

    def between(self, place: Place, kind: type[Kind], span_ns: tuple[int, int] = _ALWAYS) -> list[Kind]:
        """The entries of one kind that are about this span (end exclusive), in order of the time they are about."""
        where = "(kind, wearer, site) = (?, ?, ?) AND t_ns >= ? AND t_ns < ? ORDER BY t_ns, row"
        return [
            entry.said
            for entry in self._entries(where, (NAMES[kind], *place, *span_ns))
            if isinstance(entry.said, kind)
        ]

    def verdicts(self, place: Place | None = None) -> dict[str, Verdict]:
        """The newest verdict for each event, of one place or of all."""
        entries = self._entries("kind = 'verdict' ORDER BY row", ())
        return {
            entry.said.event_id: entry.said
            for entry in entries
            if isinstance(entry.said, Verdict) and place in (None, entry.place)
        }

    def cramps(self, place: Place, night: date, zone: ZoneInfo) -> list[FeltCramp]:
        """What was felt in a night, in order of time."""
        return self.between(place, FeltCramp, bounds_ns(night, zone))

    def evening(self, place: Place, night: date) -> list[EveningNote]:
        """What was noted for a night."""
        return [note for note in self.between(place, EveningNote) if note.night == night]

    def preflights(self, place: Place, night: date) -> list[Preflight]:
        """What was found before a night, the last look last."""
        return [look for look in self.between(place, Preflight) if look.night == night]

    def transitions(self, place: Place, span_ns: tuple[int, int] = _ALWAYS) -> list[Transition]:
        """What the alarm did within a span."""
        return self.between(place, Transition, span_ns)

    def latencies(self, place: Place, span_ns: tuple[int, int] = _ALWAYS) -> list[Latency]:
        """How the events with an onset in this span became a sound, the newest row of each, in order of onset."""
        newest = {latency.event_id: latency for latency in self.between(place, Latency, span_ns)}
        return sorted(newest.values(), key=lambda latency: latency.onset_ns)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> "Diary":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _remembered(self, place: Place, column: str, kind: type[Stored]) -> Stored | None:
        with self._reading():
            row = self._db.execute(f"SELECT {column} FROM memory WHERE (wearer, site) = (?, ?)", place).fetchone()
        return legible(row[0], kind, self._path.name) if row else None

    def _append(self, place: Place, said: Said) -> int:
        identity = getattr(said, "id", None)
        if identity is not None:
            known = self._db.execute("SELECT row FROM entry WHERE id = ?", (identity,)).fetchone()
            if known:
                return int(known[0])
        encoded = msgspec.json.encode(said)
        msgspec.json.decode(encoded, type=type(said))  # what could not be read again is not taken
        added = self._db.execute(
            "INSERT INTO entry (kind, wearer, site, t_ns, id, json) VALUES (?, ?, ?, ?, ?, ?)",
            (NAMES[type(said)], *place, about_ns(said), identity, encoded),
        )
        return int(added.lastrowid or 0)

    def _entries(self, where: str, values: tuple[object, ...]) -> list[Entry]:
        """A damaged entry is left out and logged; a kind of a later version is left out."""
        with self._reading():
            rows = self._db.execute(f"SELECT row, wearer, site, kind, json FROM entry WHERE {where}", values).fetchall()
        found = (
            (row, Place(wearer, site), legible(json, KINDS[kind], self._path.name))
            for row, wearer, site, kind, json in rows
            if kind in KINDS
        )
        return [Entry(row, place, said) for row, place, said in found if said is not None]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except UNREADABLE as error:
            raise DiaryUnavailable(f"{self._path}: is damaged ({error}); keep it, and put back a backup") from error
