"""What a link does with a device that is not a cramp-node: standard services, values to read, a call to stay awake."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bleak import BleakClient
from bleak.backends.device import BLEDevice

from collector.backend import Backend
from collector.contract.messages import NS, StreamKind
from collector.devices.decoder import Decoder
from collector.devices.profile import Command, DeviceInfo, parse_profile
from collector.link import Link
from collector.settings import DeviceSettings
from collector.simulator.memory_backend import memory_backend
from collector.simulator.peripheral import Peripheral, Services
from collector.supervisor import Supervisor
from tests.collector.virtual_time import in_virtual_time, now_s

EMG = "d5060105-a904-deb9-4748-2c7f4a124842"
CONTROL = "d5060401-a904-deb9-4748-2c7f4a124842"
TEMPERATURE = "00002a6e-0000-1000-8000-00805f9b34fb"
ARMBAND = f"""
[device]
match = {{ name_prefix = "Armband" }}
pairing = true
keep_alive = {{ char = "{CONTROL}", hex = "090101", every_s = 60 }}

[[start]]
char = "{CONTROL}"
hex = "0103020000"

[[stream]]
kind = "emg"
char = "{EMG}"
frame = ["i16 emg"]
field = "emg"
rate_hz = 200
unit = "adc"
names = ["emg"]
"""


CLIENT: Any = memory_backend([]).client


class Armband(Peripheral):
    """Notifies EMG once a second and lets its temperature be read."""

    def __init__(self, control: Sequence[str] = ("write",)) -> None:
        services: Services = {
            "d5060001-a904-deb9-4748-2c7f4a124842": {EMG: ["notify"], CONTROL: control},
            "0000181a-0000-1000-8000-00805f9b34fb": {TEMPERATURE: ["read"]},
        }
        super().__init__("Armband", "C4:00:00:00:00:09", services)
        self.written: list[tuple[float, str]] = []

    def write(self, char: str, data: bytes) -> None:
        self.written.append((round(now_s(), 1), data.hex()))

    def read(self, char: str) -> bytes:
        return (3342).to_bytes(2, "little")

    async def play(self) -> None:
        while True:
            self.notify(EMG, bytes(400))
            await asyncio.sleep(1)


def monotonic_ns() -> int:
    return round(now_s() * NS)


class Host:
    """Somebody who listens."""

    def __init__(self, armband: Armband) -> None:
        self.armband = armband
        self.backend = memory_backend([armband])
        self.infos: list[DeviceInfo] = []
        self.temperatures: list[tuple[float, float]] = []

    async def begin(self, info: DeviceInfo) -> dict[StreamKind, int]:
        self.infos.append(info)
        return {}

    def on_packet(self, char: str, payload: bytes) -> None:
        samples = Decoder(self.infos[-1].streams).decode(char, payload)
        self.supervisor.heard(samples.stream, len(samples.digital), monotonic_ns())
        if samples.stream == "temp":
            self.temperatures.append((round(now_s()), samples.digital[0, 0] * 0.01))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        profile = parse_profile(ARMBAND, "armband")
        self.supervisor = Supervisor(profile, DeviceSettings(), self.begin, self.on_packet, monotonic_ns, self.backend)
        tasks = [asyncio.create_task(self.supervisor.run()), asyncio.create_task(self.armband.play())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@in_virtual_time
async def test_a_standard_temperature_beside_the_devices_own_service_is_read_every_five_seconds() -> None:
    host = Host(Armband())
    async with host.running():
        await asyncio.sleep(22)
    assert [stream.kind for stream in host.infos[0].streams] == ["emg", "temp"]
    assert host.temperatures == [(k, 33.42) for k in (0, 5, 10, 15, 20)]


@in_virtual_time
async def test_a_device_that_would_fall_asleep_is_kept_awake_after_it_has_been_started() -> None:
    host = Host(Armband())
    async with host.running():
        await asyncio.sleep(150)
    assert [text for _, text in host.armband.written] == ["0103020000", "090101", "090101", "090101"]
    times_s = [at_s for at_s, text in host.armband.written if text == "090101"]
    assert times_s[1] - times_s[0] == 60


@in_virtual_time
async def test_a_device_that_wants_it_is_paired() -> None:
    host = Host(Armband())
    own, paired = host.backend.connect, []

    async def connect(device: BLEDevice, on_lost: object, pair: bool) -> BleakClient:
        paired.append(pair)
        return await own(device, on_lost, pair)  # type: ignore[arg-type]  # passed on as it came

    host.backend.connect = connect
    async with host.running():
        await asyncio.sleep(1)
    assert paired == [True]


@in_virtual_time
async def test_a_device_that_cannot_be_stopped_any_more_is_disconnected_all_the_same() -> None:
    class Hung(CLIENT):  # type: ignore[misc]  # a class made by a function
        """Writes as with a bluetoothd that does not answer."""

        async def write_gatt_char(self, *args: object) -> None:
            await asyncio.sleep(3600)

    armband = Armband()
    profile = parse_profile(ARMBAND + f'[[stop]]\nchar = "{CONTROL}"\nhex = "00"\n', "armband")
    backend = Backend(Hung)
    link = Link(BLEDevice(armband.address, armband.name, armband), profile, backend, lambda char, data: None)
    await link.connect()
    await link.close()
    assert not armband.connected
    assert now_s() < 5


@in_virtual_time
async def test_a_write_waits_for_the_answer_to_the_one_before() -> None:
    under_way: list[int] = [0]

    class Slow(CLIENT):  # type: ignore[misc]  # as above
        """As BlueZ, which answers a second write to a characteristic with org.bluez.Error.InProgress."""

        async def write_gatt_char(self, *args: object) -> None:
            assert under_way == [0]
            under_way[0] = 1
            await asyncio.sleep(1)
            under_way[0] = 0

    armband = Armband()
    device = BLEDevice(armband.address, armband.name, armband)
    link = Link(device, parse_profile(ARMBAND, "armband"), Backend(Slow), lambda char, data: None)
    await link.connect()
    await asyncio.gather(*(link.send(Command(char=CONTROL, hex="00"), {}) for _ in range(3)))
    assert now_s() == pytest.approx(3)


@pytest.mark.parametrize(
    ("properties", "asked"),
    [(["write"], True), (["write-without-response"], False), (["write-without-response", "write"], True)],
)
@in_virtual_time
async def test_a_response_is_asked_for_where_the_characteristic_gives_one(properties: list[str], asked: bool) -> None:
    responses: list[bool] = []

    class Listening(CLIENT):  # type: ignore[misc]  # as above
        async def write_gatt_char(self, char: object, data: bytes, response: bool) -> None:
            responses.append(response)

    armband = Armband(properties)
    device = BLEDevice(armband.address, armband.name, armband)
    link = Link(device, parse_profile(ARMBAND, "armband"), Backend(Listening), lambda char, data: None)
    await link.connect()
    await link.send(Command(char=CONTROL, hex="00"), {})
    assert responses == [asked]
