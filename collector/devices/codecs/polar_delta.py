"""Polar's compressed measurement frames: a first sample whole, then differences in blocks of their own bit width.

Source: the vendor's SDK and the answers of its maintainers. Reference sample, 16 bits a channel; then blocks of a byte
with the width of a difference, a byte with the number of samples, and the differences, packed from the lowest bit on.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from collector.devices.codecs.bits import unpack_signed
from collector.devices.fixed_point import FixedPoint
from collector.devices.profile import Stream
from collector.devices.refusals import PartialFrame

WIDEST_BITS = 32
"""A difference of 16-bit samples needs 17 bits; whatever claims more than 32 is not this format."""


class PolarDelta:
    """Each packet decodes by itself: a lost one costs no more than its own samples."""

    def __init__(self, stream: Stream) -> None:
        self._kind = stream.kind
        self._fixed_point = FixedPoint(stream)
        self._channels = len(stream.names)

    def digital(self, packet: bytes, start: int) -> NDArray[np.signedinteger]:
        """The reference sample and all that follow; raises PartialFrame."""
        first = packet[start : start + 2 * self._channels]
        if len(first) < 2 * self._channels:
            raise self._cut(packet)
        reference = np.frombuffer(first, "<i2").astype(np.int64).reshape(1, -1)
        steps = [reference, *self._differences(packet, start + len(first))]
        return self._fixed_point.held(np.concatenate(steps).cumsum(axis=0))

    def _differences(self, packet: bytes, start: int) -> Iterator[NDArray[np.signedinteger]]:
        while start < len(packet):
            width, samples = packet[start], int.from_bytes(packet[start + 1 : start + 2], "little")
            count = samples * self._channels
            end = start + 2 + (width * count + 7) // 8
            if width > WIDEST_BITS or end > len(packet):
                raise self._cut(packet)
            yield unpack_signed(packet[start + 2 : end], width, count, "little").reshape(-1, self._channels)
            start = end

    def _cut(self, packet: bytes) -> PartialFrame:
        return PartialFrame(self._kind, f"{len(packet)} bytes on {self._kind} are no whole delta frame")
