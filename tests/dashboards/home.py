"""A home with a month of nights in its store, made up second by second and not from any signal.

Wearer w1 has thirty evenings of October 2026, in which the clocks go back, a stranger-named second wearer has two.
"""

from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from collector.contract.messages import NS, Health, LinkHealth
from collector.contract.topics import Place
from detector.batch import Batch, SessionInfo
from detector.events import Event, Stage, event_id
from detector.frames import Frames, Quality
from detector.sinks.influx import InfluxSink
from detector.sinks.outbox import Home, Outbox, opened
from detector.store import NightStore
from tests.support.frames import FIGURES
from tests.support.influx import InfluxServer

BERLIN = ZoneInfo("Europe/Berlin")
W1 = Place("w1", "left_calf")
OTHER = Place("ann-e_2", "right_calf-medial")
ODD_CHANNEL = "M. soleus, = \"caput\" 'medius' ü"
CONFIRM_S = 12.0
HEALTH_EVERY_S = 300


@dataclass(frozen=True)
class Night:
    """A night that begins at 22:30; cramps and candidates are (onset, length), gaps (from, to), seconds from then."""

    evening: date
    place: Place = W1
    channel: str = "gastrocnemius"
    hours: float = 8.0
    cramps: tuple[tuple[float, float], ...] = ()
    candidates: tuple[tuple[float, float], ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    quality: Quality = Quality.GOOD
    step_s: int = 10
    """One frame in so many seconds; the detector's have a tenth, which would be too many for a month."""
    over: bool = True
    simulated: bool = False

    @cached_property
    def start_ns(self) -> int:
        return round(datetime.combine(self.evening, time(22, 30), BERLIN).timestamp()) * NS

    @property
    def end_ns(self) -> int:
        return self.at(self.hours * 3600)

    def at(self, seconds: float) -> int:
        return self.start_ns + round(seconds * NS)

    @property
    def info(self) -> SessionInfo:
        return SessionInfo(
            wearer=self.place.wearer,
            site=self.place.site,
            session=f"{self.evening}_{self.place.wearer}_{self.place.site}_3f2a",
            streams=("emg", "acc", "temp"),
            detector_version="2",
            parameters={},
            parameters_hash="0123456789ab",
            simulated=self.simulated,
        )

    def event(self, onset_s: float, length_s: float, stage: Stage) -> Event:
        was_alert, over = stage != "rejected", stage != "confirmed"
        return Event(
            id=event_id(self.place, self.info.session, self.channel, round(onset_s)),
            wearer=self.place.wearer,
            site=self.place.site,
            session=self.info.session,
            stage=stage,
            channel=self.channel,
            onset_index=round(onset_s),
            onset_ns=self.at(onset_s),
            suspected_ns=self.at(onset_s + 0.5),
            alerted_ns=self.at(onset_s + CONFIRM_S) if was_alert else None,
            end_ns=self.at(onset_s + length_s) if over else None,
            rest_uv=4.0,
            threshold_uv=12.0,
            peak_uv=80.0 + length_s,
            mean_uv=60.0,
            figures=FIGURES,
            reason="sudden, tonic and still" if was_alert else "the leg moved",
            detector_version="2",
            parameters_hash="0123456789ab",
        )

    def frames(self) -> Frames:
        """The envelope goes up and down by the frame, and stands at 80 uV during a cramp."""
        k = np.arange(round(self.hours * 3600) // self.step_s)
        end_s = (k + 1) * self.step_s
        cramped = np.any([(end_s > a) & (end_s <= a + length) for a, length in self.cramps] or [k < 0], axis=0)
        lost = np.any([(end_s > a) & (end_s <= b) for a, b in self.gaps] or [k < 0], axis=0)
        envelope = np.where(lost, np.nan, np.where(cramped, 80.0, 4.0 + k % 7))
        return Frames(
            channels=(self.channel,),
            step_s=float(self.step_s),
            t_ns=self.start_ns + end_s * NS - 1,
            envelope_uv=envelope[:, None],
            rest_uv=(4.0 + k % 3 / 10)[:, None],
            threshold_uv=(12.0 + k % 3 / 10)[:, None],
            quality=np.where(lost, Quality.MISSING, self.quality).astype(np.uint8)[:, None],
            motion_mg=(k % 40).astype(float),
            gravity_mg=np.tile([0.0, 0.0, 1000.0], (len(k), 1)),
        )

    def healths(self) -> list[Health]:
        """What the collector tells of itself, in time."""
        return [self._health(after_s) for after_s in range(HEALTH_EVERY_S, round(self.hours * 3600), HEALTH_EVERY_S)]

    def _health(self, after_s: float) -> Health:
        minutes = round(after_s / 60)
        link = LinkHealth(
            device="node-1", state="streaming", rssi_dbm=-60 - minutes % 9, battery_percent=90 - minutes / 60,
            battery_hours_left=30 - minutes / 60, reconnects=minutes // 100,
        )  # fmt: skip
        return Health(
            t_ns=self.at(after_s),
            session=self.info.session,
            links=(link,),
            samples={"emg": 1000 * minutes},
            lost={"emg": minutes // 20},
            fitted_ppm={"emg": -8.25},
            rate={"emg": 0.99},
            refused={"short": minutes // 200},
            unpublished=minutes % 5,
        )

    def file(self, store: NightStore) -> None:
        """File the night as the detector would: what is told while it lasts, then all of it."""
        whole = {"info": self.info, "start_ns": self.start_ns}
        alerts = [self.event(*cramp, "confirmed") for cramp in self.cramps]
        frames = self.frames()
        store.commit(Batch(**whole, end_ns=self.end_ns, frames=frames, events=alerts))  # type: ignore[arg-type]
        for alert in alerts:
            store.delivered(alert.id, "confirmed", (alert.alerted_ns or 0) + NS)
        for health in self.healths():
            store.file_health(self.place, health)
        last = [self.event(*cramp, "ended") for cramp in self.cramps]
        last += [self.event(*candidate, "rejected") for candidate in self.candidates]
        skin = [(self.at(60 * k + 30), 33.0 + k % 11 / 10) for k in range(round(self.hours * 60))]
        store.commit(
            Batch(**whole, end_ns=self.end_ns, events=last, temperatures=skin, complete=self.over)  # type: ignore[arg-type]
        )


def _october(day: int) -> Night:
    """Every third night one cramp; some have more of a story."""
    evening = date(2026, 10, day)
    stories = {
        12: Night(evening, quality=Quality.FLAT),
        15: Night(evening, hours=2.0, cramps=((3000.0, 40.0),)),
        24: Night(evening, hours=9.0, cramps=((18_000.0, 61.0),)),  # 5 h after 22:30: 02:30, for the second time
        27: Night(evening, cramps=((7200.0, 50.0), (9000.0, 50.0)), simulated=True),
        29: Night(evening),
        30: Night(
            evening, cramps=((16_920.0, 94.0), (20_000.0, 33.5)), candidates=((5000.0, 7.0),), gaps=((10_000, 10_600),),
            step_s=1,
        ),
    }  # fmt: skip
    return stories.get(day, Night(evening, cramps=((10_000.0 + 600 * day, 30.0 + day),) if day % 3 == 0 else ()))


OCTOBER = {day: _october(day) for day in range(1, 31)}
LAST, QUIET, FLAT, SHORT, CLOCKS_BACK = (OCTOBER[day] for day in (30, 29, 12, 15, 24))
STRANGE = Night(date(2026, 10, 29), OTHER, ODD_CHANNEL, cramps=((600.0, 20.0),), candidates=((900.0, 3.0),))
GOING_ON = Night(date(2026, 10, 30), OTHER, ODD_CHANNEL, hours=3.0, cramps=((10_000.0, 25.0),), over=False)
NIGHTS = [*OCTOBER.values(), STRANGE, GOING_ON]
MORNING = datetime(2026, 10, 31, 7, 30, tzinfo=BERLIN)


def seconds_after(night: Night, seconds: float) -> datetime:
    """So long after the last sample of a night."""
    return datetime.fromtimestamp(night.end_ns / NS, BERLIN) + timedelta(seconds=seconds)


def diary_beside(store: Path) -> Path:
    """Where the diary of a store's home is."""
    return store.with_name("diary.sqlite")


def at_home(store: Path, destination: str, outbox: str) -> AbstractContextManager[Home]:
    """The store and the diary beside it, to be passed on."""
    return opened(store, diary_beside(store), BERLIN, store.with_name(f"{outbox}.outbox"), destination)


def deliver(store: Path, server: InfluxServer, bucket: str) -> None:
    """Let the outbox pass on everything that is in the store, and in the diary if there is one."""
    settings = server.settings(bucket)
    with at_home(store, settings.name, bucket) as home, closing(InfluxSink(settings)) as sink:
        outbox = Outbox(home.sources, sink, settings.poll_s)
        while outbox.step() == 0.0:
            pass
        assert not home.night_state.trouble()
        assert not home.night_state.refused()
