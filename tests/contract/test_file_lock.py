"""A lock on a file keeps a second process out, and is never left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.contract.file_lock import FileLock, Occupied

HOLD = """
import sys, time
from pathlib import Path
from collector.contract.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]), "taken", "wait")
print("held", flush=True)
time.sleep(600)
"""


def test_a_second_one_is_told_who_holds_it_and_what_to_do(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "folder" / "only.lock", "another cook is in the kitchen", "wait outside")
    with pytest.raises(Occupied) as refused:
        FileLock(tmp_path / "folder" / "only.lock", "another cook is in the kitchen", "wait outside")
    assert str(refused.value) == f"another cook is in the kitchen (process {os.getpid()}); wait outside"
    lock.release()


def test_once_released_it_can_be_had_again(tmp_path: Path) -> None:
    for _ in range(3):
        FileLock(tmp_path / "only.lock", "taken", "wait").release()


def test_a_process_that_is_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "only.lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Occupied, match=f"process {holder.pid}"):
            FileLock(path, "taken", "wait")
        holder.kill()
    FileLock(path, "taken", "wait").release()
