"""A small disk of one's own that can be filled to the last byte."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import pytest

OTHERS = "others"
"""The file of somebody else that fills the disk."""


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of this size at `folder`; raises OSError where mounting is not allowed (it takes root)."""
    folder.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        raise OSError("mounting a small file system takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """2 MB; skips the test where mounting is not allowed."""
    with ExitStack() as mounted:
        try:
            folder = mounted.enter_context(small_disk(tmp_path / "disk", 2))
        except OSError as error:
            pytest.skip(str(error))
        yield folder


def fill(folder: Path) -> None:
    """Leave not a byte."""
    subprocess.run(["dd", "if=/dev/zero", f"of={folder / OTHERS}", "bs=64k"], capture_output=True, check=False)
    assert shutil.disk_usage(folder).free == 0


def make_room(folder: Path) -> None:
    """The file is deleted."""
    (folder / OTHERS).unlink()


def remount(folder: Path, how: Literal["ro", "rw"]) -> None:
    """Let the disk take nothing any more, or everything again."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)
