"""Everything else that muscles and legs do at night."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.accuracy.other_nights.processes import (
    CONTROL_FS,
    Float,
    log_logistic,
    log_uniform,
    ornstein_uhlenbeck,
    pareto,
    pink,
    smoothstep,
    tremor,
)


@dataclass(frozen=True)
class Movement:
    """A movement before it is put into a night.

    `activity`: EMG amplitude over time at CONTROL_FS, in units of a maximal voluntary contraction (MVC).
    `peak_g`: its largest acceleration. `restless`: 0 when the limb moves only as force changes (at both ends of a
    hold), 1 when it moves as long as the muscle works. `turn_deg`: by how much it leaves the limb turned.
    """

    kind: str
    activity: Float
    peak_g: float
    restless: float = 1.0
    turn_deg: float = 0.0
    upright: bool = False

    @property
    def duration_s(self) -> float:
        """How long the muscle works."""
        return len(self.activity) / CONTROL_FS


def leg_movement(rng: Generator, kind: str = "leg_movement") -> Movement:
    """A single leg movement of 0.5 to 10 s."""
    n = _samples(log_logistic(2.2, 2.8, 0.5, 10, rng))
    return Movement(kind, _level(rng) * _burst(n, rng) * _ragged(n, rng), log_uniform(0.015, 0.3, rng))


def plm_train(rng: Generator) -> list[tuple[float, Movement]]:
    """A train of periodic leg movements, alike and every 10 to 60 s, each with its onset in the train."""
    period, level, peak_g = rng.gamma(9, 2.8), _level(rng), log_uniform(0.02, 0.25, rng)
    period = float(np.clip(period, 10, 60))
    train, onset = [], 0.0
    for _ in range(4 + min(int(rng.geometric(1 / 16)), 60)):
        n = _samples(log_logistic(2.8, 4, 0.5, 10, rng))  # mean about 3.2 s
        activity = level * float(rng.lognormal(0, 0.25)) * _burst(n, rng) * _ragged(n, rng)
        train.append((onset, Movement("plm", activity, peak_g * float(rng.lognormal(0, 0.3)))))
        onset += float(np.clip(period * rng.lognormal(0, 0.15), 6, 90))
    return train


def body_movement(rng: Generator, gap_free_share: float) -> Movement:
    """A movement of large muscle groups (LMM), 3 to 45 s, 12.4 s in the mean; some without a gap."""
    duration = 46.0
    while duration > 45:
        duration = 3 + float(rng.gamma(1.4, 7))
    gap_free = rng.random() < gap_free_share
    n = _samples(duration)
    activity = _sustained(n, rng) if gap_free else _broken(n, rng)
    turn = float(rng.uniform(10, 30)) if rng.random() < 0.2 else 0.0
    # A guess like all accelerations of the calf in bed: the median 0.2 s of a movement reaches a quarter of its peak.
    peak_g = log_uniform(0.06, 0.8, rng)
    return Movement("lmm_gap_free" if gap_free else "lmm", activity, peak_g, turn_deg=turn)


def posture_change(rng: Generator) -> Movement:
    """A turn in bed."""
    n = _samples(rng.uniform(3, 14))
    return Movement("posture", _broken(n, rng), log_uniform(0.1, 0.8, rng), turn_deg=float(rng.uniform(25, 130)))


def stretch(rng: Generator) -> Movement:
    """A stretch, 4 s in the median and rarely up to 18 s: the leg moves at both ends, in a third of them throughout."""
    n = _samples(log_logistic(4, 3, 1.5, 18, rng))
    ramp = min(_samples(rng.uniform(0.3, 1.2)), n // 3)
    activity = rng.uniform(0.12, 0.85) * _hold(n, ramp, rng)
    restless = float(rng.uniform(0.5, 1)) if rng.random() < 1 / 3 else 0.0
    return Movement("stretch", activity, log_uniform(0.03, 0.3, rng), restless=restless)


def rhythmic_feet(rng: Generator) -> Movement:
    """Feet that beat at 0.5 to 3 Hz for 6 to 25 s."""
    n, frequency, duty = _samples(rng.uniform(6, 25)), log_uniform(0.5, 3, rng), rng.uniform(0.3, 0.6)
    activity, level, at = np.zeros(n), _level(rng), 0
    while at < n:
        part = activity[at : at + _samples(duty / frequency)]
        part += level * float(rng.lognormal(0, 0.3)) * _burst(len(part), rng)
        at += _samples(max(0.3, rng.normal(1, 0.12)) / frequency)
    return Movement("rhythmic_feet", activity, log_uniform(0.02, 0.2, rng))


def myoclonus(rng: Generator) -> Movement:
    """A twitch of 75 to 150 ms, mostly without visible movement."""
    n = _samples(rng.uniform(0.075, 0.15))
    return Movement("myoclonus", log_uniform(0.1, 0.7, rng) * _burst(n, rng), log_uniform(0.001, 0.02, rng))


def hypnic_jerk(rng: Generator) -> Movement:
    """The jerk of falling asleep, 75 to 250 ms."""
    n = _samples(rng.uniform(0.075, 0.25))
    return Movement("hypnic_jerk", rng.uniform(0.4, 1.2) * _burst(n, rng), log_uniform(0.1, 0.6, rng))


def rem_phasic(rng: Generator) -> Movement:
    """A burst of REM sleep, 0.1 to 5 s."""
    n = _samples(pareto(0.1, 0.8, 5, rng))
    return Movement(
        "rem_phasic", rng.uniform(0.04, 0.3) * _burst(n, rng) * _ragged(n, rng), log_uniform(0.003, 0.08, rng)
    )


def awake_hold(rng: Generator) -> Movement:
    """The calf tensed at will while lying awake, 5 to 25 s: nothing but its rarity tells it from a cramp."""
    n = _samples(5 + 20 * rng.beta(1.2, 2.2))
    activity = rng.uniform(0.08, 0.5) * _hold(n, _samples(rng.uniform(0.2, 1)), rng)
    return Movement("awake_hold", activity, log_uniform(0.01, 0.1, rng), restless=0.0)


def walk(rng: Generator) -> Movement:
    """To the bathroom and back: 1 to 4 minutes upright, with a pause on the way."""
    n, pace = _samples(rng.uniform(60, 240)), rng.uniform(0.9, 1.2) * 0.85  # strides of one leg a second
    activity, level, at = np.zeros(n), rng.uniform(0.15, 0.5), _samples(2)
    pause = int(rng.uniform(0.35, 0.55) * n)
    while at < n:
        if not pause < at < pause + _samples(25):
            part = activity[at : at + _samples(0.45 / pace)]  # the calf works for the later half of stance
            part += level * float(rng.lognormal(0, 0.15)) * _burst(len(part), rng)
        at += _samples(rng.normal(1, 0.06) / pace)
    return Movement("walk", activity, float(rng.uniform(0.5, 1.2)), upright=True)


def waking(duration_s: float, rng: Generator) -> Movement:
    """What a wearer does whom a cramp has woken; most of it with other muscles than the calf's."""
    activity = rng.uniform(0, 0.3) * _broken(_samples(duration_s), rng)
    return Movement("waking", activity, log_uniform(0.06, 0.5, rng))


def _samples(duration_s: float) -> int:
    return max(2, round(duration_s * CONTROL_FS))


def _level(rng: Generator) -> float:
    """5 to 65 % of MVC, mostly little."""
    return float(0.05 + 0.6 * rng.beta(1.2, 3))


def _burst(n: int, rng: Generator) -> Float:
    """From nothing to 1 and back: a sine lobe, a skewed lobe or a plateau."""
    t = (np.arange(n) + 0.5) / n
    form = rng.integers(3)
    if form == 0:
        lobe = np.sin(np.pi * t) ** rng.uniform(0.4, 2)
    elif form == 1:
        lobe = t ** rng.uniform(0.3, 1.5) * (1 - t) ** rng.uniform(0.5, 3)
    else:
        lobe = np.tanh(t / rng.uniform(0.03, 0.25)) * np.tanh((1 - t) / rng.uniform(0.03, 0.4))
    normal: Float = lobe / lobe.max()
    return normal


def _ragged(n: int, rng: Generator) -> Float:
    """The unsteadiness of a movement."""
    return np.exp(ornstein_uhlenbeck(n, CONTROL_FS, log_uniform(0.1, 0.6, rng), rng.uniform(0.15, 0.5), rng))


def _hold(n: int, ramp: int, rng: Generator) -> Float:
    """A steady pull between two ramps; a quarter of them tremble."""
    activity = np.exp(ornstein_uhlenbeck(n, CONTROL_FS, 0.8, rng.uniform(0.05, 0.2), rng) + 0.05 * pink(n, rng))
    if rng.random() < 0.25:
        activity *= 1 + rng.uniform(0.1, 0.4) * tremor(n, CONTROL_FS, rng)
    activity[:ramp] *= smoothstep(ramp)
    activity[-ramp:] *= 1 - smoothstep(ramp)
    return activity


def _broken(n: int, rng: Generator) -> Float:
    """Bursts of 0.3 to 6 s with gaps of a heavy-tailed law."""
    activity, at, level = np.zeros(n), 0, _level(rng)
    while at < n:
        part = activity[at : at + _samples(float(np.clip(rng.gamma(1.6, 0.9), 0.3, 6)))]
        part += level * float(rng.lognormal(0, 0.5)) * _burst(len(part), rng) * _ragged(len(part), rng)
        at += len(part) + _samples(pareto(0.1, 0.9, 6, rng))
    return activity[: np.flatnonzero(activity)[-1] + 1]


def _sustained(n: int, rng: Generator) -> Float:
    """Without a gap, but as unsteady as movements are."""
    gain = ornstein_uhlenbeck(n, CONTROL_FS, log_uniform(0.4, 2, rng), rng.uniform(0.25, 0.5), rng)
    ramp = min(_samples(rng.uniform(0.2, 1)), n // 3)
    activity = _level(rng) * np.exp(gain) * _ragged(n, rng)
    activity[:ramp] *= smoothstep(ramp)
    activity[-ramp:] *= 1 - smoothstep(ramp)
    return activity
