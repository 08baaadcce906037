"""Where the leg lies, how it shakes, and how warm it is."""

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter

from benchmarks.accuracy.other_nights.movements import Movement
from benchmarks.accuracy.other_nights.processes import (
    CONTROL_FS,
    Float,
    log_uniform,
    ornstein_uhlenbeck,
    resampled,
    tremor,
)
from benchmarks.accuracy.other_nights.timetable import Timetable
from benchmarks.accuracy.other_nights.truth import Interval
from benchmarks.accuracy.other_nights.wearer import AccelerometerSensor

STEEPEST_LYING = 0.55
"""sin of the steepest angle between the shank of somebody in bed and the floor: 33 deg, on a pillow."""
RESTLESS_TAU_S = 0.1
"""For about as long a restless limb is pushed one way: given in seconds, so that its motion depends on no rate."""
SETTLE_S = 1.0
"""The limb swings on for this long after a movement."""


def shaking(timetable: Timetable, reseats: list[Interval], fs: float, n: int, rng: Generator) -> Float:
    """Acceleration without gravity, shape (3, n), g, in the leg's axes; hands that reseat the electrodes count."""
    motion = np.zeros((3, n))
    for reseat in reseats:
        hands = np.hanning(round((reseat.end_s - reseat.onset_s) * CONTROL_FS))
        handling = Movement("reseat", hands, log_uniform(0.05, 0.4, rng))
        _add(motion, round(reseat.onset_s * fs), _swing(handling, fs, rng))
    for onset, movement in timetable.movements:
        # Hips and knees move a little earlier or later than the calf; its own force lags its EMG by the smoothing.
        _add(motion, round((onset + rng.normal(-0.1, 0.1)) * fs), _swing(movement, fs, rng))
    for onset, cramp in timetable.cramps:
        m = round(cramp.duration_s * fs)
        trembling = cramp.tremor_g * tremor(m, fs, rng) * resampled(cramp.shape, CONTROL_FS, m, fs)
        _add(motion, round(onset * fs), _direction(rng)[:, None] * trembling)
    return motion


def _swing(movement: Movement, fs: float, rng: Generator) -> Float:
    """A damped oscillator driven by changes of force and, as far as the movement is restless, while force lasts."""
    force = np.convolve(movement.activity, np.full(20, 1 / 20))  # force follows EMG, smoothed over some 0.2 s
    m = round((len(force) / CONTROL_FS + SETTLE_S) * fs)
    force = resampled(np.append(force / force.max(), 0), CONTROL_FS, m, fs).astype(np.float64)
    changes = np.diff(force, prepend=0)
    # Bedding and friction swallow small changes: the square.
    kicks = np.sign(changes) * (changes / np.abs(changes).max()) ** 2
    swing = np.zeros((3, m))
    for _ in range(2):
        restless = movement.restless * ornstein_uhlenbeck(m, fs, RESTLESS_TAU_S, 1.0, rng)
        drive = kicks * rng.uniform(0.5, 1) + restless * force
        swing += _direction(rng)[:, None] * _oscillator(drive, fs, rng)
    scaled: Float = swing * (movement.peak_g / np.sqrt((swing**2).sum(axis=0).max()))
    return scaled


def _oscillator(drive: Float, fs: float, rng: Generator) -> Float:
    omega, damping = 2 * np.pi * rng.uniform(1.5, 6) / fs, rng.uniform(0.15, 0.5)
    radius = np.exp(-damping * omega)
    answer: Float = lfilter([1.0], [1.0, -2 * radius * np.cos(omega * np.sqrt(1 - damping**2)), radius**2], drive)
    return answer


def gravity(timetable: Timetable, fs: float, n: int, rng: Generator) -> Float:
    """The direction of rest acceleration in the leg's axes (x towards the knee), shape (3, n), unit length."""
    lying = _lying(_direction(rng))
    knots = [(0.0, lying)]
    for onset, movement in timetable.movements:
        end = onset + movement.duration_s
        if movement.upright:
            upright = np.array([1.0, *rng.normal(0, 0.1, 2)])
            knots += [(onset, lying), (onset + 3, upright), (end - 3, upright)]
        if movement.upright or movement.turn_deg:
            before, lying = lying, _lying(_turned(lying, movement.turn_deg or 40, rng))
            knots += [(end, lying)] if movement.upright else [(onset, before), (end, lying)]
    knots.sort(key=lambda knot: knot[0])
    times, t = [at for at, _ in knots], np.arange(n) / fs
    track = np.stack([np.interp(t, times, [direction[axis] for _, direction in knots]) for axis in range(3)])
    for onset, cramp in timetable.cramps:
        # The pull of the calf follows its activity over a second.
        pull = resampled(cramp.shape, CONTROL_FS, round(cramp.duration_s * fs), fs).astype(np.float64)
        slow = float(np.exp(-1 / fs))
        pull = lfilter([1 - slow], [1.0, -slow], np.append(pull, np.zeros(round(4 * fs))))
        _add(track, round(onset * fs), np.tan(np.radians(cramp.tilt_deg)) * _direction(rng)[:, None] * pull)
    unit: Float = track / np.sqrt((track**2).sum(axis=0))
    return unit


def sensed(acceleration: Float, sensor: AccelerometerSensor, rng: Generator) -> Float:
    """What the sensor measures of an acceleration in the leg's axes, g, not yet in steps; the sleeper breathes."""
    n = acceleration.shape[1]
    seconds = n // sensor.fs + 1
    rate = rng.uniform(0.18, 0.3) * np.exp(_slow(ornstein_uhlenbeck(seconds, 1, 20, 0.08, rng), sensor.fs, n))
    breathing = log_uniform(0.0003, 0.004, rng) * np.sin(2 * np.pi * np.cumsum(rate) / sensor.fs)
    measured = sensor.mounting @ (acceleration + _direction(rng)[:, None] * breathing) + sensor.offset_g
    noise = sensor.noise_g * rng.standard_normal((3, n))
    wander = [_slow(ornstein_uhlenbeck(seconds, 1, 900, 0.004, rng), sensor.fs, n) for _ in range(3)]
    summed: Float = measured + noise + np.stack(wander)
    return summed


def skin_temperature(n: int, fs: float, rng: Generator) -> Float:
    """degC: the sensor warms up under the blanket; now and then the leg is uncovered and cools."""
    target = np.full(n, rng.uniform(31.2, 34.5))
    for _ in range(rng.poisson(2 * n / fs / (8 * 3600))):
        start = rng.integers(n)
        target[start : start + round(rng.uniform(600, 3000) * fs)] -= rng.uniform(1, 4)
    pace = 1 - np.exp(-1 / (fs * rng.uniform(500, 1300)))
    start_c = rng.uniform(24, 29)
    warmed = lfilter([pace], [1.0, pace - 1], target - start_c) + start_c
    measured: Float = warmed + ornstein_uhlenbeck(n, fs, 600, 0.1, rng) + 0.02 * rng.standard_normal(n)
    return measured


def _slow(track: Float, fs: float, n: int) -> Float:
    """A track of one value a second at `fs`."""
    return resampled(track, 1, n, fs).astype(np.float64)


def _add(track: Float, at: int, part: Float) -> None:
    """Add a part that may hang over either end of the track."""
    start, stop = max(at, 0), min(at + part.shape[1], track.shape[1])
    if start < stop:
        track[:, start:stop] += part[:, start - at : stop - at]


def _direction(rng: Generator) -> Float:
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)


def _turned(direction: Float, angle_deg: float, rng: Generator) -> Float:
    """A step on the sphere by this angle, whichever way."""
    side = np.cross(direction, _direction(rng))
    angle = np.radians(angle_deg)
    turned: Float = np.cos(angle) * direction + np.sin(angle) * side / np.linalg.norm(side)
    return turned


def _lying(direction: Float) -> Float:
    """The nearest direction that a shank in bed can have."""
    along = float(np.clip(direction[0], -STEEPEST_LYING, STEEPEST_LYING))
    across = direction[1:] / np.linalg.norm(direction[1:])
    return np.array([along, *(np.sqrt(1 - along**2) * across)])
