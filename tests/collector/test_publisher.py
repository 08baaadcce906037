"""What is in the journal reaches a real broker: in order, across its death, and again when it is asked for."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribe import simple

from collector.contract.broker import BadAccess, BrokerSettings
from collector.contract.codec import decode_block, decode_json, encode_json
from collector.contract.journal import Header, Journal
from collector.contract.messages import Fault, Faults, Health, ReplayRequest, SampleBlock, Status
from collector.contract.topics import place
from collector.journal_feed import JournalFeed
from collector.mqtt_client import mqtt_client
from collector.publisher import Publisher
from tests.support.blocks import START_NS, block
from tests.support.brokers import BrokerOfAnother, Mosquitto, RunningBroker, ShippedMosquitto

LEFT_CALF = place("w1", "left_calf")
SESSION = "2026-11-19_w1_left_calf_3f2a"
EARLIER = "2026-11-18_w1_left_calf_0b1c"
PATIENCE_S = 20
NOT_HEARD = Fault(
    device="cramp-node 17", streams=("emg",), since_ns=START_NS, cause="the wearable was not heard", cure="charge it"
)


@pytest.fixture(params=["mosquitto", "embedded_broker"])
def broker(request: pytest.FixtureRequest) -> RunningBroker:
    running: RunningBroker = request.getfixturevalue(request.param)
    return running


def access(broker: RunningBroker) -> BrokerSettings:
    return BrokerSettings(
        host=broker.host,
        port=broker.port,
        username=broker.username,
        password=broker.password,
        protocol=broker.protocol,
    )


def health(unpublished: int) -> Health:
    return Health(
        t_ns=0, session=SESSION, links=(), samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=unpublished
    )


def journal_of(directory: Path, count: int, session: str = SESSION) -> Journal:
    header = Header(session=session, wearer="w1", site="left_calf", started_ns=START_NS)
    journal = Journal.create(directory / f"{session}.journal", header)
    journal.append(block(seq, session=session) for seq in range(count))
    return journal


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


class Listener:
    """A detector's ears: a session that outlasts its connection, subscribed to everything of the left calf."""

    def __init__(self, broker: RunningBroker) -> None:
        five = broker.protocol == "5"
        self.blocks: list[SampleBlock] = []
        self.statuses: list[Status] = []
        self.health: list[Health] = []
        self.content_types: set[str | None] = set()
        self._subscribed = threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            "listener",
            protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311,
            clean_session=None if five else False,
        )
        self.client.username_pw_set(broker.username, broker.password)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def seqs(self) -> list[int]:
        return [block.seq for block in self.blocks]

    def ask(self, from_seq: int) -> None:
        request = ReplayRequest(session=SESSION, from_seq={"emg": from_seq})
        self.client.publish(LEFT_CALF.topic("cmd/replay"), encode_json(request), qos=1)

    def _on_connect(self, *_: object) -> None:
        self.client.subscribe(LEFT_CALF.topic("#"), qos=1)

    def _on_message(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        what, payload = message.topic.rpartition("/")[2], bytes(message.payload)
        if what == "emg":
            self.blocks.append(decode_block(payload))
            self.content_types.add(getattr(message.properties, "ContentType", None))
        elif what == "status":
            self.statuses.append(decode_json(payload, Status))
        elif what == "health":
            self.health.append(decode_json(payload, Health))


class ViewersEars:
    """Somebody who looks at everything: which kinds of message there were."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._topics: set[str] = set()
        self._client = mqtt_client(settings)
        self._client.on_connect = lambda client, *_: client.subscribe("crampwatch/v1/#", qos=1)
        self._client.on_message = lambda _, __, message: self._topics.add(message.topic)
        self._client.connect(settings.host, settings.port)
        self._client.loop_start()

    def kinds(self) -> set[str]:
        return {topic.rpartition("/")[2] for topic in self._topics}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def listening(broker: RunningBroker) -> Iterator[Listener]:
    listener = Listener(broker)
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def publishing(broker: RunningBroker, directory: Path, *paths: Path) -> Iterator[Publisher]:
    publisher = Publisher(LEFT_CALF, access(broker), directory, health, health_every_s=0.2)
    for path in paths:
        publisher.publish(path)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


def test_every_row_arrives_once_and_in_order_while_the_journal_grows(broker: RunningBroker, tmp_path: Path) -> None:
    with listening(broker) as listener, journal_of(tmp_path, 300) as journal:
        with publishing(broker, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: len(listener.blocks) >= 100)
            journal.append(block(seq) for seq in range(300, 600))
            until(lambda: len(listener.blocks) >= 600)
        until(lambda: bool(listener.health))
        assert listener.seqs() == list(range(600))
        assert journal.published == journal.last_row
        assert listener.content_types == {"application/x-msgpack" if broker.protocol == "5" else None}


def test_a_session_begins_online_and_ends_with_each_streams_last_block(broker: RunningBroker, tmp_path: Path) -> None:
    with listening(broker) as listener:
        with journal_of(tmp_path, 3) as journal, publishing(broker, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: len(listener.blocks) == 3)
            journal.end()
        until(lambda: len(listener.statuses) == 2)
        first, last = listener.statuses
        assert (first.state, first.session) == ("online", SESSION)
        assert (last.state, last.session, last.last_seq) == ("ended", SESSION, {"emg": 2})


def test_a_stop_before_the_end_says_offline_and_a_later_start_publishes_only_what_is_new(
    broker: RunningBroker, tmp_path: Path
) -> None:
    with listening(broker) as listener, journal_of(tmp_path, 5) as journal:
        with publishing(broker, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: len(listener.blocks) == 5)
        until(lambda: listener.statuses[-1].state == "offline")
        journal.append([block(5)])
        with publishing(broker, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: len(listener.blocks) == 6)
        assert listener.seqs() == [0, 1, 2, 3, 4, 5]


def retained_faults(broker: RunningBroker) -> tuple[Fault, ...]:
    """What somebody is told who subscribes now."""
    message = simple(  # type: ignore[no-untyped-call]  # paho does not annotate it
        LEFT_CALF.topic("fault"),
        1,
        hostname=broker.host,
        port=broker.port,
        auth={"username": broker.username, "password": broker.password},
        protocol=mqtt.MQTTv5 if broker.protocol == "5" else mqtt.MQTTv311,
    )
    assert isinstance(message, mqtt.MQTTMessage)
    return decode_json(bytes(message.payload), Faults).faults


def test_a_fault_is_retained_with_cause_and_cure_until_it_is_over(broker: RunningBroker, tmp_path: Path) -> None:
    now: list[tuple[Fault, ...]] = [(NOT_HEARD,)]
    publisher = Publisher(LEFT_CALF, access(broker), tmp_path, health, 0.2, lambda: now[-1])
    publisher.start()
    try:
        until(lambda: retained_faults(broker) == (NOT_HEARD,))
        now.append(())
        until(lambda: retained_faults(broker) == ())
    finally:
        publisher.stop()


def test_a_collector_that_stops_takes_its_faults_back(broker: RunningBroker, tmp_path: Path) -> None:
    publisher = Publisher(LEFT_CALF, access(broker), tmp_path, health, 0.2, lambda: (NOT_HEARD,))
    publisher.start()
    until(lambda: retained_faults(broker) == (NOT_HEARD,))
    publisher.stop()
    assert retained_faults(broker) == ()


def test_a_killed_broker_costs_nothing(broker: RunningBroker, tmp_path: Path) -> None:
    with listening(broker) as listener, journal_of(tmp_path, 800) as journal:
        with publishing(broker, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: len(listener.blocks) >= 100)
            broker.kill()
            journal.append(block(seq) for seq in range(800, 900))
            broker.start()
            # What the broker acknowledged and could not deliver died with it: that is what replay requests are for.
            until(lambda: journal.published == journal.last_row)
            deadline_s = time.monotonic() + PATIENCE_S
            while missing := set(range(900)) - set(listener.seqs()):
                assert time.monotonic() < deadline_s, f"{len(missing)} blocks never came"
                listener.ask(from_seq=min(missing))
                time.sleep(0.5)
        assert set(listener.seqs()) == set(range(900))


def test_a_broker_that_was_killed_is_told_once_more_that_the_session_has_ended(
    broker: RunningBroker, tmp_path: Path
) -> None:
    with journal_of(tmp_path, 3) as journal:
        journal.end()
    with publishing(broker, tmp_path, tmp_path / f"{SESSION}.journal"):
        with listening(broker) as listener:
            until(lambda: "ended" in [status.state for status in listener.statuses])
        broker.kill()
        broker.start()
        with listening(broker) as listener:
            until(lambda: "ended" in [status.state for status in listener.statuses])
    assert listener.statuses[-1].last_seq == {"emg": 2}


def test_a_replay_begins_at_the_wanted_block_and_goes_on_to_the_end(broker: RunningBroker, tmp_path: Path) -> None:
    with listening(broker) as listener, journal_of(tmp_path, 50):
        with publishing(broker, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: len(listener.blocks) == 50)
            listener.ask(from_seq=40)
            until(lambda: len(listener.blocks) == 60)
        assert listener.seqs()[50:] == list(range(40, 50))


def test_a_replay_of_a_session_that_was_complete_is_answered_from_its_journal(
    broker: RunningBroker, tmp_path: Path
) -> None:
    with journal_of(tmp_path, 10) as journal:
        journal.end()
    with listening(broker) as listener, journal_of(tmp_path, 1, EARLIER):
        with publishing(broker, tmp_path, tmp_path / f"{EARLIER}.journal"):
            until(lambda: len(listener.blocks) == 1)
            listener.ask(from_seq=8)
            until(lambda: any(status.state == "ended" for status in listener.statuses))
        assert [(b.session, b.seq) for b in listener.blocks[1:]] == [(SESSION, seq) for seq in range(10)]


def test_a_request_that_makes_no_sense_is_refused_and_harms_nothing(broker: RunningBroker, tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION}.journal"
    with listening(broker) as listener, journal_of(tmp_path, 1) as journal, publishing(broker, tmp_path, path):
        until(lambda: len(listener.blocks) == 1)
        request = ReplayRequest(session="2020-01-01_w1_left_calf_none", from_seq={"emg": 0})
        listener.client.publish(LEFT_CALF.topic("cmd/replay"), encode_json(request), qos=1)
        for what in ("cmd/replay", "cmd/buzz"):
            listener.client.publish(LEFT_CALF.topic(what), b"nonsense", qos=1)
        journal.append([block(1)])
        until(lambda: len(listener.blocks) == 2)


def test_several_journals_are_published_one_after_the_other(broker: RunningBroker, tmp_path: Path) -> None:
    with journal_of(tmp_path, 20, EARLIER) as earlier:
        earlier.end()
    paths = [tmp_path / f"{EARLIER}.journal", tmp_path / f"{SESSION}.journal"]
    with listening(broker) as listener, journal_of(tmp_path, 20):
        with publishing(broker, tmp_path, *paths, paths[1]):
            until(lambda: len(listener.blocks) == 40)
        assert [b.session for b in listener.blocks] == [EARLIER] * 20 + [SESSION] * 20


def test_without_a_broker_a_stop_does_not_wait_for_long_and_the_journal_keeps_all(tmp_path: Path) -> None:
    publisher = Publisher(LEFT_CALF, BrokerSettings(port=1), tmp_path, health, 10)
    with journal_of(tmp_path, 5) as journal:
        publisher.publish(tmp_path / f"{SESSION}.journal")
        publisher.start()
        publisher.stop()
        assert (journal.published, journal.last_row) == (0, 5)


def test_what_the_broker_denies_stays_unpublished_and_the_log_says_why(
    mosquitto_that_denies: RunningBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(mosquitto_that_denies) as listener, journal_of(tmp_path, 5) as journal:
        with publishing(mosquitto_that_denies, tmp_path, tmp_path / f"{SESSION}.journal"):
            until(lambda: "access control list" in caplog.text)
            until(lambda: bool(listener.statuses))
        assert (journal.published, listener.blocks) == (0, [])


@pytest.mark.parametrize("kind", ["emg", "status"])
def test_what_was_denied_is_published_once_it_is_allowed(
    kind: str,
    shipped_mosquitto: ShippedMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collector.publisher.DENIED_PAUSE_S", 0.2)
    rules = shipped_mosquitto.rules
    shipped_mosquitto.allow(rules.replace(f"topic write crampwatch/v1/+/+/{kind}\n", ""))
    heard = ViewersEars(shipped_mosquitto.access("viewer"))
    publisher = Publisher(LEFT_CALF, shipped_mosquitto.access("collector"), tmp_path, health, 10)
    with journal_of(tmp_path, 5) as journal:
        publisher.publish(tmp_path / f"{SESSION}.journal")
        publisher.start()
        until(lambda: f"denies us {kind}" in caplog.text)
        assert kind not in heard.kinds()
        shipped_mosquitto.allow(rules)
        until(lambda: kind in heard.kinds() and journal.published == journal.last_row)
    publisher.stop()
    heard.close()
    assert caplog.text.count(f"denies us {kind}") == 1
    assert f"takes {kind} again" in caplog.text


def test_a_wrong_password_is_told_and_tried_again_until_it_is_right(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guessing = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password="guessed")
    with journal_of(tmp_path, 5) as journal:
        publisher = Publisher(LEFT_CALF, guessing, tmp_path, health, 10)
        publisher.publish(tmp_path / f"{SESSION}.journal")
        publisher.start()
        until(lambda: "check user and password" in caplog.text)
        mosquitto.admit("guessed")
        until(lambda: journal.published == journal.last_row)
        publisher.stop()


def test_two_collectors_for_one_place_say_so(
    mosquitto: RunningBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with publishing(mosquitto, tmp_path), publishing(mosquitto, tmp_path):
        until(lambda: caplog.text.count("do two programs run as crampwatch-collector-w1-left_calf?") >= 2)


def test_a_collector_that_is_told_to_have_been_taken_over_does_not_come_back_at_once(
    broker_of_another: BrokerOfAnother, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(LEFT_CALF, broker_of_another.settings, tmp_path, health, 10)
    publisher.start()
    until(lambda: "another client took our session over" in caplog.text)
    time.sleep(1)  # four times the shortest wait
    publisher.stop()
    assert broker_of_another.visits == 1


def test_a_collector_that_was_taken_over_comes_back_after_a_while(
    broker_of_another: BrokerOfAnother, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.mqtt_client.TAKEN_OVER_S", 0.1)
    monkeypatch.setattr("collector.publisher.GIVE_UP_S", 0.2)
    publisher = Publisher(LEFT_CALF, broker_of_another.settings, tmp_path, health, 10)
    publisher.start()
    until(lambda: broker_of_another.visits >= 2)
    publisher.stop()


def test_a_password_that_cannot_be_read_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(BadAccess, match=r"password file .*gone cannot be read"):
        Publisher(LEFT_CALF, BrokerSettings(username="u", password_file=str(tmp_path / "gone")), tmp_path, health, 10)


def test_a_collector_that_is_killed_is_announced_as_offline_by_the_broker(
    broker: RunningBroker, tmp_path: Path
) -> None:
    journal_of(tmp_path, 1).close()
    with listening(broker) as listener:
        with subprocess.Popen(
            [sys.executable, "-c", VICTIM, str(broker.port), broker.password, broker.protocol, tmp_path]
        ) as victim:
            until(lambda: len(listener.blocks) == 1)
            victim.kill()
        until(lambda: listener.statuses[-1].state == "offline")
        assert listener.statuses[-1].reason == "the collector vanished"


VICTIM = f"""
import sys, time
from pathlib import Path
from collector.contract.broker import BadAccess, BrokerSettings
from collector.contract.topics import place
from collector.publisher import Publisher
from tests.collector.test_publisher import health
broker = BrokerSettings(port=int(sys.argv[1]), username="crampwatch", password=sys.argv[2], protocol=sys.argv[3])
publisher = Publisher(place("w1", "left_calf"), broker, Path(sys.argv[4]), health, 10)
publisher.publish(Path(sys.argv[4]) / "{SESSION}.journal")
publisher.start()
time.sleep(60)
"""


def test_the_cursor_waits_for_the_oldest_row_without_acknowledgement(tmp_path: Path) -> None:
    with journal_of(tmp_path, 5) as journal:
        feed = JournalFeed(tmp_path / f"{SESSION}.journal")
        rows = [entry.row for entry in feed.take(5)]
        for row in rows[1:]:
            feed.acknowledge(row)
        feed.save()
        assert (journal.published, feed.unpublished, feed.drained) == (0, 5, False)
        feed.acknowledge(rows[0])
        feed.close()
        assert journal.published == rows[-1]


def test_a_refused_row_is_handed_out_again(tmp_path: Path) -> None:
    with journal_of(tmp_path, 3):
        feed = JournalFeed(tmp_path / f"{SESSION}.journal")
        first, second, third = (entry.row for entry in feed.take(3))
        feed.acknowledge(first)
        feed.refuse(second)
        assert [entry.row for entry in feed.take(9)] == [second, third]
        feed.close()


def test_a_replay_goes_on_with_the_next_block_where_those_wanted_were_given_up(tmp_path: Path) -> None:
    with journal_of(tmp_path, 6) as journal:
        feed = JournalFeed(tmp_path / f"{SESSION}.journal")
        for entry in feed.take(6):
            feed.acknowledge(entry.row)
        feed.save()
        (block, *_) = journal.blocks()
        journal.append([msgspec.structs.replace(block, seq=6)], in_place_of_oldest=True)
        feed.rewind({block.stream: 0})
        assert [entry.seq for entry in feed.take(9)] == [1, 2, 3, 4, 5, 6]
        feed.close()
