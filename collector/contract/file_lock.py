"""One writer at a time: a lock on a file, which the system releases when the process ends, whatever ends it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from collector.contract.errors import ContractError


class Occupied(ContractError):
    """Another process, or another part of this one, holds the lock; the text says which and what to do."""


class FileLock:
    """Held from its making until `release`; raises Occupied, OSError where the file cannot be made.

    `what` and `cure` are for the person who started the second one. The file stays: whoever deleted it would let
    another one in beside the holder. It works on local disks, as SQLite's write-ahead log does.
    """

    def __init__(self, path: Path, what: str, cure: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip()
            self.release()
            raise Occupied(f"{what} (process {holder}); {cure}") from None
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.truncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another one in."""
        os.close(self._file)
