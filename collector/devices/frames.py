"""Frames that a layout describes: from the header to the end of the packet, one instant each."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from collector.devices.fixed_point import FixedPoint
from collector.devices.layout import parse_layout
from collector.devices.profile import Stream
from collector.devices.refusals import NoSamples, PartialFrame

INT16 = np.dtype("<i2")


class Body(Protocol):
    """What turns the part of a packet behind its header into samples."""

    def digital(self, packet: bytes, start: int) -> NDArray[np.signedinteger]:
        """The instants from byte `start` on, shape (instants, channels), dtype `stream.dtype`; raises PacketRefused."""


def frames_of(stream: Stream) -> Body:
    """The body that the stream's layout describes."""
    frame = parse_layout(stream.frame, len(stream.names)).dtype
    # Half the time per packet, for the layout that most samples of a night arrive in.
    if stream.max_frames is None and frame.names == (stream.field,) and frame[0].base == INT16:
        return PlainFrames(stream)
    return RecordFrames(stream)


class PlainFrames:
    """Frames of nothing but little-endian int16: the packet is the samples."""

    def __init__(self, stream: Stream) -> None:
        self._kind = stream.kind
        self._channels = len(stream.names)
        self._size = parse_layout(stream.frame, self._channels).dtype.itemsize

    def digital(self, packet: bytes, start: int) -> NDArray[np.signedinteger]:
        """A view of the packet; raises PartialFrame or NoSamples."""
        count = whole_frames(self._kind, packet, start, self._size)
        return np.ndarray((count, self._channels), INT16, packet, start)


class RecordFrames:
    """Frames with other fields, in another byte order, of another type, or with a value spread over several fields."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._fixed_point = FixedPoint(stream)
        self._dtype = np.dtype(stream.dtype)
        self._frame = parse_layout(stream.frame, len(stream.names)).dtype
        self._channels = len(stream.names)

    def digital(self, packet: bytes, start: int) -> NDArray[np.signedinteger]:
        """The samples; raises PartialFrame, NoSamples or NotANumber."""
        stream = self._stream
        count = whole_frames(stream.kind, packet, start, self._frame.itemsize, stream.max_frames)
        frames = np.frombuffer(packet, self._frame, count, start)
        return self._values(frames).reshape(count, self._channels)

    def _values(self, frames: NDArray[np.void]) -> NDArray[np.signedinteger]:
        stream = self._stream
        if stream.field is None:
            total = sum(frames[name].astype(np.int64) * weight for name, weight in stream.weights.items())
            return self._fixed_point.held(np.asarray(total))
        values = frames[stream.field]
        if values.dtype.kind == "f":
            return self._fixed_point.nearest(values)
        integers: NDArray[np.signedinteger] = values.astype(self._dtype)
        return integers


def whole_frames(kind: str, packet: bytes, start: int, size: int, most: int | None = None) -> int:
    """How many frames of `size` bytes follow byte `start`; raises PartialFrame or NoSamples.

    With `most`, what follows that many frames does not matter.
    """
    count, rest = divmod(len(packet) - start, size)
    if most is not None and count >= most:
        return most
    if len(packet) < start or rest:
        raise PartialFrame(kind, f"{len(packet)} bytes on {kind} are no header and whole frames")
    if not count:
        raise NoSamples(kind, f"a packet on {kind} holds no samples")
    return count
