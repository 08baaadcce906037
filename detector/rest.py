"""The resting level: what the envelope is while the muscle does nothing."""

from collections.abc import Sequence

from detector.dsp.state import Remembers
from detector.settings import DetectorSettings
from detector.sliding import slide

SETTLED_SECONDS = 30
"""Until this many quiet seconds are known, the level is their lower quartile and follows at once: a recording that
begins with a contraction must not take it for rest."""
SECONDS_OF_A_MINUTE = 60
MINUTES_REMEMBERED = 60
"""Electrodes come off for minutes, rarely for half an hour; over more than an hour the floor drifts too far."""
ENOUGH_OF_A_SECOND = 0.5
"""The share of a second's frames that must have been quiet for the second to count."""


class RestLevel(Remembers):
    """A median over the last two minutes of quiet seconds, fed once a second; its rise and fall are bounded.

    The bounds keep a slow contraction from becoming rest, and let a drifting electrode be followed. `level` is in uV,
    or None until enough has been heard.
    """

    memory = ("level", "lowest", "minutes", "count", "seconds", "ordered")

    def __init__(self, settings: DetectorSettings, frames_per_second: int, floor_uv: float) -> None:
        self._settings = settings
        self._rise, self._fall = 1 + settings.rest_rise_per_s, 1 - settings.rest_fall_per_s
        self._enough = frames_per_second * ENOUGH_OF_A_SECOND
        self._floor = floor_uv  # the converter's own noise: no muscle can be quieter
        self.forget()

    def forget(self) -> None:
        """Know nothing: the electrode may be another."""
        self.lowest: float | None = None  # the lowest settled level heard of this electrode
        self.minutes: list[float] = []  # the level at each of the last minutes
        self.count = 0
        self.relearn()

    def relearn(self) -> None:
        """Learn the level anew: what it was measured on has changed, the electrode has not."""
        self.level: float | None = None
        self.seconds: list[float] = []
        self.ordered: list[float] = []

    def push_second(self, quiet: Sequence[float]) -> None:
        """Take in the envelopes of a second's quiet frames and move the level."""
        if len(quiet) >= self._enough:
            slide(self.seconds, self.ordered, sorted(quiet)[len(quiet) // 2], self._settings.rest_window_s)
        known = len(self.ordered)
        if known < self._settings.rest_learn_s:
            return
        settled = known >= SETTLED_SECONDS
        level = self.ordered[(known - 1) // (2 if settled else 4)]
        if settled and self.level is not None:
            level = min(max(level, self.level * self._fall), self.level * self._rise)
        self.level = level = max(self._floor, level)
        if settled:
            self.lowest = min(level, self.lowest or level)
        self.count += 1
        if self.count % SECONDS_OF_A_MINUTE == 0:
            self.minutes.append(level)
            del self.minutes[:-MINUTES_REMEMBERED]

    def highest(self) -> float:
        """The highest level of the last hour; 0 before the first minute is over."""
        return max(self.minutes, default=0.0)
