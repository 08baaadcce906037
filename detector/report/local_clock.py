"""The wearer's wall clock through one night, including the night on which it changes."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from collector.contract.messages import NS

QUARTER_NS = 15 * 60 * NS
"""Every offset from UTC in use, and every change of one, falls on a quarter of an hour."""
TICK_GRID_NS = 5 * 60 * NS
TICK_STEPS_MIN = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
"""Steps people read off a clock without counting."""


class ClockChange(NamedTuple):
    """A moment at which the wall clock jumps."""

    t_ns: int
    forward: bool


class LocalClock:
    """Turns moments between `start_ns` and `end_ns` into the time on the wall."""

    def __init__(self, zone: ZoneInfo, start_ns: int, end_ns: int) -> None:
        self._zone = zone
        self._start_ns = start_ns
        self._end_ns = end_ns
        self.changes = self._find_changes()

    def local(self, t_ns: int) -> datetime:
        """The local date and time, to the second below."""
        return datetime.fromtimestamp(t_ns // NS, self._zone)

    def hhmm(self, t_ns: int) -> str:
        """`03:12`; with the zone's name (`02:30 CEST`) on a night on which 02:30 may come twice."""
        return self.local(t_ns).strftime("%H:%M %Z" if self.changes else "%H:%M")

    def hhmmss(self, t_ns: int) -> str:
        """`03:12:45`, with the zone's name where the clock changes."""
        return self.local(t_ns).strftime("%H:%M:%S %Z" if self.changes else "%H:%M:%S")

    def ticks(self, at_most: int) -> list[tuple[int, str]]:
        """Round local times for an axis, as (moment, `HH:MM`): the finest step that needs no more than `at_most`."""
        grid = range(-(-self._start_ns // TICK_GRID_NS) * TICK_GRID_NS, self._end_ns + 1, TICK_GRID_NS)
        moments = [(t_ns, self.local(t_ns)) for t_ns in grid]
        for step_min in TICK_STEPS_MIN:
            chosen = [(t, f"{at:%H:%M}") for t, at in moments if (60 * at.hour + at.minute) % step_min == 0]
            if len(chosen) <= at_most:
                break
        return chosen

    def _find_changes(self) -> list[ClockChange]:
        changes = []
        first = -(-self._start_ns // QUARTER_NS) * QUARTER_NS
        before = self.local(self._start_ns).utcoffset()
        for t_ns in range(first, self._end_ns, QUARTER_NS):
            offset = self.local(t_ns).utcoffset()
            if offset is not None and before is not None and offset != before:
                changes.append(ClockChange(t_ns, forward=offset > before))
            before = offset
        return changes
