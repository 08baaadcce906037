"""How much is measured."""

from datetime import date
from typing import NamedTuple

FIRST_EVENING = date(2026, 10, 5)
"""A Monday, so that whole weeks can be repeated."""


class Plan(NamedTuple):
    """So many different nights, the same over and over for so many stretches of four weeks, so often asked."""

    nights: int
    hours: float
    months: int
    repetitions: int

    @property
    def all_nights(self) -> int:
        """How many the database has in the end."""
        return self.nights * self.months


MONTH_DAYS = 28
"""Four weeks: moved by that, a Monday stays a Monday, and weekly summaries stay right."""
FULL = Plan(nights=MONTH_DAYS, hours=8.0, months=13, repetitions=7)
"""364 nights."""
QUICK = Plan(nights=2, hours=0.2, months=2, repetitions=2)
