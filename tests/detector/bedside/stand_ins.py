"""A bedside without broker, loudspeaker and phone: what it hears, and what it makes of that."""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.codec import encode_json
from collector.contract.messages import NS, Health, LinkHealth, Status
from collector.contract.topics import Place
from detector.alarm.messages import Command, Do, FaultKind, Verdict
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside.push_queue import PushNote
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.messages import event_message
from detector.sight import Seen
from tests.support.frames import PLACE, SESSION, event

EVENING_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z, 23 h in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
OTHER_LEG = Place("w1", "right_calf")


class LoudSpeaker:
    """Notes each sound with its time."""

    def __init__(self, home: "Home") -> None:
        self._home = home
        self.trouble: str | None = None
        self.sounds: list[tuple[float, Ring, str]] = []
        self.playing: dict[Place, str] = {}  # a sound goes on until it is ended

    def sound(self, ring: Ring, place: Place, text: str) -> None:
        self.sounds.append((self._home.now_s, ring, text))
        self.playing[place] = ring.kind

    def hush(self, place: Place, but: str | None) -> None:
        if self.playing.get(place) not in (but, "test"):
            self.playing.pop(place, None)

    def look(self) -> None: ...
    def close(self) -> None: ...


class Postbox:
    """What phones are to be told; refuses everything while the disk is full."""

    def __init__(self) -> None:
        self.notes: list[PushNote] = []
        self.full = False

    def append(self, note: PushNote) -> bool:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        self.notes.append(note)
        return True

    def close(self) -> None: ...


class FullDiary(Diary):
    """A diary whose disk can be full."""

    full = False

    def add(self, place: Place, said: Any) -> int:
        self._refuse()
        return super().add(place, said)

    def remember(self, *arguments: Any, **named: Any) -> None:
        self._refuse()
        super().remember(*arguments, **named)

    def _refuse(self) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")


class Home:
    """A bedside at 23 h, a clock that moves when told, and a collector and a detector that can be silenced."""

    def __init__(self, folder: Path, closed: Exception | None = None, **settings: Any) -> None:
        self.settings = AlarmSettings(**settings)
        self.now_s = 0.0
        self.set_s = 0.0  # by how much the clock was set since
        self.path = folder / "diary.sqlite"
        self.speaker, self.postbox = LoudSpeaker(self), Postbox()
        self.published: list[tuple[str, bytes, bool]] = []
        self.collecting = self.detecting = True
        self.blind: Any = None
        self.blind_since_ns: int | None = None
        self.going_on: str | None = None  # the cramp that the detector sees
        self.status: Status | None = None  # as the broker keeps it
        self.noted: dict[FaultKind, str | None] = {"phones": None, "database": None}
        self.closed = closed  # why neither diary nor postbox can be opened
        self.start()

    @property
    def now_ns(self) -> int:
        return EVENING_NS + round((self.now_s + self.set_s) * NS)

    @property
    def steady_ns(self) -> int:
        return round(self.now_s * NS)

    def start(self) -> None:
        """Start the bedside, or start it again."""
        ways = Ways(self._opened_diary, self.speaker, self._opened_postbox, self.publish)
        noted: dict[FaultKind, Callable[[], str | None]] = {kind: partial(self.noted.get, kind) for kind in self.noted}
        self.bedside = Bedside(self.settings, BERLIN, [PLACE], ways, lambda: self.now_ns, noted, lambda: self.steady_ns)
        self.connect()

    def connect(self) -> None:
        """The broker is there, and tells what it keeps."""
        self.bedside.connected()
        if self.status:
            self.hear("status", self.status, retained=True)

    def _opened_diary(self) -> Diary:
        if self.closed:
            raise self.closed
        self.diary = FullDiary(self.path)
        return self.diary

    def _opened_postbox(self) -> Postbox:
        if self.closed:
            raise self.closed
        return self.postbox

    def kill(self) -> None:
        """Nothing more is done; what was not filed is lost."""
        self.diary.close()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.published.append((topic, payload, retain))

    def hear(self, what: str, message: msgspec.Struct | bytes, *, retained: bool = False, of: Place = PLACE) -> None:
        payload = message if isinstance(message, bytes) else encode_json(message)
        self.bedside.message(of.topic(what), payload, retained=retained)

    def online(self) -> "Home":
        """The night begins."""
        self.status = Status(state="online", t_ns=self.now_ns, session=SESSION)
        self.hear("status", self.status)
        self.pass_s(1)
        return self

    def pass_s(self, seconds: float, step_s: float = 1.0) -> None:
        """Let time pass; the collector and the detector speak every ten seconds of it, if they live."""
        until_s = self.now_s + seconds
        while self.now_s < until_s - 1e-6:
            before, self.now_s = self.now_s, min(until_s, self.now_s + step_s)
            if self.collecting and int(before / 10) != int(self.now_s / 10):
                self.hear("health", health(self.now_ns))
                if self.detecting:
                    self.sees("ALERT" if self.going_on else "WATCHING", self.going_on)
            self.bedside.tick()

    def sees(self, state: Any = "WATCHING", event_id: str | None = None) -> None:
        seen = Seen(
            state=state,
            since_ns=self.now_ns,
            event_id=event_id,
            text="",
            judged_ns=self.now_ns - 2 * NS,
            blind=self.blind,
            blind_since_ns=self.blind_since_ns,
            t_ns=self.now_ns,
        )
        self.hear("watch", seen)

    def go_blind(self, why: Any) -> None:
        """From now on the detector can judge nothing."""
        self.blind, self.blind_since_ns = why, self.now_ns

    def cramp(self, onset_s: float = 0.0, *, late: bool = False) -> str:
        """The detector confirms one; its id."""
        confirmed = event(onset_s)
        self.going_on = None if late else confirmed.id
        self.hear("event", event_message(confirmed, late=late, t_ns=self.now_ns))
        return confirmed.id

    def is_over(self, onset_s: float = 0.0) -> None:
        self.going_on = None
        self.hear("event", event_message(event(onset_s, "ended", end_s=onset_s + 40), late=False, t_ns=self.now_ns))

    def say(self, do: Do, **more: Any) -> None:
        """Somebody uses the command line."""
        with Diary(self.path) as diary:
            diary.add(PLACE, Command(do=do, by="wearer", t_ns=self.now_ns, id=uuid4().hex, **more))
        self.pass_s(0.1, 0.1)

    def judge(self, event_id: str, verdict: Any) -> None:
        with Diary(self.path) as diary:
            diary.add(PLACE, Verdict(event_id=event_id, verdict=verdict, by="wearer", t_ns=self.now_ns, id=uuid4().hex))
        self.pass_s(0.1, 0.1)

    def press(self, what: str, *, retained: bool = False, of: Place = PLACE, **said: Any) -> None:
        """Somebody uses a button of a home automation."""
        self.hear(what, msgspec.json.encode({"v": 1, **said}), retained=retained, of=of)

    def told(self, what: str, of: Place = PLACE) -> list[Any]:
        """What was published under a topic."""
        return [msgspec.json.decode(payload) for topic, payload, _ in self.published if topic == of.topic(what)]

    @property
    def state(self) -> Any:
        """The state told last."""
        return self.told("state")[-1]

    @property
    def faults(self) -> list[str]:
        return [fault["kind"] for fault in self.state["faults"]]

    @property
    def rings(self) -> list[tuple[float, str]]:
        """When something sounded, and what."""
        return [(round(at_s), ring.kind) for at_s, ring, _ in self.speaker.sounds]


WELL = LinkHealth(device="cramp-node", state="streaming", streams=("emg", "acc"), last_data_age_s=0.5)


def health(now_ns: int, link: LinkHealth = WELL) -> Health:
    """The collector's account; by default it has nothing to complain of."""
    return Health(
        t_ns=now_ns,
        session=SESSION,
        links=(link,),
        samples={},
        lost={},
        fitted_ppm={},
        refused={},
        unpublished=0,
    )
