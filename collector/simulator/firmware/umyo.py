"""The uMyo v3.1 of Ultimate Robotics, after its firmware (main.c, March 2026)."""

import struct
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import StreamKind
from collector.simulator.firmware.firmware import BuiltInFirmware, FrontEnd, Order, Packet, Start, alike, three_axes
from collector.simulator.peripheral import Services

SERVICE = "93375900-f229-8b49-b397-44b5899b8601"
TELEMETRY = "fc7a850d-c1a5-f61f-0da7-9995621fbd01"
NAME = "fc7a850d-c1a5-f61f-0da7-9995621fbd02"
UV_PER_STEP = 0.25
"""A guess; the amplifier's gain is not published. 8 mV full scale."""
MG_PER_STEP = 1000 / 16384
AT_REST = struct.pack("<3h3h4h", 0, 0, 0, 300, 0, -300, 16384, 0, 0, 0)
"""Gyroscope, magnetometer and quaternion of a leg that lies still."""


class UMyo(BuiltInFirmware):
    """One channel at about 1150 Hz under a sample counter; sends as soon as it is subscribed to."""

    name = "uMyo virtual"
    services: ClassVar[Services] = {SERVICE: {TELEMETRY: ("read", "notify"), NAME: ("read", "write")}}
    front_ends: ClassVar[Mapping[StreamKind, FrontEnd]] = {
        "emg": FrontEnd(1150.0, alike(("emg",), "uV", UV_PER_STEP, (-32768, 32767)), instants=24),
        "acc": FrontEnd(25.0, three_axes(MG_PER_STEP), instants=1),
    }

    def packet(self, kind: StreamKind, index: int, ms: int, digital: NDArray[np.int16]) -> Packet:
        """The first sample's count and 24 samples in 52 bytes, or the motion sensors in 26: the length tells."""
        samples = digital.astype("<i2").tobytes()
        if kind == "emg":
            return Packet(TELEMETRY, struct.pack("<I", index % 2**32) + samples)
        return Packet(TELEMETRY, samples + AT_REST)

    def subscribed(self, char: str) -> Order:
        """The subscription is the start command."""
        return Start() if char == TELEMETRY else None
