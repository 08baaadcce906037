"""What the accelerometer and the thermometer on the calf see: posture, breath, movement, warmth."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import butter, sosfilt

from collector.simulator.cramps import Cramp
from collector.simulator.motor_units import ENVELOPE_FS, FloatArray
from collector.simulator.movements import Movement
from collector.simulator.subject import Subject

GRAVITY_MG = 1000.0

# Roll of the shank about its axis in degrees, and the share of the night: 54 % side, 38 % back, 7 % prone.
SIDE_LEFT, BACK, SIDE_RIGHT, PRONE = -90.0, 0.0, 90.0, 180.0
POSTURE_SHARES = {SIDE_LEFT: 0.27, BACK: 0.38, SIDE_RIGHT: 0.27, PRONE: 0.08}
ROLL_SD_DEG, PITCH_SD_DEG = 12.0, 8.0  # nobody lies at a right angle [guess]
TURN_S = 2.0  # a turn takes about this long [guess]
CRAMP_TILT_S = 5.0  # the foot is drawn down as the focus grows [guess]

MOTION_BAND_HZ = (0.5, 8.0)  # limb movements
TREMOR_BAND_HZ = (6.0, 12.0)  # muscle tremor

WARM_UP_TAU_S = (600, 1200)
UNCOVER_TAU_S = (600, 900)
UNCOVER_C = (1, 4)
UNCOVERED_S = (600, 2400)  # [guess]
UNCOVERED_PER_8_H = 2.0  # [guess]
SENSOR_ERROR_C = 0.3
TEMPERATURE_NOISE_C = 0.02


class Leg:
    """The shank through the night: its orientation and its shaking, sampled at `fs` for `samples` samples.

    `acc_mg` (3, samples): x along the shank towards the knee, y to the wearer's left when lying on the back, z out of
    the skin of the calf; at rest the vector points up and is 1000 mg long. `shaking_mg` (samples,): the part of it
    that pulls at the electrodes.
    """

    def __init__(
        self,
        subject: Subject,
        movements: Sequence[Movement],
        cramps: Sequence[Cramp],
        *,
        fs: float,
        samples: int,
        rng: np.random.Generator,
    ) -> None:
        motion, tremor = np.zeros(samples), np.zeros(samples)
        for movement in movements:
            _add(motion, movement.onset_s + movement.motion_lag_s, movement.motion_mg, fs)
        for cramp in cramps:
            _add(motion, cramp.onset_s + cramp.wake_s, cramp.motion_mg, fs)
            _add(tremor, cramp.onset_s, np.full(round(cramp.duration_s * ENVELOPE_FS), cramp.tremor_mg), fs)
        dynamic = motion * _shaking(samples, MOTION_BAND_HZ, fs, rng)
        self.shaking_mg: FloatArray = dynamic[0]
        time_s = np.arange(samples) / fs
        breath = subject.respiration_mg * np.sin(2 * np.pi * subject.breath_hz * time_s)
        self.acc_mg: FloatArray = (
            _gravity(_orientation(movements, cramps, rng), time_s)
            + dynamic
            + tremor * _shaking(samples, TREMOR_BAND_HZ, fs, rng)
            + breath * np.array([[0.3], [0.5], [0.8]])  # mostly up and down: the mattress carries it
            + subject.acc_noise_mg * rng.standard_normal((3, samples))
        )


class _Orientation:
    """Roll and pitch of the shank in degrees as a chain of key frames, joined by straight lines."""

    def __init__(self, roll: float, pitch: float) -> None:
        self.time_s, self.roll, self.pitch = [0.0], [roll], [pitch]

    def turn(self, at_s: float, until_s: float, roll: float, pitch: float) -> None:
        """Turn from the last frame, the short way round, between two moments."""
        short_way = self.roll[-1] + (roll - self.roll[-1] + 180) % 360 - 180
        self.time_s += [at_s, until_s]
        self.roll += [self.roll[-1], short_way]
        self.pitch += [self.pitch[-1], pitch]


def _gravity(orientation: _Orientation, time_s: FloatArray) -> FloatArray:
    """Return what an accelerometer at rest reads (3, samples) in mg: up, in the axes of the shank."""
    roll = np.radians(np.interp(time_s, orientation.time_s, orientation.roll))
    pitch = np.radians(np.interp(time_s, orientation.time_s, orientation.pitch))
    # On the back the calf's skin faces down, so that up is -z.
    return GRAVITY_MG * np.stack([np.sin(pitch), np.cos(pitch) * np.sin(roll), -np.cos(pitch) * np.cos(roll)])


def _orientation(movements: Sequence[Movement], cramps: Sequence[Cramp], rng: np.random.Generator) -> _Orientation:
    """Follow the leg from posture to posture."""
    shank = _Orientation(*_lie_down(rng))
    events: list[Cramp | Movement] = [*movements, *cramps]
    for event in sorted(events, key=lambda event: event.onset_s):
        roll, pitch, onset_s = shank.roll[-1], shank.pitch[-1], event.onset_s
        if isinstance(event, Cramp):
            shank.turn(onset_s, onset_s + min(CRAMP_TILT_S, event.duration_s / 2), roll, pitch + event.tilt_deg)
            shank.turn(event.end_s, event.end_s + TURN_S, roll, pitch)
        elif event.upright:
            shank.turn(onset_s, onset_s + TURN_S, roll, 90 + rng.normal(0, 5))
            shank.turn(event.end_s - TURN_S, event.end_s, *_lie_down(rng))
        elif event.kind == "posture":
            shank.turn(onset_s, onset_s + TURN_S, *_lie_down(rng))
        elif event.tilt_deg:
            shank.turn(onset_s, onset_s + TURN_S, roll + rng.choice([-1, 1]) * event.tilt_deg, pitch)
    return shank


def _lie_down(rng: np.random.Generator) -> tuple[float, float]:
    """Draw a roll and a pitch to lie in."""
    posture = rng.choice(list(POSTURE_SHARES), p=list(POSTURE_SHARES.values()))
    return posture + rng.normal(0, ROLL_SD_DEG), rng.normal(0, PITCH_SD_DEG)


def _shaking(samples: int, band_hz: tuple[float, float], fs: float, rng: np.random.Generator) -> FloatArray:
    """Return noise (3, samples) in the band, its vector of RMS 1; the band is cut at 0.45 fs."""
    corners = np.minimum(band_hz, [0.3 * fs, 0.45 * fs])
    noise = sosfilt(butter(2, corners, "bandpass", fs=fs, output="sos"), rng.standard_normal((3, samples)))
    return np.asarray(noise / np.sqrt(np.square(noise).sum(axis=0).mean()))


def _add(signal: FloatArray, onset_s: float, envelope: FloatArray, fs: float) -> None:
    """Add an envelope of `ENVELOPE_FS` to a signal of `fs`, in place; what lies outside the night is lost."""
    first, last = np.clip(np.rint(np.array([onset_s, onset_s + len(envelope) / ENVELOPE_FS]) * fs), 0, len(signal))
    index = np.arange(int(first), int(last))
    step = ((index / fs - onset_s) * ENVELOPE_FS).astype(int)
    signal[index] += envelope[np.clip(step, 0, len(envelope) - 1)]


def skin_temperature_c(subject: Subject, fs: float, samples: int, rng: np.random.Generator) -> FloatArray:
    """Return the skin temperature (samples,): warming up from the room, cooler while the leg is uncovered."""
    time_s = np.arange(samples) / fs
    warm_up = _approach(time_s, rng.uniform(*WARM_UP_TAU_S))
    skin = subject.ambient_c + (subject.skin_c - subject.ambient_c) * warm_up
    for _ in range(rng.poisson(UNCOVERED_PER_8_H * samples / fs / (8 * 3600))):
        at_s, tau_s = rng.uniform(0, time_s[-1]), rng.uniform(*UNCOVER_TAU_S)
        under_cover_again = _approach(time_s - at_s - rng.uniform(*UNCOVERED_S), tau_s)
        # Skin does not get colder than the room.
        drop = min(rng.uniform(*UNCOVER_C), max(subject.skin_c - subject.ambient_c, 0))
        skin -= drop * (_approach(time_s - at_s, tau_s) - under_cover_again)
    error = rng.uniform(-SENSOR_ERROR_C, SENSOR_ERROR_C)
    return np.asarray(skin + error + TEMPERATURE_NOISE_C * rng.standard_normal(samples))


def _approach(time_s: FloatArray, tau_s: float) -> FloatArray:
    """Return the response of a first-order system to a step from 0 to 1 at time 0."""
    return np.where(time_s > 0, 1 - np.exp(-np.maximum(time_s, 0) / tau_s), 0.0)
