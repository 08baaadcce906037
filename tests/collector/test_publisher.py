"""What is in the journal reaches a real broker: in order, across its death, and again when it is asked for."""

import subprocess
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.subscribe import simple

from collector.contract.codec import decode_json, encode_json
from collector.contract.messages import Fault, Faults, ReplayRequest
from collector.publisher import Publisher
from tests.collector.publishing import (
    EARLIER,
    LEFT_CALF,
    PATIENCE_S,
    SESSION,
    access,
    health,
    journal_of,
    listening,
    publishing,
    until,
)
from tests.support.blocks import START_NS, block
from tests.support.brokers import RunningBroker

NOT_HEARD = Fault(
    device="cramp-node 17", streams=("emg",), since_ns=START_NS, cause="the wearable was not heard", cure="charge it"
)


@pytest.fixture(params=["mosquitto", "embedded_broker"])
def broker(request: pytest.FixtureRequest) -> RunningBroker:
    running: RunningBroker = request.getfixturevalue(request.param)
    return running


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
from tests.collector.publishing import health
broker = BrokerSettings(port=int(sys.argv[1]), username="crampwatch", password=sys.argv[2], protocol=sys.argv[3])
publisher = Publisher(place("w1", "left_calf"), broker, Path(sys.argv[4]), health, 10)
publisher.publish(Path(sys.argv[4]) / "{SESSION}.journal")
publisher.start()
time.sleep(60)
"""
