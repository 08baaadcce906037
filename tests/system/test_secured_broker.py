"""A night over the broker as it is shipped: encrypted, with a user for each role, and queues that do not lose."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BrokerSettings, Role
from collector.contract.codec import encode_json
from collector.contract.journal import SUFFIX, Header, Journal
from collector.contract.messages import Status
from collector.contract.topics import ALARM, Place
from collector.mqtt_client import mqtt_client
from collector.publisher import Publisher
from collector.replayer import BrokerUnreachable, Replayer
from detector import texts
from detector.mqtt import SESSION_EXPIRY_S, serve
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore
from tests.support.brokers import ShippedMosquitto
from tests.support.signals import LEFT_CALF, SESSION
from tests.system.test_documentation import DOCS, section
from tests.system.test_replay import PLAYED, WHOLE, check, health, is_filed, until

ROLES: tuple[Role, ...] = get_args(Role)
RIGHT_CALF = Place("w1", "right_calf")
ELSEWHERE, LAST_WORD = Place("w2", "right_calf"), Place("w2", "last_word")


class Client:
    """Somebody at the broker: what he hears, and what becomes of what he says."""

    def __init__(self, settings: BrokerSettings, client_id: str = "", expiry_s: int = 0) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._answers: dict[int, ReasonCode] = {}
        self._subscribed = threading.Event()
        self.client = mqtt_client(settings, client_id)
        self.client.max_inflight_messages_set(200)
        self.client.on_connect = lambda client, *_: client.subscribe([("crampwatch/v1/#", 1), ("homeassistant/#", 1)])
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_publish = self._on_publish
        self.client.on_message = lambda _, __, message: self.heard.append((message.topic, bytes(message.payload)))
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho annotates it in part
        properties.SessionExpiryInterval = expiry_s
        self.client.connect(settings.host, settings.port, clean_start=not expiry_s, properties=properties)
        self.client.loop_start()
        assert self._subscribed.wait(10)

    def topics(self) -> set[str]:
        return {topic for topic, _ in self.heard}

    def newest(self, topic: str) -> str:
        """What was heard last under this topic; nothing yet: an empty text."""
        return next((payload.decode() for said, payload in reversed(self.heard) if said == topic), "")

    def say(self, topic: str, payload: bytes) -> ReasonCode:
        """Publish, and return what the broker says to that."""
        sent = self.client.publish(topic, payload, qos=1).mid
        until(lambda: sent in self._answers, "an answer")
        return self._answers[sent]

    def say_much(self, topic: str, payloads: list[bytes]) -> None:
        """Publish all and wait until the broker has taken each."""
        before = len(self._answers)
        for payload in payloads:
            self.client.publish(topic, payload, qos=1)
        until(lambda: len(self._answers) - before == len(payloads), "answers")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_publish(self, _: paho.Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        self._answers[mid] = reason


@contextmanager
def detecting(settings: BrokerSettings, store: Path) -> Iterator[None]:
    stop = threading.Event()
    service = ServiceSettings(clock="samples")
    thread = threading.Thread(target=serve, args=(settings, store, service, DetectorSettings(), stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def collecting(settings: BrokerSettings, directory: Path, place: Place = LEFT_CALF) -> Iterator[None]:
    """The collector's publisher with the journal of a short night."""
    directory.mkdir(exist_ok=True)
    file = directory / f"{SESSION}{SUFFIX}"
    with Journal.create(file, Header(session=SESSION, **place._asdict(), started_ns=PLAYED.start_ns)) as it:
        it.append(PLAYED.held)
        it.end()
    publisher = Publisher(place, settings, directory, health, health_every_s=10.0)
    publisher.publish(file)
    publisher.start()
    try:
        yield
    finally:
        publisher.stop()


def test_a_night_from_another_machine_comes_home_as_score_has_it(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    store = tmp_path / "nights.sqlite"
    with (
        detecting(shipped_mosquitto.access("detector"), store),
        collecting(shipped_mosquitto.encrypted_access("collector"), tmp_path),
    ):
        until(lambda: is_filed(store), "the end of the session")
    check(store, WHOLE)


def test_a_player_that_does_not_encrypt_where_it_should_is_told_so(shipped_mosquitto: ShippedMosquitto) -> None:
    settings = shipped_mosquitto.access("collector", port=shipped_mosquitto.tls_port)
    with pytest.raises(BrokerUnreachable, match="hung up without an answer; does this port want TLS"):
        Replayer(PLAYED, LEFT_CALF, settings).run()


def rights() -> dict[str, dict[str, str]]:
    """The table of topics: topic -> role -> what it may do."""
    rows = section(DOCS / "reference" / "mqtt.md", "Topics").splitlines()
    table = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("|")]
    heading, _, *rest = table
    return {
        topic.strip("` "): {role: row[heading.index(role)] for role in ROLES}
        for row in rest
        for topic in row[0].split(",")
    }


@pytest.fixture
def everybody(shipped_mosquitto: ShippedMosquitto) -> Iterator[dict[Role, Client]]:
    clients = {role: Client(shipped_mosquitto.access(role)) for role in ROLES}
    yield clients
    for client in clients.values():
        client.close()


@pytest.mark.parametrize("what", rights())
def test_who_writes_and_who_reads_is_as_the_table_says(what: str, everybody: dict[Role, Client]) -> None:
    allowed, topic = rights()[what], what if what == ALARM else ELSEWHERE.topic(what)
    said = {role: everybody[role].say(topic, role.encode()).getName() for role in ROLES}
    assert said == {role: "Success" if allowed[role] == "writes" else "Not authorized" for role in ROLES}
    # What is delivered comes in order: who has heard the last word has heard all that he will.
    last: dict[Role, str] = dict.fromkeys(ROLES, "status") | {"collector": "ack"}
    everybody["collector"].say(LAST_WORD.topic("status"), b"")
    everybody["detector"].say(LAST_WORD.topic("ack"), b"")
    until(lambda: all(LAST_WORD.topic(last[role]) in everybody[role].topics() for role in ROLES), "the last words")
    readers = {role for role in ROLES if topic in everybody[role].topics()}
    assert readers == {role for role in ROLES if allowed[role] == "reads"}


def test_a_cramp_that_the_collectors_user_makes_up_reaches_nobody(everybody: dict[Role, Client]) -> None:
    assert everybody["collector"].say(LEFT_CALF.topic("event"), b"{}").getName() == "Not authorized"
    assert everybody["detector"].say(LEFT_CALF.topic("event"), b"{}").getName() == "Success"
    until(lambda: bool(everybody["home"].heard), "the detector's event")
    assert everybody["home"].heard == [(LEFT_CALF.topic("event"), b"{}")]


def test_a_night_of_messages_waits_for_a_detector_that_is_away(shipped_mosquitto: ShippedMosquitto) -> None:
    detector = Client(shipped_mosquitto.access("detector"), "crampwatch-detector", SESSION_EXPIRY_S)
    detector.close()
    sent = [str(number).encode() for number in range(20_000)]
    collector = Client(shipped_mosquitto.access("collector"))
    collector.say_much(LEFT_CALF.topic("emg"), sent)
    collector.close()
    detector = Client(shipped_mosquitto.access("detector"), "crampwatch-detector", SESSION_EXPIRY_S)
    until(lambda: len(detector.heard) >= len(sent), "the backlog")
    detector.close()
    assert [payload for _, payload in detector.heard] == sent


def test_an_event_that_was_denied_is_told_once_it_is_allowed(
    shipped_mosquitto: ShippedMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detector.mqtt.REPEAT_S", 0.5)
    rules, store = shipped_mosquitto.rules, tmp_path / "nights.sqlite"
    shipped_mosquitto.allow(rules.replace("topic write crampwatch/v1/+/+/event\n", ""))
    home = Client(shipped_mosquitto.access("home"))
    with (
        detecting(shipped_mosquitto.access("detector"), store),
        collecting(shipped_mosquitto.access("collector"), tmp_path),
    ):
        until(lambda: is_filed(store), "the end of the session")
        until(lambda: "denies us event" in caplog.text, "the log line")
        assert LEFT_CALF.topic("event") not in home.topics()
        assert undelivered(store)
        shipped_mosquitto.allow(rules)
        until(lambda: not undelivered(store), "the events to be delivered")
    home.close()
    told = {json.loads(payload)["id"] for topic, payload in home.heard if topic.endswith("/event")}
    assert told >= {event.id for event in WHOLE.stage("ended")}
    assert caplog.text.count("denies us event") == 1
    assert caplog.text.count("takes event again") == 1


def test_an_event_denied_for_one_leg_is_told_later_though_those_of_the_other_leg_were_taken(
    shipped_mosquitto: ShippedMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detector.mqtt.REPEAT_S", 2.0)
    rules, store = shipped_mosquitto.rules, tmp_path / "nights.sqlite"
    shipped_mosquitto.allow(rules.replace("crampwatch/v1/+/+/event\n", f"crampwatch/v1/+/{RIGHT_CALF.site}/event\n"))
    collector = shipped_mosquitto.access("collector")
    with detecting(shipped_mosquitto.access("detector"), store):
        with collecting(collector, tmp_path / "left"):
            until(lambda: "denies us event" in caplog.text, "the denial")
        with collecting(collector, tmp_path / "right", RIGHT_CALF):
            until(lambda: "takes event again" in caplog.text, "the other leg's event")
        shipped_mosquitto.allow(rules)
        until(lambda: not undelivered(store), "the events to be delivered")


@pytest.mark.parametrize("last_words", [texts.ENDED, texts.OFFLINE], ids=["ended", "offline"])
def test_the_last_that_was_said_of_a_leg_and_denied_is_said_once_it_is_allowed(
    last_words: str, shipped_mosquitto: ShippedMosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.mqtt.REPEAT_S", 0.5)
    rules, store = shipped_mosquitto.rules, tmp_path / "nights.sqlite"
    for what in ("watch", "ack"):
        rule = f"topic write crampwatch/v1/+/{{}}/{what}\n"
        shipped_mosquitto.allow(shipped_mosquitto.rules.replace(rule.format("+"), rule.format(RIGHT_CALF.site)))
    collector, viewer = shipped_mosquitto.access("collector"), Client(shipped_mosquitto.access("viewer"))
    with detecting(shipped_mosquitto.access("detector"), store):
        with collecting(collector, tmp_path / "left"):
            until(lambda: is_filed(store), "the end of the session")
        if last_words == texts.OFFLINE:
            left = Client(collector)
            left.say(LEFT_CALF.topic("status"), encode_json(Status(state="offline", t_ns=PLAYED.end_ns)))
            left.close()
        # The broker has answered to all that was said before: this leg's last words come after those of the other.
        with collecting(collector, tmp_path / "right", RIGHT_CALF):
            until(lambda: texts.ENDED in viewer.newest(RIGHT_CALF.topic("watch")), "the other leg's end")
        assert not {LEFT_CALF.topic("watch"), LEFT_CALF.topic("ack")} & viewer.topics()
        shipped_mosquitto.allow(rules)
        until(lambda: last_words in viewer.newest(LEFT_CALF.topic("watch")), "the last words")
        until(lambda: LEFT_CALF.topic("ack") in viewer.topics(), "the acknowledgement")
    viewer.close()
    acks = [json.loads(viewer.newest(place.topic("ack")))["next_seq"] for place in (LEFT_CALF, RIGHT_CALF)]
    assert acks[0] == acks[1]


def undelivered(path: Path) -> list[str]:
    with NightStore(path, read_only=True) as store:
        return [event.id for event in store.undelivered()]
