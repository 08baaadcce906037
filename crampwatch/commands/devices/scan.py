"""`crampwatch devices scan`: what can be heard from here."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from crampwatch.errors import UserError

if TYPE_CHECKING:
    from collector.backend import Backend
    from collector.devices.profile import Profile
    from crampwatch.radio.advertisements import Heard


def scan(*, seconds: float = 10.0, adapter: str | None = None, folder: Path = Path("devices")) -> None:
    """Listen for devices that advertise, the strongest first, and say which profile each fits.

    Not while a collector is connected: a scan takes the radio away from it. A device that is connected to anything,
    such as a phone, does not advertise and is not heard.

    Parameters
    ----------
    seconds
        How long to listen; a wearable advertises at least once in ten seconds.
    adapter
        The computer's Bluetooth adapter, such as hci1; by default the first.
    folder
        Where your own profiles are.
    """
    from collector.backend import Backend
    from crampwatch.commands.devices.wearables import profiles_in

    asyncio.run(scan_with(Backend(), profiles_in(folder), seconds, adapter))


async def scan_with(backend: "Backend", profiles: "dict[str, Profile]", seconds: float, adapter: str | None) -> None:
    """Scan over this Bluetooth and show what was heard; raises UserError where it cannot be used."""
    from collector.causes import explain
    from crampwatch.commands.devices.wearables import require_idle_radio, wide_console
    from crampwatch.radio.advertisements import hear

    await require_idle_radio(profiles, backend, adapter)
    try:
        heard = await hear(seconds, backend, adapter)
    except Exception as error:  # half of what a Bluetooth stack raises is in none of bleak's own classes
        raise UserError("; ".join(explain(error))) from error
    console = wide_console()
    if not heard:
        console.print("Nothing was heard. Is the wearable switched on, charged, near, and not connected elsewhere?")
        return
    console.print(_table(heard, profiles))


def _table(heard: "list[Heard]", profiles: "dict[str, Profile]") -> Table:
    from crampwatch.radio.advertisements import fitting

    table = Table(box=None, pad_edge=False)
    for title in ("name", "address"):
        table.add_column(title, no_wrap=True)
    table.add_column("dBm", justify="right")
    table.add_column("profile")
    for it in heard:
        table.add_row(it.name, it.address, str(it.rssi_dbm), ", ".join(fitting(profiles, it.name, it.services)))
    return table
