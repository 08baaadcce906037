"""The alarm put together on a real disk that is full or read-only when it starts: it sounds, and files it later."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.contract.codec import encode_json
from collector.contract.file_lock import Occupied
from collector.contract.messages import NS, Status
from collector.mqtt_client import mqtt_client
from crampwatch.bedside import serve
from crampwatch.config import Config, load
from crampwatch.errors import UserError
from detector.alarm.messages import Command
from detector.bedside import shelf
from detector.bedside.push_queue import PushQueue
from detector.diary.diary import Diary
from detector.messages import event_message
from tests.faults.disk import fill, make_room, remount
from tests.support.brokers import Mosquitto
from tests.support.frames import PLACE, event

PATIENCE_S = 30.0
SETTINGS = """
timezone = "Europe/Berlin"
data_directory = "{data}"

[broker]
host = "127.0.0.1"
port = {port}
username = "{username}"
password = "{password}"

[alarm]
command = ["sh", "-c", "echo $1 >> {sounds}", "sh", "{{kind}}"]
fault_grace_s = 0.5
fault_settle_s = 0.5

[[sensor]]
wearer = "w1"
site = "left_calf"
"""


def until(met: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.02)


@pytest.fixture
def config(tiny_disk: Path, mosquitto: Mosquitto, tmp_path: Path) -> Config:
    path = tmp_path / "crampwatch.toml"
    access = {"port": mosquitto.port, "username": mosquitto.username, "password": mosquitto.password}
    path.write_text(SETTINGS.format(data=tiny_disk, sounds=tmp_path / "sounds", **access))
    return load(path)


class Household:
    """What collector and detector say, what the alarm makes of it, and what is heard."""

    def __init__(self, config: Config, sounds: Path) -> None:
        self._sounds = sounds
        self._states: list[Any] = []
        broker = config.named_broker
        self._client = mqtt_client(broker)
        self._client.on_connect = lambda it, *_: it.subscribe(PLACE.topic("state"), qos=1)
        self._client.on_message = lambda _, __, message: self._states.append(message.payload)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def cramp(self) -> None:
        """A night that goes on, and a cramp in it."""
        now_ns = time.time_ns()
        self._say("status", encode_json(Status(state="online", t_ns=now_ns, session="s")), retain=True)
        times = {"onset_ns": now_ns - 12 * NS, "suspected_ns": now_ns - 11 * NS, "alerted_ns": now_ns}
        confirmed = msgspec.structs.replace(event(0), **times)
        self._say("event", encode_json(event_message(confirmed, late=False, t_ns=now_ns)))

    def _say(self, what: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(PLACE.topic(what), payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    @property
    def heard(self) -> list[str]:
        return self._sounds.read_text().split() if self._sounds.exists() else []

    @property
    def shown(self) -> Any:
        """The state told last."""
        return msgspec.json.decode(self._states[-1]) if self._states and self._states[-1] else {"faults": []}

    @property
    def disk_fault(self) -> str | None:
        """What is told of the disk."""
        return next((fault["detail"] for fault in self.shown["faults"] if fault["kind"] == "disk"), None)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def household(config: Config, tmp_path: Path) -> Iterator[Household]:
    made = Household(config, tmp_path / "sounds")
    yield made
    made.close()


@contextmanager
def alarm(config: Config) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(config, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def use(config: Config) -> None:
    """An earlier night has left its files."""
    Diary(config.diary).close()
    PushQueue(config.push_queue).close()
    (config.directory / "alarm.lock").touch()


def crash(config: Config) -> None:
    """An earlier night was cut short: its write-ahead log lies there, and lets a read-only disk be read."""
    use(config)
    with Diary(config.diary) as writer:
        writer.add(PLACE, Command(do="arm", by="wearer", t_ns=1, id="c1"))
        kept = {path: path.read_bytes() for path in config.directory.glob("diary.sqlite*")}
    for path, content in kept.items():
        path.write_bytes(content)


STATES: dict[str, tuple[Callable[[Config], None], Callable[[Path], None], Callable[[Path], None]]] = {
    "full before the first night": (lambda _: None, fill, make_room),
    "full": (use, fill, make_room),
    "read-only before the first night": (
        lambda _: None,
        lambda disk: remount(disk, "ro"),
        lambda disk: remount(disk, "rw"),
    ),
    "read-only": (use, lambda disk: remount(disk, "ro"), lambda disk: remount(disk, "rw")),
    "read-only after a crash": (crash, lambda disk: remount(disk, "ro"), lambda disk: remount(disk, "rw")),
}


@pytest.mark.parametrize("state", STATES)
def test_with_a_disk_that_takes_nothing_at_the_start_it_sounds_and_files_everything_once_there_is_room(
    state: str,
    config: Config,
    household: Household,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(shelf, "TRY_AGAIN_S", 0.2)
    before, harm, heal = STATES[state]
    before(config)
    harm(config.directory)
    with alarm(config):
        until(lambda: bool(household.shown.get("state")), "the alarm")
        household.cramp()
        until(lambda: "cramp" in household.heard, "the sound")
        until(lambda: household.disk_fault is not None, "the fault")
        detail = household.disk_fault or ""
        heal(config.directory)
        until(lambda: household.disk_fault is None, "the end of the fault")
    assert detail.startswith(("diary: ", "queue for phones: "))
    with Diary(config.diary, read_only=True) as diary:
        assert [change.why for change in diary.transitions(PLACE)].count("confirmed") == 1
    queue = PushQueue(config.push_queue)
    assert queue.newest()[1] >= 1
    queue.close()
    assert caplog.text.count("The diary takes nothing") == caplog.text.count("The diary takes everything again") == 1
    assert not list(config.directory.glob("*.damaged*"))


def test_where_no_lock_can_be_made_it_says_so_and_goes_on(
    config: Config, household: Household, caplog: pytest.LogCaptureFixture
) -> None:
    remount(config.directory, "ro")
    with alarm(config):
        until(lambda: bool(household.shown.get("state")), "the alarm")
    assert caplog.text.count("Nothing keeps a second alarm from sounding beside this one") == 1


def test_a_second_alarm_is_kept_out_where_a_lock_can_be_made(config: Config, household: Household) -> None:
    with alarm(config):
        until(lambda: bool(household.shown.get("state")), "the alarm")
        with pytest.raises(Occupied, match="another alarm runs"):
            serve(config, threading.Event())


def test_another_programs_file_in_the_diarys_place_is_for_a_person_to_mend(config: Config) -> None:
    PushQueue(config.push_queue).close()
    config.push_queue.rename(config.diary)
    with pytest.raises(UserError, match="is not a crampwatch diary"):
        serve(config, threading.Event())
