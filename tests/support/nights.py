"""Made-up nights for the report: smooth noise, bumps where contractions are wanted, holes where nothing is known."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval
from collector.contract.topics import Place
from detector.events import Event, Figures, event_id
from detector.night_record import NightRecord, Seconds, Trace
from detector.settings import DetectorSettings

HOUR, MINUTE = 3600.0, 60.0
REST_UV = 4.0
FS = 250.0
SETTINGS = DetectorSettings()


@dataclass(frozen=True)
class Contraction:
    """A bump in the envelope: when it begins, in seconds from the start of the night, and what it is like."""

    at_s: float
    lasts_s: float
    peak_uv: float = 36.0
    tonicity: float = 0.86
    dip_s: float = 0.0
    reason: str = ""
    motion_mg: float = 0.0

    def covers(self, t_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        return (t_s >= self.at_s) & (t_s < self.at_s + self.lasts_s)


def cramp(at_s: float, lasts_s: float = 94.0, peak_uv: float = 36.0) -> Contraction:
    return Contraction(at_s, lasts_s, peak_uv, reason="tonic for 12.0 s from a sudden start; the leg lay still")


def stretch(at_s: float, lasts_s: float = 8.0, motion_mg: float = 0.0) -> Contraction:
    """Steady like a cramp, over too early to be one."""
    reason = f"lasted {lasts_s:.1f} s; a cramp is believed from 12 s on"
    return Contraction(at_s, lasts_s, 55.0, reason=reason, motion_mg=motion_mg)


def movement(at_s: float, lasts_s: float = 2.4) -> Contraction:
    return Contraction(at_s, lasts_s, 24.0, tonicity=0.2, dip_s=0.2, reason=f"lasted {lasts_s:.1f} s", motion_mg=90.0)


def large_movement(at_s: float, lasts_s: float = 14.0) -> Contraction:
    reason = f"came in bursts (steadiness {lasts_s / 100:.2f}, a tonic contraction has 0.45 or more)"
    return Contraction(at_s, lasts_s, 60.0, tonicity=0.12, dip_s=0.2, reason=reason, motion_mg=240.0)


@dataclass(frozen=True)
class Night:
    """The recipe of a night; `record()` cooks it."""

    night: date = date(2026, 3, 12)
    starts: time = time(22, 48)
    lasts_s: float = 7 * HOUR + 52 * MINUTE
    timezone: str = "Europe/Berlin"
    wearer: str = "w1"
    site: str = "left_calf"
    cramps: Sequence[Contraction] = ()
    rejected: Sequence[Contraction] = ()
    holes: Sequence[tuple[float, float, str]] = ()  # start, length in seconds, cause
    latency_s: float | None = 12.4
    last_goes_on: bool = False
    simulated: bool = False
    accelerometer: bool = True
    thermometer: bool = True
    cooling_at_s: Sequence[float] = field(default_factory=tuple)

    @property
    def start_ns(self) -> int:
        evening = datetime.combine(self.night, self.starts, ZoneInfo(self.timezone))
        return round(evening.timestamp()) * NS

    def ns(self, at_s: float) -> int:
        return self.start_ns + round(at_s * NS)

    def record(self) -> NightRecord:
        events = [self.event(c, confirmed=True) for c in self.cramps]
        if self.last_goes_on:
            events[-1] = _without_end(events[-1])
        delivered = {} if self.latency_s is None else {e.id: e.onset_ns + round(self.latency_s * NS) for e in events}
        t_ns, celsius = self._temperature()
        unwatched_s = sum(length for _, length, _ in self.holes)
        return NightRecord(
            wearer=self.wearer,
            site=self.site,
            night=self.night,
            timezone=self.timezone,
            start_ns=self.start_ns,
            end_ns=self.ns(self.lasts_s),
            watched_s=self.lasts_s - unwatched_s,
            unwatched=[Interval(self.ns(at), self.ns(at + length), cause) for at, length, cause in self.holes],
            events=events,
            candidates=[self.event(c, confirmed=False) for c in self.rejected],
            delivered_ns=delivered,
            seconds=[self._seconds()],
            temperature_t_ns=t_ns,
            temperature_c=celsius,
            postures=self._postures() if self.accelerometer else [],
            traces={event.id: self._trace(c) for event, c in zip(events, self.cramps, strict=True)},
            detector_version="1",
            parameters=SETTINGS.parameters,
            parameters_hash=SETTINGS.hash,
            simulated=self.simulated,
        )

    def event(self, contraction: Contraction, *, confirmed: bool) -> Event:
        index = round(contraction.at_s * FS)
        onset_ns = self.ns(contraction.at_s)
        session = f"{self.night.isoformat()}_{self.wearer}_{self.site}_0001"
        return Event(
            id=event_id(Place(self.wearer, self.site), session, "gastrocnemius", index),
            wearer=self.wearer,
            site=self.site,
            session=session,
            stage="ended" if confirmed else "rejected",
            channel="gastrocnemius",
            onset_index=index,
            onset_ns=onset_ns,
            suspected_ns=onset_ns + NS // 2,
            alerted_ns=onset_ns + 12 * NS if confirmed else None,
            end_ns=self.ns(contraction.at_s + contraction.lasts_s),
            rest_uv=REST_UV,
            threshold_uv=2.2 * REST_UV,
            peak_uv=contraction.peak_uv,
            mean_uv=0.8 * contraction.peak_uv,
            figures=_figures(contraction),
            reason=contraction.reason,
            detector_version="1",
            parameters_hash=SETTINGS.hash,
        )

    def _envelope_uv(self, t_s: NDArray[np.float64], contractions: Sequence[Contraction]) -> NDArray[np.float64]:
        noise = np.random.default_rng(len(t_s)).normal(0, 0.075, len(t_s))
        envelope = REST_UV * (1 + noise)
        for contraction in contractions:
            rising = 1 - np.exp(-np.maximum(t_s - contraction.at_s, 0) / 1.5)
            bump = np.where(contraction.covers(t_s), contraction.peak_uv * rising * (0.95 + noise), 0.0)
            envelope = np.maximum(envelope, bump)
        return envelope

    def _motion_mg(self, t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.accelerometer:
            return np.full(len(t_s), np.nan)
        motion = np.abs(np.random.default_rng(len(t_s) + 1).normal(2.5, 0.8, len(t_s)))
        for contraction in [*self.cramps, *self.rejected]:
            motion[contraction.covers(t_s)] += contraction.motion_mg
        return motion

    def _seconds(self) -> Seconds:
        t_s = np.arange(0.0, self.lasts_s)
        envelope = self._envelope_uv(t_s, [*self.cramps, *self.rejected])
        rest = np.full(len(t_s), REST_UV)
        watched = np.ones(len(t_s), bool)
        there = np.ones(len(t_s), bool)
        for at_s, length_s, cause in self.holes:
            inside = (t_s >= at_s) & (t_s < at_s + length_s)
            watched &= ~inside
            there &= ~inside if cause == "no data" else True
        return Seconds(
            channel="gastrocnemius",
            t_ns=(self.start_ns + (t_s * NS).astype(np.int64))[there],
            envelope_min_uv=(0.9 * envelope)[there],
            envelope_max_uv=(1.1 * envelope)[there],
            rest_uv=rest[there],
            threshold_uv=2.2 * rest[there],
            motion_mg=self._motion_mg(t_s)[there],
            watched=watched[there],
        )

    def _trace(self, contraction: Contraction) -> Trace:
        stop_s = min(contraction.lasts_s + 10.0, 180.0)
        t_s = contraction.at_s + np.arange(-20.0, stop_s, 0.1)
        rest = np.full(len(t_s), REST_UV)
        return Trace(
            t_ns=self.start_ns + (t_s * NS).astype(np.int64),
            envelope_uv=self._envelope_uv(t_s, [contraction]),
            rest_uv=rest,
            threshold_uv=2.2 * rest,
            motion_mg=self._motion_mg(t_s),
        )

    def _temperature(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if not self.thermometer:
            return np.array([], np.int64), np.array([])
        t_s = np.arange(0.0, self.lasts_s, 60.0)
        celsius = 33.0 - 4.0 * np.exp(-t_s / 900) + 0.3 * np.sin(t_s / 5000)
        for at_s in self.cooling_at_s:
            celsius -= np.where(t_s >= at_s, 2.5 * (1 - np.exp(-np.maximum(t_s - at_s, 0) / 700)), 0.0)
        return self.start_ns + (t_s * NS).astype(np.int64), celsius

    def _postures(self) -> list[Interval]:
        """Turning over at fixed shares of the night."""
        turns = (0.0, 0.08, 0.21, 0.5, 0.62, 0.85, 1.0)
        names = ("on the back", "left side", "on the back", "face down", "right side", "on the back")
        edges = [self.ns(share * self.lasts_s) for share in turns]
        return [Interval(start, end, name) for start, end, name in zip(edges, edges[1:], names, strict=False)]


def _figures(contraction: Contraction) -> Figures:
    moving = contraction.motion_mg > SETTINGS.moving_mg
    return Figures(
        rise_s=0.3,
        longest_dip_s=contraction.dip_s,
        low_fraction=0.0,
        tonicity=contraction.tonicity,
        moving_fraction=0.9 if moving else 0.02,
        lead_s=0.1 if moving else None,
        still_before_s=900.0,
        upright=False,
        invalid_s=0.0,
        line_ratio=0.02,
    )


def _without_end(event: Event) -> Event:
    return msgspec.structs.replace(event, stage="confirmed", end_ns=None)


def scattered_movements(lasts_s: float, count: int) -> list[Contraction]:
    """Movements all over the night, at the same places in every run."""
    at_s = np.sort(np.random.default_rng(count).uniform(60.0, lasts_s - 60.0, count))
    return [movement(float(at)) for at in at_s]


ONE_CRAMP = Night(
    cramps=[cramp(4 * HOUR + 24 * MINUTE + 40)],
    rejected=sorted(
        [stretch(2.2 * HOUR), *map(large_movement, (1.1 * HOUR, 5.9 * HOUR)), *scattered_movements(7.8 * HOUR, 74)],
        key=lambda contraction: contraction.at_s,
    ),
    holes=[(0.0, 30.0, "learning the resting level"), (3 * HOUR, 17 * MINUTE, "no data"),
           (6.4 * HOUR, 3.5 * MINUTE, "signal flat (electrode off?)")],
    cooling_at_s=[4 * HOUR],
)  # fmt: skip
"""22:48 to 06:40, a cramp at 03:12:40 for 94 s, 21 min of 7 h 52 not watched."""
QUIET = Night(holes=[(0.0, 71 * MINUTE, "signal flat (electrode off?)")], thermometer=False)
"""6 h 41 of 7 h 52 watched."""
HARDLY_WATCHED = Night(holes=[(2 * HOUR, 5 * HOUR, "no data")])
SEVERAL = Night(
    cramps=[cramp(2 * HOUR, 20), cramp(2.6 * HOUR, 47), cramp(5.1 * HOUR, 192, 160.0)],
    rejected=scattered_movements(7.8 * HOUR, 30),
    simulated=True,
)
CLOCKS_GO_BACK = Night(
    night=date(2026, 10, 24), starts=time(21, 0), lasts_s=10 * HOUR, cramps=[cramp(5.5 * HOUR), cramp(6.5 * HOUR)]
)
"""Central Europe, 25 October 2026: 03:00 CEST becomes 02:00 CET, six hours after 21:00."""
CLOCKS_GO_FORWARD = Night(night=date(2026, 3, 28), starts=time(22, 0), lasts_s=8 * HOUR, accelerometer=False)


def earlier_nights(count: int, recipe: Night = ONE_CRAMP) -> list[NightRecord]:
    """The same kind of night on the evenings before."""
    return [
        dataclasses.replace(recipe, night=recipe.night - timedelta(days=days)).record() for days in range(1, count + 1)
    ]
