"""A pool of motor units: who fires when, and what the electrodes see of it.

Recruitment and sizes after the pool of Fuglevand, Winter & Patla (1993): thresholds and sizes spread exponentially.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Levels and firing rates are described in steps of 20 ms: the shortest event, a 75 ms twitch, still has four.
ENVELOPE_FS = 50

RECRUITMENT_RANGE = 30.0  # highest over lowest recruitment threshold
FULL_RECRUITMENT = 0.85  # drive at which the last unit of a large limb muscle joins (Fuglevand: 70-85 % of maximum)
SIZE_RANGE = 60.0  # largest over smallest unit, as amplitude
DEPTH_SCATTER = 0.6  # sigma of the log amplitude: units lie at any depth under the electrode
RATE_AT_RECRUITMENT = 8.0  # pulses per second
RATE_GAIN = 40.0  # pulses per second per unit of drive; reaches the peak rate at maximal drive
PEAK_RATE_SMALL, PEAK_RATE_LARGE = 35.0, 25.0
VOLUNTARY_ISI_CV = 0.2

# A MUAP lasts 6-16 ms, mostly near the middle: six standard deviations of a Gaussian derivative. With up to 60 % of the
# triphasic shape the EMG has its median frequency at 95-115 Hz and its mean at 105-120 Hz, as the specification asks.
MUAP_S = (0.006, 0.016)
TRIPHASIC_MAX = 0.6
MUAP_WINDOW_S = 0.024
ANTI_ALIAS = 0.42  # corner of the converter's filter, as a share of fs

ELECTRODE_SPACING = 0.3  # in widths of the muscle: heads of the triceps surae
PICK_UP_SD = 0.4  # how far an electrode sees, in widths of the muscle [guess]

SPIKES_AT_ONCE = 100_000  # bounds the memory for scattering potentials: about 40 MB at 1 kHz


class MotorUnitPool:
    """One muscle under one or more bipolar electrodes.

    Levels are fractions of the RMS of a maximal voluntary contraction, rates pulses per second on a grid of
    `ENVELOPE_FS`. `position` (units,) is each unit's place across the muscle, 0 to 1; `muap` (channels, units,
    samples) its potential in microvolts, low-passed below fs/2 as a converter would.
    """

    def __init__(self, *, mvc_uv: float, units: int, channels: int, fs: float, rng: np.random.Generator) -> None:
        self.fs = fs
        self.position = rng.random(units)
        rank = np.arange(1, units + 1) / units
        self._threshold = FULL_RECRUITMENT * RECRUITMENT_RANGE ** (rank - 1)
        self._peak_rate = PEAK_RATE_SMALL + (PEAK_RATE_LARGE - PEAK_RATE_SMALL) * rank
        gains = (
            SIZE_RANGE**rank * _pick_up(self.position, channels) * rng.lognormal(0, DEPTH_SCATTER, (channels, units))
        )
        gains *= mvc_uv / _rms(self._voluntary_rates(np.ones(1)), gains)
        self.muap = gains[:, :, None] * _muap_shapes(units, fs, rng)
        self._drive = np.linspace(0, 1, 101)
        self._level = _rms(self._voluntary_rates(self._drive), gains[:1])[0] / mvc_uv

    def voluntary(self, level: FloatArray) -> FloatArray:
        """Return the rates (units, steps) of a contraction of `level` (steps,), by the size principle."""
        return self._voluntary_rates(np.interp(level, self._level, self._drive))

    def emg(
        self, rates: FloatArray, rng: np.random.Generator, *, isi_cv: float = VOLUNTARY_ISI_CV, doublets: float = 0.0
    ) -> NDArray[np.float32]:
        """Return the EMG (channels, samples) in microvolts of units firing at `rates` (units, steps).

        `doublets` is the share of discharges that are followed by a second one within 3-8 ms. The first sample belongs
        to the start of the first step; the last potentials run out in a tail of one MUAP window.
        """
        active = np.flatnonzero(rates.any(axis=1))
        unit, time_s = discharge_times(rates[active], isi_cv, rng)
        unit = active[unit]
        twice = rng.random(len(unit)) < doublets
        unit = np.concatenate([unit, unit[twice]])
        time_s = np.concatenate([time_s, time_s[twice] + rng.uniform(0.003, 0.008, np.count_nonzero(twice))])
        return self._superpose(unit, time_s, rates.shape[1] / ENVELOPE_FS)

    def _voluntary_rates(self, drive: FloatArray) -> FloatArray:
        excess = drive - self._threshold[:, None]
        rates = np.minimum(RATE_AT_RECRUITMENT + RATE_GAIN * excess, self._peak_rate[:, None])
        return np.where(excess >= 0, rates, 0.0)

    def _superpose(self, unit: NDArray[np.intp], time_s: FloatArray, duration_s: float) -> NDArray[np.float32]:
        channels, _, window = self.muap.shape
        samples = round(duration_s * self.fs) + window
        total = np.zeros((channels, samples + window))
        first = np.rint(time_s * self.fs).astype(np.intp)
        for at in range(0, len(unit), SPIKES_AT_ONCE):
            part = slice(at, at + SPIKES_AT_ONCE)
            index = (first[part, None] + np.arange(window)).ravel()
            for channel, potentials in enumerate(self.muap):
                total[channel] += np.bincount(index, potentials[unit[part]].ravel(), minlength=samples + window)
        centre = window // 2  # a potential peaks in the middle of its window, at its discharge
        return total[:, centre : centre + samples].astype(np.float32)


def discharge_times(rates: FloatArray, isi_cv: float, rng: np.random.Generator) -> tuple[NDArray[np.intp], FloatArray]:
    """Draw renewal trains: the unit and the time in seconds of every discharge, for rates (units, steps).

    Gamma-distributed inter-spike intervals of the given coefficient of variation, stretched by the rate (time
    rescaling). All units are laid end to end and drawn as one train: its intervals are independent, so are the units.
    """
    steps = rates.shape[1]
    expected = np.concatenate([[0.0], np.cumsum(rates) / ENVELOPE_FS])
    count = int(expected[-1] + 10 * np.sqrt(expected[-1] + 1))  # ten sigma: enough intervals, always
    train = np.cumsum(rng.gamma(isi_cv**-2, isi_cv**2, count))
    place = np.interp(train[train < expected[-1]], expected, np.arange(len(expected)))
    unit = np.minimum(place // steps, len(rates) - 1).astype(np.intp)
    return unit, (place - unit * steps) / ENVELOPE_FS


def _muap_shapes(units: int, fs: float, rng: np.random.Generator) -> FloatArray:
    """Return potentials (units, samples) of unit energy: a first plus a second Gaussian derivative (Hermite-Gauss).

    The energy (integral of the square, Parseval) is that before the converter's anti-aliasing filter. Built from the
    spectra, which are known in closed form, so that nothing folds back from above fs/2.
    """
    window = max(round(MUAP_WINDOW_S * fs), 16)  # the anti-aliasing filter rings for some ten samples
    frequency = np.fft.rfftfreq(window, 1 / fs)
    sd = (MUAP_S[0] + np.diff(MUAP_S) * rng.beta(2, 2, (units, 1))) / 6
    triphasic = TRIPHASIC_MAX * rng.random((units, 1))
    omega_sd = 2 * np.pi * frequency * sd
    spectrum = (1j * omega_sd * (1 - triphasic) - omega_sd**2 * triphasic) * np.exp(-(omega_sd**2) / 2)
    energy = ((1 - triphasic) ** 2 / 2 + 3 * triphasic**2 / 4) / (2 * np.sqrt(np.pi) * sd)
    spectrum /= np.sqrt(energy * (1 + (frequency / (ANTI_ALIAS * fs)) ** 16))  # Butterworth, 8th order
    polarity = rng.choice([-1.0, 1.0], (units, 1))
    return np.asarray(polarity * fs * np.fft.fftshift(np.fft.irfft(spectrum, window), axes=1))


def _pick_up(position: FloatArray, channels: int) -> FloatArray:
    """Return how much of each unit every channel sees (channels, units); channels lie side by side on the muscle."""
    electrode = (0.35 + ELECTRODE_SPACING * np.arange(channels)) % 1.0
    return np.asarray(np.exp(-(((position - electrode[:, None]) / PICK_UP_SD) ** 2) / 2))


def _rms(rates: FloatArray, gains: FloatArray) -> FloatArray:
    """Return the expected RMS (channels, steps) of independent trains: Campbell's theorem, sum of rate x energy."""
    return np.sqrt(np.square(gains) @ rates)
