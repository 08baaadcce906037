"""The service's connection to the broker, where it cannot be had."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from collector.mqtt_client import mqtt_client
from detector.mqtt import MqttLink, serve
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from tests.support.brokers import BrokerOfAnother, Mosquitto
from tests.support.signals import LEFT_CALF

PATIENCE_S = 30.0


@contextmanager
def serving(broker: BrokerSettings, store: Path) -> Iterator[threading.Thread]:
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(broker, store, ServiceSettings(), DetectorSettings(), stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.02)


def wait_for(text: str, caplog: pytest.LogCaptureFixture, times: int = 1) -> None:
    until(lambda: sum(text in record.getMessage() for record in caplog.records) >= times, f"the log line {text!r}")


def test_a_broker_that_comes_late_is_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mosquitto: Mosquitto
) -> None:
    mosquitto.kill()
    settings = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    with serving(settings, tmp_path / "nights.sqlite"):
        wait_for(f"127.0.0.1:{mosquitto.port}: it cannot be reached (Connection refused); is it running?", caplog)
        mosquitto.start()
        until(lambda: "as crampwatch-detector" in mosquitto.log.read_text(), "the detector to enter")


def test_a_wrong_password_is_told_and_tried_again_until_it_is_right(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guessing = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password="guessed")
    with serving(guessing, tmp_path / "nights.sqlite"):
        wait_for("check user and password", caplog)
        mosquitto.admit("guessed")
        until(lambda: "as crampwatch-detector" in mosquitto.log.read_text(), "the detector to enter")


def test_a_detector_that_is_told_to_have_been_taken_over_does_not_come_back_at_once(
    broker_of_another: BrokerOfAnother, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(broker_of_another.settings, tmp_path / "nights.sqlite"):
        wait_for("another client took our session over; do two programs run as crampwatch-detector?", caplog)
        time.sleep(1)  # four times the shortest wait
    assert broker_of_another.visits == 1


def test_a_detector_that_was_taken_over_comes_back_after_a_while(
    broker_of_another: BrokerOfAnother, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.mqtt_client.TAKEN_OVER_S", 0.1)
    with serving(broker_of_another.settings, tmp_path / "nights.sqlite"):
        until(lambda: broker_of_another.visits >= 2, "another visit")


def test_two_detectors_at_one_broker_say_so(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    with serving(settings, tmp_path / "one.sqlite"), serving(settings, tmp_path / "two.sqlite"):
        wait_for("do two programs run as crampwatch-detector?", caplog, times=2)


def test_of_retained_messages_the_first_and_the_last_are_sent_and_events_all(mosquitto: Mosquitto) -> None:
    """As many as while a night is caught up with: those between would only be replaced."""
    heard: list[tuple[str, bytes]] = []
    broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    listener = mqtt_client(broker)
    listener.on_message = lambda _, __, message: heard.append((message.topic, bytes(message.payload)))
    listening = threading.Event()
    listener.on_connect = lambda client, *_: client.subscribe("crampwatch/#", qos=1)
    listener.on_subscribe = lambda *_: listening.set()
    listener.connect(broker.host, broker.port)
    listener.loop_start()
    assert listening.wait(PATIENCE_S)
    link, stop = MqttLink(broker, "crampwatch-detector"), threading.Event()
    ack, event = LEFT_CALF.topic("ack"), LEFT_CALF.topic("event")

    class Chatty:
        """Says a thousand things as soon as there is a broker."""

        def connected(self) -> None:
            for number in range(1000):
                link.publish(ack, b"%d" % number, retain=True)
                link.publish(event, b"%d" % number)

        def tick(self) -> None: ...
        def close(self) -> None: ...

    thread = threading.Thread(target=link.run, args=(Chatty(), stop))
    thread.start()
    until(lambda: (ack, b"999") in heard and (event, b"999") in heard, "the last ones")
    stop.set()
    thread.join()
    listener.disconnect()
    listener.loop_stop()
    assert [payload for topic, payload in heard if topic == ack] == [b"0", b"999"]
    assert [int(payload) for topic, payload in heard if topic == event] == list(range(1000))
