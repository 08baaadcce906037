"""The Bluetooth SIG's Temperature Measurement (2A1C): flags, then a decimal float of IEEE 11073-20601.

The float is 24 bits of mantissa and 8 bits of exponent, value = mantissa * 10**exponent; five mantissas stand for "no
number". Bit 0 of the flags means degrees Fahrenheit. A time stamp and the place of the measurement may follow.
"""

import numpy as np
from numpy.typing import NDArray

from collector.devices.fixed_point import FixedPoint
from collector.devices.profile import Stream
from collector.devices.refusals import NotANumber, PartialFrame

FLOAT_BYTES = 4
FAHRENHEIT = 0x01
NO_NUMBER = range(0x7FFFFE, 0x800003)
"""+INFINITY, NaN, "not at this resolution", reserved, -INFINITY."""


class TemperatureMeasurement:
    """One temperature a packet, in degrees Celsius."""

    def __init__(self, stream: Stream) -> None:
        self._kind = stream.kind
        self._fixed_point = FixedPoint(stream)

    def digital(self, packet: bytes, start: int) -> NDArray[np.signedinteger]:
        """The temperature; raises PartialFrame or NotANumber."""
        value = packet[start + 1 : start + 1 + FLOAT_BYTES]
        if len(value) < FLOAT_BYTES:
            raise PartialFrame(self._kind, f"{len(packet)} bytes are no temperature measurement")
        celsius = self._decimal(value)
        if packet[start] & FAHRENHEIT:
            celsius = (celsius - 32) * 5 / 9
        return self._fixed_point.nearest([[celsius]])

    def _decimal(self, value: bytes) -> float:
        if int.from_bytes(value[:3], "little") in NO_NUMBER:
            raise NotANumber(self._kind, "the thermometer says it has no value")
        mantissa = int.from_bytes(value[:3], "little", signed=True)
        return mantissa * 10.0 ** int.from_bytes(value[3:], "little", signed=True)
