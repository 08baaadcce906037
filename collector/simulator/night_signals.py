"""A simulated night as the signals that a virtual wearable plays."""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import Channel, StreamKind
from collector.simulator.night import Gap, Night
from collector.simulator.playback import Signal
from collector.simulator.spec import exact_rate


def signals_of_night(night: Night) -> dict[StreamKind, Signal]:
    """The night's three streams; in its radio gaps nothing is sent."""
    spec = night.spec
    emg = tuple(Channel(f"emg {k}", "uV", night.emg_uv_per_lsb) for k in range(1, spec.emg_channels + 1))
    acc = tuple(Channel(f"acc {axis}", "mg", night.acc_mg_per_lsb) for axis in "xyz")
    temp = (Channel("skin", "degC", night.temp_c_per_lsb),)
    return {
        "emg": _signal(spec.fs, emg, night.emg.T, night.gaps),
        "acc": _signal(spec.acc_fs, acc, night.acc.T, night.gaps),
        "temp": _signal(spec.temp_fs, temp, night.temp[:, None], night.gaps),
    }


def _signal(rate: float, channels: tuple[Channel, ...], digital: NDArray[np.int16], gaps: Iterable[Gap]) -> Signal:
    fs = float(exact_rate(rate))
    return Signal(fs, channels, tuple(_runs(np.ascontiguousarray(digital), fs, gaps)))


def _runs(digital: NDArray[np.int16], fs: float, gaps: Iterable[Gap]) -> Iterator[tuple[int, NDArray[np.int16]]]:
    """What lies between the gaps, which are in seconds and in their order."""
    edges = chain([0], *((ceil(start_s * fs), ceil(end_s * fs)) for start_s, end_s in gaps), [len(digital)])
    for first, end in list(pairwise(edges))[::2]:
        if first < end:
            yield first, digital[first:end]
