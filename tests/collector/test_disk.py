"""A disk that fills, or fails: told early, given up in the stated order, never corrupt."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from collector.contract.journal import Journal
from collector.devices.decoder import Samples
from collector.devices.profile import DeviceInfo, Stream, load_profile
from collector.disk import Disk, bytes_per_hour
from collector.night_session import NightSession
from collector.service import Collector
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.time_source import DeviceTime
from tests.collector.publishing import access, listening, until
from tests.collector.test_retention import journal as past_night
from tests.support.brokers import RunningBroker
from tests.support.wearables import START_NS, ramp, settings

UTC = ZoneInfo("UTC")
EMG, ACC, TEMP = load_profile("cramp-node").stream
MB = 1_000_000
LENGTH_S = 1500
FULL = "database or disk is full"


class Bed:
    """A session, the disk it is written to, and a clock that goes on by hand."""

    def __init__(self, folder: Path, *, free: int = 10**12, reserve: int = 0, **other: int) -> None:
        self.free, self.now_s = free, 0.0
        self.written = 0
        self.session = NightSession.begin((EMG, ACC, TEMP), "node", settings(folder), DeviceTime(START_NS))
        self.session.link_up(DeviceInfo(boot=1, streams=(EMG, ACC, TEMP)))
        self.disk = Disk(
            folder,
            UTC,
            lambda: START_NS,
            free=lambda _: self.free,
            reserve=reserve,
            monotonic_s=lambda: self.now_s,
            **{"ballast": 4096, **other},
        )
        self.disk.expect((EMG, ACC, TEMP), block_s=1.0)

    def second(self) -> None:
        """A second of EMG and acceleration arrives."""
        for stream in (EMG, ACC):
            count, channels = round(stream.rate_hz), len(stream.names)
            values = np.full((count, channels), self.written % 1000, "<i2")
            self.session.accept(Samples(stream.kind, self.written * count, values), 0)
        self.written += 1

    def write(self, seconds: int) -> None:
        for _ in range(seconds):
            self.second()
            self.disk.commit(self.session)

    def seqs(self) -> list[int]:
        return [entry.seq for entry in self.session.journal.read(limit=10**6) if entry.stream == "emg"]

    def told(self) -> str:
        return "; ".join(fault.cause for fault in self.disk.faults())


def is_whole(path: Path) -> bool:
    with sqlite3.connect(path) as database:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    return bool(verdict == "ok")


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 24 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("mounting takes root; the tests with max_page_count fill a database elsewhere")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize(("fs", "channels"), [(250.0, 1), (500.0, 1), (1000.0, 1), (2000.0, 1), (1000.0, 8)])
def test_the_growth_is_foretold_within_20_percent(tmp_path: Path, fs: float, channels: int) -> None:
    emg = msgspec.structs.replace(EMG, rate_hz=fs, names=tuple(f"emg {k}" for k in range(channels)))
    size = _journal_of((emg, ACC, TEMP), tmp_path, seconds=600)
    assert bytes_per_hour((emg, ACC, TEMP), 1.0) == pytest.approx(6 * size, rel=0.2)


def _journal_of(streams: tuple[Stream, ...], folder: Path, seconds: int) -> int:
    session = NightSession.begin(streams, "node", settings(folder), DeviceTime(START_NS))
    session.link_up(DeviceInfo(boot=1, streams=streams))
    for second in range(seconds):
        for stream in streams:
            first, end = int(second * stream.rate_hz), int((second + 1) * stream.rate_hz)
            session.accept(Samples(stream.kind, first, np.zeros((end - first, len(stream.names)), "<i2")), 0)
    session.close(end=True)
    return session.path.stat().st_size


def test_too_little_for_the_rest_of_the_night_and_an_hour_is_told_with_the_hours_left(tmp_path: Path) -> None:
    bed = Bed(tmp_path, reserve=50 * MB)
    per_hour = bytes_per_hour((EMG, ACC, TEMP), 1.0)
    bed.free = round(50 * MB + 15.01 * per_hour)  # from 22:00 to noon are 14 h, and one to spare
    bed.disk.look()
    assert bed.disk.faults() == ()
    bed.free = round(50 * MB + 6.4 * per_hour)
    bed.disk.look()
    (fault,) = bed.disk.faults()
    assert fault.device == "disk"
    assert fault.cause == "the disk will be full in 6 h, the night may last 15 h"
    assert "crampwatch prune" in fault.cure
    assert fault.since_ns == START_NS
    bed.free = 10**12
    bed.disk.look()
    assert bed.disk.faults() == ()


def test_two_collectors_on_one_disk_fill_it_twice_as_fast(tmp_path: Path) -> None:
    bed = Bed(tmp_path, sharing=2, free=round(20 * bytes_per_hour((EMG, ACC, TEMP), 1.0)))
    bed.disk.look()
    assert "full in 10 h" in bed.told()


def test_outlived_nights_are_deleted_at_the_start(tmp_path: Path) -> None:
    nights = {ago: past_night(tmp_path, ago) for ago in (1, 2, 3)}
    bed = Bed(tmp_path, keep_nights=2)
    bed.disk.look()
    assert [ago for ago, path in nights.items() if path.exists()] == [1, 2]


def test_first_the_oldest_published_nights_go_and_only_as_many_as_it_takes(tmp_path: Path) -> None:
    nights = {ago: past_night(tmp_path, ago, published=1 if ago == 4 else 2) for ago in (1, 2, 3, 4)}
    bed = Bed(tmp_path)
    bed.disk._free = lambda folder: 5 * MB * (6 - len(list(folder.glob("*.journal"))))  # each takes 5 MB
    bed.disk.look()  # an hour takes 13 MB
    assert [ago for ago, path in nights.items() if path.exists()] == [1, 4]
    bed.write(5)
    assert bed.seqs() == [0, 1, 2, 3, 4]


def test_then_new_samples_take_the_place_of_the_oldest_published_ones_and_it_is_told(tmp_path: Path) -> None:
    bed = Bed(tmp_path, reserve=50 * MB)
    bed.write(60)
    bed.session.journal.published = bed.session.journal.last_row
    bed.free = 49 * MB
    bed.session.journal._db.execute("PRAGMA wal_checkpoint")
    before = bed.session.path.stat().st_size
    bed.write(40)
    assert bed.seqs() == list(range(40, 100))
    assert "tonight's oldest" in bed.told()
    bed.session.journal._db.execute("PRAGMA wal_checkpoint")
    assert bed.session.path.stat().st_size == pytest.approx(before, rel=0.05)
    bed.free = 10**12
    bed.write(10)
    assert bed.seqs() == list(range(40, 110))
    assert bed.told() == ""


def test_what_the_broker_does_not_have_is_never_given_up(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.write(10)
    bed.session.journal.published = 4  # two blocks of EMG and two of acceleration
    bed.free = 0
    bed.write(10)
    assert bed.seqs() == list(range(2, 20))


def test_a_stream_that_pauses_keeps_its_place_when_samples_are_given_up(tmp_path: Path) -> None:
    bed = Bed(tmp_path, free=0)
    bed.session.accept(Samples("temp", 0, np.array([[3000]], "<i2")), 0)
    for _ in range(20):
        bed.write(1)
        bed.session.journal.published = bed.session.journal.last_row
    bed.session.close(end=False)
    with Journal.open(bed.session.path) as journal:
        assert {kind: end.next_seq for kind, end in journal.ends().items()} == {"emg": 20, "acc": 20, "temp": 1}


def test_a_full_database_refuses_as_a_full_disk_does_and_nothing_is_lost_or_torn(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.write(30)
    (pages,) = bed.session.journal._db.execute("PRAGMA page_count").fetchone()
    bed.session.journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match=FULL):
        bed.write(5)
    assert bed.seqs() == list(range(bed.seqs()[-1] + 1))
    with pytest.raises(sqlite3.OperationalError, match=FULL):
        bed.disk.commit(bed.session)
    bed.session.journal.published = bed.session.journal.last_row
    bed.disk.commit(bed.session)  # now there is something to give up
    assert "tonight's oldest" in bed.told()
    bed.session.journal._db.execute(f"PRAGMA max_page_count = {10**6}")
    bed.write(1)
    assert bed.seqs()[-1] == bed.written - 1
    assert np.diff(bed.seqs()).tolist() == [1] * (len(bed.seqs()) - 1)
    bed.session.close(end=True)
    assert is_whole(bed.session.path)


def test_on_a_real_disk_that_is_full_to_the_last_byte_the_newest_samples_are_kept_and_published(tmpfs: Path) -> None:
    bed = Bed(tmpfs, ballast=6 * MB)
    bed.disk.look()
    bed.write(150)
    subprocess.run(["dd", "if=/dev/zero", f"of={tmpfs}/others"], capture_output=True, check=False)
    assert shutil.disk_usage(tmpfs).free == 0
    bed.free = 0
    for _ in range(600):
        bed.write(1)
        bed.session.journal.published = bed.session.journal.last_row
    assert bed.seqs() == list(range(599, 750))  # at the first one nothing was published
    bed.session.close(end=True)
    assert is_whole(bed.session.path)


async def test_every_sample_reaches_the_broker_though_the_journal_holds_only_the_last_of_them(
    mosquitto: RunningBroker, tmpfs: Path
) -> None:
    wearable = VirtualWearable(ramp(LENGTH_S), speed=300.0)
    collector = Collector(settings(tmpfs, access(mosquitto)), memory_backend([wearable]), DeviceTime(START_NS))
    wearable.room = collector.settled
    with listening(mosquitto) as heard:
        running = asyncio.create_task(collector.run())
        await wearable.finished.wait()
        (fault,) = collector.faults()
        collector.stop()
        await running
        await asyncio.to_thread(until, lambda: len(heard.blocks) >= LENGTH_S)
        assert heard.seqs() == list(range(LENGTH_S))
    assert "tonight's oldest" in fault.cause
    (path,) = tmpfs.glob("*.journal")
    with Journal.open(path) as journal:
        held = [block for block in journal.blocks() if block.stream == "emg"]
        assert journal.ended
    assert held[-1].end_index == LENGTH_S * 250
    assert len(held) < LENGTH_S
    assert is_whole(path)


async def test_while_nothing_can_be_written_samples_wait_and_are_all_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.disk.RETRY_S", 0.01)
    bed = Bed(tmp_path)
    bed.write(3)
    bed.session.journal._db.execute("PRAGMA query_only = ON")  # refuses with SQLITE_READONLY, even for root
    bed.second()
    waiting = asyncio.create_task(bed.disk.keep(bed.session, asyncio.Event()))
    while not bed.disk.faults():
        await asyncio.sleep(0.01)
    assert "nothing can be written" in bed.told()
    assert "readonly" in bed.told()
    bed.session.journal._db.execute("PRAGMA query_only = OFF")
    await waiting
    assert bed.seqs() == [0, 1, 2, 3]
    assert bed.disk.faults() == ()


async def test_who_is_asked_to_stop_does_not_wait_for_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.session.journal._db.execute("PRAGMA query_only = ON")
    bed.second()
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await bed.disk.keep(bed.session, stop)


def test_a_slow_commit_is_told_and_forgotten_ten_minutes_later(tmp_path: Path) -> None:
    bed = Bed(tmp_path)

    def stall() -> None:
        bed.now_s += 2.5

    bed.session.journal._db.create_function("stall", 0, stall)
    bed.session.journal._db.execute("CREATE TEMP TRIGGER slow AFTER INSERT ON block BEGIN SELECT stall(); END")
    bed.write(1)
    assert "the disk is slow" in bed.told()
    bed.session.journal._db.execute("DROP TRIGGER slow")
    bed.write(1)
    bed.disk.look()
    assert "the disk is slow" in bed.told()
    bed.now_s += 601
    bed.disk.look()
    assert bed.disk.faults() == ()


def test_a_folder_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    Disk(tmp_path / "later", UTC, lambda: START_NS).look()
    assert list(tmp_path.iterdir()) == []
