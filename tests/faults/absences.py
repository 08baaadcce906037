"""Something is away for a while, and comes back."""

import time
from collections.abc import Callable

from tests.faults.home import Home


class Absence:
    """Takes something away once `begins` says so, and brings it back once `ends` does."""

    def __init__(
        self,
        begins: Callable[[Home], bool],
        take: Callable[[Home], None],
        ends: Callable[[Home], bool],
        bring: Callable[[Home], None],
        progress: Callable[[Home], float] = Home.filed_s,
    ) -> None:
        self._begins, self._take, self._ends, self._bring = begins, take, ends, bring
        self._progress = progress
        self._since: tuple[float, float] | None = None  # when it came back, and how far the work had come
        self._away = False
        self.injections = 0
        self.recovery_s: list[float] = []

    @property
    def is_over(self) -> bool:
        """Whether it has been away and is there again."""
        return bool(self.injections) and not self._away

    def look(self, home: Home) -> None:
        """Take it away or bring it back when it is time; note when the night goes on."""
        if not self.injections and self._begins(home):
            self._take(home)
            self._away = True
            self.injections += 1
        elif self._away and self._ends(home):
            self._bring(home)
            self._away = False
            self._since = (time.monotonic(), self._progress(home))
        elif self._since and self._progress(home) > self._since[1]:
            self.recovery_s.append(time.monotonic() - self._since[0])
            self._since = None


class Reached:
    """Whether a measure has come so far."""

    def __init__(self, progress: Callable[[Home], float], goal: float) -> None:
        self._progress, self._goal = progress, goal

    def __call__(self, home: Home) -> bool:
        """Ask."""
        return self._progress(home) >= self._goal


class Further:
    """Whether a measure has come so much further than at the first question."""

    def __init__(self, progress: Callable[[Home], float], by: float) -> None:
        self._progress, self._by = progress, by
        self._from: float | None = None

    def __call__(self, home: Home) -> bool:
        """Ask."""
        reached = self._progress(home)
        self._from = reached if self._from is None else self._from
        return reached - self._from >= self._by


class Later:
    """Whether so many seconds have passed since the first question."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._from_s: float | None = None

    def __call__(self, home: Home) -> bool:
        """Ask."""
        self._from_s = self._from_s or time.monotonic()
        return time.monotonic() - self._from_s >= self._seconds
