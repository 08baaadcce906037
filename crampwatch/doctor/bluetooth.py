"""Whether this computer has Bluetooth that works, and what it hears."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

from bleak.exc import BleakDBusError

from collector.backend import Backend
from collector.causes import Cause, explain
from collector.devices.profile import Profile
from crampwatch.doctor.finding import Finding
from crampwatch.radio.advertisements import Heard, connected_here, hear
from crampwatch.words import counted

OLDEST_BLUEZ = (5, 55)
"""What bleak 3 needs."""
MTU_BLUEZ = (5, 62)
"""From this version on BlueZ tells the MTU."""
VERSION_S = 5.0
"""For printing one line."""
DBUS_CAUSES = {
    "org.freedesktop.DBus.Error.ServiceUnknown": Cause(
        "bluetoothd does not run", "start it: systemctl enable --now bluetooth (Debian: apt-get install bluez)"
    ),
    "org.freedesktop.DBus.Error.AccessDenied": Cause(
        "this user may not use Bluetooth", "add the user to the group bluetooth and log in again"
    ),
    "org.bluez.Error.NotReady": Cause("the Bluetooth adapter is off", "switch it on: bluetoothctl power on"),
}


class Radio(NamedTuple):
    """How Bluetooth is, whether a wearable is connected already, and what advertises, where that could be asked."""

    finding: Finding
    connected: bool = False
    heard: list[Heard] | None = None


async def radio(seconds: float, profiles: Mapping[str, Profile], backend: Backend, adapter: str | None) -> Radio:
    """Listen for so long with this adapter; not while a wearable is connected, whose night that would disturb."""
    about = ""
    try:
        connected = bool(await connected_here(profiles.values(), backend, adapter))
        about = adapter or ""  # what failed before concerns them all
        heard = None if connected else await hear(seconds, backend, adapter)
    except Exception as error:  # half of what a Bluetooth stack raises is in none of bleak's own classes
        what, cure = _cause(error, adapter)
        return Radio(Finding("Bluetooth", "problem", what, cure, about))
    if heard is None:
        return Radio(Finding("Bluetooth", "ok", "in use by a collector; not scanned, to leave it alone"), connected)
    says = f"works; {counted(len(heard), 'device')} heard in {seconds:.0f} s"
    return Radio(Finding("Bluetooth", "ok", says, about=about), heard=heard)


def bluez_version() -> str | None:
    """What `bluetoothctl --version` prints; None where there is none, as in a container."""
    program = shutil.which("bluetoothctl")
    if program is None:
        return None
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True, timeout=VERSION_S).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None


def bluez(printed: str | None) -> Finding:
    """Whether BlueZ is new enough, by what it printed."""
    numbers = re.search(r"(\d+)\.(\d+)", printed or "")
    if numbers is None:
        return Finding("BlueZ", "not asked", "its version is unknown: there is no bluetoothctl")
    version = (int(numbers[1]), int(numbers[2]))
    if version < OLDEST_BLUEZ:
        says = f"{numbers[0]} is too old: 5.55 is needed"
        return Finding("BlueZ", "problem", says, "update the operating system, on a Raspberry Pi to Bookworm or later")
    if version < MTU_BLUEZ:
        says = f"{numbers[0]} does not tell the MTU, which 5.62 does"
        return Finding("BlueZ", "warning", says, "update the operating system when you can")
    return Finding("BlueZ", "ok", numbers[0])


def _cause(error: Exception, adapter: str | None) -> Cause:
    if adapter and str(error) == f"adapter '{adapter}' not found":
        return Cause(
            f"there is no adapter {adapter}", "name one that `bluetoothctl list` shows, or go without `adapter`"
        )
    if isinstance(error, BleakDBusError) and error.dbus_error in DBUS_CAUSES:
        return DBUS_CAUSES[error.dbus_error]
    return explain(error)
