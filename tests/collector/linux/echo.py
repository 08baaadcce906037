"""A small device for looking at bleak: what is written to it comes back as a notification."""

from bleak.exc import BleakError

from collector.simulator.firmware.cramp_node import BATTERY_LEVEL, BATTERY_SERVICE
from collector.simulator.peripheral import Peripheral

SERVICE = "12340001-0000-4000-8000-000000000000"
VALUE = "12340002-0000-4000-8000-000000000000"
CONTROL = "12340003-0000-4000-8000-000000000000"
REFUSED = b"\xee"


class Echo(Peripheral):
    def __init__(self, name: str = "echo", address: str = "C4:00:00:00:00:01") -> None:
        services = {
            SERVICE: {VALUE: ["read", "notify"], CONTROL: ["write"]},
            BATTERY_SERVICE: {BATTERY_LEVEL: ["read"]},
        }
        super().__init__(name, address, services)

    def read(self, char: str) -> bytes:
        return super().read(char) if char == CONTROL else b"\x57"

    def write(self, char: str, data: bytes) -> None:
        if data == REFUSED:
            raise BleakError("Operation failed with ATT error: 0x80")
        self.notify(VALUE, data)
