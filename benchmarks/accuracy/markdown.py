"""Tables and numbers in Markdown."""

from collections.abc import Iterable, Sequence

from detector.confidence import Estimate
from detector.evaluate import Spread, Tally

NONE = "none"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is text, the others are figures."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percent(estimate: Estimate) -> str:
    """A share with its interval."""
    if estimate.value is None:
        return NONE
    return f"{100 * estimate.value:.1f} % ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def rate(estimate: Estimate) -> str:
    """A rate with its interval."""
    return NONE if estimate.value is None else f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def spread(values: Spread) -> str:
    """Median and 95th percentile in seconds."""
    return NONE if values.median is None else f"{values.median:.2f} / {values.p95:.2f}"


def tally(values: Tally) -> str:
    """How many of how many, and the share."""
    return f"{values.confirmed} of {values.total}"
