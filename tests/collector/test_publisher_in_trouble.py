"""A damaged journal, a full disk, or an error of our own: told once, and in nobody else's way."""

import asyncio
import logging
import threading
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.subscribe import simple

from collector.contract.codec import decode_json
from collector.contract.messages import Fault, Faults
from collector.feed_queue import FeedQueue
from collector.publisher import Publisher, PublisherStopped
from collector.service import Collector
from collector.simulator.memory_backend import memory_backend
from tests.collector.publishing import (
    EARLIER,
    LEFT_CALF,
    SESSION,
    health,
    journal_of,
    listening,
    publishing,
    until,
)
from tests.support.blocks import START_NS
from tests.support.brokers import Mosquitto, ShippedMosquitto
from tests.support.wearables import settings

PAGE = 4096
FAULT = Fault(device="cramp-node 17", streams=("emg",), since_ns=START_NS, cause="first", cure="charge it")


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def damaged(directory: Path) -> Path:
    """A journal of which all but the first pages are unreadable."""
    with journal_of(directory, 300, EARLIER) as journal:
        journal.end()
    path = directory / f"{EARLIER}.journal"
    content = path.read_bytes()
    path.write_bytes(content[: 12 * PAGE] + b"\xff" * (len(content) - 12 * PAGE))
    return path


def test_a_journal_that_cannot_be_read_is_told_once_and_the_others_go_on(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = damaged(tmp_path)
    content = path.read_bytes()
    with (
        listening(mosquitto) as listener,
        journal_of(tmp_path, 20),
        publishing(mosquitto, tmp_path, path, tmp_path / f"{SESSION}.journal") as publisher,
    ):
        until(lambda: [block.seq for block in listener.blocks if block.session == SESSION] == list(range(20)))
        listener.client.publish(LEFT_CALF.topic("cmd/replay"), replay_of(EARLIER), qos=1)
        heard = len(listener.health)
        until(lambda: len(listener.health) > heard + 1)
        publisher.check(SESSION)
        with pytest.raises(PublisherStopped, match=f"journal of session {EARLIER}, which is being recorded"):
            publisher.check(EARLIER)
    (line,) = errors(caplog)
    assert f"session {EARLIER} cannot be read" in line
    assert path.read_bytes()[12 * PAGE :] == content[12 * PAGE :]


def replay_of(session: str) -> bytes:
    return msgspec.json.encode({"v": 1, "session": session, "from_seq": {"emg": 0}})


def test_while_the_disk_is_full_it_is_told_once_and_once_more_when_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue = FeedQueue(tmp_path)
    with journal_of(tmp_path, 5) as journal:
        queue.add(tmp_path / f"{SESSION}.journal")
        queue.take_new()
        feed = queue.first
        assert feed is not None
        for entry in feed.take(5):
            feed.acknowledge(entry.row)
        feed._journal._db.execute("PRAGMA query_only = ON")  # refuses with SQLITE_READONLY, even for root
        for _ in range(3):
            queue.save()
        (line,) = errors(caplog)
        assert "cannot be kept" in line
        feed._journal._db.execute("PRAGMA query_only = OFF")
        for _ in range(3):
            queue.save()
        assert journal.published == journal.last_row
        assert [record.getMessage() for record in caplog.records][1:] == ["How far it is published is kept again."]
    queue.close()


def test_a_disk_that_takes_nothing_keeps_no_journal_open(tmp_path: Path) -> None:
    queue = FeedQueue(tmp_path)
    with journal_of(tmp_path, 5) as journal:
        queue.add(tmp_path / f"{SESSION}.journal")
        queue.take_new()
        feed = queue.first
        assert feed is not None
        for entry in feed.take(5):
            feed.acknowledge(entry.row)
        feed._journal._db.execute("PRAGMA query_only = ON")
        queue.drop_first()
        assert (len(queue), journal.published) == (0, 0)


def test_a_publisher_that_fails_says_why_and_that_it_has_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> tuple[Fault, ...]:
        raise RuntimeError("an error of our own")

    publisher = Publisher(LEFT_CALF, settings(tmp_path).broker, tmp_path, health, 10, broken)
    publisher.start()
    until(lambda: not publisher._thread.is_alive())
    with pytest.raises(PublisherStopped, match="told above"):
        publisher.check(None)
    publisher.stop()
    assert "an error of our own" in caplog.text


async def test_a_collector_whose_publisher_has_ended_ends_to_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.service.OVERSEE_EVERY_S", 0.05)
    monkeypatch.setattr(Publisher, "_step", lambda self: 1 / 0)
    collector = Collector(settings(tmp_path), memory_backend([]))
    with pytest.raises(PublisherStopped):
        await asyncio.wait_for(collector.run(), 20)


def test_of_faults_that_were_denied_only_the_newest_is_told_once_it_is_allowed(
    shipped_mosquitto: ShippedMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collector.publisher.DENIED_PAUSE_S", 0.3)
    rules = shipped_mosquitto.rules
    shipped_mosquitto.allow(rules.replace("topic write crampwatch/v1/+/+/fault\n", ""))
    last = msgspec.structs.replace(FAULT, cause="last")
    asked = iter([(FAULT,), (msgspec.structs.replace(FAULT, cause="second"),)])  # both are in flight at once
    publisher = Publisher(
        LEFT_CALF,
        shipped_mosquitto.access("collector"),
        tmp_path,
        health,
        10,
        lambda: next(asked, (last,)) if entered(publisher) else (),
    )
    publisher.start()
    until(lambda: "denies us fault" in caplog.text)
    shipped_mosquitto.allow(rules)
    until(lambda: "takes fault again" in caplog.text)
    quiet = threading.Event()
    quiet.wait(1.0)  # three times the pause: were an older one repeated, it would be the retained one now
    found = retained(shipped_mosquitto)
    publisher.stop()
    assert found == (last,)


def entered(publisher: Publisher) -> bool:
    return publisher._attempts.entered


def retained(broker: ShippedMosquitto) -> tuple[Fault, ...]:
    viewer = broker.access("viewer")
    message = simple(  # type: ignore[no-untyped-call]  # paho does not annotate it
        LEFT_CALF.topic("fault"),
        1,
        hostname=viewer.host,
        port=viewer.port,
        auth={"username": viewer.username, "password": viewer.secret()},
        protocol=mqtt.MQTTv5,
    )
    assert isinstance(message, mqtt.MQTTMessage)
    return decode_json(bytes(message.payload), Faults).faults
