"""Damage to SQLite files that SQLite finds nothing wrong with: other values, other types, tables that are gone."""

import random
import sqlite3
from contextlib import closing, suppress

import msgspec

from tests.fuzz.mutation import STRANGE, STRANGE_JSON, Mutator, as_json

_KEPT = slice(18, 20)
"""Of the header: 1 for a rollback journal, 2 for a write-ahead log, which is no way for a database in memory."""


class DatabaseMutator:
    """Changes rows and tables of a database that is given and comes back as the bytes of its file."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._mutator = Mutator(rng)

    def changed(self, database: bytes, *tables: str) -> bytes:
        """The database with one to three changes in these tables."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            db.deserialize(database[: _KEPT.start] + b"\x01\x01" + database[_KEPT.stop :])
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute("PRAGMA foreign_keys = OFF")
            for _ in range(self._rng.randint(1, 3)):
                # What the schema itself does not allow is no damage that it could have.
                with suppress(sqlite3.Error, OverflowError):
                    self._change(db, self._rng.choice(tables))
            new = db.serialize()
        return new[: _KEPT.start] + database[_KEPT] + new[_KEPT.stop :]

    def _change(self, db: sqlite3.Connection, table: str) -> None:
        columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
        if not columns:  # dropped by an earlier change
            return
        column = self._rng.choice(columns)
        what = self._rng.random()
        if what < 0.04:
            db.execute(f"DROP TABLE {table}")
        elif what < 0.08:
            db.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
        elif what < 0.12:
            db.execute(f"PRAGMA user_version = {self._rng.randint(-1, 3)}")
        elif what < 0.18:
            db.execute(f"DELETE FROM {table}")
        else:
            self._change_row(db, table, column, columns)

    def _change_row(self, db: sqlite3.Connection, table: str, column: str, columns: list[str]) -> None:
        rows = db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
        if not rows:
            return
        row = self._rng.choice(rows)
        old = row[columns.index(column)]
        here = " AND ".join(f"{name} IS ?" for name in columns)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {here}", (self._other(old), *row))

    def _other(self, old: object) -> object:
        if isinstance(old, bytes) and self._rng.random() < 0.8:
            return self._other_payload(old)
        new = self._mutator.changed(old)
        return new if isinstance(new, int | float | str | bytes | None) else repr(new)

    def _other_payload(self, old: bytes) -> bytes:
        """JSON and MessagePack changed within; anything else, and now and then those too, byte by byte."""
        if self._rng.random() < 0.3:
            return self._mutator.damaged(old)
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return as_json(self._mutator.changed(msgspec.json.decode(old), STRANGE_JSON))
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.msgpack.encode(self._mutator.changed(msgspec.msgpack.decode(old), STRANGE))
        return self._mutator.damaged(old)
