"""When samples were taken: the host's clock as seen through a radio link that only ever delays.

A packet arrives some time after its last sample was measured: one connection interval, retries, a busy host. Delays are
never negative, so the earliest arrivals tell the time best. `ArrivalClock` keeps the least delayed packet of every ten
seconds and draws a least-squares line through ten minutes of them. Simulated over 8 h with a connection interval of
30 ms, retries and outages, that line stays within 7 ms of the truth for 99 % of the packets, where "first packet plus
nominal rate" is off by seconds. A delay that is always there, such as long connection intervals in step with the
packets, cannot be told from time: with intervals of 200 ms the error may be as large as one.
"""

from collections import deque
from typing import Protocol

import numpy as np

from collector.contract.messages import NS, Clock

BUCKET_NS = 10 * NS
"""One least delayed packet is kept per this much arrival time. Counted by arrival, so that a backlog a device sends
after an outage shares its bucket with packets that come on time, and does not count."""
BUCKETS = 60
"""Ten minutes: long enough to see 40 ppm behind a few ms of jitter, short enough to follow a crystal's temperature."""
BUCKETS_FOR_SLOPE = 6
"""Before a minute has passed jitter would look like drift; until then the nominal rate is better, or the rate that was
fitted before the link was lost."""
OFFSET_PERCENTILE = 20
"""Where the line lies within the minima: near their lower edge, yet not moved by a single lucky one."""
BACKLOG_S = 0.5
"""A bucket whose least delayed packet is this much later than a following one's held nothing but a backlog."""
ISSUE_NS = 5_000_000
"""A new Clock is worth issuing when the fit has moved this much: a fiftieth of the detector's 250 ms window."""


class SampleClock(Protocol):
    """Gives every sample of one stream its time. Arrivals are monotonic nanoseconds."""

    @property
    def ppm(self) -> float:
        """How much faster than nominal the device samples, in parts per million, as far as is known."""

    def due_index(self, arrival_ns: int) -> int | None:
        """The sample that arrives at `arrival_ns` when nothing is late or lost; None where arrivals tell nothing."""

    def begin_segment(self, next_index: int, counter: int | None, count: int, arrival_ns: int) -> int:
        """The index for the first of `count` samples that just arrived from a device that counts anew.

        `counter` is what the device itself says it is.
        """

    def observe(self, first_index: int, count: int, arrival_ns: int) -> Clock:
        """The Clock for these samples, having seen them arrive."""


class DeviceClock:
    """For a simulated device whose time is the true time, however fast it is played: sample 0 at `start_ns`."""

    def __init__(self, fs: float, start_ns: int) -> None:
        self._clock = Clock(0, start_ns, fs)

    @property
    def ppm(self) -> float:
        """A simulated clock keeps its nominal rate."""
        return 0.0

    def due_index(self, arrival_ns: int) -> int | None:
        """Unknown: the device may be played at any speed."""
        return None

    def begin_segment(self, next_index: int, counter: int | None, count: int, arrival_ns: int) -> int:
        """At first the device's own index, whatever was missed before; later the next but one.

        How long a device was away that counts anew cannot be known, only that something is missing.
        """
        return next_index + 1 if next_index else counter or 0

    def observe(self, first_index: int, count: int, arrival_ns: int) -> Clock:
        """Always the same Clock."""
        return self._clock


class ArrivalClock:
    """Fits one stream's sample times to its arrivals.

    `fs` is the nominal rate; the fitted one is held within `tolerance` (a ratio) of it. Adding `wall_offset_ns` makes a
    monotonic time a wall time; it stays the same, so that a correction of the host's clock cannot bend the fit. `known`
    is the stream's last Clock from before a restart of the collector: it stays in force until the first ten seconds
    have been seen.
    """

    def __init__(self, fs: float, tolerance: float, wall_offset_ns: int, known: Clock | None = None) -> None:
        self._fs = fs
        self._tolerance = tolerance
        self._clock = known
        self._wall_offset_ns = wall_offset_ns
        self._line = _Envelope(fs, tolerance, fs / known.fs - 1 if known else 0.0)

    @property
    def ppm(self) -> float:
        """The fitted deviation from the nominal rate, in parts per million."""
        return (self._clock.fs / self._fs - 1) * 1e6 if self._clock else 0.0

    def due_index(self, arrival_ns: int) -> int | None:
        """The sample that arrives at `arrival_ns` when nothing is late or lost; None before the first."""
        if self._clock is None:
            return None
        elapsed_ns = arrival_ns + self._wall_offset_ns - self._clock.t_ns
        return self._clock.index + round(elapsed_ns * self._clock.fs / NS)

    def begin_segment(self, next_index: int, counter: int | None, count: int, arrival_ns: int) -> int:
        """An index that has jumped by the time since the last sample, so that index / fs stays the elapsed time."""
        due = self.due_index(arrival_ns)
        self._clock = None
        # The crystal is still the same one: what is known of its rate is the best guess for the new segment.
        self._line = _Envelope(self._fs, self._tolerance, self._line.slope)
        if due is None:
            return next_index
        # At least one index is skipped: the detector shall see that the samples do not join.
        return max(next_index + 1, due - count + 1)

    def observe(self, first_index: int, count: int, arrival_ns: int) -> Clock:
        """The Clock for these samples; a new one from `first_index` on when the fit has moved by 5 ms."""
        moved = self._line.add(first_index + count - 1, arrival_ns + self._wall_offset_ns)
        if self._clock is None:
            self._clock = self._line.clock(first_index)
        elif moved:
            fitted = self._line.clock(first_index)
            if abs(fitted.t_ns - self._clock.time_ns(first_index)) > ISSUE_NS:
                self._clock = self._not_before(fitted)
        return self._clock

    def _not_before(self, fitted: Clock) -> Clock:
        """The fit, but later than the last sample already issued: time does not run backwards."""
        assert self._clock is not None
        last_ns = self._clock.time_ns(fitted.index - 1)
        return Clock(fitted.index, max(fitted.t_ns, last_ns + 1), fitted.fs)


class _Envelope:
    """The line under the arrivals of a stream: lateness (arrival minus nominal sample time) against nominal time.

    `slope` is its drift in seconds per second, as far as it is known from before.
    """

    def __init__(self, fs: float, tolerance: float, slope: float) -> None:
        self._fs = fs
        self._tolerance = tolerance
        self._origin: tuple[int, int] | None = None
        self._minima: deque[tuple[float, float]] = deque(maxlen=BUCKETS)
        self._bucket = 0
        self._least = (0.0, float("inf"))
        self._center_s = self._late_s = 0.0
        self.slope = slope

    def add(self, index: int, arrival_ns: int) -> bool:
        """Take in that sample `index` was there at `arrival_ns`; true when the line has moved for it."""
        if self._origin is None:
            self._origin = (index, arrival_ns)
        nominal_s = (index - self._origin[0]) / self._fs
        late_s = (arrival_ns - self._origin[1]) / NS - nominal_s
        bucket = (arrival_ns - self._origin[1]) // BUCKET_NS
        if bucket != self._bucket:
            self._bucket = bucket
            self._minima.append(self._least)
            self._least = (nominal_s, late_s)
            self._fit()
            return True
        if late_s < self._least[1]:
            self._least = (nominal_s, late_s)
        return False

    def clock(self, index: int) -> Clock:
        """The line as a Clock that starts at `index`."""
        assert self._origin is not None
        nominal_s = (index - self._origin[0]) / self._fs
        late_s = self._late_s + self.slope * (nominal_s - self._center_s)
        t_ns = self._origin[1] + round((nominal_s + late_s) * NS)
        return Clock(index, t_ns, self._fs / (1 + self.slope))

    def _fit(self) -> None:
        nominal_s, late_s = np.array(self._minima).T
        drift_s = self._tolerance * (nominal_s.max() - nominal_s.min())
        least_from_here_on = np.minimum.accumulate(late_s[::-1])[::-1]
        on_time = late_s <= least_from_here_on + BACKLOG_S + drift_s
        nominal_s, late_s = nominal_s[on_time], late_s[on_time]
        self._center_s = float(nominal_s.mean())
        x, y = nominal_s - self._center_s, late_s - late_s.mean()
        if len(x) >= BUCKETS_FOR_SLOPE and x.any():
            self.slope = float(np.clip(x @ y / (x @ x), -self._tolerance, self._tolerance))
        self._late_s = float(np.percentile(late_s - self.slope * x, OFFSET_PERCENTILE))
