"""What the collector relies on in bleak's own Linux backend, one detail each: an update that changes it fails here.

bleak runs unmodified; bluetoothd and the kernel are a stand-in on a private D-Bus.
"""

import asyncio
import struct

import pytest
from bleak import BleakAdapter, BleakClient, BleakScanner
from bleak.backends import BleakBackend
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakGATTProtocolError,
)

from collector.simulator.bluez.private_bus import PrivateBus
from collector.simulator.bluez.stand_in import BlueZStandIn
from collector.simulator.firmware.cramp_node import BATTERY_LEVEL
from collector.simulator.peripheral import Refusal
from tests.collector.linux.echo import CONTROL, REFUSED, SERVICE, VALUE, Echo
from tests.support.bluez import connected, found, until


async def test_the_backend_under_test_is_bleaks_own_for_linux(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, [Echo()]), connected("echo") as client:
        assert client.backend_id == BleakBackend.BLUEZ_DBUS


async def test_a_scan_tells_name_service_and_signal_strength(bus: PrivateBus) -> None:
    heard: list[AdvertisementData] = []

    def is_wanted(device: BLEDevice, advertisement: AdvertisementData) -> bool:
        heard.append(advertisement)
        return device.name == "echo"

    async with BlueZStandIn(bus.address, [Echo()]):
        assert await BleakScanner.find_device_by_filter(is_wanted, timeout=5)
    assert (heard[-1].local_name, heard[-1].service_uuids, heard[-1].rssi) == ("echo", [SERVICE], -55)


async def test_a_device_out_of_range_is_not_found(bus: PrivateBus) -> None:
    echo = Echo()
    echo.leave()
    async with BlueZStandIn(bus.address, [echo]):
        assert await BleakScanner.find_device_by_name("echo", timeout=0.2) is None


async def test_two_devices_are_connected_at_once_and_hear_only_their_own(bus: PrivateBus) -> None:
    left, right = Echo("left"), Echo("right", "C4:00:00:00:00:02")
    got: list[tuple[str, bytes]] = []
    async with BlueZStandIn(bus.address, [left, right]), connected("left") as one, connected("right") as other:
        await one.start_notify(VALUE, lambda _, data: got.append(("left", bytes(data))))
        await other.start_notify(VALUE, lambda _, data: got.append(("right", bytes(data))))
        left.notify(VALUE, b"l")
        right.notify(VALUE, b"r")
        await until(lambda: len(got) == 2)
    assert sorted(got) == [("left", b"l"), ("right", b"r")]


async def test_a_plain_callback_gets_a_bytearray(bus: PrivateBus) -> None:
    got: list[bytearray] = []
    async with BlueZStandIn(bus.address, [Echo()]), connected("echo") as client:
        await client.start_notify(VALUE, lambda _, data: got.append(data))
        await client.write_gatt_char(CONTROL, b"hello", response=True)
        await until(lambda: got)
    assert got == [bytearray(b"hello")]
    assert isinstance(got[0], bytearray)


async def test_a_notification_before_the_subscription_is_lost(bus: PrivateBus) -> None:
    got: list[bytearray] = []
    async with BlueZStandIn(bus.address, [Echo()]), connected("echo") as client:
        await client.write_gatt_char(CONTROL, b"early", response=True)
        await client.start_notify(VALUE, lambda _, data: got.append(data))
        await client.write_gatt_char(CONTROL, b"late", response=True)
        await until(lambda: got)
    assert got == [b"late"]


async def test_the_mtu_is_told_by_the_size_of_a_write_without_response(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, [Echo()]), connected("echo") as client:
        char = client.services.get_characteristic(VALUE)
        assert char is not None
        assert char.max_write_without_response_size + 3 == 247


async def test_a_missing_characteristic_a_refused_write_and_a_refused_read_are_told_apart(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, [Echo()]), connected("echo") as client:
        with pytest.raises(BleakCharacteristicNotFoundError):
            await client.read_gatt_char("12349999-0000-4000-8000-000000000000")
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.write_gatt_char(CONTROL, REFUSED, response=True)
        with pytest.raises(BleakDBusError, match="cannot be read"):
            await client.read_gatt_char(CONTROL)
    assert int(refused.value.code) == 0x80


async def test_ten_thousand_notifications_in_a_row_arrive_in_order(bus: PrivateBus) -> None:
    echo, got = Echo(), list[int]()
    async with BlueZStandIn(bus.address, [echo]), connected("echo") as client:
        await client.start_notify(VALUE, lambda _, data: got.append(struct.unpack("<I", data)[0]))
        for number in range(10_000):
            echo.notify(VALUE, struct.pack("<I", number))
        await echo.settled()
        assert got == list(range(10_000))


async def test_by_default_nothing_is_lost_while_the_loop_is_busy_but_acquire_notify_loses(bus: PrivateBus) -> None:
    echo, default, acquired = Echo(), list[bytes](), list[bytes]()
    async with BlueZStandIn(bus.address, [echo]) as bluez, connected("echo") as client:
        for got, options in ((default, {}), (acquired, {"bluez": {"use_start_notify": False}})):
            await client.start_notify(VALUE, lambda _, data, got=got: got.append(data), **options)  # type: ignore[misc, arg-type]  # mypy cannot type a lambda with a default, nor options by name
            for _ in range(2000):  # without giving the loop a turn
                echo.notify(VALUE, bytes(20))
            await echo.settled()
            await until(lambda got=got: len(got) >= 2000 - bluez.overflowed(echo))  # type: ignore[misc]  # as above
            await client.stop_notify(VALUE)
        assert len(default) == 2000
        assert len(acquired) == 2000 - bluez.overflowed(echo) < 1000


async def test_an_exception_in_a_callback_does_not_stop_the_delivery(bus: PrivateBus) -> None:
    got: list[bytes] = []

    def fails_once(_: object, data: bytearray) -> None:
        got.append(bytes(data))
        if len(got) == 1:
            raise ValueError("once")

    async with BlueZStandIn(bus.address, [Echo()]), connected("echo") as client:
        await client.start_notify(VALUE, fails_once)
        for text in (b"a", b"b", b"c"):
            await client.write_gatt_char(CONTROL, text, response=True)
        await until(lambda: len(got) == 3)
        assert client.is_connected
    assert got == [b"a", b"b", b"c"]


async def test_reading_what_one_has_subscribed_to_comes_as_a_notification_too(bus: PrivateBus) -> None:
    got: list[bytes] = []
    async with BlueZStandIn(bus.address, [Echo()]), connected("echo") as client:
        await client.start_notify(VALUE, lambda _, data: got.append(bytes(data)))
        assert await client.read_gatt_char(VALUE) == b"\x57"
        await until(lambda: got)
    assert got == [b"\x57"]


async def test_a_drop_calls_the_disconnected_callback_with_the_client(bus: PrivateBus) -> None:
    echo, lost = Echo(), list[BleakClient]()
    async with BlueZStandIn(bus.address, [echo]), connected("echo", lost.append) as client:
        echo.drop()
        await until(lambda: lost)
        assert lost == [client]
        assert not client.is_connected


async def test_the_same_client_connects_again_and_has_to_subscribe_again(bus: PrivateBus) -> None:
    echo, lost, got = Echo(), list[BleakClient](), list[bytes]()
    async with BlueZStandIn(bus.address, [echo]), connected("echo", lost.append) as client:
        await client.start_notify(VALUE, lambda _, data: got.append(bytes(data)))
        echo.drop()
        await until(lambda: lost)
        await client.connect()
        echo.notify(VALUE, b"unheard")
        await client.start_notify(VALUE, lambda _, data: got.append(bytes(data)))
        echo.notify(VALUE, b"heard")
        await until(lambda: got)
    assert got == [b"heard"]


async def test_an_aborted_connection_is_tried_again_by_bleak_itself(bus: PrivateBus) -> None:
    echo = Echo()
    echo.fail_next_connects = 3
    async with BlueZStandIn(bus.address, [echo]), connected("echo"):
        assert echo.fail_next_connects == 0


@pytest.mark.parametrize("text", ["br-connection-canceled", "Software caused connection abort"])
async def test_any_other_refused_connection_is_a_dbus_error_for_us_to_deal_with(bus: PrivateBus, text: str) -> None:
    echo = Echo()
    echo.fail_next_connects, echo.refusal = 1, Refusal("org.bluez.Error.Failed", text)
    async with BlueZStandIn(bus.address, [echo]):
        client = BleakClient(await found("echo"))
        with pytest.raises(BleakDBusError, match=text):
            await client.connect()
        await client.connect()
        await client.disconnect()


async def test_connecting_to_a_device_that_has_left_ends_when_our_time_is_up(bus: PrivateBus) -> None:
    echo = Echo()
    async with BlueZStandIn(bus.address, [echo]):
        client = BleakClient(await found("echo"), timeout=0.2)
        echo.leave()
        with pytest.raises(TimeoutError):
            await client.connect()
        echo.come_back()
        await client.connect()
        await client.disconnect()


async def test_the_adapter_tells_which_links_an_earlier_process_left_behind(bus: PrivateBus) -> None:
    echo = Echo()
    echo.held = True
    async with BlueZStandIn(bus.address, [echo]):
        assert await BleakScanner.find_device_by_name("echo", timeout=0.2) is None  # a connected device is silent
        adapter = await BleakAdapter.get()
        (held,) = await adapter.get_connected_devices([SERVICE])
        assert held.name == "echo"
        async with BleakClient(held) as client:
            assert await client.read_gatt_char(BATTERY_LEVEL) == b"\x57"
        assert await adapter.get_connected_devices([SERVICE]) == []


async def test_an_adapter_that_is_off_is_named_as_the_reason(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, [Echo()]) as bluez:
        bluez.adapter.power(False)
        with pytest.raises(BleakBluetoothNotAvailableError) as off:
            await BleakScanner.find_device_by_name("echo", timeout=1)
    assert off.value.reason == BleakBluetoothNotAvailableReason.POWERED_OFF


async def test_an_adapter_switched_off_ends_the_connection(bus: PrivateBus) -> None:
    lost: list[BleakClient] = []
    async with BlueZStandIn(bus.address, [Echo()]) as bluez, connected("echo", lost.append):
        bluez.adapter.power(False)
        await until(lambda: lost)


async def test_when_bluetoothd_dies_bleak_tells_nobody_and_stays_connected(bus: PrivateBus) -> None:
    lost: list[BleakClient] = []
    async with BlueZStandIn(bus.address, [Echo()]) as bluez, connected("echo", lost.append) as client:
        await bluez.die()
        await asyncio.sleep(0.5)
        assert client.is_connected
        assert lost == []
        with pytest.raises(BleakDBusError, match="ServiceUnknown"):
            await client.read_gatt_char(BATTERY_LEVEL)


async def test_when_bluetoothd_hangs_a_read_is_never_answered(bus: PrivateBus) -> None:
    async with BlueZStandIn(bus.address, [Echo()]) as bluez, connected("echo") as client:
        bluez.hang()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.read_gatt_char(BATTERY_LEVEL)
        assert client.is_connected


async def test_when_the_device_vanishes_bleak_tells_nobody_and_stays_connected(bus: PrivateBus) -> None:
    echo, lost = Echo(), list[BleakClient]()
    async with BlueZStandIn(bus.address, [echo]) as bluez, connected("echo", lost.append) as client:
        bluez.vanish(echo)
        await asyncio.sleep(0.2)
        assert client.is_connected
        assert lost == []


async def test_when_the_bus_dies_the_disconnected_callback_is_called(bus: PrivateBus) -> None:
    lost: list[BleakClient] = []
    async with BlueZStandIn(bus.address, [Echo()]), connected("echo", lost.append) as client:
        bus.kill()
        await until(lambda: lost)
        assert not client.is_connected


async def test_without_a_bus_a_scan_is_a_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    with pytest.raises(FileNotFoundError):
        await BleakScanner.find_device_by_name("echo", timeout=1)
