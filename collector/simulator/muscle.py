"""The EMG of a night, built up in microvolts: floor, muscle, electrodes, converter."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.signal import butter, sosfilt

from collector.simulator.artefacts import (
    Artefact,
    Samples,
    add_heart_beat,
    apply_artefacts,
    floor_drift,
)
from collector.simulator.cramps import DOUBLETS, ISI_CV, Cramp, firing_rates, prelude_rates
from collector.simulator.motor_units import FloatArray, MotorUnitPool
from collector.simulator.movements import Movement
from collector.simulator.spec import NightSpec, exact_rate
from collector.simulator.subject import Subject
from collector.simulator.truth import CrampTruth

EMG_UV_PER_LSB = 0.25  # a power of two, so that EDF states +-8192 uV exactly

REST_BAND_HZ = (20.0, 150.0)  # muscle tone: where the motor units of this pool have most of their power
NOISE_BANDWIDTH_HZ = 500.0  # a subject's noise is stated up to here and white: a slower converter sees less of it
RATIO_BAND_HZ = (30.0, 200.0)
RATIO_WINDOW_S = 0.25
CHUNK_S = 600  # bounds the memory for noise


class MuscleRecording:
    """The EMG of one night, first the bare floor, then what is added to it.

    Cramps come first, as they are measured against the floor; `progress` is told shares of the work, 0 to 1.
    """

    def __init__(
        self, spec: NightSpec, subject: Subject, rng: np.random.Generator, progress: Callable[[float], None]
    ) -> None:
        self.fs = float(exact_rate(spec.fs))
        self._subject, self._rng, self._progress = subject, rng, progress
        self._pool = MotorUnitPool(
            mvc_uv=subject.mvc_uv, units=subject.motor_units, channels=spec.emg_channels, fs=self.fs, rng=rng
        )
        self._emg = np.zeros((spec.emg_channels, spec.samples(spec.fs)), np.float32)
        self._add_floor(spec.duration_s)

    def add_cramp(self, cramp: Cramp) -> CrampTruth:
        """Add a cramp onto the bare floor and tell how it stands out."""
        rates = firing_rates(cramp, self._pool.position, self._rng)
        emg = self._pool.emg(rates, self._rng, isi_cv=ISI_CV, doublets=DOUBLETS)
        onset = round(cramp.onset_s * self.fs)
        floor = self._emg[:, onset : onset + emg.shape[1]]
        rest = np.sqrt(np.square(self._envelope(floor)).mean(axis=1, keepdims=True))
        if cramp.ratio is not None:
            emg *= _gain(cramp.ratio, self._envelope(emg), rest)
        ratio = float((self._envelope(emg + floor) / rest).mean(axis=1).max())
        self._add(cramp.onset_s, emg)
        if cramp.twitches:
            twitches = prelude_rates(cramp, len(self._pool.position), self._rng)
            self._add(cramp.prelude_s, self._pool.emg(twitches, self._rng))
        return CrampTruth(
            onset_s=cramp.onset_s,
            end_s=cramp.end_s,
            duration_s=cramp.duration_s,
            kind=cramp.kind,
            wake_s=cramp.wake_s,
            ratio=ratio,
            ending=cramp.ending,
        )

    def add_movements(self, movements: Sequence[Movement]) -> None:
        """Add voluntary and reflex contractions, recruited by size."""
        for done, movement in enumerate(movements):
            self._add(movement.onset_s, self._pool.emg(self._pool.voluntary(movement.level), self._rng))
            if done % 50 == 0:
                self._progress(0.5 + 0.3 * done / len(movements))

    def add_electrodes(
        self, shaking_mg: FloatArray, acc_fs: float, artefacts: Sequence[Artefact], rng: np.random.Generator
    ) -> None:
        """Add what pulls at the electrodes, the heart and the planned artefacts."""
        pull_uv = self._subject.motion_uv_per_mg * shaking_mg
        samples = self._emg.shape[1]
        for at in range(0, samples, self._chunk):
            time_s = np.arange(at, min(at + self._chunk, samples)) / self.fs
            self._emg[:, at : at + self._chunk] += np.interp(time_s * acc_fs, np.arange(len(pull_uv)), pull_uv)
        add_heart_beat(self._emg, self._subject, self.fs, rng)
        self._progress(0.9)
        apply_artefacts(self._emg, artefacts, self._subject.line_hz, self.fs, rng)

    def digital(self, bits: int) -> NDArray[np.int16]:
        """Return what a converter of `bits` makes of it, over +-8.192 mV, in units of `EMG_UV_PER_LSB`."""
        coarser = 2 ** (16 - bits)
        limit = 2 ** (bits - 1)
        digital = np.empty(self._emg.shape, np.int16)
        for channel, out in zip(self._emg, digital, strict=True):
            out[:] = np.clip(np.rint(channel / (coarser * EMG_UV_PER_LSB)), -limit, limit - 1) * coarser
        return digital

    @property
    def _chunk(self) -> int:
        return round(CHUNK_S * self.fs)

    def _add_floor(self, duration_s: float) -> None:
        """Fill with sensor noise and muscle tone that drift over the hours."""
        knots_s, factor = floor_drift(duration_s, self._rng)
        noise_uv = self._subject.noise_uv * np.sqrt(self.fs / 2 / NOISE_BANDWIDTH_HZ)
        band = (REST_BAND_HZ[0], min(REST_BAND_HZ[1], 0.45 * self.fs))
        tone_filter = butter(2, band, "bandpass", fs=self.fs, output="sos")
        tone_uv = self._subject.rest_uv / np.linalg.norm(sosfilt(tone_filter, np.eye(1, round(self.fs))))
        channels, samples = self._emg.shape
        state = np.zeros((len(tone_filter), channels, 2))
        for at in range(0, samples, self._chunk):
            part = self._emg[:, at : at + self._chunk]
            tone, state = sosfilt(tone_filter, self._rng.standard_normal(part.shape, np.float32), zi=state)
            noise = self._rng.standard_normal(part.shape, np.float32)
            drift = np.interp(at / self.fs + np.arange(part.shape[1]) / self.fs, knots_s, factor)
            part[:] = drift * (noise_uv * noise + tone_uv * tone)
            self._progress(0.5 * at / samples)

    def _add(self, onset_s: float, emg: Samples) -> None:
        first = round(onset_s * self.fs)
        place = self._emg[:, first : first + emg.shape[1]]
        place += emg[:, : place.shape[1]]

    def _envelope(self, emg: Samples) -> FloatArray:
        """Return the RMS (channels, windows) of the detection band in windows of 250 ms."""
        band = (RATIO_BAND_HZ[0], min(RATIO_BAND_HZ[1], 0.45 * self.fs))
        filtered = sosfilt(butter(4, band, "bandpass", fs=self.fs, output="sos"), emg)
        window = round(RATIO_WINDOW_S * self.fs)
        whole = filtered[:, : filtered.shape[1] // window * window]
        return np.asarray(np.sqrt(np.square(whole).reshape(len(emg), -1, window).mean(axis=2)))


def _gain(ratio: float, cramp: FloatArray, rest: FloatArray) -> float:
    """Return the factor on a cramp of envelope `cramp` that makes it `ratio` times `rest`: their powers add."""

    def excess(log_gain: float) -> float:
        return float((np.hypot(np.exp(log_gain) * cramp, rest) / rest).mean(axis=1).max()) - ratio

    return float(np.exp(brentq(excess, -20, 20)))
