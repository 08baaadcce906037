"""The night's own processes, for as long as the check takes: without a broker of the settings nobody can listen in."""

import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.contract.broker import BrokerSettings
from crampwatch import processes
from crampwatch.config import Config
from crampwatch.errors import UserError

TERMINATED = 143
"""The shell's convention for a program ended by SIGTERM: 128 and its number."""
POLL_S = 0.1
START_S = 15.0
"""A broker process starts within two seconds; nobody has tried how much longer a small computer takes."""


@contextmanager
def own_night(path: Path, config: Config) -> Iterator[BrokerSettings]:
    """What `crampwatch night` starts, and the broker in it; stopped behind the check.

    Raises UserError where one of the processes says that a person has to act, as it does while a night is running.
    """
    night = processes.night(path, config)
    stop = threading.Event()
    errors: list[UserError] = []

    def run() -> None:
        try:
            night.run(lambda: False, stop)
        except UserError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    # Killed without a word, it would leave them running: they are in sessions of their own.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        _wait_for(night.broker, thread)
        yield night.broker
    finally:
        signal.signal(signal.SIGTERM, before)
        stop.set()
        thread.join()
    if errors:
        raise errors[0]


def _wait_for(broker: BrokerSettings, running: threading.Thread) -> None:
    """Until the broker is there, or nobody starts it any more; who enters then finds out."""
    deadline_s = time.monotonic() + START_S
    while running.is_alive() and time.monotonic() < deadline_s:
        try:
            socket.create_connection((broker.host, broker.port), POLL_S).close()
        except OSError:
            time.sleep(POLL_S)
        else:
            return
