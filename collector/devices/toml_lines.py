"""In which line of a TOML text the entry stands that an error is about."""

import re
from collections import Counter
from collections.abc import Iterator

_SYNTAX = re.compile(r"\(at line (\d+), column \d+\)$")
_PLACE = re.compile(r"at `\$\.?([^`]*)`$")
_ENTRY = re.compile(r"unknown field `([^`]+)`|^(\w+): ")
_HEADING = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w.-]+)\s*=")


def line_of(text: str, error: str) -> int | None:
    """The line, counted from 1, that an error of msgspec's about `text` means; None where it names none.

    Such an error ends with where the syntax failed, or with a path such as `$.stream[0].counter.field`. An entry of an
    inline table, or of a list over several lines, has the line of the key it belongs to.
    """
    if syntax := _SYNTAX.search(error):
        return int(syntax[1])
    place = _PLACE.search(error)
    path = place[1] if place else ""
    if entry := _ENTRY.search(error):
        path = f"{path}.{entry[1] or entry[2]}".removeprefix(".")
    lines = dict(_entries(text))
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path)


def _entries(text: str) -> Iterator[tuple[str, int]]:
    """The path of each heading and key, with its line."""
    tables: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _HEADING.match(line):
            table = _heading_path(heading[2], heading[1] == "[[", tables)
            yield table, number
        elif key := _KEY.match(line):
            yield f"{table}.{key[1]}".removeprefix("."), number


def _heading_path(name: str, is_element: bool, tables: Counter[str]) -> str:
    """`stream.counter` below the second `[[stream]]` is `stream[1].counter`."""
    path = ""
    *parents, last = name.split(".")
    for part in parents:
        path = f"{path}.{part}".removeprefix(".")
        path += f"[{tables[path] - 1}]" if tables[path] else ""
    path = f"{path}.{last}".removeprefix(".")
    if is_element:
        tables[path] += 1
        path += f"[{tables[path] - 1}]"
    return path
