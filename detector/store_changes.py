"""Which minutes of the night store have changed, numbered in their order, for whoever passes them on.

Triggers keep the account, so no writer can forget it: each touch of a row gives the minute it belongs to a new number.
Whoever has passed on everything up to a number finds with `since` what came after, however often and in whatever order
the detector judged it. There is one row for each minute of a session, some 500 in a night, so nothing need be
thrown away, and beginning again from zero gives everything.
"""

import sqlite3
from typing import NamedTuple

MINUTE_S = 60
MINUTE_NS = MINUTE_S * 1_000_000_000

_TABLES = """
CREATE TABLE store_id (id TEXT PRIMARY KEY);
INSERT INTO store_id VALUES (lower(hex(randomblob(8))));
CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL, minute INTEGER NOT NULL,
    UNIQUE (session, minute)
);
CREATE TABLE withdrawn (
    session INTEGER NOT NULL, kind TEXT NOT NULL,
    wearer TEXT NOT NULL, site TEXT NOT NULL, channel TEXT NOT NULL, t_ns INTEGER NOT NULL,
    PRIMARY KEY (kind, wearer, site, channel, t_ns)
) WITHOUT ROWID;
CREATE INDEX withdrawn_by_time ON withdrawn (session, t_ns);
CREATE TABLE health (
    session INTEGER NOT NULL REFERENCES session, minute INTEGER NOT NULL, json BLOB NOT NULL,
    PRIMARY KEY (session, minute)
) WITHOUT ROWID;
"""
# AUTOINCREMENT: a number must never be given twice, not even when the row that had the highest one is replaced.
# change and withdrawn refer to no session on purpose: they outlive one that is dropped to be judged anew.

_MINUTE_OF = {
    "second": "{row}.t_s / 60",
    "temperature": f"{{row}}.t_ns / {MINUTE_NS}",
    "unwatched": f"{{row}}.start_ns / {MINUTE_NS}",
    "event": f"{{row}}.onset_ns / {MINUTE_NS}",
    "health": "{row}.minute",
}
"""To which minute a row belongs. `envelope` is not here: its rows are only ever written together with `second`."""

_IF = {("unwatched", "update"): "WHEN new.end_ns IS NOT old.end_ns"}
"""When a touch counts. Each commit sets the end of every stretch of the night; nearly always to what it was."""

_KIND = "CASE WHEN {row}.alerted_ns IS NOT NULL THEN 'alert' WHEN {row}.stage = 'rejected' THEN 'candidate' END"
"""As what an event was told; NULL for a mere suspicion, which is not told."""
_PLACE = "(SELECT wearer FROM session WHERE id = {row}.session), (SELECT site FROM session WHERE id = {row}.session)"


class Change(NamedTuple):
    """A minute of a session in which something changed, and the number of the latest change; `minute` since 1970."""

    seq: int
    session: int
    minute: int


def script() -> str:
    """What makes the tables and triggers of the account, and takes what is in the store already as just changed."""
    return _TABLES + _touching() + _withdrawing() + _everything_changed()


def store_id(db: sqlite3.Connection) -> str:
    """Which store this is, however its file is called."""
    return str(db.execute("SELECT id FROM store_id").fetchone()[0])


def rename(db: sqlite3.Connection) -> None:
    """Make a copy another store: what is filed in it from now on has other numbers than what is filed in the first."""
    db.execute("UPDATE store_id SET id = lower(hex(randomblob(8)))")


def since(db: sqlite3.Connection, seq: int, limit: int) -> list[Change]:
    """The minutes that changed after the change with this number, in order, at most `limit` of them."""
    rows = db.execute("SELECT seq, session, minute FROM change WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    return [Change(*row) for row in rows]


def waiting(db: sqlite3.Connection, seq: int) -> int:
    """How many minutes changed after the change with this number."""
    return int(db.execute("SELECT count(*) FROM change WHERE seq > ?", (seq,)).fetchone()[0])


def latest(db: sqlite3.Connection) -> int:
    """The number of the latest change; 0 when there was none."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM change").fetchone()[0])


def _touching() -> str:
    triggers = [
        _touch_after(name, table, f"{row}.session", minute.format(row=row), _IF.get((table, name), ""))
        for table, minute in _MINUTE_OF.items()
        for name, row in (("insert", "new"), ("update", "new"), ("delete", "old"))
    ]
    completed = "WHEN new.complete IS NOT old.complete"
    triggers.append(_touch_after("update", "session", "new.id", f"(new.end_ns - 1) / {MINUTE_NS}", completed))
    return "".join(triggers)


def _touch_after(name: str, table: str, session: str, minute: str, condition: str) -> str:
    # Two statements and no REPLACE: within a trigger the policy of the statement that fired it would prevail.
    return f"""
CREATE TRIGGER {table}_{name} AFTER {name} ON {table} {condition} BEGIN
    DELETE FROM change WHERE session = {session} AND minute = {minute};
    INSERT INTO change (session, minute) VALUES ({session}, {minute});
END;
"""


def _withdrawing() -> str:
    """What was told and is no more has to be taken back where it was told; what is told again, counts again."""
    told, tells = _KIND.format(row="old"), _KIND.format(row="new")
    parting = f"{_PLACE.format(row='old')}, old.channel, old.onset_ns"
    arriving = f"{_PLACE.format(row='new')}, new.channel, new.onset_ns"
    withdraw = f"INSERT OR REPLACE INTO withdrawn SELECT old.session, {told}, {parting}"
    restore = f"DELETE FROM withdrawn WHERE (kind, wearer, site, channel, t_ns) = (SELECT {tells}, {arriving})"
    stretch = "'', {row}.start_ns"
    return f"""
CREATE TRIGGER event_gone AFTER DELETE ON event WHEN {told} IS NOT NULL BEGIN {withdraw}; END;
CREATE TRIGGER event_changed AFTER UPDATE ON event BEGIN
    {withdraw} WHERE {told} IS NOT NULL AND {told} IS NOT {tells};
    {restore};
END;
CREATE TRIGGER event_told AFTER INSERT ON event BEGIN {restore}; END;
CREATE TRIGGER unwatched_gone AFTER DELETE ON unwatched BEGIN
    INSERT OR REPLACE INTO withdrawn
    SELECT old.session, 'unwatched', {_PLACE.format(row="old")}, {stretch.format(row="old")};
END;
CREATE TRIGGER unwatched_told AFTER INSERT ON unwatched BEGIN
    DELETE FROM withdrawn WHERE (kind, wearer, site, channel, t_ns) =
    (SELECT 'unwatched', {_PLACE.format(row="new")}, {stretch.format(row="new")});
END;
"""


def _everything_changed() -> str:
    minutes = " UNION ".join(
        f"SELECT session, {minute.format(row=table)} AS minute FROM {table}" for table, minute in _MINUTE_OF.items()
    )
    return f"INSERT INTO change (session, minute) {minutes} ORDER BY minute, session;\n"
