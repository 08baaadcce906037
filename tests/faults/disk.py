"""A small disk of one's own that can be filled to the last byte."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.home import Home

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


def fill(home: Home) -> None:
    """Leave not a byte."""
    directory = home.config.directory
    subprocess.run(["dd", "if=/dev/zero", f"of={directory / OTHERS}", "bs=64k"], capture_output=True, check=False)
    assert shutil.disk_usage(directory).free == 0


def make_room(home: Home) -> None:
    """The file is deleted."""
    (home.config.directory / OTHERS).unlink()
