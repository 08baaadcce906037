"""One Bluetooth connection to one wearable: ask what it is, subscribe, start it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import msgspec
from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from collector.backend import CONNECT_S, Backend
from collector.contract.messages import StreamKind
from collector.devices.profile import Command, DeviceInfo, Profile, Stream, describe
from collector.devices.standard import with_standard_services

log = logging.getLogger(__name__)

GATT_S = 10.0
"""One read, write or subscription takes a few connection intervals, hundreds of ms at worst."""
PAUSE_S = 2.0
"""A link that can be saved answers at once; one that does not is sooner made anew."""
CLOSE_S = 2.0
"""To stop the device, and again to disconnect; what is still connected then is taken over by the next attempt."""
BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
"""The Battery Level characteristic of the Bluetooth SIG: one byte, percent."""
ATT_HEADER = 3
"""Opcode and handle: what a notification spends of the MTU."""
BLUEZ_UNKNOWN_MTU = 23
"""BlueZ before 5.62 cannot tell the MTU and says this."""

Streams = tuple[Stream, ...]
OnPacket = Callable[[str, bytes], None]
"""Receives each packet: its characteristic and its bytes."""


class Link:
    """A connection. Packets go to `on_packet` from the moment `start` subscribes."""

    def __init__(self, device: BLEDevice, profile: Profile, backend: Backend, on_packet: OnPacket) -> None:
        self.lost = asyncio.Event()
        self._device = device
        self._profile = profile
        self._backend = backend
        self._on_packet = on_packet
        self._connected: BleakClient | None = None
        self._listening = False
        # While BlueZ waits for the answer to a write, it refuses the next to the same characteristic (gatt-client.c).
        self._writing = asyncio.Lock()

    async def connect(self) -> DeviceInfo:
        """Connect and find out which streams the device has; raises BleakError, TimeoutError or BadProfile."""
        async with asyncio.timeout(CONNECT_S):
            self._connected = await self._backend.connect(self._device, self._on_lost, self._profile.device.pairing)
        info = await self._read(self._profile.info.char) if self._profile.info else None
        self._check_mtu()
        present = {char.uuid for char in self._client.services.characteristics.values()}
        profile = msgspec.structs.replace(self._profile, stream=with_standard_services(self._profile, present))
        return describe(profile, info)

    async def start(self, streams: Streams, resume: dict[StreamKind, int]) -> None:
        """Subscribe to these streams, then send the start commands: what a device sends before is lost.

        It is stopped first: after an earlier start, perhaps by a process that was killed, it may still be streaming.
        """
        await self._stop()
        self._listening = True  # some devices send as soon as somebody subscribes
        for char in _notified(streams):
            async with asyncio.timeout(GATT_S):
                await self._client.start_notify(char, self._notify(char))
        for command in self._profile.start:
            await self.send(command, resume)

    async def pause(self, streams: Streams) -> None:
        """Hear nothing until the next `start`; raises TimeoutError after 2 s."""
        self._listening = False
        async with asyncio.timeout(PAUSE_S):
            for char in _notified(streams):
                with contextlib.suppress(BleakError):  # it may not be subscribed any more
                    await self._client.stop_notify(char)

    async def send(self, command: Command, resume: dict[StreamKind, int]) -> None:
        """Write one command; bleak asks for a response where the characteristic gives one."""
        async with self._writing, asyncio.timeout(GATT_S):
            await self._client.write_gatt_char(command.char, command.payload(resume))

    async def poll(self, char: str) -> None:
        """Read a value that the device does not notify, as if it had; nothing comes of it when that fails."""
        with contextlib.suppress(BleakError, TimeoutError):
            self._on_packet(char, await self._read(char))

    async def battery_percent(self) -> float | None:
        """The battery's charge, where the device has the standard characteristic and answers."""
        try:
            return float((await self._read(BATTERY))[0])
        except (BleakError, TimeoutError, IndexError):
            return None

    async def close(self) -> None:
        """Stop the device and disconnect, as far as the link still allows; no packet comes from it any more."""
        self._listening = False
        if self._connected is None:
            return
        if not self.lost.is_set():
            await _attempt(self._stop())
        await _attempt(self._client.disconnect())

    async def _stop(self) -> None:
        with contextlib.suppress(BleakError):
            for command in self._profile.stop:
                await self.send(command, {})

    @property
    def _client(self) -> BleakClient:
        assert self._connected is not None
        return self._connected

    async def _read(self, char: str) -> bytes:
        async with asyncio.timeout(GATT_S):
            return bytes(await self._client.read_gatt_char(char))

    def _check_mtu(self) -> None:
        char = self._client.services.get_characteristic(self._profile.stream[0].char)
        mtu = char.max_write_without_response_size + ATT_HEADER if char else BLUEZ_UNKNOWN_MTU
        if BLUEZ_UNKNOWN_MTU < mtu < self._profile.device.min_mtu:
            log.warning(
                "The link's MTU is %d, the device needs %d: packets may be cut.", mtu, self._profile.device.min_mtu
            )

    def _notify(self, char: str) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
        """A plain function: of each call of a coroutine bleak would make a task, without any back-pressure."""

        def notify(_: BleakGATTCharacteristic, data: bytearray) -> None:
            # A client that could not say goodbye properly goes on to receive what the next one has subscribed to.
            if self._listening:
                self._on_packet(char, bytes(data))

        return notify

    def _on_lost(self, _: BleakClient) -> None:
        self.lost.set()


async def _attempt(goodbye: Awaitable[None]) -> None:
    """Each goodbye has its own time: with bluetoothd gone one may hang, and a client that stays connected is lost."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_S):
            await goodbye


def _notified(streams: Streams) -> list[str]:
    """The characteristics to subscribe to, each once."""
    return list(dict.fromkeys(char for it in streams if it.poll_s is None for char in it.characteristics))
