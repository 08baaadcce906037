"""Processes that are looked after."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crampwatch.errors import UserError
from crampwatch.processes import Worker, run

WAIT_S = 30.0


@pytest.fixture
def worker() -> Worker:
    """A worker whose command is a sleeping Python, not crampwatch."""
    made = Worker("sleeper", [], {})
    made._command = ["sleep", "600"]
    return made


def until(met: Callable[[], bool], worker: Worker) -> None:
    """Look after the worker until the condition is met; a bound only so that a failing test ends."""
    deadline_s = time.monotonic() + WAIT_S
    while not met():
        assert time.monotonic() < deadline_s
        worker.look_after()
        time.sleep(0.02)


def test_a_process_that_is_killed_is_started_again(worker: Worker) -> None:
    until(lambda: worker.pid is not None, worker)
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: worker.pid not in (None, first), worker)
    assert worker.restarts == 1
    worker.stop()


def test_a_process_that_has_done_its_work_is_left_alone(worker: Worker) -> None:
    worker._command = ["true"]
    until(lambda: worker.finished, worker)
    worker.look_after()
    assert worker.pid is None
    assert worker.restarts == 0


def test_a_process_that_cannot_work_with_its_settings_is_not_started_again_and_again(worker: Worker) -> None:
    worker._command = ["sh", "-c", "exit 2"]
    with pytest.raises(UserError, match="what it said above"):
        until(lambda: False, worker)


def test_a_stopped_process_is_gone_and_stays_so(worker: Worker) -> None:
    until(lambda: worker.pid is not None, worker)
    pid = worker.pid
    worker.stop()
    worker.look_after()
    assert worker.pid is None
    assert not Path(f"/proc/{pid}").exists()


def test_who_sends_is_started_last_and_stopped_first() -> None:
    done: list[str] = []

    class Part:
        def __init__(self, name: str) -> None:
            self.name = name

        def look_after(self) -> None:
            done.append(f"start {self.name}")

        def stop(self) -> None:
            done.append(f"stop {self.name}")

    ready = iter([False, True])
    run([Part("collector"), Part("broker")], lambda: next(ready), threading.Event())
    assert done == ["start broker", "start collector", "stop collector", "stop broker"]
