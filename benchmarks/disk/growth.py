"""A simulated night as the collector journals it and as the detector files it: how many bytes that takes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from collector.contract.journal import Header, Journal
from collector.contract.messages import SampleBlock
from collector.contract.recordings import open_recording
from collector.contract.topics import Place
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from detector.service import DetectorService
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore

PLACE = Place("bench", "left_calf")
STORE_H = 2.0
"""How long the detector watches: it files the same for every hour, and that takes it most of the time here."""
BLOCK_S = 1.0
"""As the collector cuts them."""


@dataclass(frozen=True)
class Growth:
    """What one night took."""

    fs: float
    channels: int
    hours: float
    samples: int  # bytes of the samples alone
    journal: int
    store_per_hour: float
    path: Path


def measure(folder: Path, fs: float, channels: int, hours: float) -> Growth:
    """Simulate a night, journal it block by block and let the detector watch the journal."""
    night, _ = write_night(simulate_night(NightSpec(fs=fs, emg_channels=channels, hours=hours)), folder, stem="night")
    path = journalled(night, folder / f"2026-11-19_bench_left_calf_{fs:.0f}.journal")
    with Journal.open(path) as journal:
        samples = sum(len(block.samples) for block in journal.blocks())
    watched_h = min(STORE_H, hours)
    store = filed(path, folder / "nights.sqlite", watched_h / hours) / watched_h
    night.unlink()
    return Growth(fs, channels, hours, samples, path.stat().st_size, store, path)


def journalled(night: Path, path: Path) -> Path:
    """The recording as a journal that has ended, of which nothing is published: a second to a commit."""
    recording = open_recording(night, place=PLACE)
    header = Header(session=path.stem, wearer=PLACE.wearer, site=PLACE.site, started_ns=recording.start_ns)
    with Journal.create(path, header) as journal:
        journal._db.execute("PRAGMA synchronous = OFF")  # what is measured is room, not patience
        second: list[SampleBlock] = []
        for block in recording.blocks(BLOCK_S):
            second.append(msgspec.structs.replace(block, session=path.stem))
            if block.stream == "emg":
                journal.append(second)
                second = []
        journal.append(second)
        journal.end()
    return path


def filed(path: Path, store_path: Path, share: float) -> int:
    """The bytes of a night store after the detector has watched the first share of this journal."""
    settings = ServiceSettings(clock="samples", simulated=True)
    with NightStore(store_path) as store, Journal.open(path) as journal:
        store._db.execute("PRAGMA synchronous = OFF")
        service = DetectorService(settings, DetectorSettings(), store, _nobody)
        for entry in journal.read(limit=round(share * journal.last_row)):
            service.message(PLACE.topic(entry.stream), entry.payload)
        service.close()
    return store_path.stat().st_size


def _nobody(topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None) -> None:
    """A broker that takes everything and tells nobody."""
    if taken:
        taken()
