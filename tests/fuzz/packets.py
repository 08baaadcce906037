"""Any bytes, put to every shipped profile: samples or a named refusal, nothing else.

By hand, for as long as you like: `python -m tests.fuzz.packets`, for which atheris has to be there (`pip install
atheris`). The ordinary tests put the same question with hypothesis.
"""

import importlib
import sys

import numpy as np

from collector.devices.decoder import Decoder, PacketRefused
from collector.devices.layout import parse_layout
from collector.devices.profile import Stream, load_profile, shipped_profiles
from collector.devices.standard import ENVIRONMENTAL, THERMOMETER

STREAMS: tuple[Stream, ...] = (
    ENVIRONMENTAL,
    THERMOMETER,
    *(stream for name in shipped_profiles() for stream in load_profile(name).stream),
)


def decode_any(data: bytes) -> None:
    """Decode `data[2:]` as a packet; the first two bytes choose whose, and whether its header begins as it should."""
    stream = STREAMS[data[0] % len(STREAMS)] if data else STREAMS[0]
    packet = bytearray(data[2:])
    if data[1:2] >= b"\x80":
        for offset, fixed in parse_layout(stream.header, 0).constants:
            packet[offset : offset + len(fixed)] = fixed
    try:
        samples = Decoder([stream]).decode(stream.char, bytes(packet))
    except PacketRefused:
        return
    assert samples.digital.shape[0] > 0
    assert samples.digital.shape[1] == len(stream.names)
    assert samples.digital.dtype == np.dtype(stream.dtype)
    if stream.counter_modulus is not None:
        assert samples.counter is not None
        assert 0 <= samples.counter < stream.counter_modulus


def main() -> None:
    """Let atheris look for bytes that break it."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("This needs atheris, which is not among the project's dependencies: pip install atheris")
    atheris.Setup(sys.argv, decode_any)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
