"""`crampwatch devices ...`: which wearables are understood, which are near, and what they send."""

from cyclopts import App

from crampwatch.commands.devices.capture import capture
from crampwatch.commands.devices.check import check
from crampwatch.commands.devices.listing import list_devices
from crampwatch.commands.devices.scan import scan
from crampwatch.commands.devices.sniff import sniff

app = App(
    "devices",
    # One line, as in crampwatch/cli.py: it depends on what was loaded before which of the two is shown.
    help="Which wearables are understood, near, and what they send.",
)
app.command(list_devices, name="list")
app.command(scan)
app.command(sniff)
app.command(check)
app.command(capture)
