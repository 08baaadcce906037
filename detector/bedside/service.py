"""The bedside: hears collectors and detector, decides what is to sound and be told, and obeys people.

It knows MQTT's topics, not its sockets. Whatever fails, the sound comes first: a full disk, a broker that is away and a
push process that hangs are told as faults, and keep nothing else from its work.
"""

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import version
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.codec import RefusalCounter, decode_block, decode_json, encode_json
from collector.contract.errors import ContractError, Inconsistent
from collector.contract.messages import Buzz, Faults, Health, Status
from collector.contract.names import SMOKE_TEST
from collector.contract.topics import Place, parse
from detector.alarm.messages import AlarmState, Command, FaultKind, FeltCramp, Verdict
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside import home_assistant, inbox
from detector.bedside.bed import Bed, BedMemory
from detector.bedside.news import news
from detector.bedside.records import Queue, Records
from detector.bedside.recurring import Recurring
from detector.catalogue.catalogue import load
from detector.diary.diary import Diary
from detector.diary.entries import Said
from detector.messages import EventMessage
from detector.sight import Seen

HEARD: tuple[str, ...] = ("status", "health", "fault", "watch", "event", "temp")
"""What makes a place known."""
ASKED: tuple[str, ...] = ("cmd/alarm", "cmd/verdict", "cmd/diary")
"""What people say, of places that are known."""
SIGN_OF_LIFE_S = 60.0
"""How often the state is told again while it stays the same."""
LOOK_EVERY_S = 1.0
"""How often is asked what time has brought: no end, no grace and no ring but the first needs it sooner."""

_log = logging.getLogger(__name__)


class Publish(Protocol):
    """Hands messages to the broker; while there is none, they are dropped: what still holds is said when it is back."""

    def __call__(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send with QoS 1."""


class Sounds(Protocol):
    """Makes sounds, without waiting for them."""

    @property
    def trouble(self) -> str | None:
        """Why the last one was none."""

    def sound(self, ring: Ring, place: Place, text: str) -> None:
        """Begin to make one."""

    def look(self) -> None:
        """See what has become of those before."""

    def close(self) -> None:
        """Be silent."""


class Ways(NamedTuple):
    """The ways out of the bedside, and what people say."""

    diary: Diary
    sounds: Sounds
    queue: Queue
    publish: Publish


class Bedside:
    """The alarms of every place that is configured or heard of.

    All methods are called from one thread, `tick` several times a second, with a broker or without. `now_ns` is the
    time of day. `database_trouble` says why the nights' database takes nothing, if that is so.
    """

    def __init__(
        self,
        settings: AlarmSettings,
        zone: ZoneInfo,
        places: Iterable[Place],
        ways: Ways,
        now_ns: Callable[[], int] = time.time_ns,
        database_trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._zone = zone
        self._ways = ways
        self._now_ns = now_ns
        self._database_trouble = database_trouble
        self._catalogue = load(settings.language)
        self._broker_trouble: str | None = "not connected yet"
        self._beds: dict[Place, Bed] = {}
        self._shown: dict[Place, AlarmState] = {}
        self._records = Records(ways.diary, ways.queue, now_ns)
        self._look, self._life = Recurring(LOOK_EVERY_S), Recurring(SIGN_OF_LIFE_S)
        self.refusals = RefusalCounter()
        for place in (*ways.diary.places(), *places):
            self._bed(place)

    # What comes in

    def connected(self) -> None:
        """The broker is there: say how things stand, and nothing of what has passed."""
        self._broker_trouble = None
        self._life.bring_forward()
        for place in self._beds:
            self._announce(place)

    def disconnected(self, trouble: str) -> None:
        """The broker is away."""
        self._broker_trouble = trouble

    def message(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Take in one message; one that breaks the contract is counted, and its reason logged once."""
        try:
            if home_assistant.is_birth(topic, payload):
                for place in self._beds:
                    self._announce(place)
                return
            place, what = parse(topic)
            if place.wearer == SMOKE_TEST:
                return
            if what in ASKED:
                self._asked(place, what, payload, retained=retained)
            elif what in HEARD:
                bed = self._bed(place)
                self._heard(bed, what, payload, retained=retained)
                self._act(bed)
        except ContractError as refusal:
            self._refuse(topic, refusal)

    def tick(self) -> None:
        """Do what is due."""
        self._ways.sounds.look()
        self._read_diary()
        if self._look.due(self._now_ns()):
            for bed in self._beds.values():
                self._act(bed)
        if self._life.due(self._now_ns()):
            self._show_life()

    def close(self) -> None:
        """Be silent; who looks at the broker sees that nobody is there, and a later start goes on from here."""
        self._ways.sounds.close()
        for place in self._beds:
            self._ways.publish(place.topic("state"), b"", retain=True)

    def _heard(self, bed: Bed, what: str, payload: bytes, *, retained: bool) -> None:
        now_ns = self._now_ns()
        match what:
            case "status":
                bed.status(decode_json(payload, Status), now_ns)
            case "health":
                bed.health(decode_json(payload, Health), now_ns)
            case "fault":
                bed.reported(decode_json(payload, Faults), now_ns)
            case "watch":
                bed.seen(decode_json(payload, Seen), now_ns, retained=retained)
            case "event":
                bed.event(decode_json(payload, EventMessage), now_ns)
            case "temp":
                bed.temperature(decode_block(payload), now_ns)

    # What people say

    def _asked(self, place: Place, what: str, payload: bytes, *, retained: bool) -> None:
        """Everything that is said goes into the diary, and is read from there, whichever way it came."""
        if retained:
            raise inbox.Stale(f"a retained {what} would be obeyed again at each start; send it without the retain flag")
        if place not in self._beds:
            raise Inconsistent(f"there is no alarm for wearer {place.wearer} at {place.site}")
        said = self._understood(self._beds[place], what, payload)
        if self._records.add(place, said):
            self._read_diary()
        else:
            self._obey(place, said, None)

    def _understood(self, bed: Bed, what: str, payload: bytes) -> Command | Verdict | FeltCramp:
        now_ns = self._now_ns()
        if what == "cmd/alarm":
            command = inbox.command(payload, now_ns)
            inbox.check_fresh(command, now_ns)
            return command
        if what == "cmd/verdict":
            return inbox.verdict(payload, now_ns, bed.latest_event)
        return inbox.felt(payload, now_ns)

    def _read_diary(self) -> None:
        for entry in self._records.news():
            self._obey(entry.place, entry.said, entry.row)

    def _obey(self, place: Place, said: Said, row: int | None) -> None:
        if not isinstance(said, Command | Verdict):
            return
        bed, now_ns = self._bed(place), self._now_ns()
        try:
            if isinstance(said, Verdict):
                bed.verdict(said, now_ns)
            else:
                bed.command(said, now_ns)
        except ContractError as refusal:
            self._refuse(f"the diary, for {place.wearer} at {place.site}", refusal)
        self._act(bed, obeyed=row)

    # What goes out

    def _act(self, bed: Bed, obeyed: int | None = None) -> None:
        """Do all that follows from what a bed knows, the sound first."""
        now_ns = self._now_ns()
        for kind, trouble in self._troubles():
            bed.host(kind, now_ns, trouble)
        bed.look(now_ns)
        if ring := bed.ring(now_ns):
            self._ways.sounds.sound(ring, bed.place, bed.words(ring, now_ns))
            self._ways.publish(bed.place.topic("cmd/buzz"), encode_json(Buzz(kind=ring.kind, t_ns=now_ns)))
            bed.sounded(ring, self._now_ns())
        state = bed.state(now_ns)
        self._records.queue(bed.notes(state.text, now_ns))
        self._show(bed, state)
        self._records.file(bed.place, partial(bed.memory, now_ns), state, bed.said(), obeyed=obeyed)

    def _troubles(self) -> list[tuple[FaultKind, str | None]]:
        """What may be wrong with what all places share."""
        return [
            ("broker", self._broker_trouble),
            ("disk", self._records.trouble),
            ("no_sound", self._ways.sounds.trouble),
            ("database", self._database_trouble()),
        ]

    def _show(self, bed: Bed, state: AlarmState) -> None:
        """Tell the state where it has changed, and what is new in it."""
        shown = self._shown.get(bed.place)
        if shown and msgspec.structs.replace(shown, t_ns=state.t_ns) == state:
            return
        self._publish_state(bed.place, state)
        for item in news(shown, state):
            self._ways.publish(bed.place.topic("news"), encode_json(item))

    def _show_life(self) -> None:
        """Say that the bedside is there, and the night's figures."""
        now_ns = self._now_ns()
        for place, bed in self._beds.items():
            state = bed.state(now_ns)
            self._publish_state(place, state)
            self._ways.publish(place.topic("tonight"), encode_json(bed.tonight(now_ns)), retain=True)
            self._records.file(place, partial(bed.memory, now_ns), state, even_so=True)

    def _publish_state(self, place: Place, state: AlarmState) -> None:
        self._shown[place] = state
        self._ways.publish(place.topic("state"), encode_json(state), retain=True)

    def _announce(self, place: Place) -> None:
        for message in home_assistant.announce(place, version("crampwatch"), self._catalogue):
            self._ways.publish(message.topic, message.payload, retain=message.retain)

    def _bed(self, place: Place) -> Bed:
        if place not in self._beds:
            memory = self._ways.diary.memory(place, BedMemory)
            self._beds[place] = Bed(place, self._settings, self._zone, self._catalogue, self._now_ns(), memory)
            if self._broker_trouble is None:
                self._announce(place)
        return self._beds[place]

    def _refuse(self, source: str, refusal: ContractError) -> None:
        if self.refusals.count(refusal):
            _log.warning("refused a message on %s (%s): %s", source, refusal.reason, refusal)
