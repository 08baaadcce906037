"""The collector as it runs on a Raspberry Pi, but for bluetoothd and the radio: every sample once, whatever dies.

The link, the supervisor and bleak's Linux backend are the real ones; the devices are simulated.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector.contract.errors import BadRecording
from collector.contract.journal import Journal
from collector.contract.messages import StreamKind
from collector.service import Collector
from collector.settings import CollectorSettings, DeviceSettings
from collector.simulator.bluez.private_bus import PrivateBus
from collector.simulator.bluez.stand_in import BlueZStandIn
from collector.simulator.firmware.firmware import BuiltInFirmware
from collector.simulator.firmware.models import MODELS
from collector.simulator.peripheral import Refusal
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime
from tests.support.bluez import until
from tests.support.wearables import NO_BROKER, START_NS, journalled, ramp, ramp_of

FS = 1000.0
"""Packets of 0.12 s: the stall watchdog bites after 2.4 s, which is what most of these tests wait for."""
SPEED = 30.0
RECOVERY_S = 12.0
"""That limit, 5 s for what comes after it, and the rest for a busy machine."""


def settings(directory: Path, site: str = "left_calf", device: DeviceSettings | None = None) -> CollectorSettings:
    return CollectorSettings(
        wearer="w1", site=site, data_directory=directory, broker=NO_BROKER, device=device or DeviceSettings()
    )


@asynccontextmanager
async def collecting(wearable: VirtualWearable, options: CollectorSettings) -> AsyncIterator[Collector]:
    collector = Collector(options, time_source=DeviceTime(START_NS))
    wearable.room = collector.settled
    running = asyncio.create_task(collector.run())
    try:
        yield collector
        assert not running.done()
    finally:
        collector.stop()
        await running


async def streaming(collector: Collector) -> int:
    """Wait until something of each stream has been heard; how many EMG samples there are then."""
    await until(lambda: len([count for count in collector.health().samples.values() if count]) == 3)
    return collector.health().samples["emg"]


async def goes_on(collector: Collector, before: int) -> None:
    """Wait for another second of EMG."""
    async with asyncio.timeout(RECOVERY_S):
        await until(lambda: collector.health().samples["emg"] > before + FS)


def assert_each_once(found: dict[StreamKind, list[int]], seconds: float) -> None:
    for kind, fs in (("emg", FS), ("acc", 50.0), ("temp", 0.2)):
        assert found[kind] == list(range(round(seconds * fs)))  # type: ignore[index]  # mypy widens the literals


def half_written(directory: Path) -> dict[StreamKind, list[int]]:
    """What is in a journal that another process may just have begun."""
    try:
        return journalled(directory)
    except (BadRecording, ValueError):  # not yet a journal, or none yet
        return {"emg": [], "acc": [], "temp": []}


async def play(directory: Path, bus: PrivateBus, seconds: float) -> None:
    wearable = VirtualWearable(ramp(seconds, FS), speed=None)
    async with BlueZStandIn(bus.address, [wearable]), collecting(wearable, settings(directory)):
        await wearable.finished.wait()


async def test_ten_minutes_at_full_speed_are_journalled_sample_for_sample(bus: PrivateBus, tmp_path: Path) -> None:
    await play(tmp_path, bus, seconds=600)
    assert_each_once(journalled(tmp_path), 600)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_a_night_of_eight_hours_loses_and_doubles_nothing(bus: PrivateBus, tmp_path: Path) -> None:
    await play(tmp_path, bus, seconds=8 * 3600)
    assert_each_once(journalled(tmp_path), 8 * 3600)


@pytest.mark.parametrize("name", ["myo", "umyo", "npg-lite"])
async def test_other_wearables_are_journalled_sample_for_sample(bus: PrivateBus, tmp_path: Path, name: str) -> None:
    firmware = MODELS[name]
    assert isinstance(firmware, BuiltInFirmware)
    signals = ramp_of(firmware, 60)
    wearable = VirtualWearable(signals, speed=None, firmware=firmware)
    async with (
        BlueZStandIn(bus.address, [wearable]),
        collecting(wearable, settings(tmp_path, device=DeviceSettings(profile=name))),
    ):
        await wearable.finished.wait()
    got: dict[StreamKind, list[list[int]]] = {kind: [] for kind in signals}
    (path,) = tmp_path.glob("*.journal")
    with Journal.open(path, read_only=True) as journal:
        for block in journal.blocks():
            assert block.first_index == len(got[block.stream])
            got[block.stream] += block.digital().tolist()
    for kind, signal in signals.items():
        instants = firmware.front_ends[kind].instants
        whole = len(signal.runs[0][1]) // instants * instants
        assert got[kind] == signal.runs[0][1][:whole].tolist()


async def test_two_wearables_of_one_sleeper_are_collected_side_by_side(bus: PrivateBus, tmp_path: Path) -> None:
    names = ("cramp-node left", "cramp-node right")
    wearables = [
        VirtualWearable(ramp(30, FS), speed=None, name=name, address=f"C4:00:00:00:00:0{k}")
        for k, name in enumerate(names)
    ]
    folders = [tmp_path / "left", tmp_path / "right"]
    left, right = (
        collecting(wearable, settings(folder, folder.name, DeviceSettings(name=wearable.name)))
        for wearable, folder in zip(wearables, folders, strict=True)
    )
    async with BlueZStandIn(bus.address, wearables), left, right:
        await asyncio.gather(*(wearable.finished.wait() for wearable in wearables))
    for folder in folders:
        assert_each_once(journalled(folder), 30)


@pytest.mark.parametrize(
    "fault",
    [
        "the link drops",
        "out of range",
        "the node falls silent",
        pytest.param("the object vanishes", marks=pytest.mark.slow),
    ],
)
async def test_after_a_fault_of_the_link_the_node_goes_on_where_it_was(
    bus: PrivateBus, tmp_path: Path, fault: str
) -> None:
    wearable = VirtualWearable(ramp(30, FS), speed=SPEED)
    async with BlueZStandIn(bus.address, [wearable]) as bluez, collecting(wearable, settings(tmp_path)) as collector:
        before = await streaming(collector)
        if fault == "the link drops":
            wearable.drop()
        elif fault == "out of range":
            wearable.leave()
            await asyncio.sleep(0.5)
            wearable.come_back()
        elif fault == "the node falls silent":
            wearable.stalled = True
            await until(lambda: collector.health().links[0].reconnects)
            wearable.stalled = False
        else:
            bluez.vanish(wearable)
        await goes_on(collector, before)
        await asyncio.wait_for(wearable.finished.wait(), 30)
    assert_each_once(journalled(tmp_path), 30)


async def test_connections_that_are_refused_are_tried_until_one_is_made(bus: PrivateBus, tmp_path: Path) -> None:
    wearable = VirtualWearable(ramp(10, FS), speed=None)
    wearable.fail_next_connects = 3
    wearable.refusal = Refusal("org.bluez.Error.Failed", "br-connection-canceled")
    async with BlueZStandIn(bus.address, [wearable]), collecting(wearable, settings(tmp_path)):
        await asyncio.wait_for(wearable.finished.wait(), 30)
    assert_each_once(journalled(tmp_path), 10)


@pytest.mark.parametrize(
    "how",
    [
        "dies",
        pytest.param("hangs", marks=pytest.mark.slow),
        "dies with the bus",
        "loses the adapter",
    ],
)
async def test_after_bluetooth_has_come_back_the_node_goes_on_where_it_was(
    bus: PrivateBus, tmp_path: Path, how: str
) -> None:
    wearable = VirtualWearable(ramp(30, FS), speed=SPEED)
    bluez = BlueZStandIn(bus.address, [wearable])
    await bluez.start()
    try:
        async with collecting(wearable, settings(tmp_path)) as collector:
            before = await streaming(collector)
            if how == "loses the adapter":
                bluez.adapter.power(False)
                await asyncio.sleep(1)
                bluez.adapter.power(True)
            else:
                if how == "hangs":
                    bluez.hang()
                    await until(lambda: collector.health().links[0].state != "streaming")
                if how == "dies with the bus":
                    bus.kill()
                await bluez.die()
                await asyncio.sleep(0.5)
                if how == "dies with the bus":
                    bus.start()
                await bluez.start()
            await goes_on(collector, before)
            await asyncio.wait_for(wearable.finished.wait(), 60)
    finally:
        await bluez.die()
    assert_each_once(journalled(tmp_path), 30)


async def test_a_killed_collector_leaves_a_link_behind_that_the_next_one_takes_over(
    bus: PrivateBus, tmp_path: Path
) -> None:
    wearable = VirtualWearable(ramp(30, FS), speed=SPEED)
    command = [sys.executable, "-m", "tests.collector.linux.collect", str(tmp_path)]
    async with BlueZStandIn(bus.address, [wearable]):
        with subprocess.Popen(command) as first:
            try:
                await until(lambda: half_written(tmp_path)["emg"] and half_written(tmp_path)["acc"])
            finally:
                first.kill()
        assert wearable.connected
        async with collecting(wearable, settings(tmp_path)):
            await asyncio.wait_for(wearable.finished.wait(), 60)
    assert_each_once(journalled(tmp_path), 30)
