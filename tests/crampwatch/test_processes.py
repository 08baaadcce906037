"""Processes that are looked after."""

import os
import re
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from crampwatch.config import Config, Sensor, dump
from crampwatch.errors import UserError
from crampwatch.page.settings import PageSettings
from crampwatch.processes import Worker, night, run
from detector.bedside.push_settings import PushSettings, PushTarget

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


def names(config: Config) -> list[str]:
    """What runs beside collector and detector."""
    return [part.name for part in night(Path("c.toml"), config).others if isinstance(part, Worker)]


def test_alarm_clips_and_page_belong_to_every_night_and_a_push_process_where_somebody_is_to_be_told() -> None:
    assert names(Config(broker=BrokerSettings())) == ["alarm", "clips", "page"]
    alerts = PushSettings(targets=[PushTarget(name="me", url="ntfy://x")])
    assert names(Config(broker=BrokerSettings(), alerts=alerts)) == ["alarm", "clips", "page", "push"]


def test_a_night_is_without_the_page_where_the_settings_say_so() -> None:
    assert names(Config(broker=BrokerSettings(), page=PageSettings(with_night=False))) == ["alarm", "clips"]


def page_of(folder: Path, port: int) -> Worker:
    """The night's page, for settings that name this port."""
    config = Config(
        data_directory=str(folder),
        broker=BrokerSettings(),
        sensors=[Sensor(wearer="w1", site="left_calf")],
        page=PageSettings(port=port),
    )
    settings = folder / "crampwatch.toml"
    settings.write_bytes(dump(config))
    (page,) = (part for part in night(settings, config).others if isinstance(part, Worker) and part.name == "page")
    return page


def test_the_nights_page_tells_its_address_and_answers_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = page_of(tmp_path, port=0)
    told = ""

    def address() -> str:
        nonlocal told
        told += capfd.readouterr().out
        return "".join(re.findall(r"The page: (http://\S+)  Ctrl-C stops.", told))

    until(lambda: address() != "", page)
    with urllib.request.urlopen(address(), timeout=WAIT_S) as answer:
        assert answer.status == 200
    page.stop()


def test_a_night_goes_on_without_a_page_whose_port_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        page = page_of(tmp_path, taken.getsockname()[1])
        until(lambda: page.finished, page)
    assert "the page cannot listen on 127.0.0.1" in " ".join(capfd.readouterr().err.split())
    assert "the page cannot work like this; what it said above tells why; the night goes on without" in caplog.text
    assert page.restarts == 0


def test_a_night_goes_on_without_an_alarm_that_cannot_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    alarm, *_ = night(tmp_path / "missing.toml", Config(broker=BrokerSettings())).others
    assert isinstance(alarm, Worker)
    until(lambda: alarm.finished, alarm)
    assert "the alarm cannot work like this; what it said above tells why; the night goes on without" in caplog.text
