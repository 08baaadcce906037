"""An MQTT broker in a process of its own, on the loopback interface, for a demonstration or a night on one machine.

It is amqtt, which speaks MQTT 3.1.1. A random password keeps other users of the machine out; it is also what gives
clients sessions that outlast their connection, which amqtt denies to anonymous ones. Sessions live in memory: the
journal, not this broker, is what loses nothing.
"""

import asyncio
import importlib.util
import logging
import os
import secrets
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

HOST = "127.0.0.1"
USERNAME = "crampwatch"
START_TIMEOUT_S = 30.0
"""Half a second on a desk (measured); importing amqtt on a loaded Raspberry Pi takes several."""
STOP_TIMEOUT_S = 5.0
_READY = b"ready\n"


class BrokerFailed(RuntimeError):
    """The embedded broker did not start; the text says what to do."""


class EmbeddedBroker:
    """A broker process; use it as a context manager, or `start` and `stop` it.

    The process ends with its parent, however the parent ends: it watches its standard input for the end of file.
    """

    def __init__(self, port: int | None = None, password: str | None = None) -> None:
        self.host = HOST
        self.port = port or free_port()
        self.username = USERNAME
        self.password = password or secrets.token_urlsafe(16)
        self.protocol: Literal["5", "3.1.1"] = "3.1.1"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and return when it accepts connections; raises BrokerFailed."""
        if importlib.util.find_spec("amqtt") is None:
            raise BrokerFailed("the embedded broker needs amqtt; install crampwatch[broker] or name another broker")
        # A session of its own: Ctrl-C is for the parent, which may still have something to publish.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "collector.embedded_broker", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self.password.encode() + b"\n")
        readable, _, _ = select.select([self._process.stdout], [], [], START_TIMEOUT_S)
        if not readable or self._process.stdout.readline() != _READY:
            self.kill()
            raise BrokerFailed(f"the embedded broker did not start; is port {self.port} taken by another program?")

    def stop(self) -> None:
        """Ask the process to end, wait for it, and end it by force if it does not."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)
            self.kill()

    def kill(self) -> None:
        """End the process at once, as a power cut would; all it held in memory is lost."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
            self._process = None

    def __enter__(self) -> "EmbeddedBroker":
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _user_file(password: str) -> Iterator[Path]:
    """The file of users as amqtt wants it, readable by us alone; it is read once, at the start."""
    from pwdlib.hashers.argon2 import Argon2Hasher

    # The cheapest argon2: slowness protects passwords that people choose, not 128 random bits.
    hashed = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(f"{USERNAME}:{hashed}\n")
        file.flush()
        yield Path(file.name)


async def _serve(port: int, password: str) -> None:
    """Run the broker until standard input ends."""
    from amqtt.broker import Broker  # type: ignore[import-untyped]  # amqtt ships no type information

    with _user_file(password) as users:
        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(users)}},
        }
        broker = Broker(config)
        await broker.start()
    os.write(sys.stdout.fileno(), _READY)
    await asyncio.to_thread(sys.stdin.buffer.read)
    await broker.shutdown()


def main() -> None:
    """Serve on the port given as argument; the first line of standard input is the password."""
    # amqtt reports every client that vanishes as an error, which is our everyday life.
    logging.basicConfig(level=logging.CRITICAL)
    password = sys.stdin.buffer.readline().decode().strip()
    asyncio.run(_serve(int(sys.argv[1]), password))


if __name__ == "__main__":
    main()
