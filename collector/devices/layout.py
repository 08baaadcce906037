"""Byte layouts written as text: `"u32 index"`, `"i16be emg[3]"`, `"u8 kind=2"`.

A field is a type, a name, and optionally a count in brackets or the only value it may have. `[channels]` stands for the
number of channels of the stream. Types are little-endian unless they end in `be`.
"""

import re
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
_FIELD = re.compile(r"(\w+) ([a-z]\w*)(?:\[([1-9][0-9]{0,2}|channels)\]|=([0-9]+))?")


class BadLayout(ValueError):
    """A device profile describes a layout that cannot be."""


class Layout(NamedTuple):
    """A packed numpy record type, and where in it which bytes are fixed."""

    dtype: np.dtype[np.void]
    constants: tuple[tuple[int, bytes], ...]

    def matches(self, packet: bytes) -> bool:
        """Whether every fixed byte that the packet reaches to is as it must be."""
        return all(packet.startswith(fixed, offset) for offset, fixed in self.constants)

    def offset(self, name: str) -> int:
        """Where the named field begins."""
        return _offset(self.dtype, name)


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
        return _Field(name, base, np.array(int(value), base).tobytes() if value is not None else None)
    except OverflowError as error:
        raise BadLayout(f"{text!r}: {value} does not fit into {kind}") from error
