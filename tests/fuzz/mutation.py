"""Damage: what a broken disk, a cut transfer, another program or an ill-meaning one makes of a valid input."""

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

INTEGERS = (
    0,
    1,
    -1,
    2,
    127,
    128,
    255,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**53,
    2**53 + 1,
    2**62 + 1,
    2**63 - 1,
    -(2**63),
)
"""Where widths, signs and the exactness of a double end."""
FLOATS = (0.0, -0.0, 0.5, 1e-320, 1e-9, 1e9, 1e17, 1e308, -1e308, math.inf, -math.inf, math.nan)
TEXTS = (
    "",
    " ",
    "\0",
    "x\n",
    "../../x",
    "/",
    "+",
    "#",
    "-0",
    "1e999",
    "NaN",
    "é\u202e\U0001f9b5",
    "a" * 100,
    "9" * 400,
)
STRANGE: tuple[Any, ...] = (None, True, *INTEGERS, *FLOATS, *TEXTS, b"", b"\xff\xfe", [], {}, [[[]]], {"": None})
"""What may stand in place of any value. Everything here fits MessagePack."""
STRANGE_JSON: tuple[Any, ...] = (*STRANGE, 2**64, -(2**64), 10**30)
"""JSON's integers have no end."""
BYTES = (b"\0", b"\x01", b"\x7f", b"\x80", b"\xff", b" ", b"\n", b"\x14", b"\x15", b'"', b"[", b"{", b"9", b"-")
MOST_EDITS = 4
LONGEST_REPEAT = 4096


class Mutator:
    """Changes valid inputs; all it does follows from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._edits: tuple[Callable[[bytearray, bytes], None], ...] = (
            self._flip,
            self._flip,
            self._overwrite,
            self._integer,
            self._insert,
            self._delete,
            self._duplicate,
            self._repeat,
            self._swap,
            self._splice,
            self._truncate,
        )

    def damaged(self, data: bytes, other: bytes = b"", within: slice = slice(None)) -> bytes:
        """The bytes with one to four edits in the given part; `other` is spliced in now and then."""
        start, stop, _ = within.indices(len(data))
        part = bytearray(data[start:stop])
        for _ in range(self._rng.randint(1, MOST_EDITS)):
            self._rng.choice(self._edits)(part, other)
        return data[:start] + bytes(part) + data[stop:]

    def changed(self, tree: Any, strange: Sequence[Any] = STRANGE) -> Any:
        """A tree of dicts and lists with one or two of its nodes changed: in value, type or size, or left out."""
        for _ in range(self._rng.randint(1, 2)):
            path = self._rng.choice(list(_paths(tree)))
            tree = _with(tree, path, lambda node: self._changed(node, strange))
        return tree

    def _changed(self, node: Any, strange: Sequence[Any]) -> Any:
        if self._rng.random() < 0.5:
            return self._rng.choice(strange)
        match node:
            case dict() if node:
                return self._changed_table(node, strange)
            case list() if node:
                return self._changed_list(node)
            case str():
                return self.text(node)
            case bytes() if node:
                return self.damaged(node)
            case int() | float() if not isinstance(node, bool):
                return self._rng.choice((node // 3, node // 3 + 1, -(node // 3), node / 3, str(node)))
        return self._rng.choice(strange)

    def text(self, text: str) -> str:
        """The text with an edit or two, still text."""
        return self.damaged(text.encode()).decode(errors="replace")

    def _changed_table(self, table: dict[Any, Any], strange: Sequence[Any]) -> dict[Any, Any]:
        entries = list(table.items())
        k = self._rng.randrange(len(entries))
        key, value = entries.pop(k)
        what = self._rng.randrange(4)
        if what == 1:
            entries.insert(k, (self.text(str(key)), value))
        elif what == 2:
            entries += [(key, value), (f"{key} too", self._rng.choice(strange))]
        elif what == 3:
            entries.insert(k, (key, self._rng.choice(list(table.values()))))
        return dict(entries)

    def _changed_list(self, values: list[Any]) -> list[Any]:
        k = self._rng.randrange(len(values))
        what = self._rng.randrange(4)
        if what == 0:
            return values[:k] + values[k + 1 :]
        if what == 1:
            return values[: k + 1] + values[k:]
        if what == 2:
            return values[k:] + values[:k]
        return values * self._rng.choice((2, 50, 300))

    def _at(self, part: bytearray) -> int:
        return self._rng.randrange(len(part) + 1)

    def _flip(self, part: bytearray, _: bytes) -> None:
        if part:
            part[self._rng.randrange(len(part))] ^= 1 << self._rng.randrange(8)

    def _overwrite(self, part: bytearray, _: bytes) -> None:
        at = self._at(part)
        new = self._rng.choice(BYTES) * self._rng.randint(1, 8)
        part[at : at + len(new)] = new

    def _integer(self, part: bytearray, _: bytes) -> None:
        at, width = self._at(part), self._rng.choice((1, 2, 4, 8))
        value = self._rng.choice(INTEGERS) % 2 ** (8 * width)
        part[at : at + width] = value.to_bytes(width, self._rng.choice(("little", "big")))

    def _insert(self, part: bytearray, _: bytes) -> None:
        at = self._at(part)
        part[at:at] = self._rng.randbytes(self._rng.randint(1, 16))

    def _delete(self, part: bytearray, _: bytes) -> None:
        at = self._at(part)
        del part[at : at + self._rng.choice((1, 2, 4, 16, 256))]

    def _duplicate(self, part: bytearray, _: bytes) -> None:
        at = self._at(part)
        part[at:at] = part[at : at + self._rng.choice((1, 4, 32, 512))]

    def _repeat(self, part: bytearray, _: bytes) -> None:
        at = self._at(part)
        part[at:at] = self._rng.choice(BYTES) * self._rng.randint(1, LONGEST_REPEAT)

    def _swap(self, part: bytearray, _: bytes) -> None:
        width = self._rng.choice((1, 4, 16))
        one, two = sorted((self._at(part), self._at(part)))
        if two >= one + width:
            part[one : one + width], part[two : two + width] = part[two : two + width], part[one : one + width]

    def _splice(self, part: bytearray, other: bytes) -> None:
        if other:
            start = self._rng.randrange(len(other))
            at = self._at(part)
            part[at : at + self._rng.choice((0, 16))] = other[start : start + self._rng.choice((4, 64, 1024))]

    def _truncate(self, part: bytearray, _: bytes) -> None:
        del part[self._at(part) :]


def as_json(tree: Any) -> bytes:
    """The tree as JSON, the way a careless program writes it: NaN and Infinity are left standing."""
    return json.dumps(tree, default=repr).encode()


def _paths(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield from _paths(value, (*at, key))


def _with(tree: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(tree)
    copy = tree.copy()
    copy[path[0]] = _with(tree[path[0]], path[1:], change)
    return copy
