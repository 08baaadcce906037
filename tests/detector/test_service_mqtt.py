"""The service's connection to the broker, where it cannot be had."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from detector.mqtt import serve
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from tests.support.brokers import BrokerOfAnother, Mosquitto

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
