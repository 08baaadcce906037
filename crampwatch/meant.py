"""What the commands that speak with an alarm or the diary ask for alike: whose it is, by which settings, who speaks."""

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

SETTINGS = Path("crampwatch.toml")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Meant:
    """Which of the places in the settings file are meant.

    Parameters
    ----------
    wearer
        Only this wearer; by default everybody.
    site
        Only this site; by default each.
    config
        The settings file.
    """

    wearer: str | None = None
    site: str | None = None
    config: Path = SETTINGS


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Spoken(Meant):
    """Somebody says something of these places.

    Parameters
    ----------
    by
        Who says so; by default the user who is logged in.
    """

    by: str | None = None


EVERYWHERE = Meant()
BY_DEFAULT = Spoken()
