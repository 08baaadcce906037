"""The service's connection to the broker, where it cannot be had."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from detector.mqtt import serve
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from tests.support.brokers import Mosquitto

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


def wait_for(text: str, caplog: pytest.LogCaptureFixture, times: int = 1) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while sum(text in record.getMessage() for record in caplog.records) < times:
        assert time.monotonic() < deadline_s, f"not logged: {text}"
        time.sleep(0.02)


def test_without_a_broker_it_says_where_it_looked_and_goes_on_trying(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(BrokerSettings(host="127.0.0.1", port=1), tmp_path / "nights.sqlite") as thread:
        wait_for("no broker at 127.0.0.1:1", caplog, times=2)
        assert thread.is_alive()


def test_a_wrong_password_is_named_as_such_and_tried_again(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = BrokerSettings(host=mosquitto.host, port=mosquitto.port, username=mosquitto.username, password="guessed")
    with serving(wrong, tmp_path / "nights.sqlite") as thread:
        wait_for("check user and password", caplog, times=2)
        assert thread.is_alive()
