"""One session from several wearables: merged by time, each with a link, losses and a battery of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest

from collector.contract.journal import Journal
from collector.contract.messages import NS, SampleBlock, StreamKind
from collector.devices.profile import BadProfile, load_profile
from collector.service import Collector
from collector.settings import CollectorSettings, DeviceSettings
from collector.simulator.firmware.cramp_node import CHARS
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.wearable import shares
from crampwatch.config import load
from crampwatch.wiring import collector_settings
from tests.collector.virtual_time import VirtualHost, in_virtual_time, now_s
from tests.support.wearables import START_NS, journalled, ramp, settings

PATIENCE_S = 300
SECONDS = 120


class Node(VirtualWearable):
    """A node that remembers when its first accelerometer packet was sent."""

    first_acc_s: float | None = None

    def notify(self, char: str, data: bytes) -> None:
        if char == CHARS["acc"] and self.first_acc_s is None:
            self.first_acc_s = now_s()
        super().notify(char, data)


class Bedside:
    """Two nodes in the air, one for the EMG and one for the rest, and a host whose clock can be set."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.muscle = Node(ramp(seconds), name="cramp-node muscle", address="C4:00:00:00:00:01")
        self.motion = Node(ramp(SECONDS), name="cramp-node motion", address="C4:00:00:00:00:02")
        self.motion.battery_percent = 40
        self.host = VirtualHost(START_NS)

    @asynccontextmanager
    async def collecting(self, directory: Path) -> AsyncIterator[Collector]:
        backend = memory_backend([self.muscle, self.motion])
        backend.scanner = self.scanner = counting(backend.scanner)
        self.collector = Collector(two(directory), backend, self.host.time())
        running = asyncio.create_task(self.collector.run())
        try:
            yield self.collector
        finally:
            self.collector.stop()
            await running

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.1)

    async def until_both_stream(self) -> None:
        await self.until(lambda: [link.state for link in self.collector.health().links] == ["streaming"] * 2)


def counting(scanner: Any) -> Any:
    """A scanner that notes when it was started."""

    class Counting(scanner):  # type: ignore[misc]  # a class made by a function
        started_s: ClassVar[list[float]] = []

        async def start(self) -> None:
            self.started_s.append(now_s())
            await super().start()

    return Counting


def two(directory: Path) -> CollectorSettings:
    return msgspec.structs.replace(
        settings(directory),
        device=DeviceSettings(name="cramp-node muscle", streams=("emg",)),
        companions=(DeviceSettings(name="cramp-node motion"),),
    )


def blocks(path: Path) -> list[SampleBlock]:
    with Journal.open(path, read_only=True) as journal:
        return list(journal.blocks())


@in_virtual_time
async def test_the_streams_of_two_wearables_are_one_session(tmp_path: Path) -> None:
    bedside = Bedside()
    async with bedside.collecting(tmp_path):
        await bedside.until(bedside.muscle.finished.is_set)
        await bedside.until(bedside.motion.finished.is_set)
    found = journalled(tmp_path)
    assert {kind: len(indices) for kind, indices in found.items()} == {"emg": 30_000, "acc": 6_000, "temp": 24}
    (path,) = tmp_path.glob("*.journal")
    assert {block.streams for block in blocks(path)} == {("emg", "acc", "temp")}


@in_virtual_time
async def test_each_link_tells_its_own_health(tmp_path: Path) -> None:
    bedside = Bedside()
    async with bedside.collecting(tmp_path) as collector:
        await bedside.until_both_stream()
        bedside.motion.drop()
        await asyncio.sleep(1)
        await bedside.until_both_stream()
        await asyncio.sleep(30)
        health = collector.health()
    muscle, motion = health.links
    assert (muscle.device, muscle.streams, muscle.reconnects) == ("cramp-node muscle", ("emg",), 0)
    assert (motion.device, motion.streams, motion.reconnects) == ("cramp-node motion", ("acc", "temp"), 1)
    assert (muscle.battery_percent, motion.battery_percent) == (100, 40)
    assert health.rate["emg"] == pytest.approx(1, abs=0.05)
    assert health.rate["acc"] == pytest.approx(1, abs=0.05)


@in_virtual_time
async def test_a_companion_that_comes_late_and_after_a_step_of_the_hosts_clock_is_dated_like_the_rest(
    tmp_path: Path,
) -> None:
    bedside = Bedside()
    bedside.motion.leave()
    async with bedside.collecting(tmp_path):
        await asyncio.sleep(20)
        bedside.host.step(30)
        bedside.motion.come_back()
        await bedside.until(bedside.muscle.finished.is_set)
    (path,) = tmp_path.glob("*.journal")
    emg, acc = ([block for block in blocks(path) if block.stream == kind] for kind in ("emg", "acc"))
    assert emg[0].first_index == 0
    assert emg[-1].end_ns - emg[0].t0_ns == pytest.approx(SECONDS * NS, abs=20_000_000)
    # The packet's last sample, half a second after its first, was measured when it was sent.
    assert bedside.motion.first_acc_s is not None
    assert acc[0].t0_ns + 0.48 * NS - START_NS == pytest.approx(bedside.motion.first_acc_s * NS, abs=20_000_000)


@in_virtual_time
async def test_a_host_whose_clock_was_wrong_by_hours_begins_a_new_session_without_losing_a_sample(
    tmp_path: Path,
) -> None:
    bedside = Bedside()
    async with bedside.collecting(tmp_path):
        await asyncio.sleep(50)
        bedside.host.step(7 * 24 * 3600)
        await bedside.until(bedside.muscle.finished.is_set)
    first, second = sorted(tmp_path.glob("*.journal"))
    assert (first.name[:10], second.name[:10]) == ("2026-11-19", "2026-11-26")
    emg = [block.digital()[:, 0] for path in (first, second) for block in blocks(path) if block.stream == "emg"]
    assert np.concatenate(emg).tolist() == list(range(SECONDS * 250))


@in_virtual_time
async def test_a_missing_companion_is_a_fault_of_its_own_while_the_rest_goes_on(tmp_path: Path) -> None:
    bedside = Bedside()
    bedside.motion.leave()
    async with bedside.collecting(tmp_path) as collector:
        await asyncio.sleep(30)
        (fault,) = collector.faults()
        assert (fault.streams, fault.cause) == (("acc", "temp"), "the wearable was not heard")
        assert collector.health().links[0].reconnects == 0
        bedside.motion.come_back()
        await bedside.until_both_stream()
        await asyncio.sleep(2)
        assert collector.faults() == ()
    assert journalled(tmp_path)["emg"]


@in_virtual_time
async def test_beside_the_emg_a_companion_in_the_drawer_is_scanned_for_every_five_minutes(
    tmp_path: Path,
) -> None:
    bedside = Bedside(seconds=800)
    bedside.motion.leave()
    async with bedside.collecting(tmp_path) as collector:
        await asyncio.sleep(700)
        found_s, *missed_s = bedside.scanner.started_s
        assert found_s == 0
        assert [at_s for at_s in missed_s if at_s > 100] == pytest.approx([300, 600], abs=5)
        assert len(missed_s) == 4 + 2
        assert collector.health().links[0].reconnects == 0
        bedside.motion.come_back()
        bedside.muscle.leave()
        await asyncio.sleep(45)
        # Nothing streams: nobody is disturbed by looking for it at once.
        assert collector.health().links[1].state == "streaming"


@in_virtual_time
async def test_the_emg_is_searched_for_at_any_time_as_a_companion_alone_is_worth_nothing(tmp_path: Path) -> None:
    bedside = Bedside(seconds=800)
    async with bedside.collecting(tmp_path) as collector:
        await bedside.until_both_stream()
        bedside.muscle.leave()
        await asyncio.sleep(600)
        assert [link.state for link in collector.health().links][1] == "streaming"
        bedside.muscle.come_back()
        await asyncio.sleep(32)  # the longest pause between two attempts, and a moment to connect
        assert collector.health().links[0].state == "streaming"


@in_virtual_time
async def test_a_wearable_that_is_taken_away_is_a_fault_with_its_cause_within_30_s_until_it_is_back(
    tmp_path: Path,
) -> None:
    bedside = Bedside()
    async with bedside.collecting(tmp_path) as collector:
        await bedside.until_both_stream()
        await asyncio.sleep(10)
        assert collector.faults() == ()
        bedside.muscle.leave()
        await asyncio.sleep(30)
        (fault,) = collector.faults()
        assert (fault.device, fault.streams) == ("cramp-node muscle", ("emg",))
        assert fault.cause == "the wearable was not heard"
        assert "charged" in fault.cure
        bedside.muscle.come_back()
        await asyncio.sleep(60)
        assert collector.faults() == ()


@in_virtual_time
async def test_companions_wait_for_the_wearable_that_makes_the_session(tmp_path: Path) -> None:
    bedside = Bedside()
    bedside.muscle.leave()
    async with bedside.collecting(tmp_path):
        await asyncio.sleep(40)
        assert not bedside.motion.connected
        assert list(tmp_path.glob("*.journal")) == []


def test_two_wearables_that_are_to_bring_the_same_are_refused(tmp_path: Path) -> None:
    both = msgspec.structs.replace(two(tmp_path), device=DeviceSettings(streams=("emg", "acc")))
    both = msgspec.structs.replace(both, companions=(DeviceSettings(streams=("acc",)),))
    with pytest.raises(BadProfile, match="two wearables are to bring acc; name the `streams` of each"):
        Collector(both)


def test_a_companion_that_would_bring_nothing_is_refused(tmp_path: Path) -> None:
    whole = msgspec.structs.replace(two(tmp_path), device=DeviceSettings())
    with pytest.raises(BadProfile, match="brings no stream that is not there already"):
        Collector(whole)


@pytest.mark.parametrize(
    "devices",
    [
        [DeviceSettings(profile="polar-h10")],
        [DeviceSettings(streams=("acc",))],
        [DeviceSettings(streams=("acc",)), DeviceSettings(profile="thingy52")],
        [DeviceSettings(profile="polar-h10", streams=("emg",))],
    ],
)
def test_a_sensor_that_could_never_see_a_cramp_is_refused(tmp_path: Path, devices: list[DeviceSettings]) -> None:
    first, *companions = devices
    blind = msgspec.structs.replace(two(tmp_path), device=first, companions=tuple(companions))
    with pytest.raises(BadProfile, match=r"no wearable of w1 left_calf measures muscle activity \(EMG\); add one"):
        Collector(blind)


def test_a_companion_may_be_the_one_that_measures_the_muscle(tmp_path: Path) -> None:
    motion = DeviceSettings(streams=("acc",))
    muscle = DeviceSettings(profile="umyo", streams=("emg",))
    Collector(msgspec.structs.replace(two(tmp_path), device=motion, companions=(muscle,)))


def test_companions_are_named_in_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "crampwatch.toml"
    path.write_text("""
        [broker]
        [[sensor]]
        wearer = "w1"
        site = "left_calf"
        profile = "umyo"
        streams = ["emg"]
        power_cycle_adapter = true
        [[sensor.companion]]
        profile = "thingy52"
        name = "Thingy 3"
    """)
    config = load(path)
    told = collector_settings(config, config.sensors[0])
    assert told.device == DeviceSettings(profile="umyo", streams=("emg",), power_cycle=True)
    assert told.companions == (DeviceSettings(profile="thingy52", name="Thingy 3", power_cycle=True),)
    assert told.profile_directory == tmp_path / "devices"


@pytest.mark.parametrize(
    ("devices", "brought"),
    [
        ([DeviceSettings(profile="cramp-node")], [("emg", "acc", "temp")]),
        # No profile has a temperature: the device may have the standard service for it.
        ([DeviceSettings(profile="myo")], [("emg", "acc", "temp")]),
        ([DeviceSettings(profile="myo"), DeviceSettings(profile="thingy52")], [("emg", "acc"), ("temp",)]),
        (
            [DeviceSettings(profile="myo", streams=("emg",)), DeviceSettings(profile="thingy52")],
            [("emg",), ("acc", "temp")],
        ),
        ([DeviceSettings(profile="myo", streams=("emg",))], [("emg",)]),
    ],
)
def test_each_stream_comes_from_the_first_device_that_has_it_unless_told_otherwise(
    devices: list[DeviceSettings], brought: list[tuple[StreamKind, ...]]
) -> None:
    assert shares((device, load_profile(device.profile)) for device in devices) == brought
