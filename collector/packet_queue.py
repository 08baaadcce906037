"""Between the radio and the journal: a bounded queue whose producer never waits."""

import asyncio
from collections import deque
from typing import NamedTuple

from collector.wearable import Wearable


class Packet(NamedTuple):
    """One notification: from whom, on which characteristic, its bytes, and the monotonic time when it was there."""

    wearable: Wearable
    char: str
    payload: bytes
    arrival_ns: int


class PacketQueue:
    """A queue for one consumer. A packet that finds it full is dropped and counted: memory has an end."""

    def __init__(self, limit: int) -> None:
        self.overflowed = 0
        self._limit = limit
        self._packets: deque[Packet] = deque()
        self._filled = asyncio.Event()
        self._settled = asyncio.Event()

    def put(self, packet: Packet) -> None:
        """Add a packet, or count it as overflowed. Plain and short: it runs inside the notification callback."""
        if len(self._packets) >= self._limit:
            self.overflowed += 1
            return
        self._packets.append(packet)
        self._filled.set()
        self._settled.clear()

    async def take(self) -> list[Packet]:
        """Everything that waits; waits for something when there is nothing."""
        if not self._packets:
            self._filled.clear()
            self._settled.set()
            await self._filled.wait()
        packets = list(self._packets)
        self._packets.clear()
        return packets

    async def settled(self) -> None:
        """Wait until the consumer has dealt with everything and asks for more."""
        await self._settled.wait()
