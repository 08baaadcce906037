"""A simulated month in a night store: signals from the simulator, judged by the detector, filed as its service does.

Only what the collector tells of the radio and the battery is made up; it has no signal to come from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from msgspec.structs import replace

from collector.contract.messages import NS, Health, LinkHealth, SampleBlock
from collector.contract.recording import SCORING_BLOCK_S
from collector.contract.recordings import open_recording
from collector.contract.topics import Place
from collector.simulator.edf import write_night
from collector.simulator.night import Night, simulate_night
from collector.simulator.spec import NightSpec, Profile
from detector.settings import DetectorSettings
from detector.store import NightStore
from detector.watch import Watch, session_info

ZONE = ZoneInfo("Europe/Berlin")
PLACE = Place("w1", "left_calf")
SETTINGS = DetectorSettings(shank_axis="x")
FS = 250.0
HEALTH_EVERY_S = 60
PUBLISHED_NS = NS // 5
"""From the decision to the broker's taking over; `docs/reference/cost.md` has what it takes."""

CRAMPS_A_NIGHT = 0.45
"""Three a week: enough to see something in a month, few enough for nights without."""
NOT_RECORDED = (7, 18)
SHORT_NIGHT, BAD_CONTACT, LAST = 13, 21, 30
"""Days of October 2026 whose nights have a story: too short to count, a loose electrode, the one looked at."""


@dataclass(frozen=True)
class Evening:
    """What a night is to be, and when it begins by the wearer's clock."""

    day: date
    begins: time
    hours: float
    cramps: int
    profile: Profile = "healthy"

    @property
    def start_ns(self) -> int:
        """The first sample."""
        return round(datetime.combine(self.day, self.begins, ZONE).timestamp()) * NS

    @property
    def session(self) -> str:
        """As the collector names one."""
        return f"{self.day}_{PLACE.wearer}_{PLACE.site}_{self.day.day:04x}"


def evenings() -> list[Evening]:
    """The month's, the last one with two cramps."""
    draw = np.random.default_rng(1)
    found = []
    for day in range(1, LAST + 1):
        begins = time(22, int(draw.integers(0, 60)))
        hours, cramps = float(draw.uniform(6.8, 8.2)), int(draw.poisson(CRAMPS_A_NIGHT))
        if day == SHORT_NIGHT:
            hours, cramps = 2.0, 0
        profile: Profile = "artefacts" if day == BAD_CONTACT else "healthy"
        found.append(Evening(date(2026, 10, day), begins, hours, 2 if day == LAST else cramps, profile))
    return [evening for evening in found if evening.day.day not in NOT_RECORDED]


class Recorded:
    """A night that is recorded, judged and filed, up to any moment and then on."""

    def __init__(self, evening: Evening, folder: Path) -> None:
        spec = NightSpec(
            seed=evening.day.day, hours=evening.hours, fs=FS, cramps=evening.cramps, profile=evening.profile,
            loss_per_hour=0.5, start=datetime.combine(evening.day, evening.begins),
        )  # fmt: skip
        self.evening = evening
        self.night = simulate_night(spec)
        self._path, _ = write_night(self.night, folder)
        recording = open_recording(self._path, place=PLACE)
        self._offset_ns = evening.start_ns - recording.start_ns  # EDF has the wearer's clock and no time zone
        info = session_info(PLACE, evening.session, tuple(recording.streams), SETTINGS, simulated=True)
        self._watch = Watch(info, SETTINGS)
        self._blocks: Iterator[SampleBlock] = recording.blocks(SCORING_BLOCK_S)
        self._health = Collected(evening, self.night)

    def file(self, store: NightStore, until_s: float = np.inf) -> int:
        """Go on until so many seconds are recorded; returns the time behind the last sample, in ns."""
        for block in self._blocks:
            clock = replace(block.clock, t_ns=block.clock.t_ns + self._offset_ns)
            self._watch.offer(replace(block, session=self.evening.session, clock=clock), 0.0)
            if block.stream == "emg" and block.end_ns + self._offset_ns >= self.evening.start_ns + until_s * NS:
                break
        else:
            self._path.unlink()
        self._commit(store)
        if until_s == np.inf:
            store.commit(self._watch.closing_batch(complete=True))
        return self._watch.end_ns

    def _commit(self, store: NightStore) -> None:
        batch = self._watch.take_batch()
        store.commit(batch)
        for event in batch.events:
            if event.alerted_ns is not None:
                store.delivered(event.id, "confirmed", event.alerted_ns + PUBLISHED_NS)
        for health in self._health.until(self._watch.end_ns):
            store.file_health(PLACE, health)


class Collected:
    """What the collector would tell of a night; losses and reconnections are those of the simulated gaps."""

    def __init__(self, evening: Evening, night: Night) -> None:
        self._evening, self._gaps = evening, night.gaps
        self._minute = 0
        self._draw = np.random.default_rng(evening.day.day)

    def until(self, end_ns: int) -> Iterator[Health]:
        """Each minute's that was not told yet."""
        while (t_ns := self._evening.start_ns + (self._minute + 1) * HEALTH_EVERY_S * NS) < end_ns:
            self._minute += 1
            yield self._told(t_ns)

    def _told(self, t_ns: int) -> Health:
        hours = self._minute / 60
        over = [gap for gap in self._gaps if gap[1] < self._minute * HEALTH_EVERY_S]
        lost = round(FS * sum(end_s - start_s for start_s, end_s in over))
        link = LinkHealth(
            device="node-1", state="streaming", rssi_dbm=round(-68 + 3 * self._draw.standard_normal()),
            battery_percent=94 - 3.1 * hours, battery_hours_left=(94 - 3.1 * hours) / 3.1, reconnects=len(over),
        )  # fmt: skip
        return Health(
            t_ns=t_ns,
            session=self._evening.session,
            links=(link,),
            samples={"emg": round(FS * 3600 * hours)},
            lost={"emg": lost},
            fitted_ppm={"emg": 22 + 0.2 * self._draw.standard_normal()},
            rate={"emg": 1 - lost / (FS * 3600 * hours)},
            refused={},
            unpublished=int(self._draw.poisson(2)),
        )


def moment_of_looking(recorded: Recorded) -> float:
    """Seconds into a night, when its first cramp has just raised an alert."""
    return recorded.night.truth.cramps[0].onset_s + 20.0
