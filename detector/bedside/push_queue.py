"""What is to be told on phones, and what became of it at each of them. One SQLite file.

The bedside appends, the push process looks and notes what it has delivered; neither waits for the other. A note that
was appended has been synced to disk: no kill and no power cut takes it back.
"""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from collector.contract.salvage import legible, set_aside
from collector.contract.transaction import transaction
from detector.alarm.messages import AlarmKind
from detector.bedside.push_settings import Audience, PushTarget

_log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 5.0
"""Everybody writes for milliseconds."""
LIFE_EVERY_S = 30.0
"""How often the push process notes that it is at work for a target: one small write that is synced."""
SILENT_NS = 120 * 1_000_000_000
"""Who has noted nothing for so long is not at work: four turns missed, and more than a service takes to answer."""
NOBODY_SENDS = "no `crampwatch push` is at work for it"

Outcome = Literal["delivered", "summed up", "not needed", "over the limit"]
"""What became of a note at a target: told as it is, within the line after an outage, or not at all."""

_TABLES = """
CREATE TABLE IF NOT EXISTS notes (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL, stage TEXT NOT NULL, audience TEXT NOT NULL, t_ns INTEGER NOT NULL, note BLOB NOT NULL,
    UNIQUE (subject, stage)
);
CREATE TABLE IF NOT EXISTS outcomes (
    target TEXT NOT NULL, row INTEGER NOT NULL, outcome TEXT NOT NULL, t_ns INTEGER NOT NULL,
    PRIMARY KEY (target, row)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS targets (
    target TEXT PRIMARY KEY, known_ns INTEGER NOT NULL, down_ns INTEGER, reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lives (target TEXT PRIMARY KEY, t_ns INTEGER NOT NULL) WITHOUT ROWID;
"""

_WAITING = """
SELECT row, note,
    EXISTS (SELECT 1 FROM notes AS later WHERE later.subject = notes.subject AND later.row > notes.row
        AND later.audience IN (:audience, 'told')),
    EXISTS (SELECT 1 FROM notes AS other JOIN outcomes USING (row)
        WHERE other.subject = notes.subject AND target = :target AND outcome = 'delivered')
FROM notes
WHERE audience IN (:audience, 'told')
    AND t_ns >= coalesce((SELECT known_ns FROM targets WHERE target = :target), 0)
    AND NOT EXISTS (SELECT 1 FROM outcomes WHERE target = :target AND outcomes.row = notes.row)
ORDER BY row
"""


class PushNote(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be told. Two notes with the same subject and stage are the same note, and the first one counts.

    `subject` is the event's id, or what else is told of in stages; a later stage replaces an earlier one that was not
    told yet. `audience` is who is told: "told" are those who were told of the subject before, for a quiet follow-up.
    `title` and `text` are finished sentences that name the wearer by the pseudonym only. After `good_until_ns` it is no
    news any more; without that it holds until it is replaced.
    """

    v: int = 1
    subject: str
    stage: str
    audience: Audience | Literal["told"]
    kind: AlarmKind
    wearer: str
    site: str
    title: str
    text: str
    t_ns: int
    good_until_ns: int | None = None

    @property
    def quiet(self) -> bool:
        """Whether it only follows up on what was told before."""
        return self.audience == "told"


class Waiting(NamedTuple):
    """A note for which nothing has become of it yet at a target.

    `replaced`: a later note on its subject is meant for this target, too. `told`: one was delivered to it.
    """

    row: int
    note: PushNote
    replaced: bool
    told: bool


class Settled(NamedTuple):
    """What became of a note at a target, and when."""

    row: int
    target: str
    note: PushNote
    outcome: Outcome
    t_ns: int


class Trouble(NamedTuple):
    """Since when a target has not been reached, and why not at the last attempt."""

    target: str
    since_ns: int
    reason: str


class PushQueue:
    """The file, made where there is none; for one thread. A damaged one is set aside, and a new one begun."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._connect()

    def append(self, note: PushNote) -> bool:
        """Queue a note; whether it is new. It is on disk on return."""
        self._follow()
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO notes (subject, stage, audience, t_ns, note) VALUES (?, ?, ?, ?, ?)",
            (note.subject, note.stage, note.audience, note.t_ns, msgspec.json.encode(note)),
        )
        return cursor.rowcount == 1

    def enrol(self, target: str, since_ns: int) -> None:
        """Make a target known. What was appended before `since_ns`, when it did not exist, is not for it."""
        self._db.execute("INSERT OR IGNORE INTO targets (target, known_ns) VALUES (?, ?)", (target, since_ns))

    def newest(self) -> tuple[int, int]:
        """Something that is different once a note was appended, or the file is another one."""
        self._follow()
        (row,) = self._db.execute("SELECT coalesce(max(row), 0) FROM notes").fetchone()
        return self._inode, int(row)

    def waiting(self, target: PushTarget) -> list[Waiting]:
        """What is meant for this target and has not been settled, in the order it was appended."""
        rows = self._db.execute(_WAITING, {"target": target.name, "audience": target.audience})
        waiting = [
            Waiting(row, note, bool(replaced), bool(told))
            for row, encoded, replaced, told in rows
            if (note := legible(encoded, PushNote, self._path.name)) is not None
        ]
        return [it for it in waiting if it.note.kind in target.kinds]

    def settle(self, target: str, outcomes: Iterable[tuple[int, Outcome]], t_ns: int) -> None:
        """Note what became of these notes at a target."""
        with transaction(self._db):
            self._db.executemany(
                "INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?)",
                [(target, row, outcome, t_ns) for row, outcome in outcomes],
            )

    def settled(self, since_ns: int, target: str | None = None) -> list[Settled]:
        """What has become of notes since then, in that order; of one target or of all."""
        rows = self._db.execute(
            "SELECT row, target, note, outcome, outcomes.t_ns FROM outcomes JOIN notes USING (row)"
            " WHERE outcomes.t_ns >= ? AND target = coalesce(?, target) ORDER BY outcomes.t_ns, row",
            (since_ns, target),
        )
        return [
            Settled(row, name, note, outcome, t_ns)
            for row, name, encoded, outcome, t_ns in rows
            if (note := legible(encoded, PushNote, self._path.name)) is not None
        ]

    def note_trouble(self, target: str, since_ns: int, reason: str) -> None:
        """A target could not be reached; the reason is the latest, the time that of the first failure."""
        self._db.execute(
            "UPDATE targets SET down_ns = coalesce(down_ns, ?), reason = ? WHERE target = ?", (since_ns, reason, target)
        )

    def clear_trouble(self, target: str) -> None:
        """A target is reached again."""
        self._db.execute("UPDATE targets SET down_ns = NULL WHERE target = ?", (target,))

    def troubles(self) -> list[Trouble]:
        """The targets that are not reached at present."""
        return _troubles(self._db)

    def note_life(self, target: str, t_ns: int) -> None:
        """Somebody is at work to tell this target."""
        self._db.execute("INSERT OR REPLACE INTO lives VALUES (?, ?)", (target, t_ns))

    def served(self, now_ns: int) -> set[str]:
        """The targets for which somebody is at work."""
        return _served(self._db, now_ns)

    def forget(self, before_ns: int) -> None:
        """Delete notes appended before then, and what became of them: the diary has what they told."""
        with transaction(self._db):
            self._db.execute("DELETE FROM outcomes WHERE row IN (SELECT row FROM notes WHERE t_ns < ?)", (before_ns,))
            self._db.execute("DELETE FROM notes WHERE t_ns < ?", (before_ns,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _connect(self) -> None:
        try:
            self._db = _opened(self._path)
        except sqlite3.OperationalError:  # a full disk or another's lock is no damage
            raise
        except sqlite3.DatabaseError:
            aside = set_aside(self._path)
            _log.error("%s is damaged and kept as %s; what it had not told yet is lost", self._path.name, aside.name)
            self._db = _opened(self._path)
        self._inode = self._path.stat().st_ino

    def _follow(self) -> None:
        """Go on with the file that has taken the place of this one: another process may have set it aside."""
        try:
            current = self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            current = False
        if not current:
            self.close()
            self._connect()


def unreached(db: sqlite3.Connection, targets: Sequence[str], now_ns: int) -> str | None:
    """Which of these targets would learn nothing now, and why, of a queue that is only read; None: none of them."""
    reasons = {trouble.target: trouble.reason for trouble in _troubles(db)}
    idle = dict.fromkeys(set(targets) - _served(db, now_ns), NOBODY_SENDS)
    said = [f"{name}: {why[name]}" for name in targets for why in (reasons, idle) if name in why]
    return "; ".join(said) or None


def _troubles(db: sqlite3.Connection) -> list[Trouble]:
    query = "SELECT target, down_ns, reason FROM targets WHERE down_ns IS NOT NULL ORDER BY target"
    return [Trouble(*row) for row in db.execute(query)]


def _served(db: sqlite3.Connection, now_ns: int) -> set[str]:
    # A time to come is of a clock that was set back since: who is at work notes the new one at once.
    span_ns = now_ns - SILENT_NS, now_ns + SILENT_NS
    rows = db.execute("SELECT target FROM lives WHERE t_ns BETWEEN ? AND ?", span_ns)
    return {target for (target,) in rows}


def _opened(path: Path) -> sqlite3.Connection:
    """The file, made where there is none; raises sqlite3.DatabaseError where it is damaged."""
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # an alert that was appended survives a power cut
        db.executescript(_TABLES)
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except sqlite3.Error:
        db.close()
        raise
    return db
