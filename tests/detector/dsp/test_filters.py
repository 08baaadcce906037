"""The band-pass."""

import numpy as np
import pytest

from detector.dsp.filters import BandPass, band


def gain(fs: float, hz: float) -> float:
    t = np.arange(round(4 * fs)) / fs
    y = BandPass(fs, 30, 200).push(np.sin(2 * np.pi * hz * t)[np.newaxis])
    return float(np.sqrt(2) * y[0, len(t) // 2 :].std())


def test_passes_the_middle_of_the_muscles_band_unchanged() -> None:
    assert gain(1000, 80) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("hz", [30, 200])
def test_halves_the_power_at_its_edges(hz: float) -> None:
    # A Butterworth filter's defining property: -3.01 dB at the corner, whatever its order.
    assert gain(1000, hz) == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_removes_the_heart_and_the_legs_motion() -> None:
    # 4th order: 24 dB per octave, so 15 Hz is down by 24 dB and 7.5 Hz by 48 dB.
    assert gain(1000, 15) < 10 ** (-23 / 20)
    assert gain(1000, 7.5) < 10 ** (-46 / 20)


def test_does_not_ring_on_an_offset() -> None:
    y = BandPass(1000, 30, 200).push(np.full((1, 2000), 5000.0))
    assert np.abs(y).max() < 1e-6


def test_never_falls_into_denormal_numbers_on_exact_zeros() -> None:
    band_pass = BandPass(1000, 30, 200)
    band_pass.push(np.random.default_rng(0).normal(0, 100, (1, 5000)))
    band_pass.push(np.zeros((1, 200_000)))
    assert band_pass.ring is not None
    ringing = np.abs(band_pass.ring)
    assert not ((ringing > 0) & (ringing < np.finfo(np.float64).tiny)).any()


@pytest.mark.parametrize(
    ("fs", "edges"), [(2000, (30, 200)), (1000, (30, 200)), (250, (30, 112.5)), (200, (20, 90)), (1259.259, (30, 200))]
)
def test_fits_its_band_to_the_sampling_rate(fs: float, edges: tuple[float, float]) -> None:
    assert band(fs, 30, 200) == pytest.approx(edges)
