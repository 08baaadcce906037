"""The simulated cramp-node keeps to docs/reference/cramp-node.md."""

import asyncio
import struct
from itertools import pairwise

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner

from collector.contract.messages import Channel, StreamKind
from collector.simulator.firmware.cramp_node import CHARS, CONTROL, INFO
from collector.simulator.memory_backend import memory_backend
from collector.simulator.playback import Signal, signals_of
from collector.simulator.virtual_wearable import VirtualWearable
from tests.support.blocks import block
from tests.support.wearables import ramp

FROM_NOW = 0xFFFFFFFF
KINDS = {char: kind for kind, char in CHARS.items()}


class Central:
    """bleak's client, subscribed to all three streams."""

    def __init__(self, wearable: VirtualWearable) -> None:
        self._wearable = wearable
        self.packets: list[tuple[StreamKind, bytes]] = []

    async def connect(self) -> None:
        backend = memory_backend([self._wearable])
        assert backend.scanner is not None
        device = await BleakScanner.find_device_by_filter(lambda *_: True, timeout=5, backend=backend.scanner)
        assert device is not None
        self.client = BleakClient(device, backend=backend.client)
        await self.client.connect()
        for char in CHARS.values():
            await self.client.start_notify(
                char, lambda char, data: self.packets.append((KINDS[char.uuid], bytes(data)))
            )

    async def start(self, emg: int = FROM_NOW, acc: int = FROM_NOW, temp: int = FROM_NOW) -> None:
        await self.client.write_gatt_char(CONTROL, struct.pack("<BIII", 1, emg, acc, temp), response=True)

    def headers(self, kind: StreamKind) -> list[tuple[int, int]]:
        return [struct.unpack("<II", packet[:8]) for found, packet in self.packets if found == kind]


async def played(wearable: VirtualWearable, emg: int = FROM_NOW) -> Central:
    central = Central(wearable)
    await central.connect()
    await central.start(emg=emg)
    async with asyncio.timeout(20):
        await wearable.finished.wait()
    return central


async def test_info_describes_each_stream_in_92_bytes() -> None:
    central = Central(VirtualWearable(ramp(10), boot=0xCAFE))
    await central.connect()
    info = bytes(await central.client.read_gatt_char(INFO))
    assert len(info) == 92
    assert struct.unpack("<BI", info[:5]) == (1, 0xCAFE)
    assert struct.unpack("<Bdddhh", info[5:34]) == (1, 250.0, 0.25, 0.0, -32768, 32767)
    assert struct.unpack("<Bdd", info[34:51]) == (3, 50.0, 0.25)


async def test_every_sample_is_sent_once_and_no_packet_exceeds_the_mtu() -> None:
    central = await played(VirtualWearable(ramp(60), speed=None))
    emg = np.concatenate([np.frombuffer(packet, "<i2", offset=8) for kind, packet in central.packets if kind == "emg"])
    assert emg.tolist() == list(range(60 * 250))
    assert max(len(packet) for _, packet in central.packets) <= 244  # MTU 247 less 3 bytes of ATT header


async def test_the_header_tells_index_and_node_time_of_the_first_sample() -> None:
    central = await played(VirtualWearable(ramp(60), speed=None))
    for index, ms in central.headers("acc"):
        assert ms == index * 20  # 50 per second
    assert central.headers("temp") == [(k, 5000 * k) for k in range(12)]


async def test_streams_are_interleaved_in_time() -> None:
    central = await played(VirtualWearable(ramp(60), speed=None))
    times = [struct.unpack("<II", packet[:8])[1] for _, packet in central.packets]
    assert all(later > earlier - 1000 for earlier, later in pairwise(times))


async def test_the_node_resumes_at_the_wanted_index() -> None:
    central = await played(VirtualWearable(ramp(60), speed=None), emg=12_345)
    assert central.headers("emg")[0][0] == 12_345


async def test_the_node_has_forgotten_what_is_older_than_its_memory() -> None:
    wearable = VirtualWearable(ramp(60), speed=None, memory_s=10)
    await played(wearable)
    again = Central(wearable)
    wearable.drop()
    await again.connect()
    await again.start(emg=0)
    await asyncio.sleep(0.01)
    oldest, _ = again.headers("emg")[0]
    assert oldest == pytest.approx(50 * 250, abs=125)  # packets of half a second


async def test_a_restarted_node_counts_from_zero_under_another_boot_number() -> None:
    wearable = VirtualWearable(ramp(60), speed=None, boot=1)
    await played(wearable, emg=0)
    wearable.signals = ramp(120)
    wearable.restart(boot=2)
    central = await played(wearable)
    assert struct.unpack("<I", bytes(await central.client.read_gatt_char(INFO))[1:5]) == (2,)
    first = [packet for kind, packet in central.packets if kind == "emg"][0]  # noqa: RUF015 - next() hides a failure
    assert struct.unpack("<II", first[:8]) == (0, 0)
    assert np.frombuffer(first, "<i2", offset=8)[0] == pytest.approx(60 * 250, abs=1)


async def test_played_in_real_time_a_packet_comes_when_its_last_sample_is_due() -> None:
    central = Central(VirtualWearable(ramp(60), speed=20.0))
    await central.connect()
    await central.start()
    await asyncio.sleep(0.5)
    last_index, _ = central.headers("emg")[-1]
    assert 0 < last_index <= 0.7 * 20 * 250


def test_a_recording_becomes_signals_with_its_gaps() -> None:
    blocks = [block(0, samples=[1, 2]), block(1, samples=[3, 4], first_index=2), block(2, samples=[9], first_index=7)]
    (signal,) = signals_of(blocks).values()
    assert [(first, digital[:, 0].tolist()) for first, digital in signal.runs] == [(0, [1, 2, 3, 4]), (7, [9])]
    assert [first for first, _ in signal.packets(start=3, most=10)] == [3, 7]


@pytest.mark.parametrize("channels", [(Channel("a", "adc"),), (Channel("a", "uV", 0.25), Channel("b", "uV", 0.5))])
def test_signals_that_a_cramp_node_cannot_describe_are_refused(channels: tuple[Channel, ...]) -> None:
    signal = Signal(250.0, channels, ((0, np.zeros((10, len(channels)), np.int16)),))
    with pytest.raises(ValueError, match="cramp-node"):
        VirtualWearable({"emg": signal})


async def test_a_stalled_node_sends_late_what_it_could_not_send() -> None:
    wearable = VirtualWearable(ramp(60), speed=60.0)
    central = Central(wearable)
    await central.connect()
    wearable.stalled = True
    await central.start()
    await asyncio.sleep(0.2)
    assert central.packets == []
    wearable.stalled = False
    async with asyncio.timeout(20):
        await wearable.finished.wait()
    assert [index for index, _ in central.headers("temp")] == list(range(12))


async def test_counters_that_reset_begin_at_zero_without_a_new_connection() -> None:
    wearable = VirtualWearable(ramp(60), speed=60.0)
    central = Central(wearable)
    await central.connect()
    await central.start()
    await asyncio.sleep(0.3)
    wearable.reset_counters()
    async with asyncio.timeout(20):
        await wearable.finished.wait()
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(central.headers("emg"))]
    assert sum(step < 0 for step in steps) == 1
    assert central.headers("emg")[-1][0] < 50 * 250


async def test_a_clock_that_jumps_leaves_the_indices_alone() -> None:
    wearable = VirtualWearable(ramp(60), speed=None)
    wearable.jump_clock(-5000)
    central = await played(wearable)
    assert central.headers("temp")[:3] == [(0, 2**32 - 5000), (1, 0), (2, 5000)]


async def test_packets_lost_in_the_air_are_missing_and_their_indices_with_them() -> None:
    turns = iter(range(10_000))
    central = await played(VirtualWearable(ramp(60), speed=None, loses=lambda: next(turns) == 0))
    # In the order of their last samples, the first of all packets is the temperature at 0 s.
    assert [index for index, _ in central.headers("temp")] == list(range(1, 12))
    assert len(central.headers("emg")) == 128  # 15,000 samples, 118 to a packet


async def test_with_doubled_delivery_every_packet_comes_twice() -> None:
    wearable = VirtualWearable(ramp(60), speed=None)
    wearable.doubled = True
    central = await played(wearable)
    assert [index for index, _ in central.headers("temp")] == [k // 2 for k in range(24)]


async def test_a_slow_crystal_takes_longer_for_the_same_samples() -> None:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    await played(VirtualWearable(ramp(30), speed=60.0, ppm=-500_000.0))
    assert loop.time() - begun_s > 0.95  # 30 s at 60 times half speed; the last sample comes a little before
