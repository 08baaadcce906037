"""The RMS envelope and what it leaves of the mains."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.dsp.envelope import TURN_SCALE, Envelope, EnvelopeFrames
from detector.dsp.filters import BandPass
from detector.dsp.hops import LIMIT, TONE_SCALE, HopSummer, hop_samples, mains_tones

SCALE = 0.05


def frames(uv: NDArray[np.float64], fs: float = 1000.0, rails: tuple[int, int] = (-32768, 32767)) -> EnvelopeFrames:
    raw = np.clip(np.rint(uv / SCALE), *rails).astype(np.int16)[np.newaxis]
    hop, tones = hop_samples(fs, 0.25), mains_tones(fs, 30, 200)
    hops = HopSummer(fs, hop, tones[0] + tones[1], np.array([SCALE]), np.array([[rails[0]], [rails[1]]], np.float64))
    return Envelope(fs, hop, *tones).push(hops.push(BandPass(fs, 30, 200).push(raw.astype(np.float64)), raw))


def noise(seconds: float, uv: float, fs: float = 1000.0, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, uv, round(seconds * fs))


def sine(seconds: float, uv: float, hz: float, fs: float = 1000.0) -> NDArray[np.float64]:
    t: NDArray[np.float64] = np.arange(round(seconds * fs)) / fs
    return np.asarray(uv * np.sin(2 * np.pi * hz * t), np.float64)


def test_is_the_rms_of_a_sine_in_the_band() -> None:
    envelope = frames(sine(10, 100, 80)).envelope_uv[5:, 0]
    assert envelope == pytest.approx(100 / np.sqrt(2), rel=0.02)


def test_comes_ten_times_a_second_over_a_quarter_of_a_second() -> None:
    # 10 s hold 200 hops of 50 ms; the first window takes five, each further frame two.
    assert len(frames(noise(10, 5)).envelope_uv) == (200 - 5) // 2 + 1


def test_of_stationary_noise_varies_by_the_published_share() -> None:
    envelope = frames(noise(1200, 10)).envelope_uv[5:, 0]
    # Mains removal costs a little: 0.075 was measured without it.
    assert envelope.std() / envelope.mean() == pytest.approx(0.075, abs=0.012)


@pytest.mark.parametrize("fs", [200.0, 250.0, 500.0, 1000.0, 34000 / 27])
@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_does_not_see_the_mains(fs: float, hz: float) -> None:
    quiet = frames(noise(60, 5, fs), fs)
    humming = frames(noise(60, 5, fs) + sine(60, 40, hz, fs), fs)
    assert np.median(humming.envelope_uv) == pytest.approx(np.median(quiet.envelope_uv), rel=0.12)
    assert np.median(humming.line_uv) == pytest.approx(40 / np.sqrt(2), rel=0.12)


@pytest.mark.parametrize("fs", [100.0, 105.0])
def test_is_there_where_no_mains_can_pass_the_band(fs: float) -> None:
    assert np.median(frames(sine(30, 10, 35, fs), fs).envelope_uv) == pytest.approx(10 / np.sqrt(2), rel=0.05)


def test_leaves_a_fifth_of_a_line_that_is_half_a_hertz_off() -> None:
    left = frames(sine(30, 40, 50.45)).envelope_uv[5:, 0]
    assert left.max() <= 0.2 * 40 / np.sqrt(2) * 1.05


def test_keeps_the_muscle_while_the_mains_hums() -> None:
    muscle = frames(noise(60, 30)).envelope_uv[5:, 0]
    both = frames(noise(60, 30) + sine(60, 40, 50)).envelope_uv[5:, 0]
    assert np.median(both) == pytest.approx(np.median(muscle), rel=0.03)


def test_reports_the_share_of_samples_on_a_rail() -> None:
    uv = noise(10, 5)
    uv[5000:5125] = 1e6  # half of one window of 250 samples
    assert frames(uv).railed.max() == pytest.approx(0.5)


def test_reports_a_spread_of_zero_for_a_dead_sensor() -> None:
    uv = noise(10, 5)
    uv[5000:] = 0
    spread = frames(uv).spread[:, 0]
    assert (spread[55:] == 0).all()
    assert (spread[:45] > 0).all()


def test_keeps_the_largest_possible_sums_of_a_window_exact_at_20_khz() -> None:
    # Doubles hold integers up to 2**53. Cosine and sine of a hop's phase together are 1.414 at most.
    samples = 5000
    assert LIMIT**2 * samples < 2**53
    assert LIMIT * TONE_SCALE * TURN_SCALE * np.sqrt(2) * samples < 2**53
