"""How long to wait before the next attempt."""

import random

LEAST_WAIT_S = 0.25
"""A dropped link often comes back at once."""
LONGEST_WAIT_S = 30.0
"""The sleeper is unwatched while we wait."""


class Backoff:
    """Waiting times that double from 0.25 s to 30 s, each varied by up to a half, so that two hosts do not collide."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.reset()

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._base_s = LEAST_WAIT_S

    def next_s(self) -> float:
        """How long to wait this time."""
        wait_s = self._base_s * self._rng.uniform(0.5, 1.0)
        self._base_s = min(2 * self._base_s, LONGEST_WAIT_S)
        return wait_s
