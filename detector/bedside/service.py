"""The bedside: hears collectors and detector, decides what is to sound and be told, and obeys people.

It knows MQTT's topics, not its sockets. Whatever fails, the sound comes first: a full disk, a broker that is away and a
push process that hangs are told as faults, and keep nothing else from its work.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import version
from types import MappingProxyType
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.codec import RefusalCounter, decode_block, decode_json, encode_json
from collector.contract.errors import ContractError, Inconsistent
from collector.contract.messages import NS, Buzz, Faults, Health, Status
from collector.contract.names import SMOKE_TEST
from collector.contract.topics import Place, parse
from detector.alarm.messages import AlarmKind, AlarmState, Command, EveningNote, FaultKind, FeltCramp, Verdict
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside import home_assistant, inbox
from detector.bedside.bed import Bed, BedMemory
from detector.bedside.clock_steps import ClockSteps
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
SETTLE_S = 15.0
"""After this long at a broker, whoever is served has been heard: collectors tell of their health every 10 s."""

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

    def hush(self, place: Place, but: AlarmKind | None) -> None:
        """End the one that is being made at a place, unless it is of this kind, or a test."""

    def look(self) -> None:
        """See what has become of those before."""

    def close(self) -> None:
        """Be silent."""


class Ways(NamedTuple):
    """The ways out of the bedside, and what people say. The files are opened when the disk lets them be."""

    open_diary: Callable[[], Diary]
    sounds: Sounds
    open_queue: Callable[[], Queue]
    publish: Publish


class Bedside:
    """The alarms of every place that is configured or heard of.

    All methods are called from one thread, `tick` several times a second, with a broker or without. `now_ns` is the
    time of day, which may be set, and `steady_ns` a clock that nobody sets. `noted` tells of the faults that other
    processes notice; None where there is none of that kind. Raises BadDiary where another program's file lies in the
    diary's place.
    """

    def __init__(
        self,
        settings: AlarmSettings,
        zone: ZoneInfo,
        places: Iterable[Place],
        ways: Ways,
        now_ns: Callable[[], int] = time.time_ns,
        noted: Mapping[FaultKind, Callable[[], str | None]] = MappingProxyType({}),
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._settings = settings
        self._zone = zone
        self._ways = ways
        self._now_ns = now_ns
        self._clock_steps = ClockSteps(now_ns, steady_ns)
        self._noted = noted
        self._catalogue = load(settings.language)
        self._broker_trouble: str | None = "not connected yet"
        self._beds: dict[Place, Bed] = {}
        self._shown: dict[Place, AlarmState] = {}
        self._served = set(places)  # and whoever is heard of; others the diary remembers only
        self._has_will = True
        self._settled: Recurring | None = None  # when to withdraw them; None: it is done
        self._records = Records(ways.open_diary, ways.open_queue, now_ns)
        self._look, self._life = Recurring(LOOK_EVERY_S), Recurring(SIGN_OF_LIFE_S)
        self.refusals = RefusalCounter()
        for place in (*self._records.places(), *sorted(self._served)):
            self._bed(place)

    # What comes in

    def connected(self, *, has_will: bool = True) -> None:
        """The broker is there: say how things stand, and nothing of what has passed.

        Without `has_will` it tells nobody when this program has died.
        """
        self._broker_trouble = None
        self._has_will = has_will
        self._settled = Recurring(SETTLE_S)
        self._settled.put_off(self._now_ns())
        self._life.bring_forward()
        for place in self._beds:
            self._announce(place)

    def disconnected(self, trouble: str) -> None:
        """The broker is away."""
        self._broker_trouble = trouble

    def message(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Take in one message; one that breaks the contract is counted, and its reason logged once."""
        self._heed_clock()
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
                if not retained or (what == "status" and not bed.has_ended):
                    self._serve(place)
                self._act(bed)
        except ContractError as refusal:
            self._refuse(topic, refusal)

    def tick(self) -> None:
        """Do what is due."""
        self._heed_clock()
        self._ways.sounds.look()
        self._read_diary()
        if self._look.due(self._now_ns()):
            for bed in self._beds.values():
                self._act(bed)
        if self._life.due(self._now_ns()):
            self._show_life()
        if self._settled and self._settled.due(self._now_ns()):
            self._settled = None
            self._withdraw_unserved()
        self._records.open_again()

    def close(self) -> None:
        """Be silent; broker and diary tell that nobody is there, and a later start goes on from here."""
        self._ways.sounds.close()
        for place in self._beds:
            self._ways.publish(place.topic("state"), b"", retain=True)
        now_ns = self._now_ns()
        for place, shown in self._shown.items():
            last = msgspec.structs.replace(shown, t_ns=now_ns)
            self._records.stopped(place, partial(self._beds[place].memory, now_ns), last)
        self._records.close()

    def _heed_clock(self) -> None:
        """Nothing has passed because somebody has set the clock, and nothing has yet to be waited for."""
        if step_ns := self._clock_steps.step_ns():
            _log.warning("The clock was set by %+.0f s; all that is under way stays as old as it was.", step_ns / NS)
            for bed in self._beds.values():
                bed.clock_set(step_ns, self._now_ns())

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

    def _understood(self, bed: Bed, what: str, payload: bytes) -> Command | Verdict | FeltCramp | EveningNote:
        now_ns = self._now_ns()
        if what == "cmd/alarm":
            command = inbox.command(payload, now_ns)
            inbox.check_fresh(command, now_ns)
            return command
        if what == "cmd/verdict":
            return inbox.verdict(payload, now_ns, bed.latest_event)
        return inbox.noted(payload, now_ns)

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
        self._ways.sounds.hush(bed.place, bed.called_for)
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
            *((kind, trouble()) for kind, trouble in self._noted.items()),
        ]

    def _show(self, bed: Bed, state: AlarmState) -> None:
        """Tell the state where it has changed, and what is new in it."""
        shown = self._shown.get(bed.place)
        if shown and msgspec.structs.replace(shown, t_ns=state.t_ns) == state:
            return
        self._publish_state(bed.place, state)
        # What was told before a restart is not told again.
        for item in news(shown or self._records.state(bed.place), state):
            self._ways.publish(bed.place.topic("news"), encode_json(item))

    def _show_life(self) -> None:
        """Say that the bedside is there, and the night's figures."""
        now_ns = self._now_ns()
        for place, bed in self._beds.items():
            state = bed.state(now_ns)
            self._publish_state(place, state)
            if place in self._served:
                self._ways.publish(place.topic("tonight"), encode_json(bed.tonight(now_ns)), retain=True)
            self._records.file(place, partial(bed.memory, now_ns), state, even_so=True)

    def _publish_state(self, place: Place, state: AlarmState) -> None:
        self._shown[place] = state
        if place in self._served:
            self._ways.publish(place.topic("state"), encode_json(state), retain=True)

    def _serve(self, place: Place) -> None:
        """Somebody is there who is served, in the settings or not."""
        if place not in self._served:
            self._served.add(place)
            self._life.bring_forward()
            self._announce(place)

    def _withdraw_unserved(self) -> None:
        """Take back what an earlier start has said of places that are served no more."""
        for place in self._beds.keys() - self._served:
            self._tell([home_assistant.withdraw(place)])
            for what in ("state", "tonight"):
                self._ways.publish(place.topic(what), b"", retain=True)

    def _announce(self, place: Place) -> None:
        if not self._settings.home_assistant:
            self._tell([home_assistant.withdraw(place)])
        elif place in self._served:
            program = version("crampwatch")
            self._tell(home_assistant.announce(place, program, self._catalogue, has_will=self._has_will))

    def _tell(self, messages: Iterable[home_assistant.Publication]) -> None:
        for message in messages:
            self._ways.publish(message.topic, message.payload, retain=message.retain)

    def _bed(self, place: Place) -> Bed:
        if place not in self._beds:
            memory = self._records.memory(place, BedMemory)
            self._beds[place] = Bed(place, self._settings, self._zone, self._catalogue, self._now_ns(), memory)
            if self._broker_trouble is None:
                self._announce(place)
        return self._beds[place]

    def _refuse(self, source: str, refusal: ContractError) -> None:
        if self.refusals.count(refusal):
            _log.warning("refused a message on %s (%s): %s", source, refusal.reason, refusal)
