"""Numbers written out as text, as small Arduino sketches send them: `512`, `12.5,13.0`."""

import re

import numpy as np
from numpy.typing import NDArray

from collector.devices.fixed_point import FixedPoint
from collector.devices.profile import Stream
from collector.devices.refusals import NoSamples, NotANumber, PartialFrame

_BETWEEN = re.compile(r"[\s,;\0]+")


class AsciiNumbers:
    """The channels of an instant, then of the next, with anything of space, comma, semicolon or NUL between them."""

    def __init__(self, stream: Stream) -> None:
        self._kind = stream.kind
        self._channels = len(stream.names)
        self._fixed_point = FixedPoint(stream)

    def digital(self, packet: bytes, start: int) -> NDArray[np.signedinteger]:
        """The instants; raises NotANumber, NoSamples or PartialFrame."""
        kind, channels = self._kind, self._channels
        words = [word for word in _BETWEEN.split(packet[start:].decode("ascii", "replace")) if word]
        if not words:
            raise NoSamples(kind, f"a packet on {kind} holds no number")
        try:
            values = [float(word) for word in words]
        except ValueError as error:
            raise NotANumber(kind, f"{' '.join(words)[:40]!r} on {kind} is not written in numbers") from error
        if len(values) % channels:
            raise PartialFrame(kind, f"{len(values)} numbers on {kind} are no whole instants of {channels} channels")
        return self._fixed_point.nearest(np.reshape(values, (-1, channels)))
