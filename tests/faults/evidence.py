"""What a night has left behind, and what is different from another one.

The session's name is drawn anew in each run, and so are the identities that follow from it; everything else has to be
the same to the bit. What is told of the run itself is left out: `link` and `stream` in InfluxDB are the state of the
radio as the collector saw it at some minute of the clock on the wall.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.contract.journal import SUFFIX, Journal
from collector.contract.messages import StreamKind
from collector.contract.topics import Place
from tests.support.influx import Identity

Stream = tuple[Place, StreamKind]
Row = tuple[object, ...]

_OF_THE_RUN = ("link", "stream")
_DRAWN = ("session", "event_id", "id")
_DERIVED = ("second", "envelope", "unwatched", "temperature")


@dataclass(frozen=True)
class Samples:
    """The instants of a stream: `digital` by index, shape (instants, channels), and how often each was journalled."""

    digital: NDArray[np.signedinteger]
    times: NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """Samples from the journals, events and all other derived rows from the night store, points from InfluxDB."""

    samples: Mapping[Stream, Samples]
    events: Counter[Row]
    rows: Counter[Row]
    points: Mapping[Identity, Mapping[str, object]]

    @property
    def instants(self) -> int:
        """How many instants of all streams there are."""
        return sum(int((stream.times > 0).sum()) for stream in self.samples.values())

    @property
    def first_onset_ns(self) -> int:
        """When the first cramp in InfluxDB began."""
        return min(t_ns for measurement, _, t_ns in self.points if measurement == "cramp_event")


@dataclass(frozen=True)
class Difference:
    """What a night lacks, or has too often, beside the undisturbed one.

    `rows` counts all that is derived from samples besides events: envelopes, motion, unwatched stretches, traces.
    `points` counts those of InfluxDB that are missing, surplus or have another content.
    """

    samples_lost: int
    samples_doubled: int
    events_missing: int
    events_doubled: int
    rows: int
    points: int

    @classmethod
    def total(cls, differences: Iterable["Difference"]) -> "Difference":
        """Of several nights."""
        each = [[getattr(found, field.name) for field in fields(cls)] for found in differences]
        return cls(*(sum(counts) for counts in zip(*each, strict=True)))

    @property
    def nothing(self) -> bool:
        """Whether the nights are the same."""
        return not any(getattr(self, field.name) for field in fields(self))


def gather(folder: Path, points: Mapping[Identity, Mapping[str, object]]) -> Evidence:
    """What is in the journals and the night store of this folder, and in InfluxDB."""
    with closing(sqlite3.connect(f"{(folder / 'nights.sqlite').as_uri()}?mode=ro", uri=True)) as db:
        events, rows = Counter(_events(db)), Counter(_rows(db))
    return Evidence(_samples(folder), events, rows, dict(_lasting(points)))


def difference(night: Evidence, undisturbed: Evidence) -> Difference:
    """What is different in this night."""
    lost = doubled = 0
    for stream, whole in undisturbed.samples.items():
        there = night.samples.get(stream)
        lost += _lost(there, whole)
        doubled += int((there.times > 1).sum()) if there else 0
    missing, surplus = undisturbed.events - night.events, night.events - undisturbed.events
    odd_rows = (undisturbed.rows - night.rows) + (night.rows - undisturbed.rows)
    identities = undisturbed.points.keys() | night.points.keys()
    odd_points = sum(undisturbed.points.get(key) != night.points.get(key) for key in identities)
    return Difference(lost, doubled, missing.total(), surplus.total(), odd_rows.total(), odd_points)


def in_detail(night: Evidence, undisturbed: Evidence) -> str:
    """Every event, row and point that is in one of the nights only, or has another content, a line each."""
    lines = []
    for name, one, other in (("lacks", undisturbed, night), ("has besides", night, undisturbed)):
        rows = (one.events - other.events) + (one.rows - other.rows)
        lines += [f"{name} {row}" for row in rows.elements()]
    for identity in sorted(undisturbed.points.keys() | night.points.keys()):
        here, there = night.points.get(identity), undisturbed.points.get(identity)
        if here != there:
            lines.append(f"point {identity}: {here} instead of {there}")
    return "\n".join(lines)


def _lost(there: Samples | None, whole: Samples) -> int:
    """Instants that are missing, or are not what they were."""
    if there is None:
        return int((whole.times > 0).sum())
    count = min(len(there.times), len(whole.times))
    same = (there.times[:count] > 0) & (there.digital[:count] == whole.digital[:count]).all(axis=1)
    return int((whole.times > 0).sum() - (same & (whole.times[:count] > 0)).sum())


def _samples(folder: Path) -> dict[Stream, Samples]:
    parts: dict[Stream, list[tuple[int, NDArray[np.signedinteger]]]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with Journal.open(path, read_only=True) as journal:
            who = Place(journal.header.wearer, journal.header.site)
            for block in journal.blocks():
                parts.setdefault((who, block.stream), []).append((block.first_index, block.digital()))
    return {stream: _laid_out(runs) for stream, runs in parts.items()}


def _laid_out(runs: list[tuple[int, NDArray[np.signedinteger]]]) -> Samples:
    length = max(first + len(digital) for first, digital in runs)
    laid = np.zeros((length, runs[0][1].shape[1]), dtype=np.int32)
    times = np.zeros(length, dtype=np.int64)
    for first, digital in runs:
        laid[first : first + len(digital)] = digital
        times[first : first + len(digital)] += 1
    return Samples(laid, times)


def _events(db: sqlite3.Connection) -> Iterator[Row]:
    """Each event as it is at last, with its trace."""
    for text, trace in db.execute("SELECT json, frames FROM event LEFT JOIN trace ON trace.event = event.id"):
        event = msgspec.json.decode(text)
        yield (*_undrawn(event), trace)


def _rows(db: sqlite3.Connection) -> Iterator[Row]:
    for table in _DERIVED:
        columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})") if name != "session"]
        chosen = ", ".join(f"{table}.{name}" for name in columns)
        query = f"SELECT wearer, site, {chosen} FROM {table} JOIN session ON session.id = {table}.session"
        yield from ((table, *row) for row in db.execute(query))
    yield from (("session", *row) for row in db.execute("SELECT wearer, site, start_ns, end_ns, complete FROM session"))


def _lasting(
    points: Mapping[Identity, Mapping[str, object]],
) -> Iterator[tuple[Identity, dict[str, object]]]:
    for identity, content in points.items():
        if identity[0] not in _OF_THE_RUN:
            yield identity, {name: value for name, value in content.items() if name not in _DRAWN}


def _undrawn(content: Mapping[str, Any]) -> Iterable[object]:
    return (repr((name, value)) for name, value in sorted(content.items()) if name not in _DRAWN)
