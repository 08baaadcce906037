"""Any interleaving of duplicates, reorderings, losses and restarts gives the same events, to the last bit."""

import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from collector.contract.messages import NS, SampleBlock
from collector.contract.nights import Interval
from collector.contract.topics import Place, place
from detector import texts
from detector.night_record import NightRecord
from tests.detector.lossy_link import Message, Sender, State, Wire
from tests.detector.mortal_bedside import Fate, Killed, MortalBedside
from tests.support.bedside import BLOCKS, NIGHT, Bedside, bedside
from tests.support.signals import LEFT_CALF, START_NS, detect

NEIGHBOUR = place("w2", "left_calf")
PATIENCE_S = 90.0
"""How much time passes at most before everything is answered: less than the 120 s after which a hole is given up."""
IN_FLIGHT = 200
"""How many messages the collector has on their way at most, and so how far QoS 1 may swap them."""
DERIVED = ("event", "second", "envelope", "unwatched", "temperature")


def moved(blocks: Iterable[SampleBlock], session: str, by_s: float) -> list[SampleBlock]:
    """The same samples in another session, at another time."""
    clocks = {
        block.clock: msgspec.structs.replace(block.clock, t_ns=block.clock.t_ns + round(by_s * NS)) for block in blocks
    }
    return [msgspec.structs.replace(block, session=session, clock=clocks[block.clock]) for block in blocks]


def senders() -> tuple[Sender, Sender, Sender]:
    """The collector with last night's session, the same with tonight's, and another wearer's."""
    return Sender(LEFT_CALF, LAST_NIGHT), Sender(LEFT_CALF, BLOCKS), Sender(NEIGHBOUR, HALF)


HALF = [block for block in BLOCKS if block.seq < 60]
"""Enough for an alert, and for a contraction that the end of the session cuts."""
LAST_NIGHT = moved(HALF, "last_night", -86_400)


def rows_of(path: Path, sender: Sender) -> list[str]:
    """Every row that follows from a session's samples; without the number that the store happened to give it."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        db.row_factory = sqlite3.Row
        key = (*sender.place, sender.session)
        found = db.execute("SELECT * FROM session WHERE (wearer, site, name) = (?, ?, ?)", key).fetchall()
        number = found[0]["id"] if found else None
        for table in DERIVED:
            found += db.execute(f"SELECT * FROM {table} WHERE session = ?", (number,)).fetchall()
        found += db.execute(
            "SELECT trace.* FROM trace JOIN event ON event = id WHERE session = ?", (number,)
        ).fetchall()
    rows = [{name: row[name] for name in row.keys() if row[name] != number} for row in found]  # noqa: SIM118
    return sorted(map(repr, rows))


class Interleavings(RuleBasedStateMachine):
    """Two collectors, a link, and a detector that dies and comes back."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name) / "nights.sqlite"
        self.wire = Wire()
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.fate = Fate()
        self.patience_s = PATIENCE_S
        self.senders = senders()
        self.last_night, self.tonight, self.neighbour = self.senders
        self.retained: dict[Place, Message] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.bedside = self.begin()
        self.arrive(*self.last_night.send(len(LAST_NIGHT)), self.last_night.status("ended"))

    def begin(self) -> MortalBedside:
        """Start the detector, as often as it takes; the broker shows it what is retained."""
        while True:
            try:
                started = MortalBedside(self.path, self.said, self.fate)
            except Killed:
                continue
            try:
                for status in self.retained.values():
                    started.service.message(*status)
            except Killed:
                started.crash()
                continue
            return started

    def alive(self, act: Callable[[], Any]) -> None:
        """Let the detector do something; if it is killed in doing so, it is started again."""
        try:
            act()
        except Killed:
            self.bedside.crash()
            self.bedside = self.begin()
        self.requests += [said for said in self.bedside.published if said[0].endswith("cmd/replay")]
        self.bedside.published.clear()

    def arrive(self, *messages: Message) -> None:
        for message in messages:
            self.alive(partial(self.bedside.service.message, *message))

    @rule(count=st.integers(1, 60))
    def the_collector_sends(self, count: int) -> None:
        self.wire.waiting.extend(self.tonight.send(count))

    @rule(count=st.integers(1, 60))
    def another_wearers_collector_sends(self, count: int) -> None:
        self.wire.waiting.extend(self.neighbour.send(count))

    @rule(count=st.integers(1, 100))
    def messages_arrive(self, count: int) -> None:
        for _ in range(min(count, len(self.wire.waiting))):
            self.arrive(self.wire.take())

    @precondition(lambda self: self.wire.arrived)
    @rule(which=st.integers(0, 2000))
    def a_message_arrives_again(self, which: int) -> None:
        self.wire.repeat(which)

    @rule(within=st.sampled_from([2, 10, IN_FLIGHT, 10 * IN_FLIGHT]), seed=st.integers(0, 99))
    def messages_are_swapped(self, within: int, seed: int) -> None:
        self.wire.shuffle(within, random.Random(seed))

    @precondition(lambda self: self.wire.waiting)
    @rule(which=st.integers(0, 500))
    def a_message_is_lost(self, which: int) -> None:
        self.wire.lose(which)

    @precondition(lambda self: self.wire.waiting)
    @rule(which=st.integers(0, 500), seed=st.integers(0, 99))
    def a_message_is_torn(self, which: int, seed: int) -> None:
        self.wire.tear(which, random.Random(seed))

    @rule(start=st.integers(0, len(LAST_NIGHT) - 1), count=st.integers(1, 20))
    def last_nights_messages_come_again(self, start: int, count: int) -> None:
        self.wire.waiting.extendleft(self.last_night.messages(start, start + count))

    @precondition(lambda self: self.requests)
    @rule(which=st.integers(0, 50))
    def a_request_is_answered(self, which: int) -> None:
        self.wire.waiting.extend(self.answer(*self.requests.pop(which % len(self.requests))))

    @precondition(lambda self: self.requests)
    @rule(which=st.integers(0, 50))
    def a_request_is_lost(self, which: int) -> None:
        self.requests.pop(which % len(self.requests))

    @rule(which=st.integers(0, 2), state=st.sampled_from(["online", "offline", "ended"]))
    def a_collector_says_how_it_is(self, which: int, state: State) -> None:
        self.say(self.senders[which], state)

    @rule()
    def the_broker_comes_back(self) -> None:
        self.alive(self.bedside.service.connected)
        self.arrive(*self.retained.values())

    @rule()
    def the_detector_is_killed(self) -> None:
        self.bedside.crash()
        self.bedside = self.begin()

    @rule(what=st.sampled_from(["event", "watch", "ack", "replay"]), sent=st.booleans())
    def the_detector_will_be_killed_about_a_publication(self, what: str, sent: bool) -> None:
        self.fate.next = what, sent

    @rule()
    def the_detector_is_stopped_and_started(self) -> None:
        self.alive(self.bedside.service.close)
        self.the_detector_is_killed()

    @rule(seconds=st.floats(0.1, 20.0))
    def time_passes(self, seconds: float) -> None:
        if self.patience_s >= seconds:
            self.patience_s -= seconds
            self.alive(lambda: self.bedside.tick(seconds))

    def say(self, sender: Sender, state: State) -> None:
        self.retained[sender.place] = sender.status(state)
        self.wire.waiting.append(self.retained[sender.place])

    def answer(self, topic: str, request: dict[str, Any]) -> list[Message]:
        senders = {(sender.place.topic("cmd/replay"), sender.session): sender for sender in self.senders}
        return senders[topic, request["session"]].answer(request)

    def teardown(self) -> None:
        try:
            self.everything_is_answered()
            self.check()
        finally:
            self.bedside.store.close()
            self._folder.cleanup()

    def everything_is_answered(self) -> None:
        """The collectors have sent all, and ended; the link is well from now on."""
        for sender in (self.tonight, self.neighbour):
            self.wire.waiting.extend(sender.send(len(BLOCKS)))
            self.say(sender, "ended")
        for _ in range(20):
            self.messages_arrive(len(self.wire.waiting))
            requests, self.requests = self.requests, []
            for request in requests:
                self.wire.waiting.extend(self.answer(*request))
            self.alive(lambda: self.bedside.tick(1.0))

    def check(self) -> None:
        expected = undisturbed()
        for sender in self.senders:
            assert rows_of(self.path, sender) == expected.rows[sender.session, sender.place]
            found, all_stages = told(self.said, sender), expected.told[sender.session, sender.place]
            assert found.items() <= all_stages.items()
            # A stage that was reached and passed within one batch, which a kill kept from being told, is told no more.
            assert found.keys() >= set({event: (event, stage) for event, stage in all_stages}.values())
        for of in (LEFT_CALF, NEIGHBOUR):
            assert [said["text"] for topic, said in self.said if topic == of.topic("watch")][-1] == texts.ENDED


class Expected(NamedTuple):
    """What an undisturbed night leaves: the rows of each session, and what was said of its events."""

    rows: dict[tuple[str, Place], list[str]]
    told: dict[tuple[str, Place], dict[tuple[str, str], dict[str, Any]]]


@cache
def undisturbed() -> Expected:
    """The same messages in their order, each once."""
    expected = Expected({}, {})
    with tempfile.TemporaryDirectory() as folder, bedside(Path(folder) / "nights.sqlite") as running:
        for sender in senders():
            for message in (*sender.send(len(BLOCKS)), sender.status("ended")):
                running.service.message(*message)
            expected.rows[sender.session, sender.place] = rows_of(Path(folder) / "nights.sqlite", sender)
            expected.told[sender.session, sender.place] = told(running.published, sender)
    assert [len(stages) for stages in expected.told.values()] == [2, 3, 2]
    return expected


def told(said: list[tuple[str, dict[str, Any]]], sender: Sender) -> dict[tuple[str, str], dict[str, Any]]:
    """Each stage of each event as it was told; fails if it was told twice with another content, or taken back."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    last: dict[str, str] = {}
    for topic, event in said:
        if topic == sender.place.topic("event") and event["session"] == sender.session:
            content = {name: value for name, value in event.items() if name not in ("late", "t_ns")}
            assert found.setdefault((event["id"], event["stage"]), content) == content
            last[event["id"]] = event["stage"]
    assert set(last.values()) <= {"ended", "rejected"}
    return found


Interleavings.TestCase.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
TestInterleavings = Interleavings.TestCase


runs_of_blocks = st.builds(
    lambda stream, first, count: {(stream, seq) for seq in range(first, first + count)},
    *(st.sampled_from(["emg", "acc"]), st.integers(1, 100), st.integers(1, 9)),
)


@given(
    lost=st.lists(runs_of_blocks, min_size=1, max_size=4).map(lambda runs: set().union(*runs)),
    within=st.sampled_from([1, 10, IN_FLIGHT]),
    killed=st.sets(st.integers(0, 250), max_size=4),
    rng=st.randoms(use_true_random=False),
)
@settings(max_examples=20, deadline=None)
def test_what_is_lost_for_good_is_not_watched_and_all_else_is_as_if_it_had_never_been(
    lost: set[tuple[str, int]], within: int, killed: set[int], rng: random.Random
) -> None:
    left = [block for block in BLOCKS if (block.stream, block.seq) not in lost]
    with tempfile.TemporaryDirectory() as folder:
        record = watched(Path(folder) / "nights.sqlite", left, within, killed, rng)
    last_stages = {event.id: event for event in detect(left).events}
    assert {event.id: event for event in record.events + record.candidates} == last_stages
    blind = [interval for interval in record.unwatched if interval.label == "no data"]
    assert all(any(covers(interval, seq) for interval in blind) for stream, seq in lost if stream == "emg")
    holes = len(blind)
    missing_s = sum(stream == "emg" for stream, _ in lost)
    # Half a second before the first frame of the night; behind each hole as much, while the filters settle.
    assert missing_s - 0.1 * holes <= sum(interval.seconds for interval in blind) <= missing_s + 0.6 * holes


def covers(interval: Interval, second: int) -> bool:
    """Whether the interval holds this second of the recording, but for the frames that its edges cut."""
    start_ns = START_NS + second * NS
    return interval.start_ns <= start_ns + 0.1 * NS and interval.end_ns >= start_ns + 0.9 * NS


def watched(path: Path, left: list[SampleBlock], within: int, killed: set[int], rng: random.Random) -> NightRecord:
    """What is filed of a night by a detector that is killed before some of its messages."""
    sender, wire = Sender(LEFT_CALF, left), Wire()
    wire.waiting.extend([*sender.send(len(left)), sender.status("ended")])
    wire.shuffle(within, rng)
    running = Bedside(path)
    for number in range(max(250, len(wire.waiting))):
        if number in killed:
            running.crash()
            running = Bedside(path)
        if wire.waiting:
            running.service.message(*wire.take())
    running.service.message(*sender.status("ended"))
    for _ in range(40):  # of a minute each: every hole in turn is given up after two without progress
        for request in running.said("cmd/replay"):
            for message in sender.answer(request):
                running.service.message(*message)
        running.published.clear()
        running.tick(61)
    record = running.store.record(*LEFT_CALF, *NIGHT)
    running.store.close()
    return record
