"""A session's journal as a recording."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from collector.contract.channel_roles import LeftOut
from collector.contract.errors import BadRecording, ContractError
from collector.contract.journal import Journal
from collector.contract.messages import STREAMS, SampleBlock, StreamKind
from collector.contract.recording import Gap, StreamInfo
from collector.contract.salvage import UNREADABLE
from collector.contract.topics import Place

ORDER: tuple[StreamKind, ...] = ("acc", "temp", "emg")
"""Motion has to be known when the EMG is judged."""


class JournalRecording:
    """A recording from a journal, of a session that has ended or is still going on. Raises BadRecording."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        self.left_out: tuple[LeftOut, ...] = ()
        with _opened(path) as journal:
            header, ended = journal.header, journal.ended
            firsts, lasts = journal.first_blocks(), journal.last_blocks()
            self._jumps = journal.jumps()
        if "emg" not in firsts:
            raise BadRecording(f"{path.name}: holds no EMG; was the sensor ever connected?")
        self.place = Place(header.wearer, header.site)
        self.session = header.session
        self.timezone: str | None = _known_zone(path, header.timezone)
        self.streams: Mapping[StreamKind, StreamInfo] = {
            kind: StreamInfo(firsts[kind].fs, firsts[kind].channels) for kind in STREAMS if kind in firsts
        }
        self.start_ns = min(block.t0_ns for block in firsts.values())
        self.end_ns = max(block.end_ns for block in lasts.values())
        self.cut_short: str | None = None
        self.notes: tuple[str, ...] = () if ended else ("the session was not brought to its end",)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What was lost within each stream."""
        return tuple(Gap(*jump) for jump in self._jumps)

    def blocks(self, block_s: float) -> Iterator[SampleBlock]:
        """The journal's blocks, joined to at most about `block_s`, accelerometer first.

        A block that is longer already is passed on as it is.
        """
        pending: dict[StreamKind, list[SampleBlock]] = {kind: [] for kind in ORDER}
        numbers = dict.fromkeys(ORDER, 0)
        with _opened(self._path) as journal:
            for block in journal.blocks():
                pending[block.stream].append(block)
                if _seconds(pending[block.stream]) >= block_s:
                    yield from _flush(pending, numbers)
        yield from _flush(pending, numbers)


@contextmanager
def _opened(path: Path) -> Iterator[Journal]:
    """The journal for reading; what is damaged in it raises BadRecording."""
    with Journal.open(path, read_only=True) as journal:
        try:
            yield journal
        except (*UNREADABLE, ContractError) as error:
            raise BadRecording(f"{path.name}: the journal is damaged ({error})") from error


def _flush(pending: dict[StreamKind, list[SampleBlock]], numbers: dict[StreamKind, int]) -> Iterator[SampleBlock]:
    for kind, blocks in pending.items():
        for joined in _joined(blocks):
            yield msgspec.structs.replace(joined, seq=numbers[kind])
            numbers[kind] += 1
        blocks.clear()


def _joined(blocks: list[SampleBlock]) -> Iterator[SampleBlock]:
    """Blocks of one stream with those put together that follow each other without a gap or a change of clock."""
    runs: list[list[SampleBlock]] = []
    for block in blocks:
        if runs and _follows(runs[-1][-1], block):
            runs[-1].append(block)
        else:
            runs.append([block])
    for run in runs:
        yield msgspec.structs.replace(run[0], samples=b"".join(block.samples for block in run))


def _follows(before: SampleBlock, block: SampleBlock) -> bool:
    same = (before.clock, before.channels, before.dtype) == (block.clock, block.channels, block.dtype)
    return same and before.end_index == block.first_index


def _known_zone(path: Path, name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: `Europe` is a folder
        raise BadRecording(f"{path.name}: its time zone {name!r} is not known here; install tzdata") from error


def _seconds(blocks: list[SampleBlock]) -> float:
    return sum(block.count / block.fs for block in blocks)
