"""bluetoothd's place on the bus: an adapter in whose air there are simulated peripherals.

Left out of what BlueZ does: pairing, discovery filters, advertisement monitors, descriptors, forgetting a device that
has not been heard for half a minute, and remembering one over its own restart.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Self

from dbus_fast import Message, Variant

from collector.simulator.bluez.device import RemoteDevice
from collector.simulator.bluez.object_tree import BlueZError, Exported, ObjectTree
from collector.simulator.peripheral import ADVERTISE_EVERY_S, Peripheral

SERVICE = "org.bluez"
OFF = BlueZError("org.bluez.Error.NotReady", "Resource Not Ready")


class Adapter(Exported):
    """The Bluetooth adapter of the host, and what it hears while somebody scans."""

    interface = "org.bluez.Adapter1"

    def __init__(self, tree: ObjectTree, name: str, peripherals: Iterable[Peripheral]) -> None:
        properties = {
            "Address": Variant("s", "00:00:00:00:00:01"),
            "Name": Variant("s", "stand-in"),
            "Alias": Variant("s", "stand-in"),
            "Powered": Variant("b", True),
            "Discovering": Variant("b", False),
            "UUIDs": Variant("as", []),
            "Roles": Variant("as", ["central"]),
        }
        methods = {
            "SetDiscoveryFilter": self._set_filter,
            "StartDiscovery": self._start_discovery,
            "StopDiscovery": self._stop_discovery,
            "RemoveDevice": self._remove_device,
        }
        super().__init__(f"/org/bluez/{name}", properties, methods)
        self.devices = [RemoteDevice(tree, self, peripheral) for peripheral in peripherals]
        self._tree = tree
        self._scanning: set[str] = set()

    @property
    def powered(self) -> bool:
        """Whether the radio is on."""
        return bool(self.properties["Powered"].value)

    async def listen(self) -> None:
        """Hear advertisements, for as long as this runs."""
        while True:
            if self._scanning:
                for device in self.devices:
                    if device.peripheral.advertising:
                        device.heard()
            await asyncio.sleep(ADVERTISE_EVERY_S)

    def power(self, on: bool) -> None:
        """Switch the radio on or off; off ends every connection and every scan."""
        if not on:
            for device in self.devices:
                if device.connected:
                    device.peripheral.drop()
            self._scanning.clear()
            self._tell_discovering()
        self._tree.change(self, {"Powered": Variant("b", on)})

    async def set_property(self, name: str, value: object) -> None:
        """Clients may switch the adapter off and on."""
        if name != "Powered":
            await super().set_property(name, value)
        self.power(bool(value))

    def client_gone(self, client: str) -> None:
        """A scan ends with its client."""
        self._scanning.discard(client)
        self._tell_discovering()

    async def _set_filter(self, message: Message) -> None:
        """Filters are accepted and not applied: clients filter again themselves."""
        if not self.powered:
            raise OFF

    async def _start_discovery(self, message: Message) -> None:
        if not self.powered:
            raise OFF
        self._scanning.add(message.sender or "")
        self._tell_discovering()

    async def _stop_discovery(self, message: Message) -> None:
        if not self.powered:
            raise OFF
        if message.sender not in self._scanning:
            raise BlueZError("org.bluez.Error.Failed", "No discovery started")
        self._scanning.discard(message.sender)
        self._tell_discovering()

    async def _remove_device(self, message: Message) -> None:
        removed = next((device for device in self.devices if device.path == message.body[0]), None)
        if removed is None or removed.path not in self._tree:
            raise BlueZError("org.bluez.Error.DoesNotExist", "Does Not Exist")
        if removed.connected:
            removed.peripheral.drop()
        removed.forget()

    def _tell_discovering(self) -> None:
        discovering = bool(self._scanning)
        if self.properties["Discovering"].value == discovering:
            return
        self._tree.change(self, {"Discovering": Variant("b", discovering)})
        if not discovering:
            for device in self.devices:
                device.unheard()


class BlueZStandIn:
    """Serves `peripherals` as org.bluez on the D-Bus at `address`.

    `async with` starts and ends it. Faults: `die()` and, after it, `start()`; `hang()`; `adapter.power(False)`;
    `vanish(peripheral)`. Those of the link are the peripheral's.
    """

    def __init__(self, address: str, peripherals: Iterable[Peripheral], adapter: str = "hci0") -> None:
        self._address = address
        self._peripherals = tuple(peripherals)
        self._name = adapter
        self._listening: asyncio.Task[None] | None = None
        self._create()

    def _create(self) -> None:
        self._tree = ObjectTree(self._address, SERVICE)
        self.adapter = Adapter(self._tree, self._name, self._peripherals)

    async def start(self) -> None:
        """Enter the bus; devices whose link an earlier process left behind are connected already."""
        await self._tree.open()
        self._tree.add(self.adapter)
        for device in self.adapter.devices:
            if device.peripheral.held:
                device.heard()
                device.link_up()
        self._listening = asyncio.create_task(self.adapter.listen())

    async def die(self) -> None:
        """The service is killed: it leaves without a word, and the kernel ends its connections."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None
        await self._tree.close()
        for device in self.adapter.devices:
            if device.connected:
                device.peripheral.drop()
        self._create()

    def hang(self) -> None:
        """The service stays on the bus and answers nothing any more."""
        self._tree.deaf = True

    def vanish(self, peripheral: Peripheral) -> None:
        """The device's objects are removed without a word about its connection, which BlueZ does at times."""
        self._device(peripheral).forget()
        peripheral.drop()

    def overflowed(self, peripheral: Peripheral) -> int:
        """How many notifications of this device were lost at full sockets."""
        return sum(char.overflowed for char in self._device(peripheral).chars.values())

    def _device(self, peripheral: Peripheral) -> RemoteDevice:
        return next(device for device in self.adapter.devices if device.peripheral is peripheral)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()
