"""A clock on the wall that can be set, for all processes of a home, by libfaketime; monotonic clocks go on."""

from collections.abc import Mapping
from pathlib import Path

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
MISSING = "libfaketime is not installed (Debian: apt-get install libfaketime); no clock can be set"


class WallClock:
    """Begins as the host's; `environment` makes a process use it."""

    def __init__(self, file: Path) -> None:
        assert LIBRARIES, MISSING
        self._file = file
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",  # or it would notice a new offset only after ten seconds
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.put(0)

    def put(self, seconds: int) -> None:
        """Put it forward by so many seconds against the host's, or back."""
        self._file.write_text(f"{seconds:+d}\n")
