"""The EMG of a recording as the other rules get it: one channel, band-passed, and its envelope."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from collector.contract.recording import SCORING_BLOCK_S, duration_s
from collector.contract.recordings import open_recording

Signal = NDArray[np.float64]

BAND_HZ = (30.0, 200.0)
"""The band our own detector works in."""
WINDOW_S = 0.25
ENVELOPE_FS = 1 / WINDOW_S
REST_WINDOW_S = 1800.0
REST_RANK = 20
"""The 20th percentile of a half hour's envelope is rest even where the leg moves for minutes."""
LEAST_REST_UV = 0.5
"""No worn electrode is quieter; below, one has come off."""


class NightEmg(NamedTuple):
    """`emg_uv` (samples,) at `fs`; `envelope_uv` (windows,), RMS of consecutive 250 ms; gaps are zeros."""

    emg_uv: Signal
    envelope_uv: Signal
    fs: float
    duration_s: float


def night_emg(path: Path) -> NightEmg:
    """The first EMG channel of a recording, band-passed."""
    recording = open_recording(path)
    fs = recording.streams["emg"].fs
    length_s = duration_s(recording)
    raw = np.zeros(round(length_s * fs))
    for block in recording.blocks(SCORING_BLOCK_S):
        if block.stream == "emg":
            raw[block.first_index : block.end_index] = block.physical()[:, 0]
    high = min(BAND_HZ[1], 0.45 * fs)
    emg = sosfilt(butter(4, (BAND_HZ[0], high), "bandpass", fs=fs, output="sos"), raw)
    return NightEmg(emg, rms(emg, fs), fs, length_s)


def rms(emg: Signal, fs: float) -> Signal:
    """RMS of consecutive 250 ms; where the rate does not divide, windows differ by a sample."""
    count = int(len(emg) / fs / WINDOW_S)
    edges = np.rint(np.arange(count + 1) * WINDOW_S * fs).astype(np.int64)
    power = np.concatenate([[0.0], np.cumsum(np.square(emg))])[edges]
    return np.asarray(np.sqrt(np.maximum(np.diff(power), 0) / np.diff(edges)))


def resting_uv(envelope_uv: Signal) -> Signal:
    """The resting RMS of each half hour."""
    size = round(REST_WINDOW_S * ENVELOPE_FS)
    parts = [envelope_uv[start : start + size] for start in range(0, len(envelope_uv), size)]
    return np.array([max(LEAST_REST_UV, np.percentile(part, REST_RANK)) for part in parts])


def save_in_units_of_rest(night: NightEmg, path: Path) -> None:
    """Write what `peers_worker.py` reads: both signals over the resting RMS of their half hour."""
    rest_uv = resting_uv(night.envelope_uv)
    emg_rest = rest_uv[_half_hour(len(night.emg_uv), night.fs, len(rest_uv))]
    envelope_rest = rest_uv[_half_hour(len(night.envelope_uv), ENVELOPE_FS, len(rest_uv))]
    np.savez(
        path,
        emg=(night.emg_uv / emg_rest).astype(np.float32),
        emg_fs=night.fs,
        envelope=night.envelope_uv / envelope_rest,
        envelope_fs=ENVELOPE_FS,
    )


def _half_hour(samples: int, fs: float, last: int) -> NDArray[np.int64]:
    return np.minimum((np.arange(samples) / fs / REST_WINDOW_S).astype(np.int64), last - 1)
