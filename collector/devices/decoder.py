"""Packets to samples, by the device's profile. Pure, and total: every packet becomes samples or a named refusal."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS, StreamKind
from collector.devices.codecs import CODECS
from collector.devices.frames import Body, frames_of
from collector.devices.layout import parse_layout
from collector.devices.profile import Stream
from collector.devices.refusals import NoSamples, NotANumber, PacketRefused, PartialFrame, UnknownPacket

__all__ = [
    "Decoder",
    "NoSamples",
    "NotANumber",
    "PacketRefused",
    "PartialFrame",
    "Samples",
    "StreamDecoder",
    "UnknownPacket",
]


class Samples(NamedTuple):
    """The content of one packet.

    `counter` is the device's own index of the first instant, modulo `Stream.counter_modulus`; None where it has none.
    `digital` has shape (instants, channels) and dtype `<i2`, or `<i4` where 16 bits cannot hold the stream's values.
    `clock_ns` is the device's own time of the first instant, from an origin of its own; None where it tells none.
    """

    stream: StreamKind
    counter: int | None
    digital: NDArray[np.signedinteger]
    clock_ns: int | None = None


class StreamDecoder:
    """Decodes the packets of one stream."""

    def __init__(self, stream: Stream) -> None:
        self.kind = stream.kind
        self._lengths = frozenset(stream.lengths)
        self._header = parse_layout(stream.header, 0)
        self._start = self._header.dtype.itemsize
        body: Body = CODECS[stream.codec](stream) if stream.codec else frames_of(stream)
        self._digital = body.digital
        self._counter = _counter_of(stream)
        self._clock_ns = _clock_of(stream)

    def takes(self, packet: bytes) -> bool:
        """Whether the packet is of this stream, by its length and the fixed bytes of its header."""
        return (not self._lengths or len(packet) in self._lengths) and self._header.matches(packet)

    def decode(self, packet: bytes) -> Samples:
        """The samples; raises a PacketRefused that says what is wrong."""
        # First, as it refuses every packet that is too short for its header.
        digital = self._digital(packet, self._start)
        counter = self._counter(packet) if self._counter else None
        clock_ns = self._clock_ns(packet, len(digital)) if self._clock_ns else None
        return Samples(self.kind, counter, digital, clock_ns)


def _counter_of(stream: Stream) -> Callable[[bytes], int] | None:
    """What reads the index of a packet's first instant."""
    if stream.counter is None or (field := stream.counter_field()) is None:
        return None
    samples, modulus = stream.counter.samples, stream.counter_modulus or 1
    if stream.counter.wraps_at is None and samples == 1:
        return field.read
    return lambda packet: field.read(packet) * samples % modulus


def _clock_of(stream: Stream) -> Callable[[bytes, int], int] | None:
    """What reads the device's own time of the first of so many instants."""
    if stream.clock is None:
        return None
    read, step_ns = parse_layout(stream.header, 0).integer(stream.clock.field).read, stream.clock.step_ns
    if stream.clock.refers == "first":
        return lambda packet, _: read(packet) * step_ns
    return lambda packet, count: read(packet) * step_ns - round((count - 1) * NS / stream.rate_hz)


class Decoder:
    """Decodes all packets of one device."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        self._by_char: dict[str, list[StreamDecoder]] = defaultdict(list)
        for stream in streams:
            decoder = StreamDecoder(stream)
            for char in stream.characteristics:
                self._by_char[char].append(decoder)

    def decode(self, char: str, packet: bytes) -> Samples:
        """The samples of a packet from characteristic `char`; raises a PacketRefused that names what is wrong."""
        for decoder in self._by_char.get(char, ()):
            if decoder.takes(packet):
                return decoder.decode(packet)
        raise UnknownPacket(char[:8], f"no stream has packets like {packet[:16].hex()} on characteristic {char}")
