"""What a recording is to the detector, wherever it comes from: blocks in order of time, and an account of itself."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from collector.contract.channel_roles import LeftOut
from collector.contract.messages import NS, Channel, SampleBlock, StreamKind
from collector.contract.topics import Place

SCORING_BLOCK_S = 60.0
"""Long enough that the cost of a call no longer shows, short enough that memory does not."""


class Gap(NamedTuple):
    """Samples of one stream that the recording does not hold, from `start_index` up to, not including, `end_index`."""

    stream: StreamKind
    start_index: int
    end_index: int


class StreamInfo(NamedTuple):
    """What is the same for all of a stream: its nominal rate and its channels."""

    fs: float
    channels: tuple[Channel, ...]


class Recording(Protocol):
    """A session read from a file.

    `start_ns` is the first sample's time and `end_ns` the end of the last one's, in nanoseconds since 1970-01-01.
    They are UTC where `timezone` names the wearer's zone; where it is None (EDF knows no zones) they are local time,
    counted as if it were UTC.
    """

    @property
    def name(self) -> str:
        """The file's name."""

    @property
    def place(self) -> Place:
        """Who wore the sensor, and where."""

    @property
    def session(self) -> str:
        """The session's id: the same however the file is called."""

    @property
    def start_ns(self) -> int:
        """When the first sample was taken."""

    @property
    def end_ns(self) -> int:
        """When the sample after the last one would have been taken."""

    @property
    def timezone(self) -> str | None:
        """The wearer's time zone by its IANA name, or None when the recording does not tell."""

    @property
    def streams(self) -> Mapping[StreamKind, StreamInfo]:
        """The streams it holds."""

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing within each stream, in order."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Signals of the file that are not used."""

    @property
    def cut_short(self) -> str | None:
        """Why the file does not hold all that it promises, in a sentence; None when it does."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever uses the result should know, in sentences."""

    def blocks(self, block_s: float) -> Iterator[SampleBlock]:
        """All samples in blocks of at most about `block_s`, the same however often it is called.

        Stretch by stretch, and within each the accelerometer first: motion has to be known when the EMG is judged.
        """


def duration_s(recording: Recording) -> float:
    """From the first sample to the end of the last, gaps included."""
    return (recording.end_ns - recording.start_ns) / NS


def is_calibrated(recording: Recording) -> bool:
    """Whether the EMG is in microvolts, so that absolute thresholds mean something."""
    emg = recording.streams.get("emg")
    return emg is not None and all(channel.unit == "uV" for channel in emg.channels)
