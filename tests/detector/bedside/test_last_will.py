"""Who looks at the broker sees at once that the alarm has died: at the broker as it is shipped, and at an older one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.topics import ALARM
from collector.embedded_broker import EmbeddedBroker
from detector.bedside.home_assistant import config_topic
from tests.detector.bedside.home_assistant_stand_in import HomeAssistantStandIn, until
from tests.detector.bedside.test_mqtt import Bedroom, client
from tests.support.brokers import ShippedMosquitto
from tests.support.signals import LEFT_CALF

WRITE, READ = f"topic write {ALARM}\n", f"topic read {ALARM}\n"


@pytest.fixture
def broker(shipped_mosquitto: ShippedMosquitto) -> Iterator[ShippedMosquitto]:
    rules = shipped_mosquitto.rules
    yield shipped_mosquitto
    shipped_mosquitto.allow(rules)


@contextmanager
def alarm(broker: ShippedMosquitto, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`crampwatch alarm`, to be killed."""
    settings = folder / "crampwatch.toml"
    settings.write_text(
        f"""
        [broker]
        port = {broker.port}
        password_directory = "{broker.plan.passwords}"
        [alarm]
        mode = "silent"
        [[sensor]]
        wearer = "w1"
        site = "left_calf"
        """
    )
    command = [sys.executable, "-m", "crampwatch", "alarm", "--config", str(settings)]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_alarm_that_is_killed_is_unavailable_at_once_though_its_state_is_kept(
    broker: ShippedMosquitto, tmp_path: Path
) -> None:
    with alarm(broker, tmp_path) as process, HomeAssistantStandIn(broker.access("home")) as home:
        until(lambda: home.knows(1), "the device")
        ack = home.entities["button.crampwatch_w1_left_calf_ack"]
        until(lambda: ack.state != "unavailable", "the button")
        process.kill()
        until(lambda: {entity.state for entity in home.entities.values()} == {"unavailable"}, "everything to go")
        with client(broker.access("viewer"), "crampwatch/v1/#") as (_, kept):
            until(lambda: len(kept) >= 2, "what is kept")
            assert {it.topic: it.payload for it in kept}[ALARM] == b"offline"
            assert {it.topic: it.payload for it in kept}[LEFT_CALF.topic("state")]


def test_an_alarm_that_is_stopped_says_so_itself(broker: ShippedMosquitto, tmp_path: Path) -> None:
    with client(broker.access("home"), ALARM) as (_, told):
        with Bedroom(tmp_path, broker.access("alarm")).open():
            until(lambda: bool(told) and told[-1].payload == b"online", "that it is there")
        until(lambda: told[-1].payload == b"offline", "that it is gone")


def test_a_broker_that_denies_the_will_lets_the_alarm_in_and_nothing_waits_for_the_will(
    broker: ShippedMosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker.allow(broker.rules.replace(WRITE, "").replace(READ, ""))
    with Bedroom(tmp_path, broker.access("alarm")).open(), HomeAssistantStandIn(broker.access("home")) as home:
        until(lambda: home.knows(1), "the device")
        ack = next(entity for name, entity in home.entities.items() if name.endswith("_ack"))
        until(lambda: ack.state != "unavailable", "the button")
    assert caplog.text.count("denies us alarm") == 1
    assert f"let user alarm write to {ALARM} " in caplog.text


def test_once_the_broker_lets_the_alarm_say_that_it_is_there_its_end_is_told(
    broker: ShippedMosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.bedside.mqtt.REPEAT_S", 0.5)
    rules = broker.rules
    broker.allow(rules.replace(WRITE, ""))
    with (
        client(broker.access("home"), config_topic(LEFT_CALF)) as (_, announced),
        Bedroom(tmp_path, broker.access("alarm")).open(),
    ):
        until(lambda: bool(announced), "the announcement")
        assert ALARM.encode() not in announced[-1].payload
        broker.allow(rules)
        until(lambda: ALARM.encode() in announced[-1].payload, "the one that names the will")


def test_the_embedded_broker_tells_the_end_of_the_alarm_too(embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    broker = BrokerSettings(
        port=embedded_broker.port,
        username=embedded_broker.username,
        password=embedded_broker.password,
        protocol="3.1.1",
    )
    with client(broker, ALARM) as (_, told):
        with Bedroom(tmp_path, broker).open():
            until(lambda: bool(told) and told[-1].payload == b"online", "that it is there")
        until(lambda: told[-1].payload == b"offline", "that it is gone")
