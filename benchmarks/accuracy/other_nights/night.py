"""From a request to a recording with its truth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfilt

from benchmarks.accuracy.other_nights import body, electrode, recorder
from benchmarks.accuracy.other_nights.cramps import Cramp
from benchmarks.accuracy.other_nights.electrode import CONTACT_FS, Contact
from benchmarks.accuracy.other_nights.muscle import band_edges, carrier, contraction, white_noise
from benchmarks.accuracy.other_nights.processes import Float, Signal, log_uniform, ornstein_uhlenbeck, resampled
from benchmarks.accuracy.other_nights.recorder import Int16
from benchmarks.accuracy.other_nights.spec import OtherSpec
from benchmarks.accuracy.other_nights.timetable import NIGHT_S, Timetable, plan_night
from benchmarks.accuracy.other_nights.truth import CrampTruth, Interval, Truth
from benchmarks.accuracy.other_nights.wearer import Converter, Wearer, draw_wearer

TEMP_FS = 1
TEMP_CONVERTER = Converter(125.0, 2000)
"""Steps of 1/16 degC, as usual digital thermometers have."""
ENVELOPE_S = 0.25
MOTION_ARTEFACT_HZ = 12.0
"""What movement does to electrodes lies below."""
SEED_SALT = 0x5EC0
"""Keeps these nights from sharing random numbers with anything else that is seeded by small numbers."""


@dataclass(frozen=True)
class OtherNight:
    """A recording: `emg` (1, samples) at `spec.fs`, `acc` (3, samples) or (3, 0), `temp` (samples,), in steps.

    The converters give physical values in uV, g and degC. `gaps`: (start, end) of radio gaps in seconds, in which the
    last sample is repeated.
    """

    spec: OtherSpec
    emg: Int16
    acc: Int16
    temp: Int16
    acc_fs: int
    emg_converter: Converter
    acc_converter: Converter
    truth: Truth
    gaps: tuple[tuple[float, float], ...]
    temp_fs: int = TEMP_FS
    temp_converter: Converter = TEMP_CONVERTER


@dataclass(frozen=True)
class Mishaps:
    """How often things go wrong, per 8 h, radio gaps per hour."""

    reseats: float
    lead_offs: float
    pops: float
    gaps_per_hour: float


USUAL = Mishaps(0.15, 0.1, 1.0, 0.2)
BAD = Mishaps(3, 2, 12, 6)


def simulate_other_night(spec: OtherSpec, progress: Callable[[float], None] = lambda share: None) -> OtherNight:
    """Simulate a night, the same for the same spec; `progress` is told the finished share, 0 to 1.

    Raises ValueError when the cramps asked for do not fit into the night.
    """
    streams = np.random.SeedSequence([SEED_SALT, spec.seed, *spec.profile.encode()]).spawn(5)
    plan_rng, muscle_rng, electrode_rng, body_rng, radio_rng = (np.random.default_rng(stream) for stream in streams)
    wearer, timetable = draw_wearer(spec, plan_rng), plan_night(spec, plan_rng)
    mishaps = BAD if spec.profile == "artefacts" else USUAL
    sensor, n_acc = wearer.accelerometer, spec.duration_s * wearer.accelerometer.fs

    contact = _contact(spec, timetable, mishaps, electrode_rng)
    motion = body.shaking(timetable, contact.reseats, sensor.fs, n_acc, body_rng)
    progress(0.1)
    emg, cramps = _muscle_signal(spec, wearer, timetable, contact, muscle_rng)
    progress(0.7)
    artefacts = _disturb(emg, spec, wearer, motion[0], mishaps, timetable, electrode_rng)
    digital = recorder.converted(emg, wearer.emg)[None, :]
    artefacts += _clipped(digital[0], spec.fs, wearer.emg.codes, artefacts) + contact.reseats
    progress(0.9)
    acc = _acceleration(motion, timetable, wearer, body_rng) if spec.accelerometer else np.zeros((3, 0), np.int16)
    celsius = body.skin_temperature(spec.duration_s * TEMP_FS, TEMP_FS, body_rng)
    temp = recorder.converted(celsius, TEMP_CONVERTER)
    gaps = recorder.draw_gaps(spec.duration_s, mishaps.gaps_per_hour, radio_rng)
    for samples, fs in ((digital, spec.fs), (acc, sensor.fs), (temp, TEMP_FS)):
        if samples.size:
            recorder.lose(samples, fs, gaps)
    artefacts += [Interval("gap", start, end) for start, end in gaps]
    progress(1.0)
    truth = Truth(tuple(cramps), _confounders(timetable), _ordered(artefacts))
    return OtherNight(spec, digital, acc, temp, sensor.fs, wearer.emg, sensor.converter, truth, tuple(gaps))


def _contact(spec: OtherSpec, timetable: Timetable, mishaps: Mishaps, rng: Generator) -> Contact:
    count = rng.poisson(mishaps.reseats * spec.duration_s / NIGHT_S)
    starts = rng.uniform(0, spec.duration_s - electrode.RESEAT_S, count)
    wanted = [(start, start + electrode.RESEAT_S) for start in starts]
    reseats = [start for start, _ in _clear(wanted, timetable.turmoil())]
    return electrode.draw_contact(spec.duration_s, reseats, rng)


def _muscle_signal(
    spec: OtherSpec, wearer: Wearer, timetable: Timetable, contact: Contact, rng: Generator
) -> tuple[Signal, list[CrampTruth]]:
    """Rest, cramps and movements in uV, without artefacts."""
    emg = _rest(spec, wearer, contact, rng)
    # Cramps first: their size is relative to the rest they are added to.
    truths = [_add_cramp(emg, spec.fs, wearer, onset, cramp, rng) for onset, cramp in timetable.cramps]
    for onset, movement in timetable.movements:
        level = wearer.mvc_uv * contact.gain[int(onset * CONTACT_FS)]
        first = wearer.spectrum(rng)
        part = contraction(level * movement.activity, spec.fs, first, wearer.spectrum(rng), rng)
        _add(emg, round(onset * spec.fs), part)
    return emg, truths


def _rest(spec: OtherSpec, wearer: Wearer, contact: Contact, rng: Generator) -> Signal:
    """The tone of the resting muscle and the sensor's noise."""
    n, fs = spec.samples, spec.fs
    tone = wearer.tone_uv * np.exp(ornstein_uhlenbeck(spec.duration_s, CONTACT_FS, 600, 0.15, rng))
    emg = carrier(n, fs, wearer.spectrum(rng), rng)
    emg *= resampled(tone * contact.gain, CONTACT_FS, n, fs)
    noise = white_noise(n, fs, rng)
    noise *= resampled(wearer.noise_uv * contact.floor, CONTACT_FS, n, fs)
    emg += noise
    return emg


def _add_cramp(emg: Signal, fs: float, wearer: Wearer, onset_s: float, cramp: Cramp, rng: Generator) -> CrampTruth:
    """Add a cramp to the rest around its place, and measure what was added."""
    at = round(onset_s * fs)
    stretch = slice(at, at + round(cramp.duration_s * fs))
    rest = emg[stretch].astype(np.float64)
    rest_uv = float(_envelope(rest, fs).mean())
    scaled = rest_uv * cramp.amplitude() * cramp.shape
    signal = contraction(scaled, fs, wearer.spectrum(rng), wearer.spectrum(rng), rng)
    emg[stretch] += signal
    ratio = float(_envelope(rest + signal, fs).mean()) / rest_uv
    onset, end = at / fs, (at + len(signal)) / fs
    return CrampTruth(onset, end, end - onset, cramp.kind, cramp.wake_s, ratio)


def _envelope(emg: Float, fs: float) -> Float:
    """RMS over 250 ms within the analysis band."""
    band = sosfilt(butter(4, band_edges(fs), "bandpass", fs=fs, output="sos"), emg)
    power = uniform_filter1d(band**2, round(ENVELOPE_S * fs), mode="nearest")
    return np.sqrt(np.maximum(power, 0))


def _disturb(
    emg: Signal,
    spec: OtherSpec,
    wearer: Wearer,
    motion: Float,
    mishaps: Mishaps,
    timetable: Timetable,
    rng: Generator,
) -> list[Interval]:
    """Add every artefact to the EMG; the electrodes stay on while there is a cramp to be seen."""
    fs, share, bad = spec.fs, spec.duration_s / NIGHT_S, mishaps is BAD
    sos = butter(2, min(MOTION_ARTEFACT_HZ, 0.4 * wearer.accelerometer.fs), fs=wearer.accelerometer.fs, output="sos")
    emg += resampled(wearer.motion_uv_per_g * sosfilt(sos, motion), wearer.accelerometer.fs, len(emg), fs)
    electrode.add_heart(emg, fs, wearer.ecg_uv, wearer.heart_hz, rng)
    mains = electrode.add_mains(emg, fs, wearer.mains_hz, bad, rng)
    pops = rng.uniform(0, spec.duration_s, rng.poisson(mishaps.pops * share)).tolist()
    intervals = mains + electrode.add_pops(emg, fs, pops, rng)
    starts = rng.uniform(0, spec.duration_s, rng.poisson(mishaps.lead_offs * share))
    wanted = [(start, start + log_uniform(*electrode.LEAD_OFF_S, rng)) for start in starts]
    loose = _clear([(start, min(end, spec.duration_s)) for start, end in wanted], timetable.turmoil())
    electrode.loosen(emg, fs, loose, wearer.emg.limit, rng)
    return intervals + [Interval("lead_off", start, end) for start, end in loose]


def _clear(wanted: list[tuple[float, float]], of: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those stretches that stay a minute clear of others."""
    return [(float(start), float(end)) for start, end in wanted if all(end < a - 60 or start > b + 60 for a, b in of)]


def _clipped(emg: Int16, fs: float, codes: int, artefacts: list[Interval]) -> list[Interval]:
    """Saturation other than of loose electrodes."""
    loose = [item for item in artefacts if item.kind == "lead_off"]
    return [
        item
        for item in recorder.saturations(emg, fs, codes)
        if not any(item.onset_s < lead.end_s and lead.onset_s < item.end_s for lead in loose)
    ]


def _acceleration(motion: Float, timetable: Timetable, wearer: Wearer, rng: Generator) -> Int16:
    sensor = wearer.accelerometer
    acceleration = motion + body.gravity(timetable, sensor.fs, motion.shape[1], rng)
    return recorder.converted(body.sensed(acceleration, sensor, rng), sensor.converter)


def _add(emg: Signal, at: int, part: Float) -> None:
    emg[at : at + len(part)] += part[: len(emg) - at]


def _confounders(timetable: Timetable) -> tuple[Interval, ...]:
    return tuple(Interval(m.kind, onset, onset + m.duration_s) for onset, m in timetable.movements)


def _ordered(intervals: list[Interval]) -> tuple[Interval, ...]:
    return tuple(sorted(intervals, key=lambda item: item.onset_s))
