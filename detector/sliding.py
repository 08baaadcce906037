"""The latest values of a quantity, in their order and by size: a percentile without sorting anew."""

from bisect import bisect_left, insort


def slide(latest: list[float], ordered: list[float], value: float, length: float) -> None:
    """Put the value into both lists, and out of both the oldest beyond `length`."""
    if len(latest) >= length:
        del ordered[bisect_left(ordered, latest.pop(0))]
    latest.append(value)
    insort(ordered, value)
