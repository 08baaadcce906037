"""What must be true of a device profile beyond the types of its entries.

Each fault is a ValueError whose text begins with the entry it is about; msgspec adds the path of the table.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from collector.devices.layout import BadLayout, Layout, parse_layout

if TYPE_CHECKING:
    from collector.devices.profile import Command, Profile, Stream

ATT_HEADER = 3
"""Opcode and handle: what a notification spends of the MTU."""
GANGLION_CHANNELS = 4


def check_layout(entry: str, texts: Sequence[str], channels: int) -> Layout:
    """The layout, if it is one."""
    try:
        return parse_layout(texts, channels)
    except BadLayout as error:
        raise ValueError(f"{entry}: {error}") from error


def check_command(command: "Command") -> None:
    """It has to say something, in ASCII."""
    if not command.hex and not command.text:
        raise ValueError("hex: a command needs bytes, as hex or as text")
    if not command.text.isascii():
        raise ValueError(f"text: {command.text!r} is not ASCII")


def check_stream(stream: "Stream") -> None:
    """Header, frame, value, counter and clock have to fit together."""
    header = check_layout("header", stream.header, 0)
    frame = check_layout("frame", stream.frame, len(stream.names))
    low, high = stream.rails
    if not -(2**31) <= low < high < 2**31:
        raise ValueError(f"rails: {low} and {high} are not a range of 32-bit integers")
    if stream.codec:
        _check_codec(stream, header)
    else:
        _check_value(stream, frame)
    if stream.counter:
        _check_integer("counter", stream.counter.field, header, frame)
    if stream.clock:
        _check_integer("clock", stream.clock.field, header)


def check_profile(profile: "Profile") -> None:
    """A session has one stream of each kind, and every packet has to fit."""
    kinds = [stream.kind for stream in profile.stream]
    if not kinds:
        raise ValueError("stream: a profile needs at least one")
    if len(set(kinds)) < len(kinds):
        raise ValueError(f"stream: there are two of one kind among {', '.join(kinds)}; a session has one of each")
    longest = max((length for stream in profile.stream for length in stream.lengths), default=0)
    if longest + ATT_HEADER > profile.device.min_mtu:
        raise ValueError(f"device: packets of {longest} bytes need a min_mtu of {longest + ATT_HEADER}")


def _check_codec(stream: "Stream", header: Layout) -> None:
    if stream.frame or stream.field is not None or stream.weights or stream.max_frames:
        raise ValueError("codec: a codec reads all behind the header; leave out frame, field, weights and max_frames")
    if stream.codec == "ganglion" and (header.dtype.itemsize, len(stream.names)) != (1, GANGLION_CHANNELS):
        raise ValueError("codec: a Ganglion has a header of one byte, the packet's number, and four channels")
    if stream.codec == "ieee11073" and len(stream.names) > 1:
        raise ValueError("codec: a temperature measurement has one channel")


def _check_value(stream: "Stream", frame: Layout) -> None:
    if not frame.names:
        raise ValueError("frame: it has no fields; describe one instant, or name a codec")
    if (stream.field is None) == (not stream.weights):
        raise ValueError("field: name the field that is the sample, or the weights of several")
    entry, names = ("field", (stream.field,)) if stream.field is not None else ("weights", tuple(stream.weights))
    for name in names:
        if name not in frame.names:
            raise ValueError(f"{entry}: {name!r} is not in its frame {list(stream.frame)}")
        if int(np.prod(frame.dtype[name].shape)) != len(stream.names):
            raise ValueError(f"names: {len(stream.names)} channels are named, {name!r} has another number of values")
        value = frame.dtype[name].base
        if not (value.kind == "f" and stream.field is not None) and not np.can_cast(value, np.int32):
            raise ValueError(
                f"{entry}: {name!r} cannot be kept; samples are floats or integers of 32 bits at most, signed"
            )


def _check_integer(entry: str, field: str, *layouts: Layout) -> None:
    layout = next((layout for layout in layouts if field in layout.names), None)
    if layout is None:
        raise ValueError(f"{entry}: {field!r} is not in its {'header or frame' if len(layouts) > 1 else 'header'}")
    try:
        layout.integer(field)
    except BadLayout as error:
        raise ValueError(f"{entry}: {error}") from error
