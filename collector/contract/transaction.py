"""A transaction on an SQLite file: everything or nothing, on a full disk as well."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal


@contextmanager
def transaction(db: sqlite3.Connection, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[None]:
    """BEGIN ... COMMIT, or ROLLBACK when something was raised inside; `db` has `isolation_level=None`.

    Raises sqlite3.OperationalError when the disk does not take it or another process wrote for too long; nothing has
    changed then, and the same may be tried again.
    """
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    finally:
        # A full disk may show only at COMMIT, which then leaves the transaction open; or SQLite has ended it.
        if db.in_transaction:
            db.execute("ROLLBACK")
