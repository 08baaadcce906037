"""The time zone of this computer."""

from pathlib import Path


def of_this_computer() -> str:
    """Its name, which /etc/localtime points to; UTC where that does not tell."""
    _, _, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    return name or "UTC"
