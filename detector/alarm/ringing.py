"""What is to sound when: repeats that back off and grow louder, then silence, and a second person in between."""

from typing import Literal

import msgspec

from collector.contract.messages import NS
from detector.alarm.machine import Calling
from detector.alarm.settings import AlarmSettings


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """One sound to be made now. `level` is from 0 to 1; `n` counts from 0 within the same call."""

    kind: Literal["cramp", "fault", "test"]
    level: float
    n: int


class Ringing:
    """Keeps count of the rings of one place. A restart counts on: what was missed meanwhile is not made up for."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._call: tuple[str, int] | None = None
        self._rung = 0

    def due(self, calling: Calling | None, now_ns: int) -> Ring | None:
        """The ring to sound now, if one is due. Ask at least once a second."""
        if calling is None:
            self._call = None
            return None
        if self._call != (calling.kind, calling.since_ns):
            self._call, self._rung = (calling.kind, calling.since_ns), 0
        times_s = self._times_s(calling)
        passed = sum(now_ns - calling.since_ns >= time_s * NS for time_s in times_s)
        if passed <= self._rung or (calling.spent and not self._rung):
            return None
        self._rung = passed
        return Ring(
            kind=calling.kind, level=self._level(calling, (passed - 1) / max(1, len(times_s) - 1)), n=passed - 1
        )

    def clock_set(self, step_ns: int) -> None:
        """The time of day is so much later than it would be had nobody set it: the call goes on, as old as it was."""
        if self._call:
            kind, since_ns = self._call
            self._call = kind, since_ns + step_ns

    def test(self) -> Ring:
        """What the loudest cramp alert would sound like."""
        return Ring(kind="test", level=1.0, n=0)

    def second_person_due(self, calling: Calling | None, now_ns: int) -> bool:
        """Whether nobody has answered a cramp within the cancel window; stays true for as long as that holds."""
        if calling is None or calling.kind != "cramp":
            return False
        return now_ns - calling.since_ns >= self._settings.cancel_window_s * NS

    def _times_s(self, calling: Calling) -> tuple[float, ...]:
        return self._settings.cramp_rings_s if calling.kind == "cramp" else self._settings.fault_rings_s

    def _level(self, calling: Calling, progress: float) -> float:
        """From the first level to full; a fault stays soft."""
        if calling.kind == "fault":
            return self._settings.fault_level
        first = self._settings.first_level
        return first + (1 - first) * progress
