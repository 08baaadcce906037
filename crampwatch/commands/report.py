"""`crampwatch report`: one night from the night store as a page to read, print or send."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from detector.report import NightContext, observe, render
from detector.report.headline import headline
from detector.store import NightKey, NightStore

HISTORY_NIGHTS = 30
"""How many earlier nights are looked back on: a month of evenings, read in a few seconds."""


class NothingToReport(LookupError):
    """The store holds no such night; the text names the nights there are."""


def report(
    night: date | None = None,
    *,
    out: Path = Path("report.html"),
    store: Path = Path("nights.sqlite"),
    wearer: str | None = None,
    site: str | None = None,
    timezone: ZoneInfo | None = None,
) -> None:
    """Write the morning report of one night as a single HTML file.

    Parameters
    ----------
    night
        The date of the evening on which the night began; the latest one when left out.
    out
        The file to write.
    store
        The night store.
    wearer
        Whose night; may be left out when there is only one.
    site
        Where the sensor was worn; may be left out when there is only one.
    timezone
        The wearer's time zone, such as Europe/Berlin; this computer's when left out.
    """
    zone = timezone or local_zone()
    with NightStore(store, read_only=True) as nights:
        keys = nights.nights(zone)
        key = choose(keys, night, wearer, site)
        record = nights.record(*key, zone)
        history = _look_back(nights, keys, key, zone)
    out.write_text(render(record, history, datetime.now(zone)), encoding="utf-8")
    console = Console()
    console.print(headline(record), highlight=False)
    console.print(f"The report is in {out}", highlight=False)


def choose(keys: Sequence[NightKey], night: date | None, wearer: str | None, site: str | None) -> NightKey:
    """The one night that is meant: the latest that fits; raises NothingToReport when there is none or a doubt."""
    fitting = [key for key in keys if wearer in (None, key.wearer) and site in (None, key.site)]
    dated = [key for key in fitting if night in (None, key.night)]
    if not dated:
        known = ", ".join(f"{key.night} ({key.wearer}, {key.site})" for key in fitting[-5:]) or "none yet"
        raise NothingToReport(f"the store has no night that fits; the latest it has: {known}")
    latest = [key for key in dated if key.night == max(key.night for key in dated)]
    if len(latest) > 1:
        both = "; ".join(f"--wearer {key.wearer} --site {key.site}" for key in latest)
        raise NothingToReport(f"there are {len(latest)} recordings of the night of {latest[0].night}; name one: {both}")
    return latest[0]


def local_zone() -> ZoneInfo:
    """This computer's time zone by its name, which /etc/localtime points to; UTC where that is not told."""
    _, _, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    return ZoneInfo(name or "UTC")


def _look_back(store: NightStore, keys: Sequence[NightKey], key: NightKey, zone: ZoneInfo) -> list[NightContext]:
    earlier = [other for other in keys if other[:2] == key[:2] and other.night < key.night]
    return [observe(store.record(*other, zone)) for other in earlier[-HISTORY_NIGHTS:]]
