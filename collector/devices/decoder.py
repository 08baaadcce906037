"""Packets to samples, by the device's profile. Pure, and total: every packet becomes samples or a named refusal."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.errors import ContractError
from collector.contract.messages import StreamKind
from collector.devices.layout import parse_layout
from collector.devices.profile import Stream


class PacketRefused(ContractError):
    """A packet is not what the profile says; counted per stream, under a name of its own."""

    def __init__(self, source: str, text: str) -> None:
        super().__init__(text)
        self.source = source

    @property
    def reason(self) -> str:
        """The stream and the kind of refusal."""
        return f"{self.source}.{type(self).__name__}"


class UnknownPacket(PacketRefused):
    """No stream of the profile has packets like this on this characteristic."""


class PartialFrame(PacketRefused):
    """The packet ends within its header or within a frame; perhaps the MTU is too small."""


class NoSamples(PacketRefused):
    """The packet has a header and nothing behind it."""


class Samples(NamedTuple):
    """The content of one packet. `counter` is the device's own index of the first instant, None where it has none.

    `digital` has shape (instants, channels) and dtype `<i2`, or `<i4` where 16 bits cannot hold the device's type.
    """

    stream: StreamKind
    counter: int | None
    digital: NDArray[np.signedinteger]


class StreamDecoder:
    """Decodes the packets of one stream."""

    def __init__(self, stream: Stream) -> None:
        self.kind = stream.kind
        self._length = stream.length
        self._header = parse_layout(stream.header, 0)
        self._frame = parse_layout(stream.frame, len(stream.names)).dtype
        self._field = stream.field
        self._channels = len(stream.names)
        self._counter = self._counter_slice(stream)
        value = self._frame[stream.field].base
        self._dtype = np.dtype("<i2" if np.can_cast(value, "<i2") else "<i4")
        # A frame that is nothing but little-endian int16 needs no record type: half the time per packet.
        self._plain = self._frame.names == (stream.field,) and value == self._dtype

    def takes(self, packet: bytes) -> bool:
        """Whether the packet is of this stream, by its length and the fixed bytes of its header."""
        return (self._length is None or len(packet) == self._length) and self._header.matches(packet)

    def decode(self, packet: bytes) -> Samples:
        """The samples; raises PartialFrame or NoSamples."""
        start = self._header.dtype.itemsize
        count, rest = divmod(len(packet) - start, self._frame.itemsize)
        if len(packet) < start or rest:
            raise PartialFrame(self.kind, f"{len(packet)} bytes on {self.kind} are no header and whole frames")
        if not count:
            raise NoSamples(self.kind, f"a packet on {self.kind} holds no samples")
        counter = int.from_bytes(packet[self._counter[0]], self._counter[1]) if self._counter else None
        if self._plain:
            digital = np.frombuffer(packet, self._dtype, offset=start)
        else:
            digital = np.frombuffer(packet, self._frame, offset=start)[self._field].astype(self._dtype)
        return Samples(self.kind, counter, digital.reshape(-1, self._channels))

    def _counter_slice(self, stream: Stream) -> tuple[slice, Literal["little", "big"]] | None:
        if stream.counter is None:
            return None
        name = stream.counter.field
        start = self._header.offset(name)
        order: Literal["little", "big"] = "big" if self._header.dtype[name].byteorder == ">" else "little"
        return slice(start, start + self._header.dtype[name].itemsize), order


class Decoder:
    """Decodes all packets of one device."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        self._by_char: dict[str, list[StreamDecoder]] = defaultdict(list)
        for stream in streams:
            self._by_char[stream.char].append(StreamDecoder(stream))

    def decode(self, char: str, packet: bytes) -> Samples:
        """The samples of a packet from characteristic `char`; raises a PacketRefused that names what is wrong."""
        for decoder in self._by_char.get(char, ()):
            if decoder.takes(packet):
                return decoder.decode(packet)
        raise UnknownPacket(char[:8], f"no stream has packets like {packet[:16].hex()} on characteristic {char}")
