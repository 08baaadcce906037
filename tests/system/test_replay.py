"""A recording played over a real broker into the real detector service: whatever is killed, the night is whole."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.channel_roles import LeftOut
from collector.contract.journal import SUFFIX, Header, Journal
from collector.contract.messages import Health, SampleBlock, StreamKind
from collector.contract.recording import Gap, StreamInfo
from collector.contract.topics import Place
from collector.publisher import Publisher
from collector.replayer import BlockCursor, BrokerUnreachable, Replayer
from detector.coverage import Coverage
from detector.mqtt import serve
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore
from detector.store_schema import BadStore
from tests.support.bedside import derived
from tests.support.brokers import Mosquitto, RunningBroker
from tests.support.signals import LEFT_CALF, SESSION, Leg, Outcome, detect, recording

LEG = (
    Leg(240, fs=250.0).contract(80, 110, 30).move(110, 118).contract(150, 154, 40).contract(190, 230, 15).move(194, 205)
)
NIGHT = (date(2026, 11, 19), ZoneInfo("UTC"))
BROKER_FIELDS = ("host", "port", "username", "password", "protocol")
PATIENCE_S = 30.0
"""Until a test is called stuck; nothing here takes longer than a few seconds."""
DETECTOR = """
import pathlib, signal, sys, threading, msgspec
from collector.contract.broker import BrokerSettings
from detector.mqtt import serve
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
print("ready", flush=True)
broker, settings = (msgspec.json.decode(text, type=kind)
                    for text, kind in zip(sys.argv[1:], (BrokerSettings, ServiceSettings)))
serve(broker, pathlib.Path(sys.argv[3]), settings, DetectorSettings(), stop)
"""


@dataclass
class Played:
    """Blocks as a recording."""

    held: list[SampleBlock]
    place: Place = LEFT_CALF
    session: str = SESSION
    name: str = "played"
    timezone: str | None = "UTC"
    gaps: tuple[Gap, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    cut_short: str | None = None
    streams: dict[StreamKind, StreamInfo] = field(init=False)

    def __post_init__(self) -> None:
        self.streams = {block.stream: StreamInfo(block.fs, block.channels) for block in self.held}
        self.start_ns = min(block.t0_ns for block in self.held)
        self.end_ns = max(block.end_ns for block in self.held)

    def blocks(self, block_s: float) -> Iterator[SampleBlock]:
        return iter(self.held)


PLAYED = Played(recording(LEG, gaps=[(60.0, 61.0), (130.0, 136.0)]))
WHOLE = detect(PLAYED.held)


def broker_settings(broker: RunningBroker, **other: object) -> BrokerSettings:
    fields: dict[str, Any] = {name: getattr(broker, name) for name in BROKER_FIELDS}
    return BrokerSettings(**{**fields, **other})


def until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.02)


def is_filed(path: Path) -> bool:
    try:
        with NightStore(path, read_only=True) as store:
            return store.is_complete(LEFT_CALF, SESSION)
    except BadStore:  # not there yet
        return False


@contextmanager
def service(broker: RunningBroker, store: Path, **other: object) -> Iterator[None]:
    """The detector service in a thread."""
    stop = threading.Event()
    settings = ServiceSettings(clock="samples", **other)  # type: ignore[arg-type]
    thread = threading.Thread(target=serve, args=(broker_settings(broker), store, settings, DetectorSettings(), stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def playing(broker: RunningBroker, speed: float | None = None) -> Iterator[threading.Thread]:
    """The recording being played in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=Replayer(PLAYED, LEFT_CALF, broker_settings(broker), speed).run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def check(path: Path, expected: Outcome) -> None:
    """The night in the store is what the detector makes of the recording."""
    coverage = Coverage(PLAYED.start_ns)
    coverage.add(expected.frames)
    with NightStore(path, read_only=True) as store:
        record = store.record(*LEFT_CALF, *NIGHT)
        assert store.undelivered() == []
    assert record.events == expected.stage("ended")
    assert record.candidates == expected.stage("rejected")
    assert record.unwatched == coverage.intervals(PLAYED.end_ns)
    assert record.watched_s == pytest.approx(coverage.watched_s(PLAYED.end_ns))
    assert set(record.traces) >= {event.id for event in record.events + record.candidates}


@pytest.fixture(params=["mosquitto", "embedded_broker"])
def broker(request: pytest.FixtureRequest) -> RunningBroker:
    running: RunningBroker = request.getfixturevalue(request.param)
    return running


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    directory = tmp_path_factory.mktemp("undisturbed")
    broker = Mosquitto(directory)
    broker.start()
    with service(broker, directory / "nights.sqlite"), playing(broker) as player:
        player.join()
        until(lambda: is_filed(directory / "nights.sqlite"), "the end of the session")
    broker.stop()
    return derived(directory / "nights.sqlite")


def test_what_a_replay_files_is_what_scoring_the_recording_finds(broker: RunningBroker, tmp_path: Path) -> None:
    store = tmp_path / "nights.sqlite"
    with service(broker, store), playing(broker) as player:
        player.join()
        until(lambda: is_filed(store), "the end of the session")
    check(store, WHOLE)


def test_a_detector_killed_again_and_again_leaves_the_rows_of_an_undisturbed_night(
    mosquitto: Mosquitto, tmp_path: Path, undisturbed: list[str]
) -> None:
    store = tmp_path / "nights.sqlite"
    settings = ServiceSettings(clock="samples", ask_again_s=1.0)
    (tmp_path / "password").write_text(f"{mosquitto.password}\n")
    broker = broker_settings(mosquitto, password=None, password_file=str(tmp_path / "password"))
    arguments = [msgspec.json.encode(each).decode() for each in (broker, settings)]

    process = start(arguments, store)
    with playing(mosquitto, speed=45):
        for judged_s in (20, 60, 95, 130):
            until(lambda s=judged_s: seconds_filed(store) >= s, f"second {judged_s}")  # type: ignore[misc]
            assert stop(process, signal.SIGKILL) == -signal.SIGKILL
            process = start(arguments, store)
        until(lambda: is_filed(store), "the end of the session")
    assert stop(process, signal.SIGTERM) == 0
    assert derived(store) == undisturbed
    check(store, WHOLE)


def start(arguments: list[str], store: Path) -> subprocess.Popen[str]:
    """A detector process that can be stopped already."""
    command = [sys.executable, "-c", DETECTOR, *arguments, str(store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def stop(process: subprocess.Popen[str], how: signal.Signals) -> int:
    process.send_signal(how)
    process.communicate(timeout=PATIENCE_S)
    return process.returncode


def seconds_filed(path: Path) -> int:
    try:
        with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM second").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    broker: RunningBroker, tmp_path: Path, undisturbed: list[str]
) -> None:
    store = tmp_path / "nights.sqlite"
    with service(broker, store, ask_again_s=1.0), playing(broker, speed=120):
        until(lambda: seconds_filed(store) >= 90, "second 90")
        broker.kill()
        broker.start()
        until(lambda: is_filed(store), "the end of the session")
    assert derived(store) == undisturbed


def test_a_detector_that_comes_late_asks_for_the_whole_session(
    broker: RunningBroker, tmp_path: Path, undisturbed: list[str]
) -> None:
    store = tmp_path / "nights.sqlite"
    with playing(broker, speed=120) as player:
        time.sleep(0.5)  # a minute of the recording has been published to nobody
        assert player.is_alive()
        with service(broker, store):
            until(lambda: is_filed(store), "the end of the session")
    assert derived(store) == undisturbed


def test_the_collectors_own_publisher_brings_a_journal_into_the_store_whole(
    broker: RunningBroker, tmp_path: Path, undisturbed: list[str]
) -> None:
    store, file = tmp_path / "nights.sqlite", tmp_path / f"{SESSION}{SUFFIX}"
    with Journal.create(file, Header(session=SESSION, wearer="w1", site="left_calf", started_ns=PLAYED.start_ns)) as it:
        it.append(PLAYED.held)
        it.end()
    publisher = Publisher(LEFT_CALF, broker_settings(broker), tmp_path, health, health_every_s=10.0)
    publisher.publish(file)
    publisher.start()
    try:
        # The broker queues for nobody yet: the detector has to ask the publisher for what it missed.
        until(lambda: Journal.open(file, read_only=True).published == len(PLAYED.held), "the journal to be published")
        with service(broker, store):
            until(lambda: is_filed(store), "the end of the session")
    finally:
        publisher.stop()
    assert derived(store) == undisturbed


def health(unpublished: int) -> Health:
    return Health(
        t_ns=0, session=None, links=(), samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=unpublished
    )


def test_speed_is_kept(mosquitto: Mosquitto) -> None:
    began_s = time.monotonic()
    Replayer(PLAYED, LEFT_CALF, broker_settings(mosquitto), speed=240, linger_s=0).run()
    assert time.monotonic() - began_s >= 0.99


def test_a_cursor_that_went_back_goes_over_what_was_asked_for_and_on_to_the_end() -> None:
    cursor = BlockCursor(PLAYED)
    for _ in range(20):
        cursor.advance()
    assert cursor.next_seq == {"emg": 10, "acc": 10}
    cursor.rewind({"emg": 4})
    passed = []
    while cursor.block:
        passed.append((cursor.block.stream, cursor.block.seq))
        cursor.advance()
    assert [seq for stream, seq in passed if stream == "emg"] == list(range(4, LAST["emg"] + 1))
    assert [seq for stream, seq in passed if stream == "acc"] == list(range(10, LAST["acc"] + 1))


LAST = {block.stream: block.seq for block in PLAYED.held}


def test_without_a_broker_the_player_says_where_it_looked() -> None:
    nobody = BrokerSettings(host="127.0.0.1", port=1)
    with pytest.raises(BrokerUnreachable, match=r"at 127\.0\.0\.1:1: it cannot be reached .*is it running"):
        Replayer(PLAYED, LEFT_CALF, nobody).run()


def test_a_wrong_password_is_named_as_such(mosquitto: Mosquitto) -> None:
    wrong = broker_settings(mosquitto, password="guessed")
    with pytest.raises(BrokerUnreachable, match="check user and password"):
        Replayer(PLAYED, LEFT_CALF, wrong).run()
