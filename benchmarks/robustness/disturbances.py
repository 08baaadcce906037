"""What goes wrong at a bedside, each as a pure function from an EMG in microvolts, shape (n,), to another.

Times are seconds from the start. Whatever is random comes from a generator that is handed in.
"""

from dataclasses import replace

import numpy as np

from benchmarks.robustness.night import Float
from collector.simulator.artefacts import LINE_HARMONICS, add_heart_beat
from collector.simulator.subject import draw_subject


def _time_s(emg_uv: Float, fs: float) -> Float:
    return np.arange(len(emg_uv)) / fs


def _part(emg_uv: Float, fs: float, start_s: float, stop_s: float) -> slice:
    return slice(round(start_s * fs), min(round(stop_s * fs), len(emg_uv)))


def hum(
    emg_uv: Float, fs: float, amplitude_uv: float, *, hz: float = 50.0, start_s: float, stop_s: float, fade_s: float = 0
) -> Float:
    """Mains of this amplitude with the simulator's harmonics, between two moments; `fade_s` is how long it swells."""
    part = _part(emg_uv, fs, start_s, stop_s)
    t = np.arange(part.start, part.stop) / fs
    shares = {k: share for k, share in LINE_HARMONICS.items() if k * hz < 0.45 * fs}
    wave = sum(share * np.sin(2 * np.pi * k * hz * t + k) for k, share in shares.items())
    swell = np.clip((t - start_s) / fade_s, 0, 1) if fade_s else 1.0
    out = emg_uv.copy()
    out[part] += amplitude_uv * swell * wave
    return out


def reseat(
    emg_uv: Float, fs: float, at_s: float, rng: np.random.Generator, *, gain: float, noise_uv: float = 0.0
) -> Float:
    """An electrode put on anew: 0.3 s of handling, a pop, an offset, another gain and more contact noise (RMS)."""
    out = emg_uv.copy()
    after = slice(round(at_s * fs), None)
    since_s = _time_s(out[after], fs)
    out[after] = gain * out[after] + rng.normal(0, noise_uv, len(since_s)) + 300.0 + 2000.0 * np.exp(-since_s / 0.2)
    handling = _part(emg_uv, fs, at_s, at_s + 0.3)
    out[handling] += rng.normal(0, 200, len(out[handling]))
    return out


def jump(emg_uv: Float, fs: float, at_s: float, step_uv: float) -> Float:
    """An offset that changes at once and stays, as when a cable pulls at the electrode."""
    out = emg_uv.copy()
    out[round(at_s * fs) :] += step_uv
    return out


def gain_drift(emg_uv: Float, first: float, last: float) -> Float:
    """A gain that drifts over the whole night, evenly on a logarithmic scale."""
    return emg_uv * np.geomspace(first, last, len(emg_uv))


def heart(emg_uv: Float, fs: float, rng: np.random.Generator, *, peak_uv: float, bpm: float) -> Float:
    """The heart in the electrodes, by the simulator's QRS complex."""
    subject = replace(draw_subject("healthy", np.random.default_rng(0)), ecg_peak_uv=peak_uv, heart_bpm=bpm)
    out = emg_uv.astype(np.float32)[np.newaxis]
    add_heart_beat(out, subject, fs, rng)
    beating: Float = out[0].astype(np.float64)
    return beating


def replaced(emg_uv: Float, fs: float, start_s: float, stop_s: float, instead: Float | float) -> Float:
    """Something else altogether between two moments: what an open input picks up, or a rail."""
    out = emg_uv.copy()
    out[_part(emg_uv, fs, start_s, stop_s)] = instead
    return out


def crackle(
    emg_uv: Float, fs: float, start_s: float, stop_s: float, rng: np.random.Generator, *, step_uv: float, per_s: float
) -> Float:
    """A contact that opens and closes: the offset jumps by up to `step_uv`, so many times a second on average."""
    out = emg_uv.copy()
    part = _part(emg_uv, fs, start_s, stop_s)
    length = len(out[part])
    jumps = rng.random(length) < per_s / fs
    levels = rng.uniform(-step_uv, step_uv, length)
    last = np.maximum.accumulate(np.where(jumps, np.arange(length), 0))
    out[part] += np.where(last > 0, levels[last], 0.0)
    return out
