"""Small nights for the outbox: enough of everything that a night store can hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from collector.contract.messages import NS, Health, LinkHealth
from detector.alarm.messages import EveningNote, FeltCramp, Transition, Verdict
from detector.alarm.preflight_message import Check, Muscle, Preflight
from detector.batch import Batch
from detector.diary.diary import Diary
from detector.diary.entries import Latency, Said
from detector.events import Event
from detector.frames import Frames, Quality
from detector.sinks.delivery import Refused, Unavailable
from detector.sinks.influx_schema import Point, Value
from detector.sinks.night_feed import NightFeed
from detector.store import NightStore
from tests.support.blocks import START_NS
from tests.support.frames import INFO, PLACE, SESSION, event, frames

UTC = ZoneInfo("UTC")


def at(seconds: float) -> int:
    return START_NS + round(seconds * NS)


def batch(until_s: float, shown: Frames | None = None, *events: Event, complete: bool = False) -> Batch:
    return Batch(info=INFO, start_ns=START_NS, end_ns=at(until_s), frames=shown, events=events, complete=complete)


HEALTH = Health(
    t_ns=at(70),
    session=SESSION,
    links=(LinkHealth(device="node-1", state="streaming", rssi_dbm=-61, battery_percent=87.5, reconnects=2),),
    samples={"emg": 17500},
    lost={"emg": 12},
    fitted_ppm={"emg": -8.25},
    rate={"emg": 0.99},
    refused={},
    unpublished=0,
)


def fill(store: NightStore, minutes: int = 4) -> None:
    """A night of so many minutes: a cramp after 75 s, a rejected contraction after 20 s, 10 s without data at its end.

    It is committed every 30 s, as if it came in live.
    """
    end_s = 60.0 * minutes
    store.commit(batch(30, frames(0, 30), event(20, "rejected", end_s=24)))
    for start in range(30, 60 * minutes - 30, 30):
        at_onset = (event(75, "confirmed"),) if start == 60 else ()
        over = (event(75, "ended", end_s=117.5),) if start == 90 else ()
        store.commit(batch(start + 30, frames(start, start + 30), *at_onset, *over))
    gap = frames(end_s - 10, end_s, quality=Quality.MISSING)
    store.commit(batch(end_s, Frames.joined([frames(end_s - 30, end_s - 10), gap])))
    temperatures = [(at(60 * k + 30), 33.0 + k) for k in range(minutes)]
    store.commit(Batch(info=INFO, start_ns=START_NS, end_ns=at(end_s), temperatures=temperatures, complete=True))
    store.file_health(PLACE, HEALTH)


def tell(diary: Diary) -> None:
    """Something of each kind that people say and the alarm does in such a night."""
    told: tuple[Said, ...] = (
        Transition(before="ALERT", after="ACKED", t_ns=at(100), by="wearer", why="ack", faults=("battery",)),
        Latency(
            event_id=event(75, "ended").id, onset_ns=at(75), suspected_ns=at(75.5), confirmed_ns=at(87),
            published_ns=at(88), delivered_ns=at(88), sounded_ns=at(88.5), acknowledged_ns=at(100),
        ),
        Verdict(event_id=event(75, "ended").id, verdict="cramp", by="wearer", t_ns=at(110), id="v1"),
        FeltCramp(
            felt_ns=at(80), by="wearer", t_ns=at(120), pain=7, duration_s=40.0, leg="left", muscle="calf", note="bit",
            id="f1",
        ),
        EveningNote(
            night=date(2026, 3, 1), text="a walk", alcohol="none", coffee="two", exercise="12 km", medicine="none",
            by="wearer", t_ns=at(-600), id="e1",
        ),
        Preflight(
            night=date(2026, 3, 1), t_ns=at(-300), by="wearer", checks=(Check(area="disk", state="ok", says="free"),),
            muscles=(Muscle(channel="gastrocnemius", rest_uv=4.0),),
        ),
    )  # fmt: skip
    for said in told:
        diary.add(PLACE, said)


def filled(path: Path, minutes: int = 4) -> NightFeed:
    """A store with such a night, as points."""
    with NightStore(path) as store:
        fill(store, minutes)
    return NightFeed(path, UTC)


@dataclass
class MemorySink:
    """Holds points like a database; some may be refused by their time, and it may be away for the next requests."""

    refuses: frozenset[int] = frozenset()  # times of points, in nanoseconds
    away: int = 0
    stored: dict[str, dict[str, Value]] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)

    def write(self, points: Sequence[Point]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("it cannot be reached (made up)")
        self.batches.append(len(points))
        if any(point.t_ns in self.refuses for point in points):
            raise Refused(400, "field type conflict")
        for point in points:
            self.stored.setdefault(point.identity, {}).update(point.fields)


def everything(feed: NightFeed, minutes: int = 250) -> list[Point]:
    """All points of a store, read in portions of so many minutes."""
    found: list[Point] = []
    seq = 0
    while (portion := feed.after(seq, minutes)).minutes:
        found += portion.points
        seq = portion.seq
    return found
