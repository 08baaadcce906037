"""A session: one night of one wearer at one site, kept in one journal; begun, continued, and brought to its end."""

import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from collector.block_builder import BlockBuilder
from collector.contract.codec import decode_block
from collector.contract.errors import BadRecording
from collector.contract.journal import SUFFIX, Header, Journal, StreamEnd
from collector.contract.messages import NS, SampleBlock, StreamKind
from collector.contract.nights import night_of
from collector.devices.decoder import Samples
from collector.devices.profile import DeviceInfo, Stream
from collector.settings import CollectorSettings
from collector.stream_track import Placement, StreamTrack
from collector.time_source import CLOCK_STEP_NS, TimeSource

log = logging.getLogger(__name__)

NAME_CHARS = 36
"""How much of wearer and site goes into a session id, which may have 96 characters; the header has them whole."""
Streams = tuple[Stream, ...]
"""All streams of a session, in the order of its devices."""
_PLACEMENT = "placement "
"""Notes that begin like this hold a Placement as JSON."""


class NightSession:
    """Samples go in, blocks are kept in the journal. Nothing is published that is not in the journal first."""

    def __init__(
        self, journal: Journal, path: Path, streams: Streams, settings: CollectorSettings, time: TimeSource
    ) -> None:
        self.journal = journal
        self.path = path
        self.night = night_of(journal.header.started_ns, settings.zone)
        self._time = time
        self._streams = streams
        self._complete: list[SampleBlock] = []
        self._placements: list[str] = []  # notes, kept with the next commit: the disk may be full
        # A commit in a thread goes on after the task that waited for it was cancelled; `close` has to wait for it.
        self._writing = threading.Lock()
        kept = dict(_continuations(journal))
        # One for all streams, whichever link they come by and whenever they begin: it is what keeps them together.
        # A clock that was set back a little while the collector was away must not make the session's time run back.
        self.wall_offset_ns = time.wall_offset_ns() + time.set_back_ns(_last_ns(kept.values()))
        kinds = tuple(stream.kind for stream in streams)
        self.tracks: dict[StreamKind, StreamTrack] = {}
        for stream in streams:
            past = kept.get(stream.kind, _NOTHING_KEPT)
            builder = BlockBuilder(journal.header.session, kinds, stream, settings.block_s, past.end)
            known = past.last.clock if past.last else None
            clock = time.sample_clock(stream.rate_hz, stream.rate_tolerance, self.wall_offset_ns, known)
            self.tracks[stream.kind] = StreamTrack(stream, builder, clock, self._remember, past.placement)

    @classmethod
    def begin(
        cls,
        streams: Streams,
        device: str,
        settings: CollectorSettings,
        time: TimeSource,
        ended: Callable[[Path], object] = lambda _: None,
    ) -> "NightSession":
        """Go on with tonight's open session of this place and these streams, or begin one.

        Other open sessions of the place are brought to their end, and `ended` is told: those of past nights, those of
        other streams, and those whose samples lie in the future, dated by a clock that has been set back since.

        `device` is for the journal's header: what the streams come from, in words.

        Raises BadRecording when the journal cannot be written.
        """
        now_ns = time.night_ns()
        night = night_of(now_ns, settings.zone)
        for journal, path in journals(settings):
            tonight = night_of(journal.header.started_ns, settings.zone) == night
            if tonight and not journal.ended and _suits(journal, streams) and not _was_set_back(journal, time):
                return cls(journal, path, streams, settings, time)
            if _end_left_open(journal):
                ended(path)
            journal.close()
        session = (
            f"{night.isoformat()}_{settings.wearer[:NAME_CHARS]}_{settings.site[:NAME_CHARS]}_{secrets.token_hex(2)}"
        )
        header = Header(
            session=session,
            wearer=settings.wearer,
            site=settings.site,
            started_ns=now_ns,
            timezone=settings.timezone,
            device=device,
        )
        path = settings.data_directory / f"{session}{SUFFIX}"
        return cls(Journal.create(path, header), path, streams, settings, time)

    def suits(self, streams: Streams) -> bool:
        """Whether these streams can go on in this session: their rates and channels are the same."""
        return self._streams == streams

    def link_up(self, info: DeviceInfo) -> dict[StreamKind, int]:
        """A device is connected; the device indices to ask for, of its streams that can go on where they stopped."""
        resume = {stream.kind: self.tracks[stream.kind].link_up(info.boot) for stream in info.streams}
        return {kind: index for kind, index in resume.items() if index is not None}

    def accept(self, samples: Samples, arrival_ns: int) -> None:
        """Take in a packet's samples; `commit` keeps what became complete."""
        track = self.tracks[samples.stream]
        self._complete += track.accept(samples, arrival_ns)

    def commit(self, *, in_place_of_oldest: bool = False) -> None:
        """Put the complete blocks into the journal, if wanted in place of the oldest published ones.

        Raises sqlite3.OperationalError when the disk does not take them; they wait for the next commit then.
        """
        with self._writing:
            while self._placements:  # before the blocks that are numbered by them
                self.journal.note(self._time.night_ns(), self._placements[0])
                del self._placements[0]
            if blocks := tuple(self._complete):
                self.journal.append(blocks, in_place_of_oldest=in_place_of_oldest)
                del self._complete[: len(blocks)]

    def close(self, *, end: bool) -> None:
        """Keep what has not filled a block yet; with `end` the session is complete. The journal is closed."""
        for track in self.tracks.values():
            self._complete += track.flush()
        self.commit()
        if end:
            self.journal.end()
        self.journal.close()

    def _remember(self, placement: Placement) -> None:
        self._placements.append(_PLACEMENT + msgspec.json.encode(placement).decode())


def journals(settings: CollectorSettings) -> Iterator[tuple[Journal, Path]]:
    """All journals of this wearer and site, opened, the oldest first; to be closed by the caller."""
    for path in sorted(settings.data_directory.glob(f"*{SUFFIX}")):
        try:
            journal = Journal.open(path)
        except BadRecording as error:
            log.warning("%s; it is left alone", error)
            continue
        if (journal.header.wearer, journal.header.site) == (settings.wearer, settings.site):
            yield journal, path
        else:
            journal.close()


def _end_left_open(journal: Journal) -> bool:
    """Bring a session that was left open to its end; whether it was and could be."""
    try:
        if journal.ended:
            return False
        journal.end()
    except sqlite3.Error as error:  # a damaged file of the past must not keep the new night from beginning
        log.error("Session %s cannot be brought to its end: %s", journal.header.session, error)
        return False
    return True


class _Kept(NamedTuple):
    """How far a journal holds a stream."""

    end: StreamEnd
    last: SampleBlock | None
    placement: Placement | None


_NOTHING_KEPT = _Kept(StreamEnd(0, 0), None, None)


def _continuations(journal: Journal) -> Iterable[tuple[StreamKind, _Kept]]:
    placements = {
        placement.stream: placement
        for _, text in journal.notes()
        if text.startswith(_PLACEMENT)
        for placement in [msgspec.json.decode(text.removeprefix(_PLACEMENT), type=Placement)]
    }
    for kind, end in journal.ends().items():
        row = journal.row_of(kind, end.next_seq - 1)
        assert row is not None
        (entry,) = journal.read(after=row - 1, limit=1)
        yield kind, _Kept(end, decode_block(entry.payload), placements.get(kind))


def _last_ns(kept: Iterable[_Kept]) -> int:
    """The end of what a journal holds; 0 when that is nothing."""
    return max((each.last.end_ns for each in kept if each.last), default=0)


def _was_set_back(journal: Journal, time: TimeSource) -> bool:
    """Whether the host's clock was set back since this journal was written, by more than a session bears."""
    by_ns = time.set_back_ns(_last_ns(kept for _, kept in _continuations(journal)))
    if by_ns <= CLOCK_STEP_NS:
        return False
    session = journal.header.session
    log.warning("The host's clock was set back by %.0f s since session %s; a new one begins.", by_ns / NS, session)
    return True


def _suits(journal: Journal, streams: Streams) -> bool:
    """Whether the streams in the journal are these, so that one session may hold both."""
    wanted = {stream.kind: stream for stream in streams}
    return all(
        kept.last is None or (kind in wanted and _is_of(kept.last, wanted[kind], tuple(wanted)))
        for kind, kept in _continuations(journal)
    )


def _is_of(block: SampleBlock, stream: Stream, kinds: tuple[StreamKind, ...]) -> bool:
    return block.fs == stream.rate_hz and block.channels == stream.channels and block.streams == kinds
