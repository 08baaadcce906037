"""Packets of any size to blocks of one size."""

import numpy as np
from numpy.typing import NDArray

from collector.contract.journal import StreamEnd
from collector.contract.messages import Clock, Rate, SampleBlock, SessionId, StreamKind
from collector.devices.profile import Stream


class BlockBuilder:
    """Collects the samples of one stream and cuts blocks of `block_s` seconds.

    A block also closes at a gap and where the clock changes, so that one block never spans either. `end` says where the
    journal stands; numbering continues from there.
    """

    def __init__(
        self, session: SessionId, streams: tuple[StreamKind, ...], stream: Stream, block_s: float, end: StreamEnd
    ) -> None:
        self._session = session
        self._streams = streams
        self._kind = stream.kind
        self._fs: Rate = stream.rate_hz
        self._channels = stream.channels
        self._size = max(1, round(block_s * stream.rate_hz))
        self._seq = end.next_seq
        self._clock: Clock | None = None
        self._pending = bytearray()
        self._pending_count = 0
        self._dtype = "<i2"
        self.next_index = end.next_index

    def add(self, first_index: int, digital: NDArray[np.signedinteger], clock: Clock) -> list[SampleBlock]:
        """Take in consecutive instants, shape (instants, channels); the blocks that became complete."""
        blocks = self.flush() if first_index != self.next_index or clock is not self._clock else []
        self._clock = clock
        self._dtype = digital.dtype.str
        self._pending += digital.tobytes()
        self._pending_count += len(digital)
        self.next_index = first_index + len(digital)
        while self._pending_count >= self._size:
            blocks.append(self._cut(self._size))
        return blocks

    def flush(self) -> list[SampleBlock]:
        """What has not filled a block yet, as a short one."""
        return [self._cut(self._pending_count)] if self._pending_count else []

    def _cut(self, count: int) -> SampleBlock:
        assert self._clock is not None
        size = len(self._pending) // self._pending_count * count
        block = SampleBlock(
            session=self._session,
            streams=self._streams,
            stream=self._kind,
            seq=self._seq,
            first_index=self.next_index - self._pending_count,
            fs=self._fs,
            clock=self._clock,
            channels=self._channels,
            dtype="<i2" if self._dtype == "<i2" else "<i4",
            samples=bytes(self._pending[:size]),
        )
        del self._pending[:size]
        self._pending_count -= count
        self._seq += 1
        return block
