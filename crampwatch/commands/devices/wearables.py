"""What `scan`, `sniff` and `capture` have in common: the profiles in question, a radio that is free, the summary."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from crampwatch.errors import UserError
from crampwatch.words import counted

if TYPE_CHECKING:
    from collector.backend import Backend
    from collector.devices.profile import Profile
    from crampwatch.radio.tally import Characteristic, Tally


WIDE = 140
"""Columns of a table with whole UUIDs; narrower terminals wrap its lines, and none is cut."""


def wide_console() -> Console:
    """Where packets and devices are shown."""
    return Console(highlight=False, soft_wrap=True, width=WIDE)


def profiles_in(folder: Path, named: str | None = None) -> "dict[str, Profile]":
    """The profile that was named, or all there are; raises BadProfile."""
    from collector.devices.profile import load_profile, own_profiles, shipped_profiles

    names = (named,) if named else (*shipped_profiles(), *own_profiles(folder))
    return {name: load_profile(name, folder) for name in names}


async def require_idle_radio(profiles: "dict[str, Profile]", backend: "Backend", adapter: str | None) -> None:
    """Raise UserError when this computer is connected to a wearable, or has no Bluetooth."""
    from collector.causes import explain
    from crampwatch.radio.advertisements import connected_here

    try:
        held = await connected_here(profiles.values(), backend, adapter)
    except Exception as error:  # half of what a Bluetooth stack raises is in none of bleak's own classes
        raise UserError("; ".join(explain(error))) from error
    if held:
        # Scans and streams share one radio; and whoever disconnects, disconnects the collector too.
        raise UserError(
            f"{' and '.join(held)}: connected to this computer already, perhaps to a collector, whose night this would "
            "disturb; stop `crampwatch night` or `collect` first"
        )


def summary(tally: "Tally") -> Table:
    """One row for each characteristic."""
    table = Table(box=None, pad_edge=False)
    table.add_column("characteristic", no_wrap=True)
    for title in ("packets", "bytes", "packets/s", "samples/s"):
        table.add_column(title, justify="right")
    table.add_column("content")
    for it in tally.characteristics.values():
        sizes = f"{min(it.sizes)}" if len(it.sizes) == 1 else f"{min(it.sizes)}-{max(it.sizes)}"
        samples = _rate(it.samples_per_s) if it.samples else ""
        table.add_row(it.uuid, str(it.packets), sizes, _rate(it.packets_per_s), samples, _content(it))
    return table


def _rate(per_s: float | None) -> str:
    return "" if per_s is None else f"{per_s:.4g}"


def _content(it: "Characteristic") -> str:
    told = [f"{kind}: {counted(count, 'sample')}" for kind, count in it.samples.items()]
    told += [f"refused as {reason}: {count}" for reason, count in it.refused.items()]
    return ", ".join(told) or "unknown to the profile"
