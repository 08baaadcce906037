"""One connection, for looking: everything the device notifies, not only what its profile knows."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import msgspec
from bleak import BleakClient
from bleak.exc import BleakError

from collector.backend import CONNECT_S, Backend
from collector.causes import explain
from collector.devices.profile import Command, Match, Profile, describe
from collector.devices.standard import with_standard_services
from collector.link import ATT_HEADER, BLUEZ_UNKNOWN_MTU, CLOSE_S, GATT_S
from collector.scan import find
from collector.settings import DeviceSettings
from crampwatch.errors import UserError
from crampwatch.radio.advertisements import fitting

ADDRESS = re.compile(r"([0-9A-F]{2}:){5}[0-9A-F]{2}|[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", re.IGNORECASE)
"""A Bluetooth address, or what macOS gives in its place."""
NOTIFYING = {"notify", "indicate"}


class Packet(NamedTuple):
    """One notification: seconds since listening began, its characteristic and its bytes."""

    at_s: float
    char: str
    payload: bytes


class Tap:
    """A connected device. `profile` is None where none is known for it; `mtu` where the system cannot tell it.

    `info` is what the device says of itself where its profile knows how to ask; `profile` has its streams corrected by
    that. `unheard` are characteristics that could not be subscribed to. `lost_after_s` is None while the link
    holds.
    """

    def __init__(self, client: BleakClient, lost: asyncio.Event, profiles: Mapping[str, Profile]) -> None:
        self._client = client
        self._lost = lost
        self.name = client.name
        named = len(profiles) == 1  # by a person, who may know better than the name
        services = [service.uuid for service in client.services]
        self.fits = list(profiles) if named else fitting(profiles, client.name, services)
        self.profile_name = self.fits[0] if len(self.fits) == 1 else None
        self.profile = profiles[self.profile_name] if self.profile_name else None
        self.mtu = _mtu(client)
        self.info: bytes | None = None
        self.unheard: list[str] = []
        self.lost_after_s: float | None = None

    async def ask(self) -> None:
        """Let the device describe itself; raises BleakError, TimeoutError or BadProfile."""
        if self.profile is None:
            return
        if self.profile.info is not None:
            async with asyncio.timeout(GATT_S):
                self.info = bytes(await self._client.read_gatt_char(self.profile.info.char))
        present = {char.uuid for char in self._client.services.characteristics.values()}
        self.profile = described(self.profile, self.info, present)

    async def listen(self, seconds: float, on_packet: Callable[[Packet], None]) -> None:
        """Subscribe to everything, start the device, and stop it after so long or when the link is lost."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self._subscribe(lambda char, data: on_packet(Packet(loop.time() - began, char, data)))
        for command in self.profile.start if self.profile else ():
            await self._send(command)
        keeping = asyncio.create_task(self._keep_alive())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._lost.wait()
                    self.lost_after_s = loop.time() - began
        finally:
            keeping.cancel()
        if self.lost_after_s is None:
            await self._stop()

    async def _subscribe(self, on_packet: Callable[[str, bytes], None]) -> None:
        for char in self._client.services.characteristics.values():
            if not NOTIFYING & set(char.properties):
                continue
            try:
                async with asyncio.timeout(GATT_S):
                    await self._client.start_notify(char, lambda sender, data: on_packet(sender.uuid, bytes(data)))
            except (BleakError, TimeoutError):  # some want a pairing first; the others are still worth hearing
                self.unheard.append(char.uuid)

    async def _keep_alive(self) -> None:
        alive = self.profile.device.keep_alive if self.profile else None
        while alive is not None:
            with suppress(BleakError, TimeoutError):
                await self._send(alive)
            await asyncio.sleep(alive.every_s)

    async def _stop(self) -> None:
        with suppress(BleakError, TimeoutError):
            for command in self.profile.stop if self.profile else ():
                await self._send(command)

    async def _send(self, command: Command) -> None:
        async with asyncio.timeout(GATT_S):
            await self._client.write_gatt_char(command.char, command.payload({}))


def _mtu(client: BleakClient) -> int | None:
    chars = client.services.characteristics.values()
    largest = max((char.max_write_without_response_size + ATT_HEADER for char in chars), default=BLUEZ_UNKNOWN_MTU)
    return largest if largest > BLUEZ_UNKNOWN_MTU else None


def described(profile: Profile, info: bytes | None, present_chars: Collection[str]) -> Profile:
    """The profile with the streams that the device really has; raises BadProfile when its `info` is not understood."""
    whole = msgspec.structs.replace(profile, stream=with_standard_services(profile, present_chars))
    return msgspec.structs.replace(whole, stream=describe(whole, info).streams)


def device_named(text: str, adapter: str | None = None) -> DeviceSettings:
    """The wanted device, by what a person calls it: its name or its address."""
    if ADDRESS.fullmatch(text):
        return DeviceSettings(address=text, adapter=adapter)
    return DeviceSettings(name=text, adapter=adapter)


@asynccontextmanager
async def tapped(wanted: DeviceSettings, profiles: Mapping[str, Profile], backend: Backend) -> AsyncIterator[Tap]:
    """Find and connect a device, one of `profiles` if it is; raises UserError with cause and cure."""
    lost = asyncio.Event()
    client: BleakClient | None = None
    try:
        try:
            found = await find(Match(), wanted, backend)
            # Pairing has to be known before connecting: it is done where only one profile is in question.
            pair = len(profiles) == 1 and next(iter(profiles.values())).device.pairing
            async with asyncio.timeout(CONNECT_S):
                client = await backend.connect(found.device, lambda _: lost.set(), pair)
            tap = Tap(client, lost, profiles)
            await tap.ask()
        except Exception as error:  # half of what a Bluetooth stack raises is in none of bleak's own classes
            raise UserError("; ".join(explain(error))) from error
        yield tap
    finally:
        if client is not None:
            with suppress(Exception):  # the same; the link is not needed any more
                async with asyncio.timeout(CLOSE_S):
                    await client.disconnect()
