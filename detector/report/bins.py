"""Fewer points for a plot without losing what stands out, and lines that stop where the data stop."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


class Extremes(NamedTuple):
    """The smallest and largest value of each bin, and the bin's middle in seconds; NaN where a bin is empty."""

    middle_s: Values
    low: Values
    high: Values


def extremes(t_s: Values, low: Values, high: Values, duration_s: float, most: int, row_s: float = 1.0) -> Extremes:
    """Cut `duration_s` seconds into at most `most` bins and keep each one's extremes.

    `t_s` are the rows' times from the start of the night, shape (n,), `row_s` apart where nothing is missing. A bin is
    never shorter than two rows: with one row per bin the jitter of their times would look like gaps.
    """
    bins = max(1, min(most, int(duration_s / (2 * row_s))))
    width_s = duration_s / bins
    index = np.clip((t_s / width_s).astype(np.intp), 0, bins - 1)
    smallest, largest = np.full(bins, np.nan), np.full(bins, np.nan)
    np.fmin.at(smallest, index, low)
    np.fmax.at(largest, index, high)
    return Extremes(width_s * np.arange(0.5, bins), smallest, largest)


def broken_at_gaps(t_s: Values, values: Values, row_s: float) -> tuple[Values, Values]:
    """The same line with a NaN between points more than 1.5 rows apart, so that they are not joined."""
    breaks = np.flatnonzero(np.diff(t_s) > 1.5 * row_s) + 1
    return np.insert(t_s, breaks, t_s[breaks]), np.insert(values, breaks, np.nan)
