"""What each panel, variable and annotation has to show, from night store and diary alone.

Not by way of the points InfluxDB was sent: curves are made of the store's seconds here, weeks of its nights.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from collector.contract.messages import NS
from collector.contract.nights import Interval
from dashboards.curves import MOST_DRAWN
from detector import texts
from detector.events import Event
from detector.report.headline import headline
from tests.dashboards import expected_rows as rows
from tests.dashboards.expected_curves import Span, StoredCurves, known, latest, span_of
from tests.dashboards.expected_told import ToldRows
from tests.dashboards.grafana import Visit
from tests.dashboards.stored import Stored, StoredNight

DAY_NS = 86_400 * NS
ENOUGH_NIGHTS = 3
"""A week's rate is told from so many nights that count."""
RATES = {"rate": "per_week", "lower limit": "per_week_low", "upper limit": "per_week_high"}

Shown = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """What a visitor to a dashboard has to see of a wearer's site; times in nanoseconds, as InfluxDB tells them."""

    stored: Stored
    visit: Visit

    def panels(self) -> Shown:
        """By their titles: figures as a list, tables as rows, curves by name and time."""
        pages = {"Morning": self._morning, "Trend": self._trend, "Live": self._live, "Technical": self._technical}
        return pages[self.visit.dashboard["title"]]()

    def annotations(self) -> Shown:
        """The time, the words and the end in ms of each."""
        cramps = [(e.onset_ns, texts.over(e) if e.end_ns else texts.alert(e), ms(e.end_ns)) for e in self._cramps()]
        rejected = [(e.onset_ns, texts.rejected(e), ms(e.end_ns)) for e in self._candidates()]
        unwatched = [(it.start_ns, it.label, ms(it.end_ns)) for it in self._unwatched()]
        return {"Cramps": cramps, "Rejected": rejected[-MOST_DRAWN:], "Not watched": unwatched}

    def variables(self) -> dict[str, list[str]]:
        """What is offered of the wearer's own."""
        nights = [night.record.night.isoformat() for night in reversed(self._curves.nights())]
        return {"site": [self.stored.place.site], "night": nights}

    def _morning(self) -> Shown:
        night = self.stored.night(self.visit.values["night"])
        record, warm = night.record if night else None, self._curves.temperature()
        told = self.stored.told
        return {
            **rows.figures(night, told),
            "The night by the minute": self._curves.timeline(),
            **self._said.of_night(self.visit.values["night"]),
            "Muscle signal": self._curves.muscle(),
            "Signal quality": self._curves.quality(),
            "Leg motion": self._curves.motion(),
            "Skin temperature": known({"highest": warm, "lowest": warm}),
            **self._radio(),
            "Cramps of the night": [rows.cramp(event, told) for event in record.events] if record else [],
            "Rejected in the night": [rows.candidate(event, told) for event in record.candidates] if record else [],
            "Not watched": [rows.unwatched(it) for it in self._unwatched()],
            "Judged by": [rows.judged(night)] if night else [],
            "Nights": [rows.summary(it) for it in reversed(self._since(60 * DAY_NS))],
        }

    def _trend(self) -> Shown:
        nights = [night for night in self.stored.nights if self._span.holds(night.summary_ns)]
        counting = [night for night in nights if night.counts]
        weeks = [week for week in rows.weeks(self.stored) if self._span.holds(week["Time"])]
        told = [week for week in weeks if week["valid_nights"] >= ENOUGH_NIGHTS]
        recorded = {it.summary_ns: pytest.approx(it.record.recorded_s / 3600) for it in nights}
        watched = {it.summary_ns: pytest.approx(it.record.watched_s / 3600) for it in nights}
        cramps = self._cramps()
        return {
            "Nights recorded": [len(nights)] if nights else [],
            "Nights that count": [len(counting)] if counting else [],
            "Cramps": [sum(len(night.record.events) for night in counting)] if counting else [],
            "Watched": [pytest.approx(sum(it.record.watched_s for it in nights) / 3600)] if nights else [],
            "Cramps per night": [_dot(it, "night counts") for it in counting]
            + [_dot(it, "night does not count") for it in nights if not it.counts],
            "Cramps per week": known({name: {week["Time"]: week[key] for week in told} for name, key in RATES.items()}),
            "Hour of the night": [
                {"Time": e.onset_ns, "clock_h": pytest.approx(rows.clock_h(e, self.stored.zone))} for e in cramps
            ],
            "Length of each cramp": known({"length": {e.onset_ns: e.duration_s for e in cramps if e.end_ns}}),
            "Hours watched": known({"recorded": recorded, "watched": watched}),
            "Rejected per night": known({"rejected": {it.summary_ns: len(it.record.candidates) for it in nights}}),
            **self._said.of_nights(nights),
            "Weeks": weeks[::-1],
            "Nights": [rows.summary(it) for it in reversed(nights)],
        }

    def _live(self) -> Shown:
        going_on = [night for night in self._since(DAY_NS) if not night.is_complete]
        age = [(ms(self._span.end_ns) - ms(night.record.end_ns)) / 1000 for night in going_on[-1:]]
        events = [event for night in self.stored.nights for event in night.record.events]
        tonight = [event for event in events if event.onset_ns > self._span.now_ns - DAY_NS // 2]
        return {
            "Do data arrive?": age,
            "Age of the last sample": age,
            "Link": latest(self._curves.link("state")),
            "Signal": latest(self._curves.quality()),
            "The latest night so far": [headline(night.record) for night in self._since(2 * DAY_NS)[-1:]],
            "Cramps of the last 12 hours": [rows.cramp(event, self.stored.told) for event in tonight],
            "Muscle signal": self._curves.muscle(),
            "Watched": known({"watched": self._curves.seconds("watched", sum)}),
            "Signal quality": self._curves.quality(),
            "Leg motion": {name: points for name, points in self._curves.motion().items() if name == "largest"},
            "Battery left": self._curves.link("battery_hours_left"),
        }

    def _technical(self) -> Shown:
        curves = self._curves
        return {
            "Radio link": curves.link("state"),
            "Signal quality": curves.quality(),
            **self._radio(),
            "Rate": curves.stream("rate"),
            "Clock of the sensor": curves.stream("fitted_ppm"),
            "Reconnections": curves.link("reconnects"),
            "Backlog": curves.collector("unpublished", lambda health: health.unpublished),
            "Unreadable packets": curves.collector("refused", lambda health: sum(health.refused.values())),
            "Restarts": [rows.restarts(night) for night in curves.nights()],
        }

    def _radio(self) -> Shown:
        link = self._curves.link
        return {
            "Battery": link("battery_percent"),
            "Signal strength": link("rssi_dbm"),
            "Samples lost": self._curves.lost(),
        }

    def _cramps(self) -> list[Event]:
        events = [event for night in self.stored.nights for event in night.record.events]
        return [event for event in events if self._span.holds(event.onset_ns)]

    def _candidates(self) -> list[Event]:
        events = [event for night in self.stored.nights for event in night.record.candidates]
        return [event for event in events if self._span.holds(event.onset_ns)]

    def _unwatched(self) -> list[Interval]:
        return [stretch for stretch in self.stored.unwatched if self._span.holds(stretch.start_ns)]

    def _since(self, before_ns: int) -> list[StoredNight]:
        return [night for night in self.stored.nights if night.summary_ns > self._span.now_ns - before_ns]

    @property
    def _span(self) -> Span:
        return span_of(self.visit)

    @property
    def _said(self) -> ToldRows:
        return ToldRows(self.stored)

    @property
    def _curves(self) -> StoredCurves:
        return StoredCurves(self.stored, self._span)


def ms(t_ns: int | None) -> int:
    """Milliseconds since 1970, as fields have them; of what lasts, which has no end yet, 0."""
    return (t_ns or 0) // 10**6


def _dot(night: StoredNight, name: str) -> rows.Row:
    return {"Time": night.summary_ns, name: len(night.record.events)}
