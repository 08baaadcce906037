"""One session being watched: its blocks put in order, judged, and gathered into batches for the night store."""

import zlib

import msgspec

from collector.contract.errors import Inconsistent
from collector.contract.messages import STREAMS, SampleBlock, StreamKind
from collector.contract.topics import Place
from detector.batch import Batch, SessionInfo
from detector.events import Event
from detector.pipeline import CrampDetector
from detector.sequencer import Position, Sequencer
from detector.settings import DetectorSettings
from detector.sight import Sight
from detector.snapshot import SnapshotMismatch
from detector.temperature import MinuteMeans
from detector.version import VERSION

_CHECKSUM_BYTES = 4


class _State(msgspec.Struct):
    """Everything a watch remembers."""

    info: SessionInfo
    positions: dict[StreamKind, Position]
    detector: bytes
    temperature: MinuteMeans
    sight: Sight
    start_ns: int
    end_ns: int


class Watch:
    """Watches one session of one wearer at one site. Time comes in from outside; the samples bring their own."""

    def __init__(self, info: SessionInfo, settings: DetectorSettings) -> None:
        self.info = info
        self._settings = settings
        self.sequencer = Sequencer(info.streams)
        self._detector = CrampDetector(info.place, info.session, info.streams, settings)
        self._temperature = MinuteMeans()
        self.sight = Sight(since_ns=0)
        self.start_ns = self.end_ns = 0
        self._events: list[Event] = []
        self._temperatures: dict[int, float] = {}

    @classmethod
    def restore(cls, state: bytes, settings: DetectorSettings) -> "Watch":
        """Go on from a batch's snapshot; raises SnapshotMismatch for one of another rule or version, or damaged."""
        content = state[_CHECKSUM_BYTES:]
        if state[:_CHECKSUM_BYTES] != _checksum(content):
            raise SnapshotMismatch("the snapshot is damaged: its checksum does not match")
        try:
            saved = msgspec.msgpack.decode(content, type=_State)
        except msgspec.DecodeError as error:
            raise SnapshotMismatch(f"the snapshot was written by another version: {error}") from error
        watch = cls(saved.info, settings)
        watch._detector = CrampDetector.restore(saved.detector, settings)
        watch.sequencer = Sequencer(saved.info.streams, saved.positions)
        watch._temperature, watch.sight = saved.temperature, saved.sight
        watch.start_ns, watch.end_ns = saved.start_ns, saved.end_ns
        return watch

    def may_hold(self, block: SampleBlock) -> bool:
        """Whether the block names the streams of this session."""
        return set(block.streams) == set(self.info.streams)

    def offer(self, block: SampleBlock, now_s: float) -> None:
        """Take in a block; raises Inconsistent for one that cannot belong to this session."""
        if not self.may_hold(block):
            raise Inconsistent(f"streams {block.streams} in a session that began with {self.info.streams}")
        self._judge(self.sequencer.offer(block, now_s))

    def expire(self, now_s: float, give_up_s: float) -> None:
        """Go on behind holes that were waited for in vain."""
        self._judge(self.sequencer.expire(now_s, give_up_s))

    @property
    def has_events(self) -> bool:
        """Whether an event has been decided since the last batch."""
        return bool(self._events)

    def take_batch(self) -> Batch:
        """Everything since the last batch, with the snapshot from which watching continues."""
        events, self._events = self._events, []
        temperatures, self._temperatures = self._temperatures, {}
        frames = self._detector.take_frames()
        if frames is not None:
            self.sight.frames(frames)
        return Batch(
            info=self.info,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            events=events,
            frames=frames,
            temperatures=list(temperatures.items()),
            snapshot=self._snapshot(),
        )

    def closing_batch(self, *, complete: bool) -> Batch:
        """What would be decided if nothing followed. The watch itself stays open, should something follow after all."""
        last = CrampDetector.restore(self._detector.snapshot(), self._settings)
        return Batch(
            info=self.info,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            events=last.finish(),
            frames=last.take_frames(),
            complete=complete,
            announced=complete,
        )

    def _judge(self, blocks: list[SampleBlock]) -> None:
        refusal = None
        for block in blocks:
            try:
                self._push(block)
            except Inconsistent as error:  # this block is lost, those behind it are not
                refusal = error
        if refusal:
            raise refusal

    def _push(self, block: SampleBlock) -> None:
        for event in self._detector.push(block):
            self._events.append(event)
            self.sight.event(event)
        if block.stream == "temp":
            self._temperatures.update(self._temperature.push(block))
        self.start_ns = min(self.start_ns or block.t0_ns, block.t0_ns)
        self.end_ns = max(self.end_ns, block.end_ns)
        self.sight.since_ns = self.sight.since_ns or block.t0_ns

    def _snapshot(self) -> bytes:
        state = _State(
            self.info,
            self.sequencer.positions,
            self._detector.snapshot(),
            self._temperature,
            self.sight,
            self.start_ns,
            self.end_ns,
        )
        content = msgspec.msgpack.encode(state)
        return _checksum(content) + content


def _checksum(content: bytes) -> bytes:
    """What shows that a bad disk changed a bit: most of a snapshot is numbers, and any others would do as well."""
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big")


def session_info(
    place: Place, session: str, streams: tuple[StreamKind, ...], settings: DetectorSettings, *, simulated: bool
) -> SessionInfo:
    """How a session is watched with these settings."""
    return SessionInfo(
        wearer=place.wearer,
        site=place.site,
        session=session,
        streams=tuple(stream for stream in STREAMS if stream in streams),
        detector_version=VERSION,
        parameters=settings.parameters,
        parameters_hash=settings.hash,
        simulated=simulated,
    )
