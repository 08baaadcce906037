"""`crampwatch devices list`: the wearables there is a profile for."""

from pathlib import Path

from rich.console import Console
from rich.table import Table


def list_devices(*, folder: Path = Path("devices")) -> None:
    """List the wearables there is a profile for: those that come with the program, then your own.

    "vectors" means that the profile decodes published packets as it should; "layout only" that it follows a published
    description and has never met packets of a real device.

    Parameters
    ----------
    folder
        Where your own profiles are.
    """
    from collector.devices.profile import load_profile, own_profiles, shipped_profiles
    from crampwatch.device_table import rows

    names = (*shipped_profiles(), *own_profiles(folder))
    table = Table(box=None, pad_edge=False)
    table.add_column("profile", no_wrap=True)
    for title in ("device", "EMG", "accelerometer", "temperature", "buzz"):
        table.add_column(title)
    for row in rows((name, load_profile(name, folder)) for name in names):
        table.add_row(row.name, row.title, *row.signals.values(), "yes" if row.buzzes else "")
    Console(highlight=False).print(table)
