"""Messages on their way to the bus, no more of them at a time than the socket takes."""

import asyncio

from dbus_fast import Message
from dbus_fast.aio import MessageBus

WINDOW = 64
"""Messages before the bus is asked whether it has read them. dbus-fast 5.2 takes a full socket (about 280 messages on
Linux) for the end of the connection, so it must not fill."""
DAEMON = "org.freedesktop.DBus"


class Outbox:
    """Sends messages in order. When the bus dies, what waits is dropped."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, message: Message) -> None:
        """Send the message soon."""
        if not self._writer.done():
            self._messages.put_nowait(message)

    async def sent(self) -> None:
        """Wait until all messages are with the bus."""
        await self._messages.join()

    async def close(self) -> None:
        """Drop what waits."""
        self._writer.cancel()
        await asyncio.wait((self._writer,))

    async def _write(self) -> None:
        try:
            while True:
                for _ in range(WINDOW):
                    message = await self._messages.get()
                    await self._bus.send(message)
                    self._messages.task_done()
                await self._bus.call(Message(DAEMON, "/org/freedesktop/DBus", DAEMON, "GetId"))
        except (EOFError, OSError):
            return  # the bus has died; everybody on it knows
        finally:
            while not self._messages.empty():
                self._messages.get_nowait()
                self._messages.task_done()
