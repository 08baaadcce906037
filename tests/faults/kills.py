"""SIGKILL, again and again, each time at another moment of the night."""

import os
import random
import signal
import time
from collections.abc import Callable

from tests.faults.home import Home

EARLIEST, LATEST = 0.02, 0.98
"""Shares of the night between which it happens."""
UP_TO_S = 0.3
"""How long after its turn a kill may still wait: what the process does in that time is then a matter of chance."""
AGAIN = 0.25
"""The share of kills that are followed by another one while the process is still getting up."""
AGAIN_UP_TO_S = 1.0


class Kills:
    """Kills one of a home's processes whenever its work has come to the next of some random points.

    `progress` tells how far its work is, from 0 to `whole`; `kill` takes its life and returns whether there was one.
    """

    def __init__(
        self,
        times: int,
        seed: int,
        whole: float,
        progress: Callable[[Home], float],
        kill: Callable[[Home], bool],
    ) -> None:
        self._chance = random.Random(seed)
        self._due = sorted(self._chance.uniform(EARLIEST, LATEST) * whole for _ in range(times))
        self._progress = progress
        self._kill = kill
        self._since: tuple[float, float] | None = None  # when the last kill was, and how far the work had come
        self._again_s: float | None = None
        self.injections = 0
        self.recovery_s: list[float] = []
        self.is_over = True  # a kill takes no time

    def look(self, home: Home) -> None:
        """Kill when it is time."""
        reached = self._progress(home)
        if self._since and reached > self._since[1]:
            self.recovery_s.append(time.monotonic() - self._since[0])
            self._since = self._again_s = None
        if self._due and reached >= self._due[0]:
            self._due = [due for due in self._due if due > reached]
            time.sleep(self._chance.uniform(0, UP_TO_S))
            self._strike(home)
        elif self._again_s is not None and time.monotonic() >= self._again_s:
            self._strike(home)

    def _strike(self, home: Home) -> None:
        if self._kill(home):
            self.injections += 1
            now_s = time.monotonic()
            self._since = (now_s, self._progress(home))
            again = self._chance.random() < AGAIN
            self._again_s = now_s + self._chance.uniform(0, AGAIN_UP_TO_S) if again else None


def killed_worker(name: str) -> Callable[[Home], bool]:
    """Kill this one of the home's processes."""

    def kill(home: Home) -> bool:
        pid = home.workers[name].pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid is not None

    return kill
