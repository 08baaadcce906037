"""The messages that travel from the wearable's collector to the detector and back.

Sample blocks are MessagePack; everything else is JSON. Times are integers, nanoseconds since 1970-01-01 UTC.
"""

from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

VERSION = 1

StreamKind = Literal["emg", "acc", "temp"]
STREAMS: tuple[StreamKind, ...] = ("emg", "acc", "temp")
BuzzKind = Literal["cramp", "fault", "test"]

SessionId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,96}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""An index or sequence number; 2**53 samples at 100 kHz last 2,800 years."""
LATEST_NS = 2**62
"""In the year 2116; with a session to spare it still fits 64 bits."""
TimeNs = Annotated[int, msgspec.Meta(ge=0, le=LATEST_NS)]
"""Nanoseconds since 1970-01-01 UTC."""
Rate = Annotated[float, msgspec.Meta(ge=1e-4, le=1e5)]
"""Samples per second: from one in a few hours (a temperature log) to beyond any EMG converter."""

Span = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
"""A length of time in its unit: in seconds 30 years, and whatever is reckoned from it stays finite."""

NS = 1_000_000_000


class Channel(msgspec.Struct, frozen=True, omit_defaults=True):
    """One channel: its name and how its integers become a physical value.

    physical = digital * scale + offset, in `unit`. `digital_min` and `digital_max` are the converter's rails: a sample
    on one of them is clipped, not measured.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    unit: Annotated[str, msgspec.Meta(max_length=16)] = "uV"
    scale: float = 1.0
    offset: float = 0.0
    digital_min: int = -32768
    digital_max: int = 32767


class Clock(msgspec.Struct, frozen=True):
    """When samples were taken: sample `index` at `t_ns`, and `fs` samples per second from there.

    `fs` here is the rate fitted to the host's clock. A new Clock is issued at the start of a segment and when the fit
    has moved; every sample belongs to exactly one Clock, so cutting a block anew never moves a sample in time.
    """

    index: Count
    t_ns: TimeNs
    fs: Rate

    def time_ns(self, index: int) -> int:
        """The time of sample `index`, in nanoseconds."""
        return self.t_ns + round((index - self.index) * (NS / self.fs))


class SampleBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive samples of one stream, as the device sent them.

    `samples` holds little-endian integers of `dtype`, all channels of the first instant, then of the next.
    `first_index` counts instants since the session began, over losses too: a jump from one block to the next is a gap.
    `seq` counts the blocks of this stream without a hole. `fs` is the nominal rate, one for the whole session.
    `streams` names every stream of the session, so that a reader knows for whom to wait.
    """

    v: int = VERSION
    session: SessionId
    streams: tuple[StreamKind, ...]
    stream: StreamKind
    seq: Count
    first_index: Count
    fs: Rate
    clock: Clock
    channels: tuple[Channel, ...]
    dtype: Literal["<i2", "<i4"] = "<i2"
    samples: bytes

    @property
    def count(self) -> int:
        """The number of instants in this block."""
        return len(self.samples) // (len(self.channels) * np.dtype(self.dtype).itemsize)

    @property
    def end_index(self) -> int:
        """The index of the first instant after this block."""
        return self.first_index + self.count

    @property
    def t0_ns(self) -> int:
        """The time of the first instant."""
        return self.clock.time_ns(self.first_index)

    @property
    def end_ns(self) -> int:
        """The time at which the instant after the last one is due."""
        return self.clock.time_ns(self.end_index)

    def digital(self) -> NDArray[np.signedinteger]:
        """The integers, shape (instants, channels), read-only."""
        return np.frombuffer(self.samples, self.dtype).reshape(-1, len(self.channels))

    def physical(self) -> NDArray[np.float64]:
        """The values in the channels' units, shape (instants, channels)."""
        scale = np.array([channel.scale for channel in self.channels])
        offset = np.array([channel.offset for channel in self.channels])
        values: NDArray[np.float64] = self.digital() * scale + offset
        return values

    def cut(self, start: int, stop: int, seq: int) -> "SampleBlock":
        """The instants `start` to `stop` of this block as a block of their own, with the same clock."""
        step = len(self.channels) * np.dtype(self.dtype).itemsize
        return msgspec.structs.replace(
            self, seq=seq, first_index=self.first_index + start, samples=self.samples[start * step : stop * step]
        )


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the collector is there; retained, and left by the broker as `offline` when it vanishes (last will).

    `ended` means the session is complete: `last_seq` gives each stream's last block.
    """

    v: int = VERSION
    state: Literal["online", "offline", "ended"]
    t_ns: TimeNs
    session: SessionId | None = None
    last_seq: dict[StreamKind, Count] = {}
    reason: str = ""


class LinkHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one peripheral's radio link is doing. `streams` are those it brings to the session."""

    device: str
    state: str
    streams: tuple[StreamKind, ...] = ()
    rssi_dbm: int | None = None
    battery_percent: float | None = None
    battery_hours_left: Span | None = None
    reconnects: Count = 0
    last_data_age_s: Span | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The collector's account of itself, every 10 s.

    `rate` is samples received per sample expected by the nominal rate, over the last 10 s or 20 samples.
    """

    v: int = VERSION
    t_ns: TimeNs
    session: SessionId | None
    links: tuple[LinkHealth, ...]
    samples: dict[StreamKind, Count]
    lost: dict[StreamKind, Count]
    fitted_ppm: dict[StreamKind, float]
    rate: dict[StreamKind, float] = {}
    refused: dict[str, Count]
    unpublished: Count


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Streams that are missing for longer than it takes a link to heal, since when, why, and what to do about it.

    `streams` is empty for a fault of the host, such as its disk.
    """

    device: str
    streams: tuple[StreamKind, ...]
    since_ns: TimeNs
    cause: str
    cure: str


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """All that is wrong with a site's sensors now; retained, and empty when nothing is.

    It counts while `status` is `online`: a collector that has vanished cannot take back what it said.
    """

    v: int = VERSION
    t_ns: TimeNs
    faults: tuple[Fault, ...]


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """How far the detector has safely come: the next block it wants of each stream. Retained."""

    v: int = VERSION
    session: SessionId
    next_seq: dict[StreamKind, Count]
    t_ns: TimeNs


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The detector asks the collector to publish again from these blocks on (`cmd/replay`)."""

    v: int = VERSION
    session: SessionId
    from_seq: dict[StreamKind, Count]


class Buzz(msgspec.Struct, frozen=True, kw_only=True):
    """The alarm asks the collector to have the wearable itself buzz, with each sound that it makes (`cmd/buzz`).

    It is dropped when it is more than 5 s old.
    """

    v: int = VERSION
    kind: BuzzKind
    t_ns: TimeNs
