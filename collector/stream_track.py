"""One stream of a session: the device's counter becomes the session's sample index, packets become blocks."""

from collections.abc import Callable

import msgspec

from collector.block_builder import BlockBuilder
from collector.contract.messages import NS, SampleBlock, StreamKind
from collector.devices.decoder import Samples
from collector.devices.profile import Stream
from collector.rate_meter import RateMeter
from collector.sample_clock import SampleClock

UNFITTED_S = 60.0
"""For so long a stream's rate is only known within the profile's tolerance."""
EARLY_S = 1.0
"""A packet cannot arrive before it was measured. One that seems to by this much, and by more than an unfitted rate
explains, comes from a device whose count has jumped."""
LATE_S, LATE_FOR_S = 0.25, 5.0
"""A stream with neither counter nor clock that stays late by this much for this long has lost samples: a radio that was
out for a moment is late, but catches up, as what it delays comes in a burst."""


class Placement(msgspec.Struct, frozen=True):
    """Where a device's count lies in a session: sample index = device index + `offset`, until the device restarts."""

    stream: StreamKind
    boot: int | None
    offset: int


class StreamTrack:
    """Places packets on the session's index and cuts them into blocks.

    A device that counts anew opens a new segment: the index jumps. `remember` is told each segment's Placement before
    any of its blocks is returned; with the last one, `placement`, a later process can go on where this one stopped.
    """

    def __init__(
        self,
        stream: Stream,
        builder: BlockBuilder,
        clock: SampleClock,
        remember: Callable[[Placement], None],
        placement: Placement | None = None,
    ) -> None:
        self.stream = stream
        self.samples = 0
        self.lost = 0
        self._meter = RateMeter(stream.rate_hz)
        self._builder = builder
        self._clock = clock
        self._remember = remember
        self._placement = placement
        self._boot: int | None = None
        self._may_overlap = False
        self._last_count = 0  # instants in the packet before
        self._due_clock_ns: int | None = None
        self._late_since_ns: int | None = None
        self._wraps = stream.counter_modulus or 1 << 64
        self._early = _samples(EARLY_S, stream)
        self._late = _samples(LATE_S, stream)

    @property
    def ppm(self) -> float:
        """The device's fitted deviation from its nominal rate."""
        return self._clock.ppm

    def rate_share(self, now_ns: int) -> float | None:
        """Samples received per sample expected, lately; None while that cannot be told."""
        return self._meter.share(now_ns)

    def link_up(self, boot: int | None) -> int | None:
        """A connection begins; the device index to ask for, or None when there is nothing to go on from.

        A device that does not tell its starts apart may have restarted: it begins a new segment.
        """
        self._boot = boot
        self._due_clock_ns = self._late_since_ns = None
        self._may_overlap = boot is not None and self._placement is not None and self._placement.boot == boot
        if not self._may_overlap:
            self._placement = None
        return self._next_counter % self._wraps if self._may_overlap else None

    def accept(self, samples: Samples, arrival_ns: int) -> list[SampleBlock]:
        """Place one packet; the blocks that became complete."""
        count = len(samples.digital)
        first = self._index_of(samples, count, arrival_ns)
        if samples.clock_ns is not None:
            self._due_clock_ns = samples.clock_ns + round(count * NS / self.stream.rate_hz)
        seen = max(0, self._builder.next_index - first)
        self._last_count = count
        if seen >= count:
            return []
        self._may_overlap = False
        self.lost += max(0, first - self._builder.next_index)
        self.samples += count - seen
        self._meter.heard(count - seen, arrival_ns)
        clock = self._clock.observe(first + seen, count - seen, arrival_ns)
        return self._builder.add(first + seen, samples.digital[seen:], clock)

    def flush(self) -> list[SampleBlock]:
        """The samples that have not filled a block yet."""
        return self._builder.flush()

    @property
    def _next_counter(self) -> int:
        assert self._placement is not None
        return self._builder.next_index - self._placement.offset

    def _index_of(self, samples: Samples, count: int, arrival_ns: int) -> int:
        """The session's index of the packet's first instant; opens a new segment when the device counts anew."""
        if self._placement is not None:
            due = self._due(count, arrival_ns)
            ahead = self._ahead(samples, due)
            repeated = ahead == -count == -self._last_count
            lost = samples.counter is None and self._stays_late(due, arrival_ns)
            if repeated or (self._is_possible(ahead, due) and not lost):
                return self._builder.next_index + ahead
        first = self._clock.begin_segment(self._builder.next_index, samples.counter, count, arrival_ns)
        counter = first if samples.counter is None else samples.counter
        self._placement = Placement(self.stream.kind, self._boot, first - counter)
        self._remember(self._placement)
        return first

    def _due(self, count: int, arrival_ns: int) -> int | None:
        """How far ahead of the next sample this packet's first one is by the time that has passed."""
        due = self._clock.due_index(arrival_ns)
        return None if due is None else due - count + 1 - self._builder.next_index

    def _ahead(self, samples: Samples, due: int | None) -> int:
        """How far the device says this packet is ahead of the next sample; negative when it says it is older."""
        if samples.counter is None:
            return self._ahead_by_clock(samples)
        ahead = (samples.counter - self._next_counter) % self._wraps
        # Of all the times that this count comes round, the one closest to what is due: a counter of 8 bits turns once a
        # second, and only the time tells how many turns a gap has lasted.
        return ahead - (ahead - (due or 0) + self._wraps // 2) // self._wraps * self._wraps

    def _ahead_by_clock(self, samples: Samples) -> int:
        """The same by the device's own clock, where it has one. Whole packets are lost; anything less is jitter."""
        if samples.clock_ns is None or self._due_clock_ns is None:
            return 0
        ahead = round((samples.clock_ns - self._due_clock_ns) * self.stream.rate_hz / NS)
        return ahead if abs(ahead) > len(samples.digital) / 2 else 0

    def _is_possible(self, ahead: int, due: int | None) -> bool:
        """Whether the device still counts as before.

        Bluetooth keeps packets in order: a count that falls back is a new count, unless a resumed device repeats what
        had arrived (or the stack delivers the same packet again). So is one that says the sample has not been measured
        yet.
        """
        early = due is not None and ahead > max(0, due) + self._early
        return (ahead >= 0 or self._may_overlap) and not early

    def _stays_late(self, due: int | None, arrival_ns: int) -> bool:
        """Whether samples have been lost that the device does not tell of."""
        if due is None or due < self._late:
            self._late_since_ns = None
            return False
        if self._late_since_ns is None:
            self._late_since_ns = arrival_ns
        return arrival_ns - self._late_since_ns > LATE_FOR_S * NS


def _samples(seconds: float, stream: Stream) -> int:
    """So many samples that an unfitted rate cannot be the reason."""
    return round((seconds + UNFITTED_S * stream.rate_tolerance) * stream.rate_hz)
