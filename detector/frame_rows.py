"""Frames to what the night store keeps of them: one row a second, and the stretches that were not watched."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.frames import CAUSES, Frames, Quality


@dataclass(frozen=True, slots=True)
class SecondRows:
    """Consecutive frames gathered by the second in which they end; n seconds, c channels. NaN where nothing is known.

    The first and the last second may be partial: rows of one second are merged by `min`, `max` and `or`, and by taking
    the later value, so that merging the same frames twice changes nothing.
    """

    channels: tuple[str, ...]
    t_s: NDArray[np.int64]  # (n,) seconds since 1970
    min_uv: NDArray[np.float64]  # (n, c)
    max_uv: NDArray[np.float64]  # (n, c)
    rest_uv: NDArray[np.float64]  # (n, c) at the end of the second
    threshold_uv: NDArray[np.float64]  # (n, c) at the end of the second
    quality: NDArray[np.uint8]  # (n, c) every Quality bit that occurred
    motion_mg: NDArray[np.float64]  # (n,) the largest
    gravity_mg: NDArray[np.float64]  # (n, 3) at the end of the second


def seconds(frames: Frames) -> SecondRows:
    """One row for every second in which a frame ends."""
    t_s, first = np.unique(frames.t_ns // NS, return_index=True)
    last = np.append(first[1:], len(frames)) - 1
    return SecondRows(
        channels=frames.channels,
        t_s=t_s,
        min_uv=np.fmin.reduceat(frames.envelope_uv, first),
        max_uv=np.fmax.reduceat(frames.envelope_uv, first),
        rest_uv=frames.rest_uv[last],
        threshold_uv=frames.threshold_uv[last],
        quality=np.bitwise_or.reduceat(frames.quality, first),
        motion_mg=np.fmax.reduceat(frames.motion_mg, first),
        gravity_mg=frames.gravity_mg[last],
    )


def unwatched(frames: Frames) -> Iterator[Interval]:
    """The stretches during which no channel could be judged, each labelled with its gravest cause."""
    blind = ~(frames.quality == Quality.GOOD).any(axis=1)
    cause = np.where(blind, _gravest(np.bitwise_or.reduce(frames.quality, axis=1)), np.uint8(Quality.GOOD))
    edges = [0, *(np.flatnonzero(np.diff(cause)) + 1).tolist(), len(frames)]
    for start, stop in pairwise(edges):
        if cause[start] != Quality.GOOD:
            begin_ns = int(frames.t_ns[start]) - round(frames.step_s * NS)
            yield Interval(begin_ns, int(frames.t_ns[stop - 1]), CAUSES[Quality(int(cause[start]))])


def _gravest(quality: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of the bits set, the one that comes first in CAUSES."""
    gravest = np.zeros_like(quality)
    for cause in reversed(CAUSES):
        gravest[(quality & cause) != 0] = cause
    return gravest
