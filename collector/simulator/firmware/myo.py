"""The Thalmic Myo, after its maker's header file myohw.h; little-endian, as every client that works reads it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import StreamKind
from collector.simulator.firmware.cramp_node import BATTERY_LEVEL, BATTERY_SERVICE
from collector.simulator.firmware.firmware import (
    BuiltInFirmware,
    FrontEnd,
    Order,
    Packet,
    Start,
    Stop,
    Vibrate,
    alike,
    three_axes,
)
from collector.simulator.peripheral import Services


def _uuid(short: int) -> str:
    return f"d506{short:04x}-a904-deb9-4748-2c7f4a124842"


COMMAND, IMU = _uuid(0x0401), _uuid(0x0402)
EMG = tuple(_uuid(short) for short in (0x0105, 0x0205, 0x0305, 0x0405))
SET_MODE, VIBRATE = 0x01, 0x03
UV_PER_STEP = 2.0
"""A guess: nobody has published what a step is. 256 uV full scale leaves a cramp room and rest more than one step."""
MG_PER_STEP = 1000 / 2048
TURNED_BY_NOTHING = np.array([16384, 0, 0, 0], "<i2").tobytes()
"""The quaternion of no rotation, in steps of 1/16384."""
NO_ROTATION = bytes(6)
"""What the gyroscope of a leg at rest says."""


class Myo(BuiltInFirmware):
    """Eight channels of 8 bits at 200 Hz, two instants a packet, on four characteristics in turn, without a counter."""

    name = "My Myo (virtual)"
    services: ClassVar[Services] = {
        _uuid(0x0001): {COMMAND: ("write",)},
        _uuid(0x0002): {IMU: ("notify",)},
        _uuid(0x0005): dict.fromkeys(EMG, ("notify",)),
        BATTERY_SERVICE: {BATTERY_LEVEL: ("read",)},
    }
    front_ends: ClassVar[Mapping[StreamKind, FrontEnd]] = {
        "emg": FrontEnd(200.0, alike((f"emg {k}" for k in range(1, 9)), "uV", UV_PER_STEP, (-128, 127)), instants=2),
        "acc": FrontEnd(50.0, three_axes(MG_PER_STEP), instants=1),
    }

    def packet(self, kind: StreamKind, index: int, ms: int, digital: NDArray[np.int16]) -> Packet:
        """Two instants of EMG, or one of the IMU: orientation, acceleration, rotation."""
        if kind == "emg":
            return Packet(EMG[index // 2 % len(EMG)], digital.astype("i1").tobytes())
        return Packet(IMU, TURNED_BY_NOTHING + digital.astype("<i2").tobytes() + NO_ROTATION)

    def written(self, char: str, data: bytes) -> Order:
        """Set mode starts and stops the EMG and the IMU together; but for the motor, the rest is for the real thing."""
        if data[0] == VIBRATE:
            return Vibrate(data[2])
        if data[0] != SET_MODE:
            return None
        emg_mode, imu_mode = data[2], data[3]
        return Start() if emg_mode or imu_mode else Stop()
