"""A night's figures while it goes on: the retained `tonight` message, for a home automation or a screen."""

from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS, Health, SampleBlock
from collector.contract.nights import night_of
from detector.alarm.messages import VERSION, Answer
from detector.messages import EventMessage
from detector.night_record import ENOUGH_WATCHED
from detector.temperature import MinuteMeans

FRESH_NS = 600 * NS
"""What was measured longer ago is no figure of now; a slow thermometer sends a value every few minutes."""
LONGEST_STEP_S = 10.0
"""The bedside looks once a second. Where it did not look for longer, nobody would have been alerted."""


class Tonight(msgspec.Struct, frozen=True, kw_only=True):
    """The `tonight` message, once a minute; it begins anew at local noon. `t_ns` is when the bedside last looked.

    `watched_s` is the part of the recorded time in which a cramp would have been alerted at once; the morning report
    also counts what was judged afterwards. `cramps` are the `alerts` without those that were `denied`, both by event
    id; where there are none, and too little was watched to say so, it is None. Battery and skin temperature are None
    when they were not measured within the last minutes; of several batteries the emptiest counts.
    """

    v: int = VERSION
    t_ns: int
    night: date
    recording: bool = False
    recorded_s: float = 0.0
    watched_s: float = 0.0
    watched_percent: float | None = None
    alerts: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    cramps: int | None = None
    battery_percent: float | None = None
    battery_hours_left: float | None = None
    skin_temperature_c: float | None = None


class _Battery(NamedTuple):
    heard_ns: int
    percent: float | None
    hours_left: float | None


class NightFigures:
    """Adds a night up from what the bedside hears; `now_ns` is its clock.

    `before` is the message of before a restart: the night goes on from there, and the time between is not watched.
    """

    def __init__(self, zone: ZoneInfo, now_ns: int, before: Tonight | None = None) -> None:
        self._zone = zone
        self._night = before or self._empty(now_ns)
        self._battery: _Battery | None = None
        self._skin = MinuteMeans()
        self._skin_c: tuple[int, float] | None = None  # when it was heard, degrees Celsius

    def passed(self, now_ns: int, *, recording: bool, watched: bool) -> None:
        """Count the time since the last call as what is so now."""
        self._turn(now_ns)
        night = self._night
        step_s = max(0, now_ns - night.t_ns) / NS if recording and night.recording else 0.0
        self._night = msgspec.structs.replace(
            night,
            t_ns=now_ns,
            recording=recording,
            recorded_s=night.recorded_s + step_s,
            watched_s=night.watched_s + (step_s if watched and step_s <= LONGEST_STEP_S else 0.0),
        )

    def clock_set(self, step_ns: int) -> None:
        """The time of day is so much later than it would be had nobody set it: that much has not passed."""
        self._night = msgspec.structs.replace(self._night, t_ns=self._night.t_ns + step_ns)
        self._battery = self._battery and self._battery._replace(heard_ns=self._battery.heard_ns + step_ns)
        self._skin_c = self._skin_c and (self._skin_c[0] + step_ns, self._skin_c[1])

    def event(self, now_ns: int, event: EventMessage) -> None:
        """Count an event of this night that raised an alert, once."""
        self._turn(now_ns)
        known = event.id in self._night.alerts
        if event.was_alert and not known and night_of(event.onset_ns, self._zone) == self._night.night:
            self._night = msgspec.structs.replace(self._night, alerts=(*self._night.alerts, event.id))

    def verdict(self, event_id: str, answer: Answer) -> None:
        """Heed what a person says an event was; the newest counts."""
        denied = tuple(event for event in self._night.denied if event != event_id)
        if answer == "not" and event_id in self._night.alerts:
            denied = (*denied, event_id)
        self._night = msgspec.structs.replace(self._night, denied=denied)

    def health(self, now_ns: int, health: Health) -> None:
        """Take note of the batteries."""
        percents = [link.battery_percent for link in health.links if link.battery_percent is not None]
        hours = [link.battery_hours_left for link in health.links if link.battery_hours_left is not None]
        self._battery = _Battery(now_ns, min(percents, default=None), min(hours, default=None))

    def temperature(self, now_ns: int, block: SampleBlock) -> None:
        """Take note of the skin temperature, the mean of the minute so far."""
        if rows := self._skin.push(block):
            self._skin_c = now_ns, rows[-1][1]

    def message(self, now_ns: int) -> Tonight:
        """The figures now."""
        self._turn(now_ns)
        night = self._night
        battery = self._battery if self._battery and now_ns - self._battery.heard_ns <= FRESH_NS else None
        skin = self._skin_c if self._skin_c and now_ns - self._skin_c[0] <= FRESH_NS else None
        cramps = len(night.alerts) - len(night.denied)
        watched = night.watched_s / night.recorded_s if night.recorded_s else 0.0
        return msgspec.structs.replace(
            night,
            watched_percent=round(100 * watched, 1) if night.recorded_s else None,
            cramps=cramps if cramps or watched >= ENOUGH_WATCHED else None,
            battery_percent=battery.percent if battery else None,
            battery_hours_left=battery.hours_left if battery else None,
            skin_temperature_c=round(skin[1], 1) if skin else None,
        )

    def _turn(self, now_ns: int) -> None:
        """At noon a new night begins."""
        if night_of(now_ns, self._zone) != self._night.night:
            self._night = self._empty(now_ns)

    def _empty(self, now_ns: int) -> Tonight:
        return Tonight(t_ns=now_ns, night=night_of(now_ns, self._zone))
