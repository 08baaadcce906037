"""Runs published onset detectors over one night; started inside the peers' own virtual environment.

    python peers_worker.py NIGHT.npz METHOD THRESHOLD...

NIGHT.npz holds `emg` (samples,), band-passed and in multiples of its resting RMS, `envelope`, its RMS in the same
unit, and their rates `emg_fs` and `envelope_fs` in Hz. Standard output is one JSON object: for each threshold the
`intervals` in seconds in which the method sees the muscle active, and its `cpu_s`. It imports nothing of this project.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]
Intervals = list[tuple[float, float]]
Method = Callable[[Signal, float, float], Intervals]

WINDOW_S = 1800
"""The methods want a signal as a whole, and some take time that grows with the square of its length."""
SMOOTHING_S = 0.25
"""All get the 250 ms window of our own envelope where they have a window."""
ACTIVE_S = 0.5
"""How long activity has to last where a method has such a condition: as long as our own suspicion."""
REST = {"mean": 0.7979, "std_dev": 0.6028, "var": 1.0}
"""Of Gaussian noise of RMS 1, which the signals were scaled to: mean and deviation rectified, variance as it is."""


def _pairs(marks: Iterable[float], fs: float) -> Intervals:
    """BioSPPy lists onsets and offsets in turn; an offset may be wanting at the end."""
    seconds = [float(mark) / fs for mark in marks]
    return list(zip(seconds[::2], seconds[1::2], strict=False))


def hodges_bui(emg: Signal, fs: float, threshold: float) -> Intervals:
    """BioSPPy: Hodges and Bui 1996, from its test function (its list drops a mark where a pause is one sample long)."""
    size = round(SMOOTHING_S * fs)
    found = _biosppy().hodges_bui_onset_detector(emg, rest=REST, sampling_rate=fs, size=size, threshold=threshold)
    return _runs(np.asarray(found["processed"]) >= threshold, fs, size / fs / 2)


def bonato(emg: Signal, fs: float, threshold: float) -> Intervals:
    """BioSPPy: Bonato 1998."""
    found = _biosppy().bonato_onset_detector(
        emg,
        rest=REST,
        sampling_rate=fs,
        threshold=threshold,
        active_state_duration=round(ACTIVE_S * fs / 2),
        samples_above_fail=2,
        fail_size=round(SMOOTHING_S * fs / 2),
    )
    return _pairs(found["onsets"], fs)


def silva(emg: Signal, fs: float, threshold: float) -> Intervals:
    """BioSPPy: Silva 2012."""
    size = round(SMOOTHING_S * fs)
    found = _biosppy().silva_onset_detector(
        emg, sampling_rate=fs, size=size, threshold_size=40 * size, threshold=threshold
    )
    return _pairs(found["onsets"], fs)


def lidierth(emg: Signal, fs: float, threshold: float) -> Intervals:
    """BioSPPy: Lidierth 1986."""
    found = _biosppy().lidierth_onset_detector(
        emg,
        rest=REST,
        sampling_rate=fs,
        size=round(SMOOTHING_S * fs),
        threshold=threshold,
        active_state_duration=round(ACTIVE_S * fs),
        fail_size=round(SMOOTHING_S * fs),
    )
    return _pairs(found["onsets"], fs)


def neurokit_threshold(envelope: Signal, fs: float, threshold: float) -> Intervals:
    """NeuroKit2: amplitude above a threshold."""
    if threshold > envelope.max():
        return []  # it raises where nothing is active
    return _neurokit(envelope, fs, "threshold", threshold)


def neurokit_mixture(envelope: Signal, fs: float, threshold: float) -> Intervals:
    """NeuroKit2: two Gaussians; the threshold is a probability."""
    return _neurokit(envelope, fs, "mixture", threshold)


def _neurokit(envelope: Signal, fs: float, method: str, threshold: float) -> Intervals:
    _, info = importlib.import_module("neurokit2").emg_activation(
        emg_amplitude=envelope, sampling_rate=fs, method=method, threshold=threshold, duration_min=round(ACTIVE_S * fs)
    )
    ends = zip(info["EMG_Onsets"], info["EMG_Offsets"], strict=False)
    return [(float(onset) / fs, float(offset) / fs) for onset, offset in ends]


def _biosppy() -> Any:
    return importlib.import_module("biosppy.signals.emg")


class Peer(NamedTuple):
    """A method, the module it comes from, and the signal it is fed with.

    Full rate for those that work on samples, the envelope for those that take an amplitude.
    """

    module: str
    signal: str
    method: Method


METHODS = {
    "hodges_bui": Peer("biosppy.signals.emg", "emg", hodges_bui),
    "bonato": Peer("biosppy.signals.emg", "emg", bonato),
    "silva": Peer("biosppy.signals.emg", "emg", silva),
    "lidierth": Peer("biosppy.signals.emg", "emg", lidierth),
    "neurokit_threshold": Peer("neurokit2", "envelope", neurokit_threshold),
    "neurokit_mixture": Peer("neurokit2", "envelope", neurokit_mixture),
}


def _runs(active: NDArray[np.bool_], fs: float, delay_s: float) -> Intervals:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    return [(start / fs + delay_s, end / fs + delay_s) for start, end in edges.reshape(-1, 2).tolist()]


def night_intervals(method: Method, signal: Signal, fs: float, threshold: float) -> Intervals:
    """The method window by window; what touches the end of one and the start of the next is joined later."""
    size = round(WINDOW_S * fs)
    found: Intervals = []
    for start in range(0, len(signal), size):
        window = signal[start : start + size]
        found += [(start / fs + onset, start / fs + end) for onset, end in method(window, fs, threshold)]
    return found


def main(path: str, name: str, thresholds: list[float]) -> None:
    """Run one method with each of the thresholds and print what it found."""
    peer = METHODS[name]
    importlib.import_module(peer.module)  # not part of the method's cost
    with np.load(path) as night:
        signal, fs = night[peer.signal].astype(np.float64), float(night[f"{peer.signal}_fs"])
    results = []
    for threshold in thresholds:
        started = time.process_time()
        intervals = night_intervals(peer.method, signal, fs, threshold)
        results.append({"intervals": intervals, "cpu_s": time.process_time() - started})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [float(text) for text in sys.argv[3:]])
