"""Files of our own that a bad disk has changed: the night store, the outbox's memory, and a backup."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.salvage import UNREADABLE
from crampwatch import backup
from crampwatch.errors import UserError
from detector.service import DetectorService
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.sinks.night_feed import NightFeed
from detector.sinks.outbox import Outbox, Source, retry
from detector.sinks.outbox_state import OutboxState
from detector.store import NightStore
from detector.store_record import NoSuchNight
from detector.store_repair import repair_store
from detector.store_schema import BadStore
from tests.detector.sinks.nights import MemorySink, fill
from tests.fuzz.databases import DatabaseMutator
from tests.fuzz.mutation import STRANGE_JSON, Mutator, as_json
from tests.fuzz.target import ACCEPTED
from tests.fuzz.texts import SETTINGS
from tests.support.bedside import BLOCKS, bedside

ZONE = ZoneInfo("Europe/Berlin")
WRITTEN = ("session", "event", "second", "envelope", "unwatched", "temperature", "trace", "recent_frames", "snapshot")
COUNTED = ("change", "withdrawn", "health", "delivery", "store_id")
STATE = ("progress", "trouble", "quarantine")
DESTINATION = "a database"


class StoreTrial:
    """A damaged night store: mended, watched on with, read for the report, and passed on."""

    refusals: tuple[type[Exception], ...] = (BadStore, NoSuchNight)

    def __init__(self, folder: Path) -> None:
        self._path = folder / "nights.sqlite"

    def make(self, rng: random.Random) -> bytes:
        valid = rng.choice((_told_store(), _open_store()))
        if rng.random() < 0.6:
            return DatabaseMutator(rng).changed(valid, *WRITTEN, *COUNTED)
        return Mutator(rng).damaged(valid)

    def put(self, data: bytes) -> str:
        write_alone(self._path, data)
        repair_store(self._path)
        if not self._path.exists():
            return "set aside"
        with NightStore(self._path, read_only=True) as store:
            for key in store.nights(ZONE):
                store.record(*key, ZONE)
        with closing(NightFeed(self._path, ZONE)) as feed:
            feed.after(0)
        try:
            with NightStore(self._path) as store:
                service = DetectorService(ServiceSettings(), DetectorSettings(), store, _to_nobody)
                service.connected()
                service.tick()
                service.close()
        except UNREADABLE:
            return "restarted"  # the detector's process ends, and is started again
        return ACCEPTED


class OutboxTrial:
    """The outbox's memory, damaged: it goes on, or begins anew, and in the end everything has been delivered."""

    refusals = (BadStore,)

    def __init__(self, folder: Path) -> None:
        self._path = folder / "outbox.sqlite"
        self._store = folder / "nights.sqlite"
        self._store.write_bytes(_told_store())

    def make(self, rng: random.Random) -> bytes:
        if rng.random() < 0.6:
            return DatabaseMutator(rng).changed(_outbox_state(), *STATE)
        return Mutator(rng).damaged(_outbox_state())

    def put(self, data: bytes) -> str:
        write_alone(self._path, data)
        with (
            closing(NightFeed(self._store, ZONE)) as feed,
            closing(OutboxState(self._path, DESTINATION, feed.store_id)) as state,
        ):
            Outbox([Source(feed, state)], MemorySink(), 1.0).step()
            retry([state], MemorySink())
            assert state.seq == feed.latest()
        return "begun anew" if self._path.with_name(f"{self._path.name}.damaged").exists() else ACCEPTED


class BackupTrial:
    """Restores a damaged backup: it comes back whole or not at all."""

    refusals = (UserError,)

    def __init__(self, folder: Path) -> None:
        self._archive, self._into = folder / "backup.tar", folder / "restored"

    def make(self, rng: random.Random) -> bytes:
        valid, mutator = _backup(), Mutator(rng)
        start = valid.index(b'{\n  "format"')
        end = valid.index(b"\n}", start) + 2
        if rng.random() < 0.4:
            manifest = as_json(mutator.changed(msgspec.json.decode(valid[start:end]), STRANGE_JSON))
            return valid[:start] + manifest[: end - start].ljust(end - start) + valid[end:]
        return mutator.damaged(valid, within=rng.choice((slice(None), slice(start - 512, end), slice(0, 4096))))

    def put(self, data: bytes) -> str:
        self._archive.write_bytes(data)
        try:
            backup.restore(self._archive, self._into)
        except UserError:
            assert not self._into.exists()
            raise
        with TemporaryDirectory(dir=self._into.parent) as gone:
            self._into.rename(Path(gone) / "restored")
        return ACCEPTED


def write_alone(path: Path, data: bytes) -> None:
    """Put a database in place, without what is left of the one before."""
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    path.write_bytes(data)


def _to_nobody(topic: str, payload: bytes, **_: object) -> None:
    assert topic
    assert payload


@cache
def _told_store() -> bytes:
    """A night that is complete, with everything that a store can hold."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "nights.sqlite"
        with NightStore(path) as store:
            fill(store, 2)
        return _as_one_file(path)


@cache
def _open_store() -> bytes:
    """A night that is going on, to be continued from its snapshot."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "nights.sqlite"
        with bedside(path) as running:
            running.deliver(*BLOCKS[:130])
        return _as_one_file(path)


@cache
def _outbox_state() -> bytes:
    """A destination that has got halfway, has refused a point, and is away."""
    with TemporaryDirectory() as folder:
        path, store = Path(folder) / "outbox.sqlite", Path(folder) / "nights.sqlite"
        store.write_bytes(_told_store())
        with closing(NightFeed(store, ZONE)) as feed, closing(OutboxState(path, DESTINATION, feed.store_id)) as state:
            sink = MemorySink(refuses=frozenset({feed.after(0).points[0].t_ns}))
            Outbox([Source(feed, state)], sink, 1.0).step()
            state.advance(1, (), ())
            state.note_trouble(1, "it cannot be reached")
        return _as_one_file(path)


@cache
def _backup() -> bytes:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nights").mkdir()
        (folder / "crampwatch.toml").write_bytes(SETTINGS)
        (folder / "nights" / "nights.sqlite").write_bytes(_told_store())
        backup.write(folder / "backup.tar", folder / "crampwatch.toml", "none")
        return (folder / "backup.tar").read_bytes()


def _as_one_file(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    return path.read_bytes()


@contextmanager
def store(folder: Path) -> Iterator[StoreTrial]:
    yield StoreTrial(folder)


@contextmanager
def outbox(folder: Path) -> Iterator[OutboxTrial]:
    yield OutboxTrial(folder)


@contextmanager
def archive(folder: Path) -> Iterator[BackupTrial]:
    yield BackupTrial(folder)
