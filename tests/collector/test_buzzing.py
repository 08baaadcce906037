"""The wearable buzzes when the alarm asks for it: at once or not at all, and never at the samples' expense."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bleak.exc import BleakError

from collector.buzzing import Buzzing
from collector.contract.messages import NS, Buzz, BuzzKind, StreamKind
from collector.devices.profile import load_profile
from collector.settings import DeviceSettings
from collector.simulator.firmware.firmware import BuiltInFirmware
from collector.simulator.firmware.myo import Myo
from collector.simulator.firmware.umyo import UMyo
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.wearable import Wearable
from tests.collector.virtual_time import in_virtual_time, now_s
from tests.support.wearables import START_NS, ramp_of

LONG, SHORT = 3, 1


def now_ns() -> int:
    return START_NS + round(now_s() * NS)


class Bed:
    """A collector's radio side with one wearable of ten minutes' signal; its alarm can `ask`."""

    def __init__(self, device: VirtualWearable, profile: str) -> None:
        self.device = device
        self.packets = 0
        kinds: tuple[StreamKind, ...] = ("emg", "acc")
        self.wearable = Wearable(
            DeviceSettings(profile=profile), load_profile(profile), kinds, self._begin, self._on_packet, now_ns,
            memory_backend([device]),
        )  # fmt: skip
        self._buzzing = Buzzing([self.wearable], now_ns)

    async def _begin(self, _: Wearable) -> dict[StreamKind, int]:
        return {}

    def _on_packet(self, wearable: Wearable, char: str, payload: bytes) -> None:
        wearable.take(char, payload, now_ns())
        self.packets += 1

    def ask(self, kind: BuzzKind, age_s: float = 0.0) -> None:
        self._buzzing.ask(Buzz(kind=kind, t_ns=now_ns() - round(age_s * NS)))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """For the first ten seconds nobody asks for anything."""
        tasks = [asyncio.create_task(it) for it in (self.wearable.supervisor.run(), self._buzzing.serve())]
        await asyncio.sleep(10)
        try:
            yield
            await asyncio.sleep(1)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def bed(firmware: BuiltInFirmware, profile: str) -> Bed:
    return Bed(VirtualWearable(ramp_of(firmware, 600), firmware=firmware), profile)


@in_virtual_time
async def test_a_cramp_and_a_test_buzz_long_and_a_fault_short() -> None:
    myo = bed(Myo(), "myo")
    async with myo.open():
        for kind in ("cramp", "fault", "test"):
            myo.ask(kind)
    assert myo.device.vibrations == [LONG, SHORT, LONG]


@pytest.mark.parametrize(("age_s", "told"), [(5.1, "5 s ago"), (3600.0, "3600 s ago"), (-5.1, "5 s ahead")])
@in_virtual_time
async def test_what_was_not_asked_for_just_now_is_dropped_and_told(
    age_s: float, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    myo = bed(Myo(), "myo")
    async with myo.open():
        myo.ask("cramp", age_s)
    assert myo.device.vibrations == []
    (line,) = caplog.messages
    assert told in line


@in_virtual_time
async def test_what_is_just_young_enough_buzzes() -> None:
    myo = bed(Myo(), "myo")
    async with myo.open():
        myo.ask("cramp", age_s=4.9)
    assert myo.device.vibrations == [LONG]


@in_virtual_time
async def test_a_wearable_that_cannot_buzz_is_not_written_to(caplog: pytest.LogCaptureFixture) -> None:
    umyo = bed(UMyo(), "umyo")
    async with umyo.open():
        umyo.ask("cramp")
    assert umyo.device.vibrations == []
    assert caplog.messages == []
    assert umyo.wearable.supervisor.connections == 1


@in_virtual_time
async def test_a_wearable_out_of_reach_does_not_buzz_when_it_is_back() -> None:
    myo = bed(Myo(), "myo")
    async with myo.open():
        myo.device.leave()
        await asyncio.sleep(1)
        myo.ask("cramp")
        await asyncio.sleep(1)
        myo.device.come_back()
        await asyncio.sleep(20)
        assert myo.wearable.supervisor.state == "streaming"
    assert myo.device.vibrations == []


@in_virtual_time
async def test_a_write_that_fails_is_one_line_in_the_log_and_costs_no_sample(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    myo = bed(Myo(), "myo")
    own = myo.device.write

    def write(char: str, data: bytes) -> None:
        if data[0] == 0x03:
            raise BleakError("the motor is broken")
        own(char, data)

    monkeypatch.setattr(myo.device, "write", write)
    async with myo.open():
        myo.ask("cramp")
        await asyncio.sleep(9)
    (line,) = caplog.messages
    assert "did not buzz: the motor is broken" in line
    assert myo.wearable.supervisor.connections == 1
    # 100 EMG packets and 50 of the IMU a second; of the 20 s, one at most went by before it was found and started.
    assert myo.packets >= 19 * 150
