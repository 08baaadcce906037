"""The slope of a quantity over time, by least squares."""

from collections.abc import Sequence
from typing import NamedTuple

from scipy import stats


class Trend(NamedTuple):
    """Change per unit of time, with the ends of its 95 % interval.

    The interval takes the residuals for independent. Memory wanders, so the true one is wider.
    """

    slope: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.slope:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


def trend(times: Sequence[float], values: Sequence[float]) -> Trend:
    """Fit a line; raises ValueError for fewer than three points, through which any line has no interval."""
    if len(times) < 3:
        raise ValueError(f"a slope with its interval needs three points, there are {len(times)}")
    fit = stats.linregress(times, values)
    half = float(stats.t.ppf(0.975, len(times) - 2) * fit.stderr)
    return Trend(float(fit.slope), float(fit.slope - half), float(fit.slope + half))
