"""Find a wearable among everything that advertises."""

import asyncio
from typing import Any, NamedTuple

from bleak import BleakAdapter, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from collector.backend import Backend
from collector.causes import NotFound
from collector.devices.profile import Match
from collector.settings import DeviceSettings

SCAN_S = 15.0
"""A wearable advertises at least once in ten seconds, most do so every second."""
HUNG_S = 10.0
"""A scan that has not ended so long after its time never will: the Bluetooth service hangs."""


class Found(NamedTuple):
    """A device, and how strongly it was heard if it was."""

    device: BLEDevice
    rssi_dbm: int | None


async def find(match: Match, wanted: DeviceSettings, backend: Backend, *, take_over: bool = True) -> Found:
    """Scan until the wanted device is heard; raises NotFound after 15 s, and other errors when scanning fails.

    With `take_over` no scan is needed for a device that the system says it is connected to already. Scans go one after
    the other: BlueZ refuses a second one of the same process.
    """
    async with backend.scanning, asyncio.timeout(SCAN_S + HUNG_S):
        held = await _held(match, wanted, backend) if take_over else None
        return Found(held, None) if held is not None else await _heard(match, wanted, backend)


async def _heard(match: Match, wanted: DeviceSettings, backend: Backend) -> Found:
    heard: list[int] = []

    def is_wanted(device: BLEDevice, advertisement: AdvertisementData) -> bool:
        name = advertisement.local_name or device.name or ""
        if not _is_wanted(match, wanted, device.address, name, advertisement.service_uuids):
            return False
        heard.append(advertisement.rssi)
        return True

    arguments: dict[str, Any] = {"backend": backend.scanner} if backend.scanner else {}
    device = await BleakScanner.find_device_by_filter(is_wanted, timeout=SCAN_S, **arguments, **_adapter(wanted))
    if device is None:
        raise NotFound
    return Found(device, heard[-1])


async def _held(match: Match, wanted: DeviceSettings, backend: Backend) -> BLEDevice | None:
    """The wanted device if the system is connected to it already.

    BlueZ keeps the link of a process that was killed, and a connected device does not advertise.
    """
    if match.service is None:
        return None
    try:
        adapter = await BleakAdapter.get(backend=backend.adapter, **_adapter(wanted))
        devices = await adapter.get_connected_devices([match.service])
    except NotImplementedError:
        return None  # not every platform can tell
    ours = (
        device for device in devices if _is_wanted(match, wanted, device.address, device.name or "", [match.service])
    )
    return next(ours, None)


def _adapter(wanted: DeviceSettings) -> dict[str, Any]:
    return {"bluez": {"adapter": wanted.adapter}} if wanted.adapter else {}


def _is_wanted(match: Match, wanted: DeviceSettings, address: str, name: str, services: list[str]) -> bool:
    if wanted.address is not None:
        return address.lower() == wanted.address.lower()
    if wanted.name is not None:
        return name == wanted.name
    by_name = match.name_prefix is not None and name.startswith(match.name_prefix)
    return by_name or (match.service is not None and match.service in services)
