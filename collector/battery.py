"""How long a battery will last, from what it has said of its charge."""

from collections import deque

import numpy as np

from collector.contract.messages import NS

READINGS = 72
"""Six hours at one reading in five minutes: long enough to see a cell that lasts for days lose a few percent."""
LEAST_FALL = 2.0
"""Percent. The service counts whole percents: a single step says nothing about the rate."""
CHARGED = 3.0
"""Percent. A charge that rises by more than a cell recovers when it warms up has been charged: all before is past."""


class Battery:
    """One wearable's battery: its last reading, and how long the charge will last by those of the last hours.

    `hours_left` is where a least-squares line through the readings reaches zero; None while it cannot be told.
    """

    def __init__(self) -> None:
        self.percent: float | None = None
        self.hours_left: float | None = None
        self._readings: deque[tuple[float, float]] = deque(maxlen=READINGS)

    def read(self, percent: float, now_ns: int) -> None:
        """Take in a reading."""
        if self.percent is not None and percent > self.percent + CHARGED:
            self._readings.clear()
        self.percent = percent
        self._readings.append((now_ns / (3600 * NS), percent))
        self.hours_left = self._hours_left()

    def _hours_left(self) -> float | None:
        if self._readings[0][1] - self._readings[-1][1] < LEAST_FALL:
            return None
        hours, percent = np.array(self._readings).T
        slope, now = np.polyfit(hours - hours[-1], percent, 1)
        return round(float(-now / slope), 1) if slope < 0 < now else None
