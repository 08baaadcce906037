"""The bedside at a real broker: a cramp on its way from the samples to the ear, and a broker that is killed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.codec import encode_block, encode_json
from collector.contract.messages import Status
from collector.mqtt_client import mqtt_client
from detector.alarm.messages import Command
from detector.alarm.settings import AlarmSettings
from detector.bedside.home_assistant import config_topic
from detector.bedside.hook import Sounder
from detector.bedside.mqtt import BedsideLink
from detector.bedside.push_queue import PushQueue
from detector.bedside.service import Bedside, Ways
from detector.diary.diary import Diary
from detector.mqtt import MqttLink
from detector.service import DetectorService
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.sight import Seen
from detector.store import NightStore
from tests.detector.bedside.stand_ins import BERLIN
from tests.support.bedside import BLOCKS, CONFIRMED
from tests.support.brokers import Mosquitto, ShippedMosquitto
from tests.support.signals import LEFT_CALF, SESSION

PATIENCE_S = 40.0


def until(met: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.02)


class Bedroom:
    """A bedside with its own sound, diary and queue, at a broker."""

    def __init__(self, folder: Path, broker: BrokerSettings, **settings: Any) -> None:
        self.diary = folder / "diary.sqlite"
        self.queue = folder / "push.sqlite"
        self.sounds = folder / "sounds"
        script = f'echo "$1" >> {self.sounds}'
        self._settings = AlarmSettings(command=("sh", "-c", script, "sh", "{kind}"), **settings)
        self._broker = broker

    @contextmanager
    def open(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        link = BedsideLink(self._broker)
        ways = Ways(lambda: Diary(self.diary), Sounder(self._settings), lambda: PushQueue(self.queue), link.publish)
        link.run(Bedside(self._settings, BERLIN, [LEFT_CALF], ways), stop)

    @property
    def heard(self) -> list[str]:
        return self.sounds.read_text().split() if self.sounds.exists() else []

    def says(self) -> str:
        with Diary(self.diary, read_only=True) as diary:
            state = diary.state(LEFT_CALF)
        return state.state if state else ""

    def faults(self) -> list[str]:
        with Diary(self.diary, read_only=True) as diary:
            state = diary.state(LEFT_CALF)
        return [fault.kind for fault in state.faults] if state else []

    def shows(self, state: str) -> Callable[[], bool]:
        return lambda: self.diary.exists() and self.says() == state


@contextmanager
def detecting(broker: BrokerSettings, path: Path) -> Iterator[None]:
    """A detector that takes the samples' time for the present."""
    stop = threading.Event()

    def run() -> None:
        with NightStore(path) as store:
            link = MqttLink(broker, "crampwatch-detector")
            link.run(DetectorService(ServiceSettings(clock="samples"), DetectorSettings(), store, link.publish), stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def client(broker: BrokerSettings, topic: str = "") -> Iterator[tuple[Any, list[Any]]]:
    """Somebody at the broker, and what he hears under a topic."""
    heard: list[Any] = []
    somebody = mqtt_client(broker)
    ready = threading.Event()
    somebody.on_message = lambda _, __, message: heard.append(message)
    somebody.on_subscribe = lambda *_: ready.set()
    somebody.on_connect = lambda it, *_: it.subscribe(topic or "nothing", qos=1)
    somebody.connect(broker.host, broker.port)
    somebody.loop_start()
    assert ready.wait(PATIENCE_S)
    try:
        yield somebody, heard
    finally:
        somebody.disconnect()
        somebody.loop_stop()


def online() -> bytes:
    return encode_json(Status(state="online", t_ns=time.time_ns(), session=SESSION))


def test_a_cramp_comes_from_the_samples_to_the_ear_and_each_step_of_its_way_is_kept(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    bedroom = Bedroom(tmp_path, shipped_mosquitto.access("alarm"))
    with (
        detecting(shipped_mosquitto.access("detector"), tmp_path / "nights.sqlite"),
        bedroom.open(),
        client(shipped_mosquitto.access("collector")) as (collector, _),
        client(shipped_mosquitto.access("home"), LEFT_CALF.topic("state")) as (home, states),
    ):
        collector.publish(LEFT_CALF.topic("status"), online(), qos=1, retain=True)
        until(bedroom.shows("WATCHING"), "the night to begin")
        before_ns = time.time_ns()
        for block in BLOCKS[:120]:
            collector.publish(LEFT_CALF.topic(block.stream), encode_block(block), qos=1)
        until(lambda: "cramp" in bedroom.heard, "the sound")
        press = msgspec.json.encode({"do": "ack", "by": "home assistant"})
        until(lambda: any(b'"ALERT"' in state.payload for state in states), "home automation to see it")
        home.publish(LEFT_CALF.topic("cmd/alarm"), press, qos=1)
        until(bedroom.shows("ACKED"), "the answer")
        after_ns = time.time_ns()
    with Diary(bedroom.diary, read_only=True) as diary:
        (latency,) = diary.latencies(LEFT_CALF)
    assert (latency.event_id, latency.onset_ns, latency.confirmed_ns) == (
        CONFIRMED.id,
        CONFIRMED.onset_ns,
        CONFIRMED.alerted_ns,
    )
    assert CONFIRMED.onset_ns < CONFIRMED.suspected_ns == latency.suspected_ns < latency.published_ns
    assert latency.sounded_ns is not None
    assert latency.acknowledged_ns is not None
    assert before_ns < latency.delivered_ns <= latency.sounded_ns < latency.acknowledged_ns < after_ns


def test_a_broker_that_is_killed_is_a_fault_that_sounds_and_its_return_is_told_with_what_holds_then(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    bedroom = Bedroom(tmp_path, broker, fault_grace_s=1.0, fault_settle_s=0.5)
    with bedroom.open():
        with client(broker) as (collector, _):
            collector.publish(LEFT_CALF.topic("status"), online(), qos=1, retain=True)
            until(bedroom.shows("WATCHING"), "the night to begin")
        mosquitto.kill()
        until(lambda: bedroom.faults() == ["broker"], "the fault")
        until(lambda: "fault" in bedroom.heard, "its sound")
        # What is asked for at the bedside needs no broker.
        with Diary(bedroom.diary) as diary:
            diary.add(LEFT_CALF, Command(do="snooze", minutes=30, by="wearer", t_ns=time.time_ns(), id="s1"))
        until(bedroom.shows("SNOOZED"), "the snooze")
        mosquitto.start()
        until(lambda: bedroom.faults() == [], "the end of the fault")
        with client(broker, LEFT_CALF.topic("state")) as (_, states):
            until(lambda: bool(states) and b'"faults":[]' in states[-1].payload, "the state without it")


def test_a_retained_command_is_not_obeyed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    with client(broker) as (somebody, _):
        somebody.publish(LEFT_CALF.topic("status"), online(), qos=1, retain=True)
        command = msgspec.json.encode({"do": "disarm", "by": "somebody"})
        somebody.publish(LEFT_CALF.topic("cmd/alarm"), command, qos=1, retain=True).wait_for_publish(PATIENCE_S)
        bedroom = Bedroom(tmp_path, broker)
        with bedroom.open():
            until(bedroom.shows("WATCHING"), "the night to begin")
            somebody.publish(LEFT_CALF.topic("cmd/alarm"), b'{"do": "mute", "by": "somebody"}', qos=1)
            until(bedroom.shows("MUTED"), "the command that was not retained")
    with Diary(bedroom.diary, read_only=True) as diary:
        assert [command.do for command in diary.between(LEFT_CALF, Command)] == ["mute"]


def test_a_broker_that_cannot_be_reached_keeps_no_sound_waiting(tmp_path: Path) -> None:
    """TEST-NET-1 (RFC 5737) answers nobody: a connection there hangs until it times out."""
    bedroom = Bedroom(tmp_path, BrokerSettings(host="192.0.2.1", port=1883), fault_grace_s=0.0)
    with bedroom.open():
        until(bedroom.diary.exists, "the diary")
        with Diary(bedroom.diary) as diary:
            asked_ns = time.time_ns()
            diary.add(LEFT_CALF, Command(do="test", by="wearer", t_ns=asked_ns, id="t1"))
        until(lambda: "test" in bedroom.heard, "the sound")


def test_what_the_alarm_may_not_say_is_told_in_its_log(
    mosquitto_that_denies: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    denying = mosquitto_that_denies
    broker = BrokerSettings(port=denying.port, username=denying.username, password=denying.password)
    with Bedroom(tmp_path, broker).open():
        until(lambda: "denies us state" in caplog.text, "the log line")
        until(lambda: "denies us config" in caplog.text, "the other")
    assert caplog.text.count("denies us state") == 1


def test_a_device_that_could_not_be_announced_is_announced_once_that_is_allowed(
    shipped_mosquitto: ShippedMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detector.bedside.mqtt.REPEAT_S", 0.5)
    rules = shipped_mosquitto.rules
    shipped_mosquitto.allow(rules.replace("topic write homeassistant/device/+/config\n", ""))
    with (
        client(shipped_mosquitto.access("home"), config_topic(LEFT_CALF)) as (_, heard),
        Bedroom(tmp_path, shipped_mosquitto.access("alarm")).open(),
    ):
        until(lambda: "denies us config" in caplog.text, "the denial")
        assert "let user alarm write to homeassistant/device/+/config in its access control list" in caplog.text
        shipped_mosquitto.allow(rules)
        until(lambda: bool(heard), "the announcement")
        until(lambda: "takes config again" in caplog.text, "the end of the denial")


def test_a_stopped_alarm_leaves_no_state_that_looks_alive(mosquitto: Mosquitto, tmp_path: Path) -> None:
    broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    with client(broker, LEFT_CALF.topic("state")) as (_, states):
        with Bedroom(tmp_path, broker).open():
            until(lambda: bool(states), "the state")
        until(lambda: states[-1].payload == b"", "its end")


def test_a_cramp_that_began_while_the_alarm_was_away_sounds_when_it_is_back(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    broker = BrokerSettings(port=mosquitto.port, username=mosquitto.username, password=mosquitto.password)
    bedroom = Bedroom(tmp_path, broker)
    with client(broker) as (somebody, _):
        somebody.publish(LEFT_CALF.topic("status"), online(), qos=1, retain=True)
        with bedroom.open():
            until(bedroom.shows("WATCHING"), "the night to begin")
        seen = Seen(state="ALERT", since_ns=time.time_ns(), event_id="e1", text="", t_ns=time.time_ns())
        somebody.publish(LEFT_CALF.topic("watch"), encode_json(seen), qos=1, retain=True).wait_for_publish(PATIENCE_S)
        with bedroom.open():
            until(lambda: "cramp" in bedroom.heard, "the sound of what began while the alarm was away")
