"""Puts the blocks of a session in order, each exactly once, whatever the broker repeated, swapped or lost."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from collector.contract.messages import SampleBlock, StreamKind

BUFFER_BLOCKS = 600
"""How many blocks of a stream are held back: ten minutes of one-second blocks, 1.2 MB of EMG at 1 kHz.
What does not fit is not lost: a replay brings everything from the hole on. The nearest are held, lest blocks that came
long before their turn keep those out that would close the holes."""
GIVE_UP_S = 120.0
"""How long a hole is waited for without any progress: a replay progresses all the time, and a collector that restarts
is back within a minute."""
JUDGED: tuple[StreamKind, ...] = ("emg", "acc")
"""The streams whose holes hold up the others; no decision waits for a temperature."""


class Position(msgspec.Struct, frozen=True):
    """How far a stream has been released: the first block that was not, and the end of the last one that was."""

    next_seq: int = 0
    until_ns: int = 0


class _Stream:
    """One stream: how far it is, and the blocks that are held back."""

    def __init__(self, position: Position) -> None:
        self.next_seq, self.until_ns = position.next_seq, position.until_ns
        self.held: dict[int, SampleBlock] = {}
        self.announced = position.next_seq  # behind the highest number known to exist
        self.waiting: tuple[int, float] | None = None  # for which block, since when

    @property
    def head(self) -> SampleBlock | None:
        return self.held.get(self.next_seq)

    @property
    def has_hole(self) -> bool:
        return self.next_seq < self.announced and self.next_seq not in self.held

    def take(self, block: SampleBlock) -> None:
        self.announced = max(self.announced, block.seq + 1)
        self.held[block.seq] = block
        if len(self.held) > BUFFER_BLOCKS and block.seq != self.next_seq:
            del self.held[max(self.held)]  # the last to be needed

    def release(self) -> SampleBlock:
        block = self.held.pop(self.next_seq)
        self.next_seq, self.until_ns = block.seq + 1, block.end_ns
        return block

    def wait(self, now_s: float) -> None:
        """Start to wait for the block that is missing now, unless it is being waited for already."""
        if not self.has_hole:
            self.waiting = None
        elif self.waiting is None or self.waiting[0] != self.next_seq:
            self.waiting = (self.next_seq, now_s)

    def skip_hole(self) -> None:
        self.next_seq = min(self.held, default=self.announced)


class Sequencer:
    """Orders the blocks of one session.

    Within a stream blocks come out by number. Where EMG or acceleration lacks a block the others wait for it, lest the
    EMG be judged without the motion that belongs to it. A hole waited for in vain becomes a jump of the index.
    What is held back is not part of `positions`: it is asked for again. `now_s` is any clock that only moves forward.
    """

    def __init__(self, streams: Sequence[StreamKind], positions: Mapping[StreamKind, Position] | None = None) -> None:
        self._streams = {stream: _Stream((positions or {}).get(stream, Position())) for stream in streams}
        self.counts: Counter[str] = Counter()

    @property
    def positions(self) -> dict[StreamKind, Position]:
        """How far each stream has been released."""
        return {kind: Position(stream.next_seq, stream.until_ns) for kind, stream in self._streams.items()}

    @property
    def next_seq(self) -> dict[StreamKind, int]:
        """For each stream, the number of the first block that has not been released."""
        return {kind: stream.next_seq for kind, stream in self._streams.items()}

    def offer(self, block: SampleBlock, now_s: float) -> list[SampleBlock]:
        """The blocks whose turn it is now that this one has come."""
        stream = self._streams[block.stream]
        if block.seq < stream.next_seq or block.seq in stream.held:
            self.counts["duplicate"] += 1
            return []
        stream.take(block)
        return self._release(now_s)

    def expect(self, last_seq: Mapping[StreamKind, int], now_s: float) -> None:
        """Learn the number of each stream's last block; what has not come up to there is missing."""
        for kind, stream in self._streams.items():
            stream.announced = max(stream.announced, last_seq.get(kind, -1) + 1)
            stream.wait(now_s)

    def missing(self) -> dict[StreamKind, int]:
        """For each stream with a hole, the number of the block it waits for."""
        return {kind: stream.next_seq for kind, stream in self._streams.items() if stream.has_hole}

    def hold(self, now_s: float) -> None:
        """The sender is away: the time until now does not count as waiting."""
        for stream in self._streams.values():
            if stream.waiting:
                stream.waiting = (stream.next_seq, now_s)

    def expire(self, now_s: float, give_up_s: float = GIVE_UP_S) -> list[SampleBlock]:
        """The blocks that can go on because a hole has been waited for in vain."""
        for stream in self._streams.values():
            if stream.waiting and now_s - stream.waiting[1] >= give_up_s:
                self.counts["given up"] += 1
                stream.skip_hole()
        return self._release(now_s)

    def _release(self, now_s: float) -> list[SampleBlock]:
        released = []
        while stream := self._next_stream():
            released.append(stream.release())
        for stream in self._streams.values():
            stream.wait(now_s)
        return released

    def _next_stream(self) -> _Stream | None:
        """The stream whose next block is the earliest, unless a block that is missing may be earlier still."""
        heads = [(stream.head.t0_ns, stream) for stream in self._streams.values() if stream.head]
        if not heads:
            return None
        t0_ns, stream = min(heads, key=lambda head: head[0])
        holes = [self._streams[kind].until_ns for kind in self.missing() if kind in JUDGED]
        known_until_ns = min(holes, default=t0_ns)
        return stream if t0_ns <= known_until_ns else None
