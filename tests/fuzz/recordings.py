"""Recordings: EDF, EDF+ and BDF files and journals, opened, read through, mended and scored."""

import random
import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from edfio import Bdf, BdfSignal, EdfAnnotation
from numpy.typing import NDArray

from collector.contract import edf_header
from collector.contract.edf_writer import write_edf
from collector.contract.errors import ContractError
from collector.contract.journal import Header, Journal
from collector.contract.recordings import open_recording
from collector.journal_feed import JournalFeed
from collector.journal_repair import repair_journals
from detector.score import score_recording
from detector.settings import DetectorSettings
from detector.truth_file import read_truth
from tests.fuzz.databases import DatabaseMutator
from tests.fuzz.mutation import INTEGERS, TEXTS, Mutator
from tests.fuzz.target import ACCEPTED
from tests.support.bedside import BLOCKS
from tests.support.blocks import START_NS
from tests.support.edf_files import discontinuous, ramp, signal, write
from tests.support.signals import SESSION

BLOCK_S = 2.0
ROOM_BYTES = 512 * 1024 * 1024
"""How much more memory a small file may make us take, whatever its header claims."""
NUMBERS = (*map(str, INTEGERS), "1e9", "1e400", "nan", "-inf", "0.1", "1/3", "3/0", "99999999", "+1")
NAME = f"{SESSION}.journal"
HEADER = Header(session=SESSION, wearer="w1", site="left_calf", started_ns=START_NS, timezone="Europe/Berlin")


class EdfTrial:
    """Opens the file, reads every block, and its annotations as a scorer's truth."""

    refusals = (ContractError,)

    def __init__(self, folder: Path) -> None:
        self._path = folder / "night.edf"

    def make(self, rng: random.Random) -> bytes:
        valid, other = rng.sample(edf_files(), 2)
        mutator = Mutator(rng)
        if rng.random() < 0.7:
            valid = _with_other_fields(valid, rng, mutator)
        if rng.random() < 0.5:
            header = int(valid[252:256]) * 256 + 256 if valid[252:256].strip().isdigit() else 256
            part = rng.choice((slice(0, header), slice(header, None), slice(None)))
            valid = mutator.damaged(valid, other, part)
        return valid

    def put(self, data: bytes) -> str:
        self._path.write_bytes(data)
        with bounded_memory():
            recording = open_recording(self._path)
            count = sum(block.count for block in recording.blocks(BLOCK_S))
            assert count > 0
            assert recording.start_ns < recording.end_ns
            assert all(gap.start_index <= gap.end_index for gap in recording.gaps)
            read_truth(self._path, self._path.name)
        return ACCEPTED


class ScoreTrial(EdfTrial):
    """Runs the detector over the file."""

    def put(self, data: bytes) -> str:
        self._path.write_bytes(data)
        score_recording(open_recording(self._path), DetectorSettings())
        return ACCEPTED


class JournalTrial:
    """Opens the journal and its log, reads every block, and what a collector's publisher would send."""

    refusals = (ContractError,)

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "nights"

    def make(self, rng: random.Random) -> bytes:
        database, log = rng.choice(journals())
        if rng.random() < 0.5:
            database, log = DatabaseMutator(rng).changed(rng.choice(journals())[0], "block", "header", "progress"), b""
        else:
            damaged = Mutator(rng).damaged
            which = rng.random()
            database = damaged(database, log) if which < 0.7 or not log else database
            log = damaged(log, database) if which > 0.5 and log else log
        return msgspec.msgpack.encode((database, log))

    def put(self, data: bytes) -> str:
        path = self._left_behind(data)
        recording = open_recording(path)
        for _ in recording.blocks(BLOCK_S):
            pass
        assert all(gap.start_index < gap.end_index for gap in recording.gaps)
        try:
            with closing(JournalFeed(path)) as feed:
                assert all(isinstance(entry.payload, bytes) for entry in feed.take(1000))
                feed.last_seq()
        except sqlite3.DatabaseError:
            return "tried again"  # by the publisher, for ever
        return ACCEPTED

    def _left_behind(self, data: bytes) -> Path:
        database, log = msgspec.msgpack.decode(data)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        path = self._folder / NAME
        path.write_bytes(database)
        if log:
            path.with_name(f"{NAME}-wal").write_bytes(log)
        return path


class RepairTrial(JournalTrial):
    """Mends the folder as a collector does when it starts; what is there afterwards is whole, or refused by name."""

    def put(self, data: bytes) -> str:
        path = self._left_behind(data)
        mended = repair_journals(self._folder)
        if not path.exists():
            return "set aside"
        for _ in open_recording(path).blocks(BLOCK_S):
            pass
        return "mended" if mended else ACCEPTED


@contextmanager
def bounded_memory() -> Iterator[None]:
    """MemoryError for whoever takes more than ROOM_BYTES beyond what this process has."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with Path("/proc/self/statm").open() as file:
        has = int(file.read().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (has + ROOM_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


@cache
def edf_files() -> list[bytes]:
    """EDF+C with annotations and gaps, EDF+D, plain EDF, BDF, and one that this project wrote from a journal."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "valid.edf"
        gravity = [signal(f"ACC {axis}", ramp(3 * 50), 50.0, "mg") for axis in "XYZ"]
        skin = signal("Skin temp", ramp(3), 1.0, "degC", (0.0, 50.0))
        marks = [EdfAnnotation(1.0, 0.5, "gap"), EdfAnnotation(0.5, 1.0, "Cramp@@EMG calf")]
        found = [write(path, [signal("EMG calf", ramp(3 * 250)), *gravity, skin], marks).read_bytes()]
        write(path, [signal("EMG calf", ramp(3 * 250))], marks)
        discontinuous(path, ["+0", "+1", "+7.5"])
        found.append(path.read_bytes())
        plain = edf_header.field("", 44)
        found.append(found[0][:192] + plain + found[0][236:])
        Bdf([_wide(ramp(750).astype(np.int32) * 200)]).write(path)
        found.append(path.read_bytes())
        journal = Path(folder) / NAME
        _write_journal(journal)
        write_edf(open_recording(journal), path)
        return [*found, path.read_bytes()]


def _wide(digital: NDArray[np.int32]) -> BdfSignal:
    return BdfSignal.from_digital(digital, 250, label="EMG calf", physical_dimension="uV", physical_range=(-1.0, 1.0))


@cache
def journals() -> list[tuple[bytes, bytes]]:
    """A closed journal without a log, and one as a power cut leaves it: half of it in the log."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        cut = _write_journal(path)
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
        return [(path.read_bytes(), b""), cut]


def _write_journal(path: Path) -> tuple[bytes, bytes]:
    """Returns the file and its log as they are before it is closed."""
    with Journal.create(path, HEADER) as journal:
        journal.append(BLOCKS[:4])
        journal._db.execute("PRAGMA wal_checkpoint")
        journal.append(BLOCKS[4:6])
        journal.append(BLOCKS[6:8])
        journal.published = 3
        return path.read_bytes(), path.with_name(f"{NAME}-wal").read_bytes()


def _with_other_fields(file: bytes, rng: random.Random, mutator: Mutator) -> bytes:
    """One to three fields of the header with other numbers or texts in them."""
    for _ in range(rng.randint(1, 3)):
        at, width = rng.choice(_fields(int(file[252:256])))
        new = (
            rng.choice((*NUMBERS, *TEXTS))
            if rng.random() < 0.6
            else mutator.text(file[at : at + width].decode("latin-1"))
        )
        file = file[:at] + new.encode()[:width].ljust(width) + file[at + width :]
        if not file[252:256].strip().isdigit():
            return file
    return file


def _fields(signals: int) -> list[tuple[int, int]]:
    """Where each field of a header stands, and its width."""
    found, at = [], 0
    for width in edf_header.FILE_FIELDS.values():
        found.append((at, width))
        at += width
    for width in edf_header.SIGNAL_FIELDS.values():
        for _ in range(min(signals, 10)):
            found.append((at, width))
            at += width
    return found


@contextmanager
def edf(folder: Path) -> Iterator[EdfTrial]:
    yield EdfTrial(folder)


@contextmanager
def score(folder: Path) -> Iterator[ScoreTrial]:
    yield ScoreTrial(folder)


@contextmanager
def journal(folder: Path) -> Iterator[JournalTrial]:
    yield JournalTrial(folder)


@contextmanager
def repair(folder: Path) -> Iterator[RepairTrial]:
    yield RepairTrial(folder)
