"""Objects on a D-Bus: who is there, what they are like, and who is told when that changes."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from dbus_fast import Message, MessageType, NameFlag, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

from collector.simulator.bluez.outbox import DAEMON, Outbox

OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
PEER = "org.freedesktop.DBus.Peer"

Properties = dict[str, Variant]
Method = Callable[[Message], Awaitable[Message | None]]
"""Answers a call; None stands for an empty reply."""


class BlueZError(Exception):
    """A call is refused with this D-Bus error."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error = error
        self.text = text


class Exported:
    """An object on the bus: one interface with its properties and methods."""

    interface: ClassVar[str]

    def __init__(self, path: str, properties: Properties, methods: Mapping[str, Method]) -> None:
        self.path = path
        self.properties = properties
        self.methods = methods

    async def set_property(self, name: str, value: Any) -> None:
        """Somebody on the bus wants a property changed."""
        raise BlueZError("org.bluez.Error.NotPermitted", f"{name} is read-only")

    def client_gone(self, client: str) -> None:
        """A client that may have called this object has left the bus."""


class ObjectTree:
    """The objects that one service offers on the bus at `address`.

    `deaf` is a service that hangs: it keeps its name on the bus, answers nothing and says nothing.
    """

    def __init__(self, address: str, service: str) -> None:
        self.deaf = False
        self._address = address
        self._service = service
        self._objects: dict[str, Exported] = {}
        self._clients: set[str] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._bus: MessageBus | None = None
        self._outbox: Outbox | None = None

    async def open(self) -> None:
        """Connect and take the service's name; raises OSError when the name is taken or the bus is not there."""
        bus = MessageBus(bus_address=self._address, negotiate_unix_fd=True)
        await bus.connect()
        bus.add_message_handler(self._on_message)
        rule = f"type='signal',sender='{DAEMON}',member='NameOwnerChanged'"
        await bus.call(Message(DAEMON, "/org/freedesktop/DBus", DAEMON, "AddMatch", signature="s", body=[rule]))
        if await bus.request_name(self._service, NameFlag.DO_NOT_QUEUE) != RequestNameReply.PRIMARY_OWNER:
            bus.disconnect()
            raise OSError(f"{self._service} is taken on {self._address}; is a real BlueZ running there?")
        self._bus, self._outbox = bus, Outbox(bus)

    async def close(self) -> None:
        """Leave the bus without a word, as a process does that dies."""
        bus, outbox, self._bus, self._outbox = self._bus, self._outbox, None, None
        for call in self._calls:
            call.cancel()
        self._objects.clear()
        self._clients.clear()
        if bus is not None and outbox is not None:
            await outbox.close()
            bus.disconnect()
            with contextlib.suppress(EOFError, OSError):  # the bus itself may have died before
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # not annotated in dbus-fast

    def __contains__(self, path: str) -> bool:
        return path in self._objects

    def add(self, added: Exported) -> None:
        """Export an object."""
        self._objects[added.path] = added
        interfaces = {added.interface: added.properties}
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [added.path, interfaces])

    def remove(self, path: str) -> None:
        """Take back an object and all below it."""
        for below in sorted((known for known in self._objects if known.startswith(f"{path}/")), reverse=True):
            self.remove(below)
        if gone := self._objects.pop(path, None):
            self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [path, [gone.interface]])

    def change(self, changed: Exported, properties: Properties, invalidated: tuple[str, ...] = ()) -> None:
        """Give an object other properties."""
        changed.properties.update(properties)
        for name in invalidated:
            changed.properties.pop(name, None)
        if changed.path in self._objects:
            body = [changed.interface, properties, list(invalidated)]
            self._signal(changed.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    async def settled(self) -> None:
        """Wait until every client has received what was said so far: a client answers calls in their order."""
        for client in list(self._clients):
            if self._bus is None or self._outbox is None or self.deaf:
                return
            await self._outbox.sent()
            with contextlib.suppress(EOFError, OSError):  # the bus has died; nobody will receive anything
                await self._bus.call(Message(client, "/", PEER, "Ping"))

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._send(
            Message(
                message_type=MessageType.SIGNAL, path=path, interface=interface, member=member,
                signature=signature, body=body,
            )
        )  # fmt: skip

    def _send(self, message: Message) -> None:
        if self._outbox is not None and not self.deaf:
            self._outbox.send(message)

    def _on_message(self, message: Message) -> bool | None:
        if message.member == "NameOwnerChanged" and message.message_type == MessageType.SIGNAL:
            name, _, new_owner = message.body
            if not new_owner:
                self._client_gone(name)
        elif message.message_type == MessageType.METHOD_CALL and message.interface != PEER:
            if message.sender is not None:
                self._clients.add(message.sender)
            call = asyncio.get_running_loop().create_task(self._answer(message))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            return True
        return None

    def _client_gone(self, client: str) -> None:
        self._clients.discard(client)
        for known in list(self._objects.values()):
            known.client_gone(client)

    async def _answer(self, message: Message) -> None:
        try:
            reply = await self._call(message) or Message.new_method_return(message)
        except BlueZError as refused:
            reply = Message.new_error(message, refused.error, refused.text)
        self._send(reply)
        if reply.unix_fds and self._outbox is not None:
            await self._outbox.sent()
        for descriptor in reply.unix_fds:  # the receiver has its own by now
            os.close(descriptor)

    async def _call(self, message: Message) -> Message | None:
        if self.deaf:
            return None
        if message.interface == OBJECT_MANAGER:
            return self._managed_objects(message)
        called = self._objects.get(message.path or "")
        if called is None:
            raise BlueZError("org.freedesktop.DBus.Error.UnknownObject", f"no object at {message.path}")
        if message.interface == PROPERTIES and message.member == "Set":
            _, name, value = message.body
            await called.set_property(name, value.value)
            return None
        method = called.methods.get(message.member or "") if message.interface == called.interface else None
        if method is None:
            raise BlueZError("org.freedesktop.DBus.Error.UnknownMethod", f"no {message.interface}.{message.member}")
        return await method(message)

    def _managed_objects(self, message: Message) -> Message:
        objects = {known.path: {known.interface: known.properties} for known in self._objects.values()}
        return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])
