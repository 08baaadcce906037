"""One Bluetooth connection to one wearable: find it, ask what it is, subscribe, start it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from bleak import BleakAdapter, BleakClient, BleakScanner
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from collector.contract.messages import StreamKind
from collector.devices.profile import Command, DeviceInfo, Match, Profile, describe
from collector.settings import DeviceSettings

log = logging.getLogger(__name__)

SCAN_S = 15.0
"""A wearable advertises at least once in ten seconds, most do so every second."""
CONNECT_S = 30.0
"""What bleak itself allows; BlueZ gives up after 25 s."""
GATT_S = 10.0
"""One read, write or subscription takes a few connection intervals, hundreds of ms at worst."""
BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
"""The Battery Level characteristic of the Bluetooth SIG: one byte, percent."""
ATT_HEADER = 3
"""Opcode and handle: what a notification spends of the MTU."""
BLUEZ_UNKNOWN_MTU = 23
"""BlueZ before 5.62 cannot tell the MTU and says this."""


class NotFound(BleakError):
    """No advertisement of the wanted device was heard."""


class Backend(NamedTuple):
    """The Bluetooth implementation: None is the platform's own, anything else is handed to bleak."""

    client: type[BaseBleakClient] | None = None
    scanner: type[BaseBleakScanner] | None = None
    adapter: type[BaseBleakAdapter] | None = None


PLATFORM = Backend()


class Found(NamedTuple):
    """A device, and how strongly it was heard if it was."""

    device: BLEDevice
    rssi_dbm: int | None


async def find(match: Match, wanted: DeviceSettings, backend: Backend) -> Found:
    """Scan until the wanted device is heard; raises NotFound after 15 s, with what to do."""
    if (held := await _held(match, wanted, backend)) is not None:
        return Found(held, None)
    heard: list[int] = []

    def is_wanted(device: BLEDevice, advertisement: AdvertisementData) -> bool:
        name = advertisement.local_name or device.name or ""
        if not _is_wanted(match, wanted, device.address, name, advertisement.service_uuids):
            return False
        heard.append(advertisement.rssi)
        return True

    arguments: dict[str, Any] = {"backend": backend.scanner} if backend.scanner else {}
    if wanted.adapter:
        arguments["bluez"] = {"adapter": wanted.adapter}
    device = await BleakScanner.find_device_by_filter(is_wanted, timeout=SCAN_S, **arguments)
    if device is None:
        raise NotFound("the wearable was not heard; is it switched on, charged, near, and not connected elsewhere?")
    return Found(device, heard[-1])


async def _held(match: Match, wanted: DeviceSettings, backend: Backend) -> BLEDevice | None:
    """The wanted device if the system is connected to it already.

    BlueZ keeps the link of a process that was killed, and a connected device does not advertise.
    """
    if match.service is None:
        return None
    arguments: dict[str, Any] = {"bluez": {"adapter": wanted.adapter}} if wanted.adapter else {}
    try:
        adapter = await BleakAdapter.get(backend=backend.adapter, **arguments)
        devices = await adapter.get_connected_devices([match.service])
    except NotImplementedError:
        return None  # not every platform can tell
    ours = (
        device for device in devices if _is_wanted(match, wanted, device.address, device.name or "", [match.service])
    )
    return next(ours, None)


def _is_wanted(match: Match, wanted: DeviceSettings, address: str, name: str, services: list[str]) -> bool:
    if wanted.address is not None:
        return address.lower() == wanted.address.lower()
    if wanted.name is not None:
        return name == wanted.name
    by_name = match.name_prefix is not None and name.startswith(match.name_prefix)
    return by_name or (match.service is not None and match.service in services)


class Link:
    """A connection. Packets go to `on_packet(characteristic, bytes)` from the moment `start` subscribes."""

    def __init__(self, device: BLEDevice, profile: Profile, backend: Backend, adapter: str | None = None) -> None:
        self.lost = asyncio.Event()
        self._profile = profile
        arguments: dict[str, Any] = {"bluez": {"adapter": adapter}} if adapter else {}
        self._client = BleakClient(device, self._on_lost, timeout=CONNECT_S, backend=backend.client, **arguments)

    async def connect(self) -> DeviceInfo:
        """Connect and read what the device says of itself; raises BleakError, TimeoutError or BadProfile."""
        async with asyncio.timeout(CONNECT_S):
            await self._client.connect()
        info = None
        if self._profile.info:
            async with asyncio.timeout(GATT_S):
                info = bytes(await self._client.read_gatt_char(self._profile.info.char))
        self._check_mtu()
        return describe(self._profile, info)

    async def start(
        self, info: DeviceInfo, resume: dict[StreamKind, int], on_packet: Callable[[str, bytes], None]
    ) -> None:
        """Subscribe to every stream, then send the start commands: what a device sends before is lost."""
        for char in dict.fromkeys(stream.char for stream in info.streams):
            async with asyncio.timeout(GATT_S):
                await self._client.start_notify(char, _notify(char, on_packet))
        await self._send(self._profile.start, resume)

    async def battery_percent(self) -> float | None:
        """The battery's charge, where the device has the standard characteristic and answers."""
        try:
            async with asyncio.timeout(GATT_S):
                return float((await self._client.read_gatt_char(BATTERY))[0])
        except (BleakError, TimeoutError):
            return None

    async def close(self) -> None:
        """Stop the device and disconnect, as far as the link still allows."""
        # With bluetoothd gone every call fails or hangs; a link that is lost anyway must not keep us from the next one.
        with contextlib.suppress(Exception):
            if not self.lost.is_set():
                await self._send(self._profile.stop, {})
        with contextlib.suppress(Exception):
            async with asyncio.timeout(GATT_S):
                await self._client.disconnect()

    async def _send(self, commands: tuple[Command, ...], resume: dict[StreamKind, int]) -> None:
        for command in commands:
            async with asyncio.timeout(GATT_S):
                await self._client.write_gatt_char(command.char, command.payload(resume), response=True)

    def _check_mtu(self) -> None:
        char = self._client.services.get_characteristic(self._profile.stream[0].char)
        mtu = char.max_write_without_response_size + ATT_HEADER if char else BLUEZ_UNKNOWN_MTU
        if BLUEZ_UNKNOWN_MTU < mtu < self._profile.device.min_mtu:
            log.warning(
                "The link's MTU is %d, the device needs %d: packets may be cut.", mtu, self._profile.device.min_mtu
            )

    def _on_lost(self, _: BleakClient) -> None:
        self.lost.set()


def _notify(char: str, on_packet: Callable[[str, bytes], None]) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
    """A plain function: of each call of a coroutine bleak would make a task, without any back-pressure."""

    def notify(_: BleakGATTCharacteristic, data: bytearray) -> None:
        on_packet(char, bytes(data))

    return notify
