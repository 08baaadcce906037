"""The processes of a night: each does one thing, and one that dies is started again."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from collector.contract.broker import BrokerSettings
from collector.embedded_broker import EmbeddedBroker
from crampwatch.config import Config, as_environment
from crampwatch.errors import USER_ERROR, UserError

log = logging.getLogger(__name__)

RESTART_S = (0.5, 30.0)
"""The first and the longest pause before a process that died is started again; doubled from one to the other."""
SETTLED_S = 60.0
"""A process that ran for this long starts again after the first pause."""
STOP_S = 20.0
"""How long a process may take to stop cleanly: the collector publishes what it still has."""
POLL_S = 0.1
CLIPS_EVERY_MIN = 5
"""A clip waits for the minute after its event; its journal stays for the night at least."""


class Worker:
    """One `crampwatch` sub-command in a process of its own, started again whenever it fails.

    When it says that a person has to act, the night ends, unless it can do without this process (`spared`).
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        spared: bool = False,
        restart_s: tuple[float, float] = RESTART_S,
    ) -> None:
        self.name = name
        self._restart_s = restart_s
        self._spared = spared
        self.finished = False  # it ended by itself, having done its work
        self.restarts = 0
        self._command = [sys.executable, "-m", "crampwatch", *arguments]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._due_s = 0.0
        self._pause_s = restart_s[0]
        self._started_s = 0.0

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._process.pid if self._process else None

    def look_after(self) -> None:
        """Start the process when it is due; note when it has ended, and how."""
        now_s = time.monotonic()
        if self._process is None:
            if not self.finished and now_s >= self._due_s:
                self._start(now_s)
        elif (code := self._process.poll()) is not None:
            self._process = None
            self.finished = code == 0
            if not self.finished:
                self._fail(code, now_s)

    def stop(self) -> None:
        """Ask the process to stop, wait for it, and end it by force when it does not."""
        self.finished = True
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            log.warning("the %s did not stop within %.0f s and was ended", self.name, STOP_S)
            self._process.kill()
            self._process.wait()
        self._process = None

    def _start(self, now_s: float) -> None:
        # A session of its own: Ctrl-C is for the parent, which stops its children in the right order.
        self._process = subprocess.Popen(self._command, env=self._environment, start_new_session=True)
        self._started_s = now_s

    def _fail(self, code: int, now_s: float) -> None:
        if code == USER_ERROR and self._spared:
            self.finished = True
            log.error(
                "the %s cannot work like this; what it said above tells why; the night goes on without", self.name
            )
            return
        if code == USER_ERROR:
            raise UserError(f"the {self.name} cannot work like this; what it said above tells why")
        if now_s - self._started_s >= SETTLED_S:
            self._pause_s = self._restart_s[0]
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        log.warning("the %s ended %s; starting it again in %.1f s", self.name, how, self._pause_s)
        self._due_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._restart_s[1])
        self.restarts += 1


class BrokerWorker:
    """The embedded broker, kept running in the same way."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker

    def look_after(self) -> None:
        """Start the broker when it is not running."""
        if not self._broker.running:
            self._broker.start()

    def stop(self) -> None:
        """Stop it."""
        self._broker.stop()


class LookedAfter(Protocol):
    """What `run` keeps running."""

    def look_after(self) -> None:
        """Start it when it is due."""

    def stop(self) -> None:
        """Stop it for good."""


class Night(NamedTuple):
    """The processes of a night, and the broker they share."""

    collector: Worker
    detector: Worker
    others: tuple[LookedAfter, ...]
    broker: BrokerSettings

    def run(self, done: Callable[[], bool], stop: threading.Event) -> None:
        """Keep everything running until `done` or `stop`."""
        run([self.collector, self.detector, *self.others], done, stop)


def night(path: Path, config: Config) -> Night:
    """The processes for a settings file; with a broker of their own when it names none."""
    others: tuple[LookedAfter, ...] = ()
    environment: dict[str, str] = {}
    settings = config.broker
    if settings is None:
        broker = EmbeddedBroker()
        others = (BrokerWorker(broker),)
        settings = BrokerSettings(
            port=broker.port, username=broker.username, password=broker.password, protocol=broker.protocol
        )
        environment = as_environment(settings)
    spared = [("alarm", ["alarm"], environment), ("clips", ["clips", "--every", str(CLIPS_EVERY_MIN)], {})]
    if config.page.with_night:
        spared.append(("page", ["serve"], {}))
    if config.alerts.targets:
        spared.append(("push", ["push"], {}))
    if config.influx:
        spared.append(("outbox", ["outbox", "run"], {}))
    # A night without one of them is better than none. The alarm outlives collector and detector, to tell of their end.
    beside = [Worker(name, [*command, "--config", str(path)], its, spared=True) for name, command, its in spared]
    others = (*beside, *others)
    collector, detector = (
        Worker(name, [command, "--config", str(path)], environment)
        for name, command in (("collector", "collect"), ("detector", "detect"))
    )
    return Night(collector, detector, others, settings)


def run(workers: Sequence[LookedAfter], done: Callable[[], bool], stop: threading.Event) -> None:
    """Keep the workers running until `done` or `stop`; raises UserError when one says that a person has to act.

    They are stopped in their order and started in the opposite one: who sends goes first and comes last.
    """
    try:
        while not stop.is_set() and not done():
            for worker in reversed(workers):
                worker.look_after()
            stop.wait(POLL_S)
    finally:
        for worker in workers:
            worker.stop()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
