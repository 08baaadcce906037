"""Byte layouts written as text: `"u32 index"`, `"i16be emg[3]"`, `"u8 kind=2"`, `"u8 frame=0x81"`.

A field is a type, a name, and optionally a count in brackets or the only value it may have. `[channels]` stands for the
number of channels of the stream. Types are little-endian unless they end in `be`.
"""

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_TYPES = {
    "u8": "u1",
    "i8": "i1",
    **{
        f"{kind}{8 * size}{order}": f"{sign}{kind}{size}"
        for kind, sizes in (("u", (2, 4, 8)), ("i", (2, 4, 8)), ("f", (4, 8)))
        for size in sizes
        for order, sign in (("", "<"), ("be", ">"))
    },
}
_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""What `struct` calls unsigned integers of so many bytes."""
_FIELD = re.compile(r"(\w+) ([a-z]\w*)(?:\[([1-9][0-9]{0,2}|channels)\]|=([0-9]+|0x[0-9a-f]+))?")


class BadLayout(ValueError):
    """A device profile describes a layout that cannot be."""


class Integer(NamedTuple):
    """Where in a packet an unsigned integer stands."""

    form: struct.Struct
    offset: int

    @property
    def values(self) -> int:
        """How many values it can have."""
        return int(1 << 8 * self.form.size)

    def read(self, packet: bytes) -> int:
        """Its value in this packet, which has to reach as far."""
        value: int = self.form.unpack_from(packet, self.offset)[0]
        return value


class Layout(NamedTuple):
    """A packed numpy record type, and where in it which bytes are fixed."""

    dtype: np.dtype[np.void]
    constants: tuple[tuple[int, bytes], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields, in order."""
        return self.dtype.names or ()

    def matches(self, packet: bytes) -> bool:
        """Whether every fixed byte that the packet reaches to is as it must be."""
        return all(packet.startswith(fixed, offset) for offset, fixed in self.constants)

    def offset(self, name: str) -> int:
        """Where the named field begins."""
        return _offset(self.dtype, name)

    def integer(self, name: str, start: int = 0) -> Integer:
        """The named field in packets where this layout begins at byte `start`; raises BadLayout if it is no integer."""
        dtype = self.dtype[name]
        if dtype.kind != "u":
            raise BadLayout(f"field {name!r} must be one unsigned integer")
        order = ">" if dtype.byteorder == ">" else "<"
        return Integer(struct.Struct(order + _UNSIGNED[dtype.itemsize]), start + self.offset(name))


def parse_layout(texts: Sequence[str], channels: int) -> Layout:
    """The layout of these fields, one behind the other; raises BadLayout with the text that is wrong."""
    fields = [_parse_field(text, channels) for text in texts]
    if len({field.name for field in fields}) < len(fields):
        raise BadLayout(f"the layout {list(texts)} names a field twice")
    dtype: np.dtype[np.void] = np.dtype([(field.name, field.dtype) for field in fields])
    return Layout(dtype, tuple((_offset(dtype, field.name), field.fixed) for field in fields if field.fixed))


class _Field(NamedTuple):
    name: str
    dtype: "np.dtype[np.generic]"
    fixed: bytes | None = None


def _offset(dtype: np.dtype[np.void], name: str) -> int:
    assert dtype.fields is not None  # only a type without names has none
    return int(dtype.fields[name][1])


def _parse_field(text: str, channels: int) -> _Field:
    found = _FIELD.fullmatch(text)
    if not found or found[1] not in _TYPES:
        raise BadLayout(f"{text!r} is no field; write a type ({', '.join(_TYPES)}) and a name, such as 'i16 emg[3]'")
    kind, name, count, value = found.groups()
    base = np.dtype(_TYPES[kind])
    if count is not None:
        return _Field(name, np.dtype((base, (channels if count == "channels" else int(count),))))
    try:
        return _Field(name, base, _fixed(value, base) if value is not None else None)
    except OverflowError as error:
        raise BadLayout(f"{text!r}: {value} does not fit into {kind}") from error


def _fixed(value: str, base: "np.dtype[np.generic]") -> bytes:
    return np.array(int(value, 16 if value.startswith("0x") else 10), base).tobytes()
