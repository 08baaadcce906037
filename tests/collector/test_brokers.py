"""The brokers the other tests stand on, and what the product promises of the embedded one."""

import os
import select
import signal
import socket
import subprocess
import sys
from threading import Event

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from collector.embedded_broker import BrokerFailed, EmbeddedBroker
from tests.support.brokers import Mosquitto, RunningBroker


def connect_reason(broker: RunningBroker, password: str) -> str:
    answer: list[str] = []
    answered = Event()

    def on_connect(client: mqtt.Client, userdata: None, flags: object, reason: object, properties: object) -> None:
        answer.append(str(reason))
        answered.set()

    protocol = mqtt.MQTTv5 if broker.protocol == "5" else mqtt.MQTTv311
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
    client.username_pw_set(broker.username, password)
    client.on_connect = on_connect
    client.connect(broker.host, broker.port)
    client.loop_start()
    assert answered.wait(10)
    client.disconnect()
    client.loop_stop()
    return answer[0]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_mosquitto_lets_in_only_who_knows_the_password(mosquitto: Mosquitto) -> None:
    assert connect_reason(mosquitto, mosquitto.password) == "Success"
    assert connect_reason(mosquitto, "guessed") == "Not authorized"


def test_the_embedded_broker_lets_in_only_who_knows_the_password(embedded_broker: EmbeddedBroker) -> None:
    assert connect_reason(embedded_broker, embedded_broker.password) == "Success"
    assert connect_reason(embedded_broker, "guessed") == "Not authorized"


def test_the_embedded_broker_comes_back_on_the_same_port_after_a_kill(embedded_broker: EmbeddedBroker) -> None:
    embedded_broker.kill()
    assert not listens(embedded_broker.port)
    embedded_broker.start()
    assert connect_reason(embedded_broker, embedded_broker.password) == "Success"


def test_a_stopped_embedded_broker_leaves_no_process_behind() -> None:
    broker = EmbeddedBroker()
    broker.start()
    pid = broker.pid
    assert pid is not None
    broker.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_embedded_broker_ends_when_its_parent_is_killed() -> None:
    code = (
        "from collector.embedded_broker import EmbeddedBroker\nimport time\n"
        "broker = EmbeddedBroker(); broker.start(); print(broker.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watch = os.pidfd_open(pid)
        os.kill(parent.pid, signal.SIGKILL)
    # A process descriptor becomes readable when its process ends.
    assert select.select([watch], [], [], 20)[0]
    os.close(watch)


def test_a_taken_port_is_told_in_words() -> None:
    with socket.socket() as occupier:
        occupier.bind(("127.0.0.1", 0))
        occupier.listen()
        broker = EmbeddedBroker(port=occupier.getsockname()[1])
        with pytest.raises(BrokerFailed, match="taken by another program"):
            broker.start()
