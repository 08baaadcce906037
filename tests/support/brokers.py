"""Real MQTT brokers for tests: Debian's mosquitto and the embedded amqtt, on loopback ports, with a password."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import pytest

from collector.contract.broker import BrokerSettings, Role
from collector.embedded_broker import HOST, EmbeddedBroker, free_port
from crampwatch.broker.folder import Plan, set_up
from crampwatch.broker.users import with_passwords

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
        self.configuration = directory / "mosquitto.conf"
        self.log = directory / "mosquitto.log"
        self._configure(access_control)

    def start(self) -> None:
        """Start it and wait until it answers: one that only listens does not obey signals yet."""
        assert MOSQUITTO is not None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", self.configuration], stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.port):
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "mosquitto did not start to listen"
            time.sleep(0.01)

    def stop(self) -> None:
        """Ask it to end; it may swallow a signal that comes right after its start, so do not insist on the reply."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
            self.kill()

    def freeze(self) -> None:
        """Let it stand still, as a computer that is suspended does."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL: what it had not saved is gone."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def reload(self) -> None:
        """SIGHUP: it reads users and access rights anew."""
        if self._process:
            self._process.send_signal(signal.SIGHUP)

    def admit(self, password: str) -> None:
        """From now on its user enters with this password."""
        self.password = password
        users = self._directory / "users"
        users.write_text(with_passwords("", {self.username: password}))
        users.chmod(0o600)
        self.reload()

    def _configure(self, access_control: str) -> None:
        self.admit(self.password)
        users = self._directory / "users"
        self.configuration.write_text(
            f"listener {self.port} {self.host}\nallow_anonymous false\npassword_file {users}\n"
            f"persistence true\npersistence_location {self._directory}/\n"
            "max_queued_messages 1000000\nuser root\n"
        )
        if access_control:
            rules = self._directory / "rules"
            rules.write_text(access_control)
            rules.chmod(0o600)
            with self.configuration.open("a") as file:
                file.write(f"acl_file {rules}\n")


class ShippedMosquitto(Mosquitto):
    """A mosquitto as `crampwatch broker init` sets it up, with an encrypted listener; entered as one of its users."""

    def _configure(self, access_control: str) -> None:
        folder, self.tls_port = self._directory / "broker", free_port()
        self.plan = Plan(folder, folder, folder / "data", HOST, self.port, ["broker.invalid"], self.tls_port)
        set_up(self.plan)
        self.configuration = self.plan.configuration

    def allow(self, rules: str) -> None:
        """Replace the access control list."""
        (self.plan.folder / "acl").write_text(rules)
        self.reload()

    @property
    def rules(self) -> str:
        """The access control list."""
        return (self.plan.folder / "acl").read_text()

    def access(self, role: Role, **changed: Any) -> BrokerSettings:
        """The settings for a program on this machine, entering as this role."""
        settings = BrokerSettings(port=self.port, password_directory=str(self.plan.passwords)).as_role(role)
        return msgspec.structs.replace(settings, **changed)

    def encrypted_access(self, role: Role, **changed: Any) -> BrokerSettings:
        """The settings as they would be on another machine."""
        return self.access(role, **{"port": self.tls_port, "ca_file": str(self.plan.folder / "ca.crt"), **changed})


class BrokerOfAnother:
    """Lets everybody in and throws him out at once, as mosquitto 2.0.15 and newer do with the elder of two namesakes.

    `visits` counts who came. It speaks as much MQTT 5 as that takes (CONNACK: section 3.2, DISCONNECT: 3.14).
    """

    def __init__(self) -> None:
        self.visits = 0
        self._server = socket.create_server((HOST, 0))
        self.settings = BrokerSettings(port=self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Close the door."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the door was closed
            while True:
                visitor, _ = self._server.accept()
                with visitor:
                    visitor.recv(1024)
                    self.visits += 1
                    visitor.sendall(b"\x20\x03\x00\x00\x00" + b"\xe0\x02\x8e\x00")
                    visitor.shutdown(socket.SHUT_WR)
                    while visitor.recv(1024):  # closed with something unread, the goodbye would be lost
                        pass


def _answers(port: int) -> bool:
    """Whether it says something, if only no, to somebody without a name (CONNECT of MQTT 3.1.1, section 3.1)."""
    try:
        with socket.create_connection((HOST, port), START_TIMEOUT_S) as probe:
            probe.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
            return bool(probe.recv(4))
    except ConnectionError:
        return False


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
def shipped_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedMosquitto]:
    """A running mosquitto with the shipped configuration, users, access rights and certificates."""
    if MOSQUITTO is None:
        pytest.skip(MISSING)
    broker = ShippedMosquitto(tmp_path_factory.mktemp("shipped"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def broker_of_another() -> Iterator[BrokerOfAnother]:
    """A broker at which another client has our name."""
    broker = BrokerOfAnother()
    yield broker
    broker.close()


@pytest.fixture
def embedded_broker() -> Iterator[EmbeddedBroker]:
    """A running embedded broker with the same attributes."""
    with EmbeddedBroker() as broker:
        yield broker
