"""A device's packets in a file: without its name and address, so that it can be given away and become a test.

One JSON value per line. The first is the header, each other one a packet:

    {"crampwatch_capture": 1, "profile": "cramp-node", "info": "01...", "mtu": 247, "note": "..."}
    [0.125, "5b1e0003-6a0c-4d6e-9f57-3d2f8c41a7b0", "10270000409c0000..."]
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

import msgspec

from collector.contract.errors import BadRecording
from collector.devices.profile import Hex, Profile, Uuid
from crampwatch.radio.tally import Tally
from crampwatch.radio.tap import Packet, described

T = TypeVar("T")


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which profile the packets are to be read with. `info` is what the device said of itself, in hexadecimal."""

    crampwatch_capture: Literal[1] = 1
    profile: str
    info: Hex | None = None
    mtu: int | None = None
    note: str = ""


class _Line(msgspec.Struct, frozen=True, array_like=True):
    at_s: Annotated[float, msgspec.Meta(ge=0)]
    char: Uuid
    payload: Hex


class Capture(NamedTuple):
    """A header and its packets, in the order of their arrival."""

    header: Header
    packets: tuple[Packet, ...]


def write(path: Path, header: Header, packets: Iterable[Packet]) -> None:
    """Write a capture; times to the tenth of a millisecond, which is less than a radio's."""
    lines = [msgspec.json.encode(header)]
    lines += [msgspec.json.encode(_Line(round(it.at_s, 4), it.char, it.payload.hex())) for it in packets]
    path.write_bytes(b"\n".join(lines) + b"\n")


def read(path: Path) -> Capture:
    """Read a capture; raises BadRecording with the file and the line that is wrong."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadRecording(f"{path}: cannot be read ({error.strerror})") from error
    header = _decoded(path, 1, lines[0] if lines else b"", Header)
    return Capture(header, tuple(_packet(path, number, line) for number, line in enumerate(lines[1:], start=2)))


def replay(capture: Capture, profile: Profile) -> Tally:
    """What the profile makes of every packet; raises BadProfile when it does not understand the device's `info`."""
    info = None if capture.header.info is None else bytes.fromhex(capture.header.info)
    tally = Tally(described(profile, info, {packet.char for packet in capture.packets}).stream)
    for packet in capture.packets:
        tally.take(packet)
    return tally


def _packet(path: Path, number: int, line: bytes) -> Packet:
    read = _decoded(path, number, line, _Line)
    return Packet(read.at_s, read.char, bytes.fromhex(read.payload))


def _decoded(path: Path, number: int, line: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise BadRecording(f"{path}:{number}: not a capture of `crampwatch devices capture` ({error})") from error
