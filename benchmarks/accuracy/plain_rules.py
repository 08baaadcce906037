"""Two rules that anybody would try first: the muscle is active while its RMS is above a level."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.signals import ENVELOPE_FS, Signal

Intervals = Sequence[tuple[float, float]]
PlainRule = Callable[[Signal, float], Intervals]

FIXED_UV = (5.0, 7.0, 10.0, 14.0, 20.0, 30.0, 45.0)
TIMES_MEDIAN = (1.5, 1.8, 2.2, 2.7, 3.5, 5.0)
MEDIAN_S = 120
"""The running median looks back two minutes, as our own resting level does."""


def fixed_threshold(envelope_uv: Signal, threshold_uv: float) -> Intervals:
    """Active while the RMS is above a fixed level."""
    return _runs(envelope_uv > threshold_uv)


def times_running_median(envelope_uv: Signal, factor: float) -> Intervals:
    """Active while the RMS is above a multiple of its running median, taken anew every second."""
    per_second = round(ENVELOPE_FS)
    seconds = envelope_uv[: len(envelope_uv) // per_second * per_second].reshape(-1, per_second)
    past = np.concatenate([np.full(MEDIAN_S, np.nan), np.median(seconds, axis=1)])
    windows = np.lib.stride_tricks.sliding_window_view(past, MEDIAN_S)[1:]
    level = np.concatenate([[seconds[0].min()], np.nanmedian(windows, axis=1)[:-1]])
    return _runs(seconds.ravel() > factor * np.repeat(level, per_second))


PLAIN_RULES: dict[str, tuple[Sequence[float], PlainRule]] = {
    "fixed RMS threshold (uV)": (FIXED_UV, fixed_threshold),
    "multiple of the running median": (TIMES_MEDIAN, times_running_median),
}
"""The thresholds to choose from, and the rule."""


def _runs(active: NDArray[np.bool_]) -> Intervals:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    return [(start / ENVELOPE_FS, end / ENVELOPE_FS) for start, end in edges.reshape(-1, 2).tolist()]
