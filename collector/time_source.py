"""Where the collector takes its time from: the host, or a simulated device that is played faster than real time."""

import time
from collections.abc import Callable
from typing import Protocol

from collector.contract.messages import NS, Clock
from collector.sample_clock import ArrivalClock, DeviceClock, SampleClock

CLOCK_STEP_NS = 60 * NS
"""A host whose clock is set by more than this gave the session the wrong time, perhaps the wrong night. Less does no
harm in a diary of nights, and a new session has to learn the resting level anew."""
_SINCE_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class TimeSource(Protocol):
    """The clocks a session needs."""

    def night_ns(self) -> int:
        """The wall time by which it is decided which night this is."""

    def monotonic_ns(self) -> int:
        """The time to stamp arrivals with."""

    def wall_offset_ns(self) -> int:
        """Wall time minus monotonic time, now."""

    def set_back_ns(self, sample_ns: int) -> int:
        """By how much, at least, the wall clock was set back since a sample was dated thus; 0 when it was not."""

    def sample_clock(self, fs: float, tolerance: float, wall_offset_ns: int, known: Clock | None) -> SampleClock:
        """A clock for one stream of a session whose monotonic times become wall times by `wall_offset_ns`."""


def since_boot_ns() -> int:
    """Monotonic time that goes on while the computer is suspended, where the system has such a clock."""
    return time.clock_gettime_ns(_SINCE_BOOT)


class HostTime:
    """The host's own clocks: sample times are fitted to arrivals."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic_ns: Callable[[], int] = since_boot_ns
    ) -> None:
        self.night_ns = wall_ns
        self.monotonic_ns = monotonic_ns

    def wall_offset_ns(self) -> int:
        """Wall time minus monotonic time, now."""
        return self.night_ns() - self.monotonic_ns()

    def set_back_ns(self, sample_ns: int) -> int:
        """By as much as the sample lies in the future."""
        return max(0, sample_ns - self.night_ns())

    def sample_clock(self, fs: float, tolerance: float, wall_offset_ns: int, known: Clock | None) -> SampleClock:
        """A clock fitted to arrivals."""
        return ArrivalClock(fs, tolerance, wall_offset_ns, known)


class DeviceTime:
    """A simulated device's time is the true one: its sample 0 was taken at `start_ns`, in the night it belongs to."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns

    def night_ns(self) -> int:
        """The start: a simulated night is one session, whatever time the host has."""
        return self._start_ns

    def monotonic_ns(self) -> int:
        """The host's; arrivals still tell whether the link is alive."""
        return time.monotonic_ns()

    def wall_offset_ns(self) -> int:
        """Not used by a device clock."""
        return 0

    def set_back_ns(self, sample_ns: int) -> int:
        """A device's time is not set."""
        return 0

    def sample_clock(self, fs: float, tolerance: float, wall_offset_ns: int, known: Clock | None) -> SampleClock:
        """A clock that takes the device at its word."""
        return DeviceClock(fs, self._start_ns)
