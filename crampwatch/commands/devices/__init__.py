"""`crampwatch devices ...`: which wearables are understood."""

from cyclopts import App

from crampwatch.commands.devices.check import check
from crampwatch.commands.devices.listing import list_devices

app = App(
    "devices",
    help="""Wearables: which are understood, and whether a profile of your own is right.

    Each is described by a profile, a TOML file; docs/how-to/add-a-device.md shows how to write one.
    """,
)
app.command(list_devices, name="list")
app.command(check)
