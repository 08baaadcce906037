"""The queue between the radio and the journal."""

import asyncio

from collector.backend import Backend
from collector.contract.messages import STREAMS, StreamKind
from collector.devices.profile import load_profile
from collector.packet_queue import Packet, PacketQueue
from collector.settings import DeviceSettings
from collector.wearable import Wearable

PROFILE = load_profile("cramp-node")


async def nothing(_: Wearable) -> dict[StreamKind, int]:
    return {}


NODE = Wearable(DeviceSettings(), PROFILE, STREAMS, nothing, lambda *_: None, lambda: 0, Backend())


def packet(number: int) -> Packet:
    return Packet(NODE, "char", bytes([number]), number)


async def test_packets_come_out_once_and_in_order() -> None:
    queue = PacketQueue(10)
    queue.put(packet(1))
    queue.put(packet(2))
    assert await queue.take() == [packet(1), packet(2)]
    queue.put(packet(3))
    assert await queue.take() == [packet(3)]


async def test_a_full_queue_drops_and_counts_and_keeps_the_oldest() -> None:
    queue = PacketQueue(2)
    for number in range(5):
        queue.put(packet(number))
    assert queue.overflowed == 3
    assert await queue.take() == [packet(0), packet(1)]


async def test_take_waits_for_a_packet() -> None:
    queue = PacketQueue(2)
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.put(packet(1))
    assert await waiting == [packet(1)]


async def test_settled_means_taken_and_dealt_with() -> None:
    queue = PacketQueue(2)
    queue.put(packet(1))
    settled = asyncio.create_task(queue.settled())
    await queue.take()
    await asyncio.sleep(0)
    assert not settled.done()  # taken, but the consumer may still be at work on it
    again = asyncio.create_task(queue.take())
    await settled
    again.cancel()
