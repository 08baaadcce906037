"""One stream of a session: the device's counter becomes the session's sample index, packets become blocks."""

from collections.abc import Callable

import msgspec

from collector.block_builder import BlockBuilder
from collector.contract.messages import SampleBlock, StreamKind
from collector.devices.decoder import Samples
from collector.devices.profile import Stream
from collector.sample_clock import SampleClock


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
        self._builder = builder
        self._clock = clock
        self._remember = remember
        self._placement = placement
        self._boot: int | None = None
        self._may_overlap = False
        self._wraps = 1 << (stream.counter.bits if stream.counter else 64)

    @property
    def ppm(self) -> float:
        """The device's fitted deviation from its nominal rate."""
        return self._clock.ppm

    def link_up(self, boot: int | None) -> int | None:
        """A connection begins; the device index to ask for, or None when there is nothing to go on from."""
        self._boot = boot
        self._may_overlap = boot is not None and self._placement is not None and self._placement.boot == boot
        if not self._may_overlap and boot is not None:
            self._placement = None
        return self._next_counter % self._wraps if self._may_overlap else None

    def accept(self, samples: Samples, arrival_ns: int, wall_offset_ns: int) -> list[SampleBlock]:
        """Place one packet; the blocks that became complete."""
        count = len(samples.digital)
        first = self._index_of(samples, count, arrival_ns, wall_offset_ns)
        seen = max(0, self._builder.next_index - first)
        if seen >= count:
            return []
        self._may_overlap = False
        self.lost += max(0, first - self._builder.next_index)
        self.samples += count - seen
        clock = self._clock.observe(first + seen, count - seen, arrival_ns)
        return self._builder.add(first + seen, samples.digital[seen:], clock)

    def flush(self) -> list[SampleBlock]:
        """The samples that have not filled a block yet."""
        return self._builder.flush()

    @property
    def _next_counter(self) -> int:
        assert self._placement is not None
        return self._builder.next_index - self._placement.offset

    def _index_of(self, samples: Samples, count: int, arrival_ns: int, wall_offset_ns: int) -> int:
        """The session's index of the packet's first instant; opens a new segment when the device counts anew."""
        if self._placement is not None:
            ahead = self._ahead(samples.counter)
            # Bluetooth keeps packets in order: a count that falls back is a new count, unless a resumed device
            # repeats what had arrived.
            if ahead >= 0 or self._may_overlap:
                return self._builder.next_index + ahead
        first = self._clock.begin_segment(self._builder.next_index, count, arrival_ns, wall_offset_ns)
        counter = first if samples.counter is None else samples.counter
        self._placement = Placement(self.stream.kind, self._boot, first - counter)
        self._remember(self._placement)
        return first

    def _ahead(self, counter: int | None) -> int:
        """How far a device count is ahead of the next one due, across the wrap of the counter."""
        if counter is None:
            return 0
        forward = (counter - self._next_counter) % self._wraps
        return forward if forward < self._wraps // 2 else forward - self._wraps
