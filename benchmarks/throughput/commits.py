"""What one commit to the night store costs, with the disk's part told apart, by how many wearers share the store."""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy import markdown
from benchmarks.cost.section import Section
from benchmarks.cost.sosfilt_reference import Bars
from benchmarks.throughput.looped_legs import LoopedWearer
from benchmarks.throughput.plan import Plan
from collector.contract.codec import encode_block
from collector.contract.messages import NS
from detector.batch import Batch
from detector.service import DetectorService
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore

BEGINS_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
WARM_UP = 30
"""Seconds of each wearer that do not count: sessions begin."""


class Commits(NamedTuple):
    """Milliseconds of each commit, with the disk awaited as it has to be, and without."""

    wearers: int
    durable_ms: Sequence[float]
    not_awaited_ms: Sequence[float]

    @property
    def share(self) -> float:
        """Of the detector's time that goes into commits, were all in real time."""
        return float(np.mean(self.durable_ms)) / 1e3 * self.wearers / ServiceSettings().commit_every_s


class TimedStore(NightStore):
    """A night store that notes how long each commit takes."""

    def __init__(self, path: Path, *, awaits_disk: bool) -> None:
        super().__init__(path)
        if not awaits_disk:
            self._db.execute("PRAGMA synchronous = OFF")
        self.commit_ms: list[float] = []

    def commit(self, batch: Batch) -> None:
        """As the night store's."""
        begun_ns = time.perf_counter_ns()
        super().commit(batch)
        self.commit_ms.append((time.perf_counter_ns() - begun_ns) / 1e6)


def measure(plan: Plan, bars: Bars) -> list[Commits]:
    """Every number of wearers."""
    tell = bars("commits")
    measured = []
    for done, wearers in enumerate(plan.commit_wearers, start=1):
        durable, not_awaited = (_commits(wearers, plan.commit_s, awaits_disk=it) for it in (True, False))
        measured.append(Commits(wearers, durable, not_awaited))
        tell(done, len(plan.commit_wearers))
    return measured


def _commits(wearers: int, seconds: int, *, awaits_disk: bool) -> list[float]:
    """The service without a broker, fed as fast as it takes the blocks."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(TimedStore(Path(folder) / "nights.sqlite", awaits_disk=awaits_disk)) as store,
    ):
        settings = ServiceSettings(clock="samples", simulated=True)
        service = DetectorService(settings, DetectorSettings(), store, _broker)
        senders = [LoopedWearer(k, wearers, BEGINS_NS) for k in range(wearers)]
        for seq in range(WARM_UP + seconds):
            if seq == WARM_UP:
                store.commit_ms.clear()
            for wearer in senders:
                for block in wearer.blocks(seq):
                    service.message(wearer.place.topic(block.stream), encode_block(block))
        return store.commit_ms


def _broker(topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None) -> None:
    """One that takes everything at once."""
    if taken:
        taken()


def section(measured: Sequence[Commits]) -> Section:
    """The table of commits."""
    rows = [
        [
            f"{commits.wearers}",
            f"{len(commits.durable_ms)}",
            *(f"{np.percentile(commits.durable_ms, percent):.1f}" for percent in (50, 99)),
            *(f"{np.percentile(commits.not_awaited_ms, percent):.1f}" for percent in (50, 99)),
            f"{commits.share:.1%}",
        ]
        for commits in measured
    ]
    header = ["wearers", "commits", "median, ms", "99 %, ms", "without the disk, ms", "99 %, ms", "of the time"]
    text = f"""Every session is committed each {ServiceSettings().commit_every_s:g} s and at each event: its curves, its
events and a snapshot, synced to disk before anything is said. The same with SQLite told not to await the disk shows
what of it is the disk's. The last column is the share of the detector's time that it stands in commits, with so many
wearers in real time.

{markdown.table(header, rows)}"""
    return Section("Commits", text)
