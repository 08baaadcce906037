"""Any bytes, put to every shipped profile: samples or a named refusal, nothing else."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from collector.devices.decoder import Decoder, PacketRefused
from collector.devices.layout import parse_layout
from collector.devices.profile import Stream, load_profile, shipped_profiles
from collector.devices.standard import ENVIRONMENTAL, THERMOMETER
from tests.fuzz.mutation import Mutator
from tests.fuzz.target import ACCEPTED

STREAMS: tuple[Stream, ...] = (
    ENVIRONMENTAL,
    THERMOMETER,
    *(stream for name in shipped_profiles() for stream in load_profile(name).stream),
)
LONGEST = 520
"""A little more than the largest ATT value, 512 bytes."""


def decode_any(data: bytes) -> None:
    """Decode `data[2:]` as a packet; the first two bytes choose whose, and whether its header begins as it should."""
    try:
        decode(data)
    except PacketRefused:
        return


def decode(data: bytes) -> None:
    """The same, and raises the refusal."""
    number = data[0] % len(STREAMS) if data else 0
    stream = STREAMS[number]
    packet = bytearray(data[2:])
    if data[1:2] >= b"\x80":
        for offset, fixed in parse_layout(stream.header, 0).constants:
            packet[offset : offset + len(fixed)] = fixed
    samples = _DECODERS[number].decode(stream.char, bytes(packet))
    assert samples.digital.shape[0] > 0
    assert samples.digital.shape[1] == len(stream.names)
    assert samples.digital.dtype == np.dtype(stream.dtype)
    if stream.counter_modulus is not None:
        assert samples.counter is not None
        assert 0 <= samples.counter < stream.counter_modulus


_DECODERS = tuple(Decoder([stream]) for stream in STREAMS)


class PacketTrial:
    """Packets of the length the device sends, or of any, behind a header that is right, or is not."""

    refusals = (PacketRefused,)

    def make(self, rng: random.Random) -> bytes:
        number = rng.randrange(len(STREAMS))
        lengths = STREAMS[number].lengths
        size = rng.choice(lengths) if lengths and rng.random() < 0.5 else rng.randint(0, LONGEST)
        packet = rng.choice((rng.randbytes, bytes, _digits))(size)
        if rng.random() < 0.3:
            packet = Mutator(rng).damaged(packet)[:LONGEST]
        return bytes([number, rng.choice((0, 0xFF, 0xFF))]) + packet

    def put(self, data: bytes) -> str:
        decode(data)
        return ACCEPTED


def _digits(size: int) -> bytes:
    """For the devices that send numbers as text."""
    return (b"-12.5,300\r\n" * size)[:size]


@contextmanager
def packets(_: Path) -> Iterator[PacketTrial]:
    yield PacketTrial()
