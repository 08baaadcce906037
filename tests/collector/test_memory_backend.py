"""What the collector relies on in bleak, checked with bleak's own client: an update that changes it fails here."""

import struct

import pytest
from bleak import BleakAdapter, BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakCharacteristicNotFoundError, BleakDBusError, BleakError

from collector.backend import Backend
from collector.link import BATTERY
from collector.simulator.memory_backend import memory_backend
from collector.simulator.peripheral import Peripheral, Refusal

SERVICE = "12340001-0000-4000-8000-000000000000"
VALUE = "12340002-0000-4000-8000-000000000000"
CONTROL = "12340003-0000-4000-8000-000000000000"


class Echo(Peripheral):
    """Notifies whatever is written to it."""

    def __init__(self, name: str = "echo", address: str = "C4:00:00:00:00:01") -> None:
        super().__init__(name, address, {SERVICE: {VALUE: ["notify"], CONTROL: ["write"], BATTERY: ["read"]}})

    def read(self, char: str) -> bytes:
        return b"\x57"

    def write(self, char: str, data: bytes) -> None:
        self.notify(VALUE, data)


async def found(backend: Backend) -> BLEDevice:
    assert backend.scanner is not None
    device = await BleakScanner.find_device_by_filter(lambda *_: True, timeout=5, backend=backend.scanner)
    assert device is not None
    return device


async def test_find_device_by_filter_hands_over_name_services_and_signal_strength() -> None:
    seen: list[object] = []

    def is_wanted(device: BLEDevice, advertisement: object) -> bool:
        seen.append(advertisement)
        return device.name == "echo"

    backend = memory_backend([Echo()])
    assert backend.scanner is not None
    await BleakScanner.find_device_by_filter(is_wanted, timeout=5, backend=backend.scanner)
    (advertisement, *_) = seen
    assert getattr(advertisement, "service_uuids", None) == [SERVICE]
    assert getattr(advertisement, "rssi", None) == -55


async def test_find_device_by_filter_returns_none_when_time_is_up() -> None:
    backend = memory_backend([])
    assert backend.scanner is not None
    assert await BleakScanner.find_device_by_filter(lambda *_: True, timeout=0.05, backend=backend.scanner) is None


async def test_the_adapter_tells_which_devices_are_connected_already() -> None:
    echo = Echo()
    echo.held = True
    adapter = await BleakAdapter.get(backend=memory_backend([echo]).adapter)
    assert [device.name for device in await adapter.get_connected_devices([SERVICE])] == ["echo"]
    assert await adapter.get_connected_devices([VALUE]) == []


async def test_a_plain_callback_gets_a_bytearray_before_the_write_returns() -> None:
    backend = memory_backend([Echo()])
    async with BleakClient(await found(backend), backend=backend.client) as client:
        got: list[bytearray] = []
        await client.start_notify(VALUE, lambda _, data: got.append(data))
        await client.write_gatt_char(CONTROL, b"hello", response=True)
        assert got == [bytearray(b"hello")]
        assert isinstance(got[0], bytearray)


async def test_a_notification_before_the_subscription_is_lost() -> None:
    backend = memory_backend([Echo()])
    async with BleakClient(await found(backend), backend=backend.client) as client:
        got: list[bytearray] = []
        await client.write_gatt_char(CONTROL, b"early", response=True)
        await client.start_notify(VALUE, lambda _, data: got.append(data))
        assert got == []


async def test_a_drop_calls_the_disconnected_callback_with_the_client_and_reads_fail() -> None:
    echo = Echo()
    lost: list[BleakClient] = []
    backend = memory_backend([echo])
    client = BleakClient(await found(backend), lost.append, backend=backend.client)
    await client.connect()
    echo.drop()
    assert lost == [client]
    assert not client.is_connected
    with pytest.raises(BleakError):
        await client.read_gatt_char(BATTERY)


async def test_after_a_reconnection_subscriptions_have_to_be_made_anew() -> None:
    echo = Echo()
    backend = memory_backend([echo])
    client = BleakClient(await found(backend), backend=backend.client)
    got: list[bytearray] = []
    await client.connect()
    await client.start_notify(VALUE, lambda _, data: got.append(data))
    echo.drop()
    await client.connect()
    echo.notify(VALUE, b"unheard")
    await client.start_notify(VALUE, lambda _, data: got.append(data))
    echo.notify(VALUE, b"heard")
    assert got == [b"heard"]
    await client.disconnect()


async def test_a_missing_characteristic_is_a_bleak_error() -> None:
    backend = memory_backend([Echo()])
    async with BleakClient(await found(backend), backend=backend.client) as client:
        with pytest.raises(BleakCharacteristicNotFoundError):
            await client.read_gatt_char("12349999-0000-4000-8000-000000000000")
    assert issubclass(BleakCharacteristicNotFoundError, BleakError)


async def test_the_mtu_is_told_by_the_size_of_a_write_without_response() -> None:
    backend = memory_backend([Echo()])
    async with BleakClient(await found(backend), backend=backend.client) as client:
        char = client.services.get_characteristic(VALUE)
        assert char is not None
        assert char.max_write_without_response_size + 3 == 247


async def test_ten_thousand_notifications_in_a_row_arrive_in_order() -> None:
    echo = Echo()
    backend = memory_backend([echo])
    async with BleakClient(await found(backend), backend=backend.client) as client:
        got: list[int] = []
        await client.start_notify(VALUE, lambda _, data: got.append(struct.unpack("<I", data)[0]))
        for number in range(10_000):
            echo.notify(VALUE, struct.pack("<I", number))
        assert got == list(range(10_000))


async def test_a_refused_connection_is_the_error_that_was_asked_for() -> None:
    echo = Echo()
    echo.fail_next_connects, echo.refusal = 1, Refusal("org.bluez.Error.Failed", "br-connection-canceled")
    backend = memory_backend([echo])
    client = BleakClient(await found(backend), backend=backend.client)
    with pytest.raises(BleakDBusError, match="br-connection-canceled"):
        await client.connect()
    await client.connect()


async def test_a_device_that_left_is_lost_and_silent_until_it_comes_back() -> None:
    echo, lost = Echo(), list[BleakClient]()
    backend = memory_backend([echo])
    assert backend.scanner is not None
    await BleakClient(await found(backend), lost.append, backend=backend.client).connect()
    echo.leave()
    assert len(lost) == 1
    assert await BleakScanner.find_device_by_name("echo", timeout=0.05, backend=backend.scanner) is None
    echo.come_back()
    assert (await found(backend)).name == "echo"


async def test_of_two_devices_each_notifies_its_own_client() -> None:
    left, right = Echo("left"), Echo("right", "C4:00:00:00:00:02")
    backend, got = memory_backend([left, right]), list[tuple[str, bytes]]()
    assert backend.scanner is not None
    for name in ("left", "right"):
        device = await BleakScanner.find_device_by_name(name, timeout=5, backend=backend.scanner)
        assert device is not None
        client = BleakClient(device, backend=backend.client)
        await client.connect()
        await client.start_notify(VALUE, lambda _, data, name=name: got.append((name, bytes(data))))  # type: ignore[misc]  # mypy cannot type a lambda with a default
    left.notify(VALUE, b"l")
    right.notify(VALUE, b"r")
    assert got == [("left", b"l"), ("right", b"r")]
