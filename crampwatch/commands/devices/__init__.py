"""`crampwatch devices ...`: which wearables are understood, which are near, and what they send."""

from cyclopts import App

from crampwatch.commands.devices.capture import capture
from crampwatch.commands.devices.check import check
from crampwatch.commands.devices.listing import list_devices
from crampwatch.commands.devices.scan import scan
from crampwatch.commands.devices.sniff import sniff

app = App(
    "devices",
    help="""Which wearables are understood, near, and what they send.

    Each is described by a profile, a TOML file; docs/how-to/add-a-device.md shows how to write one.
    """,
)
app.command(list_devices, name="list")
app.command(scan)
app.command(sniff)
app.command(check)
app.command(capture)
