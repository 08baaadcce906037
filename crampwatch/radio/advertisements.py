"""Everything that advertises nearby, and which device profiles it fits."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from bleak import BleakAdapter, BleakScanner

from collector.backend import Backend
from collector.devices.profile import Profile, load_profile, shipped_profiles
from collector.scan import HUNG_S


class Heard(NamedTuple):
    """A device that advertises, as it was heard last."""

    name: str
    address: str
    rssi_dbm: int
    services: tuple[str, ...]


async def hear(seconds: float, backend: Backend, adapter: str | None = None) -> list[Heard]:
    """Scan for so long; the strongest first. Raises whatever the Bluetooth stack does: `collector.causes` has words."""
    arguments: dict[str, Any] = {"backend": backend.scanner} if backend.scanner else {}
    async with backend.scanning, asyncio.timeout(seconds + HUNG_S):
        found = await BleakScanner.discover(seconds, return_adv=True, **arguments, **_on(adapter))
    heard = (
        Heard(advertised.local_name or device.name or "", device.address, advertised.rssi, (*advertised.service_uuids,))
        for device, advertised in found.values()
    )
    return sorted(heard, key=lambda it: it.rssi_dbm, reverse=True)


async def connected_here(profiles: Collection[Profile], backend: Backend, adapter: str | None = None) -> list[str]:
    """The names of wearables, of these profiles or shipped ones, that this computer is connected to.

    None where the platform cannot tell.
    """
    known = (*profiles, *(load_profile(name) for name in shipped_profiles()))
    services = [it.device.match.service for it in known if it.device.match.service]
    try:
        async with asyncio.timeout(HUNG_S):
            host = await BleakAdapter.get(backend=backend.adapter, **_on(adapter))
            held = await host.get_connected_devices(services)
    except NotImplementedError:
        return []
    return [device.name or device.address for device in held]


def fitting(profiles: Mapping[str, Profile], name: str, services: Collection[str]) -> list[str]:
    """The names of the profiles that a device with this name and these services fits."""
    return [
        key
        for key, profile in profiles.items()
        if (profile.device.match.name_prefix and name.startswith(profile.device.match.name_prefix))
        or profile.device.match.service in services
    ]


def _on(adapter: str | None) -> dict[str, Any]:
    return {"bluez": {"adapter": adapter}} if adapter else {}
