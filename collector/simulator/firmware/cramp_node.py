"""The project's own wearable, as docs/reference/cramp-node.md describes it."""

import struct
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import STREAMS, StreamKind
from collector.simulator.firmware.firmware import Firmware, Order, Packet, Signals, Start, Stop
from collector.simulator.peripheral import ATT_HEADER, MTU, Services
from collector.simulator.playback import Signal

SERVICE = "5b1e0001-6a0c-4d6e-9f57-3d2f8c41a7b0"
INFO = "5b1e0002-6a0c-4d6e-9f57-3d2f8c41a7b0"
CHARS: dict[StreamKind, str] = {
    "emg": "5b1e0003-6a0c-4d6e-9f57-3d2f8c41a7b0",
    "acc": "5b1e0004-6a0c-4d6e-9f57-3d2f8c41a7b0",
    "temp": "5b1e0005-6a0c-4d6e-9f57-3d2f8c41a7b0",
}
CONTROL = "5b1e0006-6a0c-4d6e-9f57-3d2f8c41a7b0"
BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"

VERSION = 1
START, STOP = 0x01, 0x02
FROM_NOW = 0xFFFFFFFF
HEADER = struct.Struct("<II")
DESCRIPTION = struct.Struct("<Bdddhh")
UNITS: dict[StreamKind, str] = {"emg": "uV", "acc": "mg", "temp": "degC"}
MOST_PACKET_S = 0.5
"""No sample waits longer in the node for its packet to fill; slow streams send samples one by one."""


class CrampNode(Firmware):
    """Keeps what it could not send, describes its streams itself, and resumes where the collector asks it to."""

    name = "cramp-node virtual"
    services: ClassVar[Services] = {
        SERVICE: {INFO: ("read",), CONTROL: ("write",), **dict.fromkeys(CHARS.values(), ("notify",))},
        BATTERY_SERVICE: {BATTERY_LEVEL: ("read",)},
    }
    stores = True
    whole_packets = False

    def measured(self, signals: Signals) -> dict[StreamKind, Signal]:
        """The signals as they are: `info` says what they are like."""
        for kind, signal in signals.items():
            _check_describable(kind, signal)
        return dict(signals)

    def instants(self, kind: StreamKind, signal: Signal) -> int:
        """As many as fit behind the header: 118 samples of one channel."""
        room = (MTU - ATT_HEADER - HEADER.size) // (2 * len(signal.channels))
        return min(room, max(1, int(MOST_PACKET_S * signal.fs)))

    def packet(self, kind: StreamKind, index: int, ms: int, digital: NDArray[np.int16]) -> Packet:
        """Index, time, samples."""
        return Packet(CHARS[kind], HEADER.pack(index % 2**32, ms % 2**32) + digital.astype("<i2").tobytes())

    def read(self, char: str, signals: Signals, boot: int) -> bytes:
        """`info`: version, boot number and a description of each stream."""
        return struct.pack("<BI", VERSION, boot) + b"".join(_description(signals.get(kind)) for kind in STREAMS)

    def written(self, char: str, data: bytes) -> Order:
        """START with the indices to resume from, or STOP."""
        if data[0] != START:
            return Stop()
        wanted = zip(STREAMS, struct.unpack("<III", data[1:13]), strict=True)
        return Start({kind: index for kind, index in wanted if index != FROM_NOW})


def _description(signal: Signal | None) -> bytes:
    if signal is None:
        return DESCRIPTION.pack(0, 0.0, 0.0, 0.0, 0, 0)
    channel = signal.channels[0]
    return DESCRIPTION.pack(
        len(signal.channels), signal.fs, channel.scale, channel.offset, channel.digital_min, channel.digital_max
    )


def _check_describable(kind: StreamKind, signal: Signal) -> None:
    if len({(c.unit, c.scale, c.offset, c.digital_min, c.digital_max) for c in signal.channels}) > 1:
        raise ValueError(f"the channels of stream {kind} differ in unit, scale or range; a cramp-node has one for all")
    if (unit := signal.channels[0].unit) != UNITS[kind]:
        raise ValueError(f"stream {kind} is in {unit!r}; a cramp-node measures it in {UNITS[kind]!r}")
