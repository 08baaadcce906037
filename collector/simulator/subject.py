"""Who wears the sensor, and how well it sits: everything that stays the same for a night."""

from dataclasses import dataclass

import numpy as np

from collector.simulator.spec import Profile

# Share of nights on dry electrodes [guess]; most wearables for sleep use gel or wet electrodes.
DRY_SHARE: dict[Profile, float] = {"healthy": 0.15, "rls": 0.15, "artefacts": 0.5, "weak": 0.0, "empty": 0.15}


@dataclass(frozen=True)
class Subject:
    """Muscle, electrodes, heart and skin of one wearer on one night; EMG amplitudes are RMS unless said otherwise."""

    mvc_uv: float  # at the electrode, maximal voluntary contraction
    rest_uv: float  # residual muscle tone asleep
    noise_uv: float  # electrode and amplifier
    motor_units: int
    motion_uv_per_mg: float  # electrode artefact per acceleration of the leg
    ecg_peak_uv: float
    heart_bpm: float
    line_hz: float
    acc_noise_mg: float  # per axis
    respiration_mg: float  # amplitude
    breath_hz: float
    skin_c: float
    ambient_c: float


def draw_subject(profile: Profile, rng: np.random.Generator) -> Subject:
    """Draw a wearer from the ranges of the simulator specification."""
    dry = rng.random() < DRY_SHARE[profile]
    return Subject(
        mvc_uv=float(np.clip(rng.lognormal(np.log(150), 0.6), 35, 500)),
        rest_uv=rng.uniform(0.5, 3),
        noise_uv=rng.uniform(5, 20) if dry else rng.uniform(1.5, 4),
        motor_units=int(rng.integers(120, 201)),
        # Guess: a 100 mg kick moves a good electrode by some 10 uV, a dry one by some 50 uV.
        motion_uv_per_mg=rng.uniform(0.3, 0.6) if dry else rng.uniform(0.05, 0.3),
        ecg_peak_uv=rng.uniform(0, 15),
        heart_bpm=rng.uniform(50, 80),
        line_hz=float(rng.choice([50, 60])),
        acc_noise_mg=rng.uniform(1, 4),
        respiration_mg=rng.uniform(1, 3),
        breath_hz=rng.uniform(0.2, 0.3),  # 12-18 breaths a minute
        skin_c=rng.uniform(31, 34.5),
        ambient_c=rng.uniform(14, 30),
    )
