"""OpenBCI Ganglion, firmware 3: two instants of four channels in 20 bytes, without the lowest bits of each value.

Source: the vendor's page on the Ganglion's data format. The first byte is a number and says which of two packings
follows: 0 to 99 for 18 bits a value and a byte of accelerometer behind them, 100 to 199 for 19 bits. Both leave out the
lowest bits of a 24-bit value. Firmware 2 sends differences in packets that look the same.
"""

import numpy as np
from numpy.typing import NDArray

from collector.devices.codecs.bits import unpack_signed
from collector.devices.fixed_point import FixedPoint
from collector.devices.profile import Stream
from collector.devices.refusals import PartialFrame, UnknownPacket

INSTANTS, CHANNELS = 2, 4
PACKET_BYTES = 20
EIGHTEEN_BITS = range(100)
NINETEEN_BITS = range(100, 200)


class Ganglion:
    """Values in units of 19 bits, whichever packing they came in."""

    def __init__(self, stream: Stream) -> None:
        self._kind = stream.kind
        self._fixed_point = FixedPoint(stream)

    def digital(self, packet: bytes, start: int) -> NDArray[np.signedinteger]:
        """Two instants; raises PartialFrame, or UnknownPacket for what is no measurement: text, impedance."""
        if len(packet) != PACKET_BYTES:
            raise PartialFrame(self._kind, f"a Ganglion packet has {PACKET_BYTES} bytes, not {len(packet)}")
        number = packet[start - 1]
        if number in NINETEEN_BITS:
            values = unpack_signed(packet[start:], 19, INSTANTS * CHANNELS, "big")
        elif number in EIGHTEEN_BITS:
            values = 2 * unpack_signed(packet[start:], 18, INSTANTS * CHANNELS, "big")
        else:
            raise UnknownPacket(self._kind, f"packet {number} of a Ganglion holds no samples")
        return self._fixed_point.held(values.reshape(INSTANTS, CHANNELS))
