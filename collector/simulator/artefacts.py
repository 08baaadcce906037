"""What the electrodes and the radio add to a night: heart beat, mains, pops, bad contact, saturation, gaps.

All EMG channels share the reference electrode, and with it these artefacts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.simulator.motor_units import FloatArray
from collector.simulator.spec import NightSpec
from collector.simulator.subject import Subject

Samples = NDArray[np.float32]

FULL_SCALE_UV = 8192.0  # the simulated converter's range is +- this

# How many per eight hours, as (low, high) of the night's mean.
QUIET_CONTACT: dict[str, tuple[float, float]] = {
    "mains": (0, 2),
    "pop": (0, 3),
    "saturation": (0, 0.5),
    "lead_off": (0, 0),
}
BAD_CONTACT: dict[str, tuple[float, float]] = {
    "mains": (3, 8),
    "pop": (3, 10),
    "saturation": (1, 4),
    "lead_off": (0.5, 3),
}
HUM_UV = {"good": (0.5, 5.0), "bad": (5.0, 40.0)}
GAPS_PER_HOUR_BAD_CONTACT = 2.0  # radio gaps of the profile "artefacts" [guess]
GAP_S = (0.1, 30.0)

LEAD_OFF_FORMS = ("rail", "flat", "hum")
LEAD_OFF_S = (5.0, 1200.0)
OPEN_INPUT_HUM_UV = (200.0, 3000.0)  # an open input is an aerial
LINE_HARMONICS = {1: 1.0, 2: 0.1, 3: 0.25}

FLOOR_DRIFT = (0.7, 1.6)
FLOOR_KNOT_S = 3600.0
QRS_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One artefact in seconds of the sample clock; `size_uv` is a peak, `form` how a lead-off shows."""

    kind: str
    onset_s: float
    end_s: float
    size_uv: float
    form: str = ""


def plan_artefacts(spec: NightSpec, busy: Sequence[tuple[float, float]], rng: np.random.Generator) -> list[Artefact]:
    """Draw the night's electrode artefacts; lead-off and saturation stay clear of `busy`, (start, end) in s."""
    bad = spec.profile == "artefacts"
    planned = []
    for kind, (low, high) in (BAD_CONTACT if bad else QUIET_CONTACT).items():
        for _ in range(rng.poisson(rng.uniform(low, high) * spec.duration_s / (8 * 3600))):
            artefact = _draw(kind, HUM_UV["bad" if bad else "good"], spec.duration_s, rng)
            hidden = any(artefact.onset_s < end_s and start_s < artefact.end_s for start_s, end_s in busy)
            if not (kind in ("lead_off", "saturation") and hidden):
                planned.append(artefact)
    return sorted(planned, key=lambda artefact: artefact.onset_s)


def _draw(kind: str, hum_uv: tuple[float, float], night_s: float, rng: np.random.Generator) -> Artefact:
    if kind == "mains":
        length_s, size_uv = rng.uniform(60, 3600), rng.uniform(*hum_uv)
    elif kind == "pop":
        length_s, size_uv = rng.uniform(0.2, 2), rng.uniform(200, 5000) * rng.choice([-1, 1])
    elif kind == "saturation":
        length_s, size_uv = rng.uniform(0.5, 5), rng.uniform(2, 4) * FULL_SCALE_UV
    else:
        length_s, size_uv = _log_uniform(LEAD_OFF_S, rng), rng.uniform(*OPEN_INPUT_HUM_UV)
    length_s = min(length_s, night_s / 4)
    onset_s = rng.uniform(0, night_s - length_s)
    form = str(rng.choice(LEAD_OFF_FORMS)) if kind == "lead_off" else ""
    return Artefact(kind=kind, onset_s=onset_s, end_s=onset_s + length_s, size_uv=size_uv, form=form)


def plan_gaps(spec: NightSpec, rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Draw the radio gaps, as (start, end) in seconds, none overlapping."""
    per_hour = spec.loss_per_hour + (GAPS_PER_HOUR_BAD_CONTACT if spec.profile == "artefacts" else 0.0)
    starts = np.sort(rng.uniform(0, spec.duration_s, rng.poisson(per_hour * spec.duration_s / 3600)))
    gaps: list[tuple[float, float]] = []
    for start_s in starts:
        end_s = min(start_s + _log_uniform(GAP_S, rng), spec.duration_s)
        if not gaps or start_s > gaps[-1][1]:
            gaps.append((float(start_s), float(end_s)))
    return tuple(gaps)


def _log_uniform(limits: tuple[float, float], rng: np.random.Generator) -> float:
    return limits[0] * float((limits[1] / limits[0]) ** rng.random())


def floor_drift(duration_s: float, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return knots (seconds, factor) of the slow change of the noise floor, one an hour."""
    knots = max(int(duration_s / FLOOR_KNOT_S), 1) + 1
    return np.linspace(0, duration_s, knots), FLOOR_DRIFT[0] * (FLOOR_DRIFT[1] / FLOOR_DRIFT[0]) ** rng.random(knots)


def add_heart_beat(emg: Samples, subject: Subject, fs: float, rng: np.random.Generator) -> None:
    """Add the far field of the heart to `emg` (channels, samples), in place: QRS complexes of 0.1 s."""
    time_s = np.arange(round(QRS_S * fs)) / fs - QRS_S / 2
    qrs = subject.ecg_peak_uv * (1 - (time_s / 0.012) ** 2 / 2) * np.exp(-((time_s / 0.012) ** 2) / 2)
    samples = emg.shape[1]
    mean_s = 60 / subject.heart_bpm
    beats = np.cumsum(mean_s * rng.normal(1, 0.04, int(samples / fs / mean_s * 1.05)))  # 4 % beat to beat
    first = np.rint(beats * fs).astype(int)
    index = first[first < samples - len(qrs), None] + np.arange(len(qrs))
    emg[:, index] += qrs.astype(np.float32)


def apply_artefacts(
    emg: Samples, artefacts: Sequence[Artefact], line_hz: float, fs: float, rng: np.random.Generator
) -> None:
    """Add each artefact to `emg` (channels, samples) in microvolts, in place; a lead-off replaces what was there."""
    for artefact in sorted(artefacts, key=lambda artefact: artefact.kind == "lead_off"):
        first, last = round(artefact.onset_s * fs), round(artefact.end_s * fs)
        time_s = np.arange(min(last, emg.shape[1]) - first) / fs
        part = emg[:, first:last]
        if artefact.kind == "mains":
            part += _hum(time_s, artefact.size_uv, line_hz, fs)
        elif artefact.kind == "pop":
            part += artefact.size_uv * np.exp(-5 * time_s / (artefact.end_s - artefact.onset_s))
        elif artefact.kind == "saturation":
            swing_hz = rng.uniform(0.5, 3)  # an electrode peeling and touching down again
            part += artefact.size_uv * np.sin(2 * np.pi * swing_hz * time_s)
        else:
            part[:] = _open_input(artefact, time_s, line_hz, fs)


def _open_input(artefact: Artefact, time_s: FloatArray, line_hz: float, fs: float) -> FloatArray:
    if artefact.form == "rail":
        return np.full(len(time_s), FULL_SCALE_UV)
    if artefact.form == "flat":
        return np.zeros(len(time_s))
    return _hum(time_s, artefact.size_uv, line_hz, fs)


def _hum(time_s: FloatArray, size_uv: float, line_hz: float, fs: float) -> FloatArray:
    """Return mains hum with the harmonics the converter passes."""
    passed = {harmonic: share for harmonic, share in LINE_HARMONICS.items() if harmonic * line_hz < 0.45 * fs}
    return size_uv * sum(
        (share * np.sin(2 * np.pi * harmonic * line_hz * time_s + harmonic) for harmonic, share in passed.items()),
        start=np.zeros(len(time_s)),
    )
