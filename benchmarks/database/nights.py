"""Nights of one wearer for a night store: simulated signals, judged by the detector, filed as its service does.

Only what the collector tells of itself is made up, from what it tells at home: three streams and one link, each minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from msgspec.structs import replace

from collector.contract.messages import NS, Health, LinkHealth, SampleBlock, StreamKind
from collector.contract.recording import SCORING_BLOCK_S
from collector.contract.recordings import open_recording
from collector.contract.topics import Place
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from detector.batch import Batch
from detector.settings import DetectorSettings
from detector.store import NightStore
from detector.watch import Watch, session_info

PLACE = Place("w1", "left_calf")
SETTINGS = DetectorSettings(shank_axis="x")
BEGINS = time(22, 30)
CRAMPS_A_NIGHT = 0.45
"""Three a week, so that what events cost is in the figures."""
GAPS_AN_HOUR = 0.5
STREAMS: dict[StreamKind, float] = {"emg": 250.0, "acc": 50.0, "temp": 0.2}
"""Samples per second."""
HEALTH_EVERY_S = 60
"""The store keeps one a minute."""
PUBLISHED_NS = NS // 5
"""From the decision to the broker's taking over; `docs/reference/cost.md` has what it takes."""


@dataclass(frozen=True)
class Evening:
    """A night of so many hours that begins at 22:30 UTC."""

    day: date
    hours: float

    @property
    def session(self) -> str:
        """As the collector names one."""
        return f"{self.day}_{PLACE.wearer}_{PLACE.site}_3f2a"

    @property
    def start_ns(self) -> int:
        """The first sample."""
        return round(datetime.combine(self.day, BEGINS, UTC).timestamp()) * NS

    @cached_property
    def draw(self) -> np.random.Generator:
        """The night's own chance."""
        return np.random.default_rng(self.day.toordinal())

    def signals(self, folder: Path, block_s: float = SCORING_BLOCK_S) -> Iterator[SampleBlock]:
        """The night's samples, from a simulated recording, in blocks of so many seconds."""
        spec = NightSpec(
            seed=self.day.toordinal(), hours=self.hours, fs=STREAMS["emg"], acc_fs=STREAMS["acc"],
            temp_fs=STREAMS["temp"], cramps=int(self.draw.poisson(CRAMPS_A_NIGHT)), loss_per_hour=GAPS_AN_HOUR,
            start=datetime.combine(self.day, BEGINS),
        )  # fmt: skip
        path, _ = write_night(simulate_night(spec), folder)
        for block in open_recording(path, place=PLACE).blocks(block_s):
            yield replace(block, session=self.session)

    def watch(self) -> Watch:
        """Who is to judge them."""
        return Watch(session_info(PLACE, self.session, tuple(STREAMS), SETTINGS, simulated=True), SETTINGS)

    def healths(self, after_s: float, until_s: float) -> Iterator[Health]:
        """What the collector tells after and until so many seconds of the night; that is made up."""
        for told_s in range(HEALTH_EVERY_S, round(until_s) + 1, HEALTH_EVERY_S):
            if told_s > after_s:
                yield self._health(told_s)

    def _health(self, told_s: int) -> Health:
        battery = 94 - 3.1 * told_s / 3600
        link = LinkHealth(
            device="node-1", state="streaming", rssi_dbm=round(-68 + 3 * self.draw.standard_normal()),
            battery_percent=battery, battery_hours_left=battery / 3.1, reconnects=told_s // 7200,
        )  # fmt: skip
        return Health(
            t_ns=self.start_ns + told_s * NS,
            session=self.session,
            links=(link,),
            samples={stream: round(fs * told_s) for stream, fs in STREAMS.items()},
            lost={stream: round(fs * (told_s // 7200)) for stream, fs in STREAMS.items()},
            fitted_ppm={stream: 22 + 0.2 * self.draw.standard_normal() for stream in STREAMS},
            rate=dict.fromkeys(STREAMS, 1.0),
            refused={},
            unpublished=int(self.draw.poisson(2)),
        )


def judged(evening: Evening) -> list[Batch]:
    """A whole night, as the detector files it at last."""
    watch = evening.watch()
    with TemporaryDirectory() as folder:
        for block in evening.signals(Path(folder)):
            watch.offer(block, 0.0)
    return [watch.take_batch(), watch.closing_batch(complete=True)]


def file(store: NightStore, batch: Batch) -> None:
    """File a batch and that its alerts were published."""
    store.commit(batch)
    for event in batch.events:
        if event.alerted_ns is not None:
            store.delivered(event.id, "confirmed", event.alerted_ns + PUBLISHED_NS)
