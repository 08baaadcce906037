"""95 % confidence intervals for shares and for counts."""

from statistics import NormalDist

import msgspec

LEVEL = 0.95
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


class Estimate(msgspec.Struct, frozen=True):
    """A value with its confidence interval; `value` is None where there was nothing to estimate it from."""

    value: float | None
    low: float
    high: float


def share(successes: int, trials: int) -> Estimate:
    """A share with Wilson's score interval (Wilson 1927), which also holds for few trials and for 0 and 100 %."""
    if not trials:
        return Estimate(None, 0.0, 1.0)
    p, z2 = successes / trials, _Z * _Z
    centre = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z / (1 + z2 / trials) * (p * (1 - p) / trials + z2 / (4 * trials * trials)) ** 0.5
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half))


def rate(count: int, exposure: float) -> Estimate:
    """Events per unit of exposure with the exact Poisson interval (Garwood 1936)."""
    if exposure <= 0:
        return Estimate(None, 0.0, float("inf"))
    from scipy.special import gammaincinv  # imported late: most of the program does not need scipy

    tail = (1 - LEVEL) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    return Estimate(count / exposure, low / exposure, high / exposure)
