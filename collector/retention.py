"""How long journals are kept: which are there, which may go, and why the others may not."""

import sqlite3
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from collector.contract.errors import BadRecording
from collector.contract.journal import SUFFIX, Journal
from collector.contract.nights import night_of

KEEP_NIGHTS = 14
"""Two weeks to look at a night again, or to send it: docs/reference/disk-growth.md tells what that takes."""
MARK = ".keep"
"""A file of a journal's name with this added: that journal is not deleted. A person can make one, and see it."""


class Kept(NamedTuple):
    """A journal in the folder. `because` says why it must stay whatever its age; empty when nothing speaks for it."""

    path: Path
    night: date
    size: int
    because: str = ""


def kept_journals(directory: Path, zone: ZoneInfo, tonight: date) -> list[Kept]:
    """All readable journals of this folder, the oldest night first. What cannot be read is left out, and so stays."""
    found = []
    for path in directory.glob(f"*{SUFFIX}"):
        try:
            # Not read-only: that would leave an empty log and its index beside each journal.
            with Journal.open(path) as journal:
                night = night_of(journal.header.started_ns, zone)
                found.append(Kept(path, night, size(path), _because(journal, path, night >= tonight)))
        except (BadRecording, sqlite3.Error, OSError):
            continue
    return sorted(found, key=lambda kept: (kept.night, kept.path))


def outlived(journals: Sequence[Kept], tonight: date, keep_nights: int) -> list[Kept]:
    """Those that may go: all but the last `keep_nights` nights before this one of which there are journals.

    Nights are counted, not days: a computer whose clock is wrong for once must not delete them all.
    """
    past = sorted({kept.night for kept in journals if kept.night < tonight})
    old = past[: max(0, len(past) - keep_nights)]
    return [kept for kept in journals if kept.night in old and not kept.because]


def delete(kept: Kept) -> None:
    """Delete a journal with its write-ahead log; one that is gone already is no error. Raises OSError."""
    for path in _files(kept.path):
        path.unlink(missing_ok=True)


def size(path: Path) -> int:
    """The bytes a journal takes, its write-ahead log included."""
    return sum(file.stat().st_size for file in _files(path) if file.exists())


def is_marked(path: Path) -> bool:
    """Whether somebody asked to keep this journal."""
    return path.with_name(path.name + MARK).exists()


def _because(journal: Journal, path: Path, is_tonight: bool) -> str:
    if is_tonight:
        return "it is of tonight, or later"
    if is_marked(path):
        return f"it is marked to be kept ({path.name}{MARK})"
    if not journal.ended:
        return "its session was not brought to its end; the next start of its collector does that"
    if journal.published < journal.last_row:
        return "the broker has not taken all of it yet"
    return ""


def _files(path: Path) -> tuple[Path, ...]:
    # The database first: without it the others mean nothing, without them it might seem to be another.
    return tuple(path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm"))
