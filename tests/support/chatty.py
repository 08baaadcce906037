"""A wearable of which everything is known: what it sends, and when."""

from collections.abc import Sequence

from collector.devices.profile import Profile, parse_profile
from collector.simulator.peripheral import Peripheral

SERVICE = "ca1f0001-0000-4000-8000-000000000000"
EMG = "ca1f0002-0000-4000-8000-000000000000"
SERIAL = "ca1f0003-0000-4000-8000-000000000000"
CONTROL = "ca1f0004-0000-4000-8000-000000000000"
ADDRESS = "C4:00:00:00:00:07"
NAME = "sock of Anna"

TEXT = f"""
[device]
match = {{ service = "{SERVICE}" }}
min_mtu = 23
[[start]]
char = "{CONTROL}"
text = "go"
[[stream]]
kind = "emg"
char = "{EMG}"
header = ["u8 count"]
frame = ["i16 value"]
field = "value"
counter = {{ field = "count" }}
rate_hz = 100
unit = "uV"
names = ["calf"]
"""
PROFILES: dict[str, Profile] = {"sock": parse_profile(TEXT, "sock")}


class Chatty(Peripheral):
    """Sends these EMG packets, and its serial number, when it is told to go."""

    def __init__(self, packets: Sequence[bytes], name: str = NAME, address: str = ADDRESS) -> None:
        services = {SERVICE: {EMG: ["notify"], SERIAL: ["notify"], CONTROL: ["write"]}}
        super().__init__(name, address, services)
        self.packets = packets

    def write(self, char: str, data: bytes) -> None:
        self.notify(SERIAL, b"SN-1234567")
        for packet in self.packets:
            self.notify(EMG, packet)
