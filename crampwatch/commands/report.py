"""`crampwatch report`: one night from the night store as a page to read, print or send."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console

from crampwatch.errors import UserError
from crampwatch.timezone import of_this_computer

if TYPE_CHECKING:
    from detector.alarm.preflight_message import Preflight
    from detector.report import NightContext
    from detector.store import NightKey, NightStore

DIARY = "diary.sqlite"
"""As it is called beside the night store."""
HISTORY_NIGHTS = 30
"""How many earlier nights are looked back on: a month, read in a few seconds."""


def report(
    night: date | None = None,
    *,
    out: Path = Path("report.html"),
    config: Path = Path("crampwatch.toml"),
    store: Path | None = None,
    timezone: str | None = None,
    wearer: str | None = None,
    site: str | None = None,
) -> None:
    """Write the morning report of one night as a single HTML file that needs no network.

    Parameters
    ----------
    night
        The date of the evening on which the night began; the latest one when left out.
    out
        The file to write.
    config
        The settings, which tell the night store and the time zone.
    store
        A night store to read instead of that of the settings, which are then not needed.
    timezone
        The wearer's time zone, like Europe/Berlin, instead of that of the settings.
    wearer
        Whose night; may be left out when there is only one wearer.
    site
        Where the sensor was worn; may be left out when there is only one site.
    """
    # Imported here: a mistyped option does not wait for matplotlib.
    from detector.report import render
    from detector.report.headline import headline
    from detector.store import NightStore
    from detector.store_schema import BadStore

    path, zone = _where(config, store, timezone)
    try:
        with NightStore(path, read_only=True) as nights:
            keys = nights.nights(zone)
            key = choose(keys, night, wearer, site)
            record = nights.record(*key, zone)
            history = _look_back(nights, keys, key, zone)
    except BadStore as error:
        raise UserError(str(error)) from error
    _write(out, render(record, history, datetime.now(zone), _before_bed(path.with_name(DIARY), key)))
    console = Console(highlight=False)
    console.print(headline(record), soft_wrap=True)
    console.print(f"The report is in {out}.", soft_wrap=True)


def choose(keys: "Sequence[NightKey]", night: date | None, wearer: str | None, site: str | None) -> "NightKey":
    """The latest night that fits; raises UserError when there is none, or more than one."""
    fitting = [key for key in keys if wearer in (None, key.wearer) and site in (None, key.site)]
    dated = [key for key in fitting if night in (None, key.night)]
    if not dated:
        known = ", ".join(f"{key.night} ({key.wearer}, {key.site})" for key in fitting[-5:]) or "none yet"
        raise UserError(f"the night store has no such night; its latest: {known}")
    latest = [key for key in dated if key.night == max(key.night for key in dated)]
    if len(latest) > 1:
        choice = "; ".join(f"--wearer {key.wearer} --site {key.site}" for key in latest)
        raise UserError(f"{len(latest)} recordings were made in the night of {latest[0].night}; choose one: {choice}")
    return latest[0]


def _before_bed(diary: Path, key: "NightKey") -> "Preflight | None":
    """What was found before the night, if anybody looked; the report does not wait for a diary that is damaged."""
    from collector.contract.topics import place
    from detector.diary.diary import Diary
    from detector.diary.schema import BadDiary

    if not diary.exists():
        return None
    try:
        with Diary(diary, read_only=True) as said:
            looks = said.preflights(place(key.wearer, key.site), key.night)
    except BadDiary as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"left out of the report: {error}")
        return None
    return looks[-1] if looks else None


def _write(out: Path, page: str) -> None:
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: the report cannot be written ({error.strerror})") from error


def _where(config: Path, store: Path | None, timezone: str | None) -> tuple[Path, ZoneInfo]:
    """The night store to read, and the clock to tell its times by."""
    from crampwatch.config import load

    if store is None:
        settings = load(config)
        store, zone = settings.store, settings.zone
    else:
        zone = ZoneInfo(of_this_computer())
    try:
        return store, ZoneInfo(timezone) if timezone else zone
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UserError(f"the time zone {timezone!r} is not known; write it like Europe/Berlin") from error


def _look_back(
    store: "NightStore", keys: "Sequence[NightKey]", key: "NightKey", zone: ZoneInfo
) -> "list[NightContext]":
    from detector.report import observe

    earlier = [other for other in keys if other[:2] == key[:2] and other.night < key.night]
    return [observe(store.record(*other, zone)) for other in earlier[-HISTORY_NIGHTS:]]
