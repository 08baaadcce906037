"""The detector service: messages in, events, states and acknowledgements out. It knows MQTT's topics, not its sockets.

What was derived is committed to the night store before anything is said about it, unless the disk takes nothing. After
a crash the service goes on from the last commit and asks the collector for everything behind it, so that nothing is
lost and nothing told twice with another content.
"""

import logging
import sqlite3
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import ParamSpec, Protocol

import msgspec

from collector.contract.codec import RefusalCounter, decode_block, decode_json, encode_json
from collector.contract.errors import ContractError, Inconsistent
from collector.contract.messages import NS, Ack, Health, ReplayRequest, SampleBlock, Status, StreamKind
from collector.contract.topics import Place, parse, stream_of
from detector import texts
from detector.batch import Batch
from detector.collector_clock import CollectorClock
from detector.events import Event, Stage
from detector.messages import decided_ns, event_message
from detector.replay_requests import ReplayRequests
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.sight import Seen, offline
from detector.snapshot import SnapshotMismatch
from detector.store import PUBLISHED_STAGES, NightStore
from detector.watch import Watch, session_info

HEARTBEAT_S = 10.0
"""How often what is seen is said again while nothing changes, so that a detector that falls silent is noticed."""
LISTENED: tuple[str, ...] = ("emg", "acc", "temp", "status", "health")
"""The kinds of message the service subscribes to."""

Arguments = ParamSpec("Arguments")

_log = logging.getLogger(__name__)


class Publish(Protocol):
    """Hands messages to the broker."""

    def __call__(
        self, topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None
    ) -> None:
        """Send, or keep for later; `taken` is called once the broker has taken the message over."""


class _Session:
    """A watch with what the service has to remember about it."""

    def __init__(self, watch: Watch, settings: ServiceSettings, *, complete: bool, replaces: bool) -> None:
        self.watch = watch
        self.requests = ReplayRequests(settings.ask_again_s)
        self.committed_ns = watch.end_ns
        self.heard_s = 0.0
        self.last_seq: dict[StreamKind, int] = {}
        self.complete = complete
        self.unfiled: Batch | None = None  # what the disk did not take
        self.replaces = replaces  # what is in the store was judged by another rule, and goes with the first commit
        self.superseded = False  # a newer session of the place has begun
        self.ending = False  # nothing will follow but what is missing


class DetectorService:
    """Watches every place that sends; several wearers and sites at once.

    `connected`, `message` and `tick` are called from one thread, `tick` about once a second while there is a broker.
    `now_ns` is the time of day, `monotonic_s` a clock that only moves forward.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        detector_settings: DetectorSettings,
        store: NightStore,
        publish: Publish,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._detector_settings = detector_settings
        self._store = store
        self._publish = publish
        self._now_ns = now_ns
        self._monotonic_s = monotonic_s
        self._sessions: dict[tuple[Place, str], _Session] = {}
        self._offline: set[Place] = set()  # whose collector is away
        self._shown: dict[Place, tuple[Seen, float]] = {}  # what was said last, and when
        self._clocks: defaultdict[Place, CollectorClock] = defaultdict(CollectorClock)
        self._unnoted: deque[tuple[str, Stage, int]] = deque()  # what the broker has taken over, and when
        self._disk_refuses = False
        self.refusals = RefusalCounter()
        for stored in store.sessions():
            if not stored.complete:
                self._open(stored.info.place, stored.info.session, stored.info.streams, stored.start_ns)

    def connected(self) -> None:
        """The broker is there: say what is due, and ask for everything that is not in the store yet."""
        self.tell_again()
        self._shown.clear()  # the broker may have forgotten it
        for (place, _), session in self._sessions.items():
            if not session.complete:
                self._show(place, session)
                session.watch.sequencer.hold(self._monotonic_s())
                self._request(place, session, session.watch.sequencer.next_seq)

    def tell_again(self) -> None:
        """Publish once more the events that the broker has not taken over."""
        for event in self._store.undelivered():
            self._tell(event)

    def message(self, topic: str, payload: bytes) -> None:
        """Take in one message; one that breaks the contract is counted, and its reason logged once."""
        try:
            place, what = parse(topic)
            if what == "status":
                self._status(place, decode_json(payload, Status))
            elif what == "health":
                self._health(place, decode_json(payload, Health))
            elif stream := stream_of(what):
                self._block(place, stream, decode_block(payload))
        except ContractError as refusal:
            self._refuse(topic, refusal)

    def tick(self) -> None:
        """Look after holes and endings; about once a second."""
        now_s = self._monotonic_s()
        for (place, _), session in list(self._sessions.items()):
            sequencer = session.watch.sequencer
            if place in self._offline:
                sequencer.hold(now_s)
            elif session.requests.due(sequencer.missing(), now_s):
                self._request(place, session, sequencer.missing())
            try:
                session.watch.expire(now_s, self._settings.give_up_s)
            except ContractError as refusal:
                self._refuse(place.topic(session.watch.info.session), refusal)
            if self._is_superseded(place, session) and now_s - session.heard_s >= self._settings.give_up_s:
                session.ending = True
            self._proceed(place, session)
            self._show(place, session)
        self._note()

    def close(self) -> None:
        """Stop watching: what is open is filed as far as it goes, and a later start goes on where this one stopped."""
        for (place, _), session in self._sessions.items():
            if not session.complete and session.watch.start_ns:
                self._commit(place, session)
                if not session.unfiled:
                    self._kept(self._store.commit, session.watch.closing_batch(complete=False))
                self._publish_seen(place, offline(session.watch.end_ns, texts.STOPPED))

    def _status(self, place: Place, status: Status) -> None:
        if status.state == "offline":
            self._offline.add(place)
            self._publish_seen(place, offline(self._last_data_ns(place) or status.t_ns, texts.OFFLINE))
            return
        returned = place in self._offline
        self._offline.discard(place)
        if status.session is None:
            return
        session = self._sessions.get((place, status.session))
        if session is None and status.last_seq:
            session = self._open(place, status.session, tuple(status.last_seq))
        if session is not None:
            session.ending, session.last_seq = status.state == "ended", status.last_seq
            session.watch.sequencer.expect(status.last_seq, self._monotonic_s())
            if returned:
                self._request(place, session, session.watch.sequencer.next_seq)
            self._proceed(place, session)
            self._show(place, session)
            self._show_end(place)

    def _health(self, place: Place, health: Health) -> None:
        self._kept(self._store.file_health, place, health)
        if step := self._clocks[place].heard(health.t_ns, self._now_ns()):
            _log.warning(texts.CLOCKS_DIFFER, place.wearer, place.site, step)

    def _block(self, place: Place, stream: StreamKind, block: SampleBlock) -> None:
        if block.stream != stream:
            raise Inconsistent(f"a block of {block.stream} on the topic of {stream}")
        session = self._sessions.get((place, block.session))
        if session is None or not (session.watch.start_ns or session.watch.may_hold(block)):
            session = self._open(place, block.session, block.streams, block.t0_ns)
        session.heard_s = self._monotonic_s()
        try:
            session.watch.offer(block, session.heard_s)
        finally:
            self._proceed(place, session)

    def _open(self, place: Place, name: str, streams: tuple[StreamKind, ...], start_ns: int = 0) -> _Session:
        """Begin or go on to watch a session; those of the same place that began earlier will come to their end."""
        session = self._session(place, name, streams)
        session.heard_s = self._monotonic_s()
        if known := self._sessions.get((place, name)):  # so far only its end was known
            session.ending, session.last_seq = known.ending, known.last_seq
            session.watch.sequencer.expect(known.last_seq, session.heard_s)
        for key, other in list(self._sessions.items()):
            if key[0] == place and key[1] != name:
                other.superseded |= other.watch.start_ns < start_ns
                if other.superseded and other.complete:
                    del self._sessions[key]
        self._sessions[place, name] = session
        return session

    def _session(self, place: Place, name: str, streams: tuple[StreamKind, ...]) -> _Session:
        """A session as the store knows it, or a new one."""
        complete, snapshot = self._store.is_complete(place, name), self._store.snapshot(place, name)
        if snapshot:
            try:
                watch = Watch.restore(snapshot, self._detector_settings)
                return _Session(watch, self._settings, complete=complete, replaces=False)
            except SnapshotMismatch as mismatch:
                if complete:
                    raise Inconsistent(f"session {name} was watched to its end by another rule: {mismatch}") from None
                _log.warning("session %s is judged again from its first sample: %s", name, mismatch)
        info = session_info(place, name, streams, self._detector_settings, simulated=self._settings.simulated)
        watch = Watch(info, self._detector_settings)
        return _Session(watch, self._settings, complete=False, replaces=snapshot is not None)

    def _proceed(self, place: Place, session: _Session) -> None:
        """Commit and complete what is due."""
        watch = session.watch
        if session.complete and watch.end_ns > session.committed_ns:
            session.complete = session.ending = False  # the collector has taken the night up again
        if watch.has_events or watch.end_ns - session.committed_ns >= self._settings.commit_every_s * NS:
            self._commit(place, session)
        if session.ending and not session.complete and not watch.sequencer.missing():
            self._complete(place, session)

    def _commit(self, place: Place, session: _Session) -> None:
        watch = session.watch
        batch = watch.take_batch()
        filed = self._file(place, session, batch)
        session.committed_ns = watch.end_ns
        for event in batch.events:
            self._tell(event)
        self._show(place, session)
        if not filed:
            return
        ack = Ack(session=watch.info.session, next_seq=watch.sequencer.next_seq, t_ns=self._time_ns(place, watch))
        self._publish(place.topic("ack"), encode_json(ack), retain=True)

    def _complete(self, place: Place, session: _Session) -> None:
        if not session.watch.start_ns:
            session.complete = True
            return  # nothing of it ever came
        self._commit(place, session)
        closing = session.watch.closing_batch(complete=True)
        if session.unfiled or not self._kept(self._store.commit, closing):
            return  # the next tick tries again
        session.complete = True
        for event in closing.events:
            self._tell(event)
        self._show_end(place)

    def _file(self, place: Place, session: _Session, batch: Batch) -> bool:
        """Whether the store has everything up to this batch.

        What the disk does not take waits in memory, 4 MB for an hour of one channel. Should the process end before
        there is room, it is judged again from the journal: its snapshot is filed together with the curves.
        """
        due = session.unfiled.followed_by(batch) if session.unfiled else batch
        if session.replaces and self._kept(self._store.forget, place, session.watch.info.session):
            session.replaces = False
        filed = not session.replaces and self._kept(self._store.commit, due)
        session.unfiled = None if filed else due
        if filed and self._disk_refuses:
            self._disk_refuses = False
            _log.warning("The night store takes everything again.")
        elif not filed and due.events:
            self._kept(self._store.commit, due.without_curves)
        return filed

    def _kept(self, write: Callable[Arguments, None], *arguments: Arguments.args, **named: Arguments.kwargs) -> bool:
        """Whether the disk took it; an alert is worth more than its record, so the night goes on if it did not."""
        try:
            write(*arguments, **named)
        except sqlite3.OperationalError as error:
            if not self._disk_refuses:
                _log.error("%s", texts.DISK_REFUSES.format(error))
            self._disk_refuses = True
            return False
        return True

    def _tell(self, event: Event) -> None:
        """Publish an event, and note in the store when the broker has taken it over."""
        if event.stage not in PUBLISHED_STAGES:
            return
        place = Place(event.wearer, event.site)
        session = self._sessions.get((place, event.session))
        now_ns = self._time_ns(place, session.watch if session else None)
        late = now_ns - decided_ns(event) > self._settings.late_after_s * NS
        self._publish(
            place.topic("event"),
            encode_json(event_message(event, late=late, t_ns=now_ns)),
            taken=lambda: self._note_delivered(event, now_ns),
        )

    def _note_delivered(self, event: Event, now_ns: int) -> None:
        self._unnoted.append((event.id, event.stage, now_ns))
        self._note()

    def _note(self) -> None:
        """Note what the broker has taken over; where the disk refuses, the next tick tries again."""
        while self._unnoted and self._kept(self._store.delivered, *self._unnoted[0]):
            self._unnoted.popleft()

    def _show(self, place: Place, session: _Session) -> None:
        """Publish what is seen at the place, where it is due."""
        watch = session.watch
        if place in self._offline or session.ending or session.complete or not watch.start_ns:
            return
        if self._is_superseded(place, session):
            return
        late = self._time_ns(place, watch) - watch.end_ns > self._settings.late_after_s * NS
        seen = watch.sight.seen()
        if late:
            seen = msgspec.structs.replace(offline(watch.end_ns, texts.LATE), judged_ns=seen.judged_ns)
        self._publish_seen(place, seen, watch)

    def _show_end(self, place: Place) -> None:
        """Publish that the recording has ended, once nothing of the place is under way."""
        sessions = [session for (there, _), session in self._sessions.items() if there == place]
        if all(session.complete for session in sessions) and any(session.watch.start_ns for session in sessions):
            self._publish_seen(place, offline(self._last_data_ns(place), texts.ENDED))

    def _publish_seen(self, place: Place, seen: Seen, watch: Watch | None = None) -> None:
        """Say what is seen when it has changed, and now and then that it has not."""
        now_s = self._monotonic_s()
        shown, shown_s = self._shown.get(place, (None, 0.0))
        changed = shown is None or (shown.state, shown.event_id, shown.text) != (seen.state, seen.event_id, seen.text)
        if changed or now_s - shown_s >= HEARTBEAT_S:
            self._shown[place] = seen, now_s
            told = msgspec.structs.replace(seen, t_ns=self._time_ns(place, watch))
            self._publish(place.topic("watch"), encode_json(told), retain=True)

    def _is_superseded(self, place: Place, session: _Session) -> bool:
        """Whether the place has a newer session.

        One that has ended is none, whatever its times: its collector's clock may have been set back since.
        """
        start_ns = session.watch.start_ns
        under_way = (other for (there, _), other in self._sessions.items() if there == place and not other.complete)
        return session.superseded or any(other.watch.start_ns > start_ns for other in under_way)

    def _last_data_ns(self, place: Place) -> int:
        ends = [(not s.complete, s.watch.end_ns) for (there, _), s in self._sessions.items() if there == place]
        return max(ends, default=(True, 0))[1]

    def _refuse(self, source: str, refusal: ContractError) -> None:
        if self.refusals.count(refusal):
            _log.warning("refused a message on %s (%s): %s", source, refusal.reason, refusal)

    def _request(self, place: Place, session: _Session, from_seq: dict[StreamKind, int]) -> None:
        session.requests.asked(session.watch.sequencer.missing(), self._monotonic_s())
        request = ReplayRequest(session=session.watch.info.session, from_seq=from_seq)
        self._publish(place.topic("cmd/replay"), encode_json(request))

    def _time_ns(self, place: Place, watch: Watch | None) -> int:
        """Now: by the clock that dated the samples, or by the samples themselves where a recording is replayed."""
        if watch and self._settings.clock == "samples":
            return watch.end_ns
        return self._now_ns() - self._clocks[place].behind_ns
