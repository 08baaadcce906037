"""The host's Bluetooth, as all links of this process share it."""

import asyncio
from collections.abc import Awaitable, Callable

from bleak import BleakClient
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import BaseBleakScanner

from collector.adapter_power import power_cycle

CONNECT_S = 30.0
"""What bleak itself allows; BlueZ gives up after 25 s."""

ConnectFactory = Callable[[BLEDevice, Callable[[BleakClient], None], bool], Awaitable[BleakClient]]
"""Makes a connected client: of a device, with the function to call when the link is lost, paired or not."""
PowerCycle = Callable[[str | None], Awaitable[None]]
"""Switches an adapter (None: the first) off and on."""


class Backend:
    """A Bluetooth implementation, by default the platform's own, and what its users must agree on.

    `client`, `scanner` and `adapter` are handed to bleak. `connect` replaces bleak's own way to connect, for example by
    one that goes through a Bluetooth proxy.
    """

    def __init__(
        self,
        client: type[BaseBleakClient] | None = None,
        scanner: type[BaseBleakScanner] | None = None,
        adapter: type[BaseBleakAdapter] | None = None,
        connect: ConnectFactory | None = None,
        power_cycle: PowerCycle = power_cycle,
    ) -> None:
        self.client = client
        self.scanner = scanner
        self.adapter = adapter
        self.connect = connect or self._connect
        self.power_cycle = power_cycle
        self.scanning = asyncio.Lock()
        self.streaming = 0  # how many links would be lost with the adapter
        self.streaming_emg = 0  # how many of these a scan may not disturb: without EMG nothing is watched

    async def _connect(self, device: BLEDevice, on_lost: Callable[[BleakClient], None], pair: bool) -> BleakClient:
        client = BleakClient(device, on_lost, timeout=CONNECT_S, pair=pair, backend=self.client)
        await client.connect()
        return client
