"""Confidence intervals against published tables."""

import pytest

from detector.confidence import rate, share


# Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3 (score without continuity correction).
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilson_s_interval(successes: int, trials: int, low: float, high: float) -> None:
    estimate = share(successes, trials)
    assert estimate.value == successes / trials
    assert [estimate.low, estimate.high] == pytest.approx([low, high], abs=5e-5)


# Garwood, Biometrika 28 (1936) 437, as tabled in textbooks.
@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)])
def test_a_count_has_the_exact_poisson_interval(count: int, low: float, high: float) -> None:
    estimate = rate(count, 1.0)
    assert [estimate.low, estimate.high] == pytest.approx([low, high], abs=5e-4)


def test_a_rate_is_per_unit_of_exposure() -> None:
    assert rate(3, 12.0).value == 0.25
    assert rate(0, 2.0).high == pytest.approx(3.689 / 2, abs=5e-4)


def test_nothing_observed_is_no_estimate() -> None:
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)
    assert rate(0, 0.0).value is None
