"""Whether the disk still takes what the alarm has to note: else the diary holds what was true once."""

import os
from pathlib import Path

NEEDED = 64 << 10
"""Bytes: SQLite's shared index of 32 KiB, which whoever opens the diary first makes, and a note of some eight pages."""


def takes_notes(diary: Path) -> bool:
    """Whether there is room beside the diary, on a disk that may be written to; so too where there is no folder yet."""
    try:
        disk = os.statvfs(diary.parent)
    except OSError:  # whoever opens the diary says why not
        return True
    return not disk.f_flag & os.ST_RDONLY and disk.f_bavail * disk.f_frsize >= NEEDED
