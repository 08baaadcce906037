"""The NPG Lite of Upside Down Labs, after its ESP-IDF firmware."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import StreamKind
from collector.simulator.firmware.firmware import BuiltInFirmware, FrontEnd, Order, Packet, Start, Stop, alike
from collector.simulator.peripheral import Services

SERVICE = "4fafc201-1fb5-459e-8fcc-c5c9c331914b"
DATA = "beb5483e-36e1-4688-b7f5-ea07361b26a8"
CONTROL = "0000ff01-0000-1000-8000-00805f9b34fb"
UV_PER_STEP = 0.5
"""A guess; the gain is not told over the air. 12 bits then span 2 mV."""
FRAME = np.dtype([("count", "u1"), ("adc", ">u2", (3,))])


class NpgLite(BuiltInFirmware):
    """Three channels of 12 bits at 250 Hz, 25 instants a packet, each under a count that wraps after a second."""

    name = "NPG-virtual"
    services: ClassVar[Services] = {SERVICE: {DATA: ("read", "notify"), CONTROL: ("write",)}}
    front_ends: ClassVar[Mapping[StreamKind, FrontEnd]] = {
        "emg": FrontEnd(
            250.0,
            alike(("emg 1", "emg 2", "emg 3"), "uV", UV_PER_STEP, (0, 4095), offset=-2048 * UV_PER_STEP),
            instants=25,
        )
    }

    def packet(self, kind: StreamKind, index: int, ms: int, digital: NDArray[np.int16]) -> Packet:
        """For each instant its count and three values, high byte first."""
        frames = np.empty(len(digital), FRAME)
        frames["count"] = (index + np.arange(len(digital))) % 256
        frames["adc"] = digital
        return Packet(DATA, frames.tobytes())

    def written(self, char: str, data: bytes) -> Order:
        """START and STOP in letters."""
        if data == b"START":
            return Start()
        return Stop() if data == b"STOP" else None
