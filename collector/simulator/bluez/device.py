"""A peripheral as BlueZ shows it: a device, its services and their characteristics."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bleak.exc import BleakError
from dbus_fast import Message, Variant

from collector.simulator.bluez.object_tree import BlueZError, Exported, ObjectTree
from collector.simulator.peripheral import ABORTED, ADVERTISE_EVERY_S, MTU, RSSI_DBM, Peripheral

FAILED = "org.bluez.Error.Failed"
NOT_CONNECTED = BlueZError(FAILED, "Not connected")


class RemoteCharacteristic(Exported):
    """One characteristic; notifications go to clients by signals or, once it is acquired, by a socket.

    A full socket loses the notification: BlueZ writes without waiting and only logs it. `overflowed` counts them.
    """

    interface = "org.bluez.GattCharacteristic1"

    def __init__(self, device: "RemoteDevice", path: str, service: str, uuid: str, flags: Sequence[str]) -> None:
        properties = {
            "UUID": Variant("s", uuid),
            "Service": Variant("o", service),
            "Flags": Variant("as", list(flags)),
            "Value": Variant("ay", b""),
            "MTU": Variant("q", MTU),
        }
        if "notify" in flags:
            properties |= {"Notifying": Variant("b", False), "NotifyAcquired": Variant("b", False)}
        methods = {
            "ReadValue": self._read,
            "WriteValue": self._write,
            "StartNotify": self._start_notify,
            "StopNotify": self._stop_notify,
            "AcquireNotify": self._acquire_notify,
        }
        super().__init__(path, properties, methods)
        self.overflowed = 0
        self._tree = device.tree
        self._uuid = uuid
        self._device = device
        self._subscribers: set[str] = set()
        self._socket: socket.socket | None = None

    def deliver(self, data: bytes) -> None:
        """A notification from the device."""
        if self._socket is not None:
            self._send(self._socket, data)
        elif self._subscribers:
            self._tree.change(self, {"Value": Variant("ay", data)})

    def link_lost(self) -> None:
        """Subscriptions end with the connection."""
        self._subscribers.clear()
        self._release()
        self._tell_notifying()

    def client_gone(self, client: str) -> None:
        """A subscription ends with its client."""
        if client in self._subscribers:
            self._subscribers.remove(client)
            self._tell_notifying()

    async def _read(self, message: Message) -> Message:
        with _refusals():
            value = self._connected().read(self._uuid)
        # Whoever has subscribed gets the answer to a read as a notification too.
        self._tree.change(self, {"Value": Variant("ay", value)})
        return Message.new_method_return(message, "ay", [value])

    async def _write(self, message: Message) -> None:
        with _refusals():
            self._connected().write(self._uuid, bytes(message.body[0]))

    async def _start_notify(self, message: Message) -> None:
        peripheral = self._notifiable()
        self._subscribers.add(message.sender or "")
        self._tell_notifying()
        peripheral.subscribed(self._uuid)

    async def _stop_notify(self, message: Message) -> None:
        self._subscribers.discard(message.sender or "")
        self._tell_notifying()

    async def _acquire_notify(self, message: Message) -> Message:
        peripheral = self._notifiable()
        self._release()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._tree.change(self, {"NotifyAcquired": Variant("b", True)})
        peripheral.subscribed(self._uuid)
        return Message.new_method_return(message, "hq", [0, MTU], unix_fds=[theirs.detach()])

    def _notifiable(self) -> Peripheral:
        if "Notifying" not in self.properties:
            raise BlueZError("org.bluez.Error.NotSupported", "Operation is not supported")
        return self._connected()

    def _connected(self) -> Peripheral:
        if not self._device.connected:
            raise NOT_CONNECTED
        return self._device.peripheral

    def _send(self, to: socket.socket, data: bytes) -> None:
        try:
            to.send(data)
        except BlockingIOError:
            self.overflowed += 1
        except OSError:  # the client has closed its end, which is how it unsubscribes
            self._release()

    def _release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._tree.change(self, {"NotifyAcquired": Variant("b", False)})

    def _tell_notifying(self) -> None:
        notifying = bool(self._subscribers)
        if "Notifying" in self.properties and self.properties["Notifying"].value != notifying:
            self._tree.change(self, {"Notifying": Variant("b", notifying)})


@contextmanager
def _refusals() -> Iterator[None]:
    """What a device refuses becomes a D-Bus error."""
    try:
        yield
    except BleakError as refused:
        raise BlueZError(FAILED, str(refused)) from refused


class RemoteService(Exported):
    """A service: nothing but a place for characteristics."""

    interface = "org.bluez.GattService1"

    def __init__(self, path: str, device: str, uuid: str) -> None:
        properties = {"UUID": Variant("s", uuid), "Device": Variant("o", device), "Primary": Variant("b", True)}
        super().__init__(path, properties, {})


class RemoteDevice(Exported):
    """A device that was heard, and the host's end of the connection to it.

    Its services stay known after the connection is lost, as in BlueZ's cache.
    """

    interface = "org.bluez.Device1"

    def __init__(self, tree: ObjectTree, adapter: Exported, peripheral: Peripheral) -> None:
        properties = {
            "Address": Variant("s", peripheral.address),
            "AddressType": Variant("s", "random"),
            "Name": Variant("s", peripheral.name),
            "Alias": Variant("s", peripheral.name),
            "Adapter": Variant("o", adapter.path),
            "UUIDs": Variant("as", [peripheral.service]),
            "RSSI": Variant("n", RSSI_DBM),
            **{name: Variant("b", False) for name in ("Paired", "Trusted", "Blocked", "Connected", "ServicesResolved")},
        }
        path = f"{adapter.path}/dev_{peripheral.address.replace(':', '_')}"
        super().__init__(path, properties, {"Connect": self._connect, "Disconnect": self._disconnect})
        self.peripheral = peripheral
        self.chars: dict[str, RemoteCharacteristic] = {}
        self.tree = tree
        self._adapter = adapter
        self._connecting: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the link is up and ours."""
        return self.peripheral.central is self

    def heard(self) -> None:
        """An advertisement."""
        if self.path not in self.tree:
            self.tree.add(self)
        else:
            self.tree.change(self, {"RSSI": Variant("n", RSSI_DBM)})

    def unheard(self) -> None:
        """Nobody scans any more; the signal strength is out of date."""
        self.tree.change(self, {}, invalidated=("RSSI",))

    def forget(self) -> None:
        """Remove the device and its services; the next advertisement makes it known again."""
        self.tree.remove(self.path)
        self.chars.clear()
        for name in ("Connected", "ServicesResolved"):
            self.properties[name] = Variant("b", False)

    def link_up(self) -> None:
        """The connection is made; the services are found a little later."""
        self.peripheral.accept(self)
        self._tell("Connected", True)
        asyncio.get_running_loop().call_soon(self._resolve)

    def deliver(self, char: str, data: bytes) -> None:
        """A notification from the device."""
        if char in self.chars:
            self.chars[char].deliver(data)

    def lost(self) -> None:
        """The connection has gone."""
        for char in self.chars.values():
            char.link_lost()
        self._tell("ServicesResolved", False)
        self._tell("Connected", False)

    async def settled(self) -> None:
        """Wait until every client has received what was delivered."""
        await self.tree.settled()

    async def set_property(self, name: str, value: object) -> None:
        """Clients may trust a device, which changes nothing here."""
        if name != "Trusted":
            await super().set_property(name, value)

    async def _connect(self, _: Message) -> None:
        if not self._adapter.properties["Powered"].value:
            raise BlueZError("org.bluez.Error.NotReady", "Resource Not Ready")
        if self._connecting is not None:
            raise BlueZError("org.bluez.Error.InProgress", "Operation already in progress")
        if self.connected:
            return
        self._connecting = asyncio.current_task()
        try:
            await self._page()
        except asyncio.CancelledError as cancelled:
            raise BlueZError(*ABORTED) from cancelled
        finally:
            self._connecting = None

    async def _page(self) -> None:
        """Connect when the device is heard; out of range that is never, until the client gives up."""
        while not self.peripheral.in_range:
            await asyncio.sleep(ADVERTISE_EVERY_S)
        if refusal := self.peripheral.refuses() or (ABORTED if self.peripheral.connected else None):
            # BlueZ tells this failure after a connection that lasted for a moment.
            self._tell("Connected", True)
            self._tell("Connected", False)
            raise BlueZError(*refusal)
        self.link_up()

    async def _disconnect(self, _: Message) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        elif self.connected:
            self.peripheral.drop()

    def _resolve(self) -> None:
        if not self.connected:
            return
        if not self.chars:
            self._discover()
        self.tree.change(self, {"UUIDs": Variant("as", list(self.peripheral.services))})
        self._tell("ServicesResolved", True)

    def _discover(self) -> None:
        """Handles count up from 1, two for each characteristic (declaration and value), as they do in a device."""
        handle = 1
        for service_uuid, chars in self.peripheral.services.items():
            service = RemoteService(f"{self.path}/service{handle:04x}", self.path, service_uuid)
            self.tree.add(service)
            for uuid, flags in chars.items():
                path = f"{service.path}/char{handle + 1:04x}"
                self.chars[uuid] = RemoteCharacteristic(self, path, service.path, uuid, flags)
                self.tree.add(self.chars[uuid])
                handle += 2
            handle += 1

    def _tell(self, name: str, value: bool) -> None:
        self.tree.change(self, {name: Variant("b", value)})
