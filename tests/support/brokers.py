"""Real MQTT brokers for tests: Debian's mosquitto and the embedded amqtt, on loopback ports, with a password."""

import base64
import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

import pytest

from collector.embedded_broker import HOST, EmbeddedBroker, free_port

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
MISSING = "mosquitto is not installed (Debian: apt-get install mosquitto); tests against it did not run"
START_TIMEOUT_S = 10.0


class RunningBroker(Protocol):
    """What a test may ask of a broker: where it is, who may enter, and to die and come back on the same port."""

    host: str
    port: int
    username: str
    password: str
    protocol: Literal["5", "3.1.1"]

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Mosquitto:
    """Debian's mosquitto with a configuration and a data directory of its own; `access_control` is its ACL file."""

    def __init__(self, directory: Path, access_control: str = "") -> None:
        assert MOSQUITTO is not None, MISSING
        self.host = HOST
        self.port = free_port()
        self.username = "crampwatch"
        self.password = "not a secret"
        self.protocol: Literal["5", "3.1.1"] = "5"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._configure(access_control)

    def start(self) -> None:
        """Start it and wait until it listens."""
        assert MOSQUITTO is not None
        with (self._directory / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [MOSQUITTO, "-c", self._directory / "mosquitto.conf"], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _listens(self.port):
            assert self._process.poll() is None, (self._directory / "mosquitto.log").read_text()
            assert time.monotonic() < deadline, "mosquitto did not start to listen"
            time.sleep(0.01)

    def stop(self) -> None:
        """Ask it to end; it may swallow a signal that comes right after its start, so do not insist on the reply."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
            self.kill()

    def kill(self) -> None:
        """SIGKILL: what it had not saved is gone."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _configure(self, access_control: str) -> None:
        salt = os.urandom(12)
        key = hashlib.pbkdf2_hmac("sha512", self.password.encode(), salt, 101)
        hashed = f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
        users = self._directory / "users"
        users.write_text(f"{self.username}:{hashed}\n")
        users.chmod(0o600)
        (self._directory / "mosquitto.conf").write_text(
            f"listener {self.port} {self.host}\nallow_anonymous false\npassword_file {users}\n"
            f"persistence true\npersistence_location {self._directory}/\n"
            "max_queued_messages 1000000\nuser root\n"
        )
        if access_control:
            rules = self._directory / "rules"
            rules.write_text(access_control)
            rules.chmod(0o600)
            with (self._directory / "mosquitto.conf").open("a") as file:
                file.write(f"acl_file {rules}\n")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.fixture
def mosquitto_that_denies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A running mosquitto that lets its user read everything and publish nothing but `status`."""
    if MOSQUITTO is None:
        pytest.skip(MISSING)
    rules = "user crampwatch\ntopic read #\ntopic write crampwatch/v1/+/+/status\n"
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"), rules)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A running mosquitto: `host`, `port`, `username`, `password`, `protocol`; `kill()` and `start()` it at will."""
    if MOSQUITTO is None:
        pytest.skip(MISSING)
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """A running embedded broker with the same attributes."""
    with EmbeddedBroker() as broker:
        yield broker
