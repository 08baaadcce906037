"""Bluetooth without a radio: an implementation for bleak in which peripherals are Python objects in the same process.

bleak's own client and scanner run unchanged on top of it. What is left out: radio loss, delays and the real stack.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

from bleak.args import SizedBuffer
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDBusError, BleakDeviceNotFoundError, BleakError

from collector.backend import Backend
from collector.simulator.peripheral import ADVERTISE_EVERY_S, ATT_HEADER, MTU, RSSI_DBM, Peripheral


def memory_backend(peripherals: Iterable[Peripheral]) -> Backend:
    """The bleak backend in whose air there are these devices."""

    devices = tuple(peripherals)

    class Scanner(_MemoryScanner):
        air = devices

    class Adapter(_MemoryAdapter):
        air = devices

    return Backend(_MemoryClient, Scanner, Adapter)


class _MemoryAdapter(BaseBleakAdapter):
    air: ClassVar[tuple[Peripheral, ...]] = ()

    @classmethod
    async def get(cls, **kwargs: object) -> Self:
        return cls()

    async def get_connected_devices(self, service_uuids: frozenset[str]) -> list[BLEDevice]:
        return [BLEDevice(it.address, it.name, it) for it in self.air if it.held and it.service in service_uuids]


class _MemoryScanner(BaseBleakScanner):
    air: ClassVar[tuple[Peripheral, ...]] = ()

    def __init__(
        self,
        detection_callback: Callable[..., Any] | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **kwargs: object,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.seen_devices = {}
        self._task = asyncio.create_task(self._advertise())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _advertise(self) -> None:
        while True:
            for peripheral in self.air:
                if peripheral.advertising:
                    self._hear(peripheral)
            await asyncio.sleep(ADVERTISE_EVERY_S)

    def _hear(self, it: Peripheral) -> None:
        advertisement = AdvertisementData(it.name, {}, {}, [it.service], None, RSSI_DBM, ())
        if self.is_allowed_uuid([it.service]):
            device = self.create_or_update_device(it.address, it.address, it.name, it, advertisement)
            self.call_detection_callbacks(device, advertisement)


class _MemoryClient(BaseBleakClient):
    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(address_or_ble_device, **kwargs)
        if not isinstance(address_or_ble_device, BLEDevice):
            raise BleakDeviceNotFoundError(address_or_ble_device, "scan first; addresses alone are not known here")
        self._peripheral: Peripheral = address_or_ble_device.details
        self._callbacks: dict[str, NotifyCallback] = {}

    @property
    def name(self) -> str:
        return self._peripheral.name

    @property
    def mtu_size(self) -> int:
        return MTU

    @property
    def is_connected(self) -> bool:
        return self._peripheral.central is self

    async def connect(self, pair: bool, **kwargs: object) -> None:
        await asyncio.sleep(0)
        if refusal := self._peripheral.refuses():
            raise BleakDBusError(refusal.error, [refusal.text])
        if self._peripheral.connected:
            raise BleakError("the device is connected to someone else")
        self._peripheral.accept(self)
        self.services = self._discover()

    async def disconnect(self) -> None:
        if self.is_connected:
            self._peripheral.drop()

    async def pair(self, *args: object, **kwargs: object) -> None:
        pass

    async def unpair(self) -> None:
        pass

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: object
    ) -> bytearray:
        self._require_connection()
        return bytearray(self._peripheral.read(characteristic.uuid))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: object
    ) -> bytearray:
        raise BleakError("no descriptors here")

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        self._require_connection()
        self._peripheral.write(characteristic.uuid, bytes(data))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        raise BleakError("no descriptors here")

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: object
    ) -> None:
        self._require_connection()
        self._callbacks[characteristic.uuid] = callback
        self._peripheral.subscribed(characteristic.uuid)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self._callbacks.pop(characteristic.uuid, None)

    def deliver(self, char: str, data: bytes) -> None:
        """A notification from the peripheral."""
        if callback := self._callbacks.get(char):
            callback(bytearray(data))

    def lost(self) -> None:
        """The connection is gone, for whatever reason."""
        self._callbacks.clear()
        self.services = None
        if self._disconnected_callback:
            self._disconnected_callback()

    async def settled(self) -> None:
        """Callbacks run while the notification is being sent; only other tasks want a turn."""
        await asyncio.sleep(0)

    def _require_connection(self) -> None:
        if not self.is_connected:
            raise BleakError("Not connected")

    def _discover(self) -> BleakGATTServiceCollection:
        services = BleakGATTServiceCollection()
        handles = itertools.count(1)
        for uuid, chars in self._peripheral.services.items():
            service = BleakGATTService(self._peripheral, next(handles), uuid)
            services.add_service(service)
            for char, properties in chars.items():
                services.add_characteristic(
                    BleakGATTCharacteristic(
                        None,
                        next(handles),
                        char,
                        list(properties),  # type: ignore[arg-type]  # bleak wants a Literal of property names
                        lambda: MTU - ATT_HEADER,
                        service,
                    )
                )
        return services
