"""What is made up to be said in the simulated month: the answers, verdicts and diary of somebody who wakes from cramps.

It follows from what the detector found and from what the simulator knows; there is nobody to ask.
"""

from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np
from msgspec.structs import replace

from collector.contract.messages import NS
from collector.simulator.night import Night
from dashboards.preview.month import LAST, PUBLISHED_NS, Evening
from detector.alarm.messages import AlarmStateName, EveningNote, FeltCramp, Transition, Verdict, Why
from detector.alarm.preflight_message import Check, Muscle, Preflight
from detector.diary.entries import Latency, Said
from detector.events import Event

SOUND_NS = NS // 2
"""From the message to the first tone."""
WOKEN_S = (8.0, 35.0)
"""How long somebody takes to answer."""
ABOUT_THE_SAME_S = 120.0
"""How far an alert may lie from a simulated cramp to be one of it."""


def said_of(evening: Evening, night: Night, alerts: Iterable[Event]) -> list[Said]:
    """What is said of a night that is over and of its alerts, in order of time."""
    return sorted(_Teller(evening, night).everything(list(alerts)), key=_when)


class _Teller:
    def __init__(self, evening: Evening, night: Night) -> None:
        self._evening, self._night = evening, night
        self._draw = np.random.default_rng(evening.day.day)
        self._number = count()

    def everything(self, alerts: list[Event]) -> Iterator[Said]:
        yield self._preflight()
        yield self._change(0, "DISARMED", "WATCHING", "recording", "bedside")
        yield from (said for alert in alerts for said in self._alerted(alert))
        yield from self._felt()
        yield from self._gaps()
        yield self._change(self._end_ns, "WATCHING", "DISARMED", "recording", "bedside")
        if self._evening.day.day == LAST:
            yield from self._last()

    @property
    def _end_ns(self) -> int:
        return round(self._evening.hours * 3600 * NS)

    def _at(self, after_ns: int) -> int:
        return self._evening.start_ns + after_ns

    def _id(self) -> str:
        return f"{self._evening.day}-{next(self._number)}"

    def _preflight(self) -> Preflight:
        checks = (
            Check(area="collector", state="ok", says="sends 250 samples a second"),
            Check(area="battery", state="ok", says="94 %, lasts for 30 h"),
            Check(area="clock", state="warning", says="not synchronised since noon", cure="check the network"),
        )
        muscle = Muscle(channel="gastrocnemius", rest_uv=float(self._draw.uniform(3, 6)), contraction_uv=92.0)
        own = checks if self._evening.day.day == LAST else checks[:2]
        t_ns = self._at(-600 * NS)
        return Preflight(night=self._evening.day, t_ns=t_ns, by="wearer", checks=own, muscles=(muscle,))

    def _change(
        self,
        after_ns: int,
        before: AlarmStateName,
        after: AlarmStateName,
        why: Why,
        by: str,
        until_ns: int | None = None,
    ) -> Transition:
        return Transition(before=before, after=after, t_ns=self._at(after_ns), by=by, why=why, until_ns=until_ns)

    def _alerted(self, alert: Event) -> Iterator[Said]:
        """The alert, who answers it, and what that person says it was."""
        assert alert.alerted_ns is not None
        heard_ns = alert.alerted_ns + PUBLISHED_NS
        answered_ns = heard_ns + round(self._draw.uniform(*WOKEN_S) * NS)
        told_ns, answer_ns = heard_ns - self._evening.start_ns, answered_ns - self._evening.start_ns
        by = str(self._draw.choice(["wearer", "partner"], p=[0.8, 0.2]))
        yield self._change(told_ns, "WATCHING", "ALERT", "confirmed", "detector")
        yield self._change(answer_ns, "ALERT", "ACKED", "ack", by)
        yield self._change(answer_ns + 120 * NS, "ACKED", "WATCHING", "over", "detector")
        yield Latency(
            event_id=alert.id,
            onset_ns=alert.onset_ns,
            suspected_ns=alert.suspected_ns,
            confirmed_ns=alert.alerted_ns,
            published_ns=heard_ns,
            delivered_ns=heard_ns,
            sounded_ns=heard_ns + SOUND_NS,
            acknowledged_ns=answered_ns,
        )
        if self._draw.random() < 0.8:
            said = "cramp" if self._is_a_cramp(alert) else "not"
            yield Verdict(event_id=alert.id, verdict=said, by=by, t_ns=answered_ns + 60 * NS, id=self._id())  # type: ignore[arg-type]

    def _is_a_cramp(self, alert: Event) -> bool:
        onset_s = (alert.onset_ns - self._evening.start_ns) / NS
        return any(abs(cramp.onset_s - onset_s) < ABOUT_THE_SAME_S for cramp in self._night.truth.cramps)

    def _felt(self) -> Iterator[Said]:
        """Most cramps are noted, at the minute."""
        for cramp in self._night.truth.cramps:
            if self._draw.random() < 0.85:
                felt_ns = self._at(round(cramp.onset_s // 60 * 60 * NS))
                pain, lasted_s = int(self._draw.integers(3, 9)), float(self._draw.integers(2, 12) * 10)
                yield FeltCramp(
                    felt_ns=felt_ns, by="wearer", t_ns=felt_ns + 8 * 60 * NS, pain=pain, duration_s=lasted_s,
                    leg="left", muscle="calf", id=self._id(),
                )  # fmt: skip

    def _gaps(self) -> Iterator[Said]:
        """The alarm tells of a gap that is longer than half a minute."""
        for start_s, end_s in self._night.gaps:
            if end_s - start_s > 30:
                change = self._change(round((start_s + 30) * NS), "WATCHING", "FAULT", "faults", "bedside")
                yield replace(change, faults=("no_data",))
                yield self._change(round(end_s * NS), "FAULT", "WATCHING", "faults", "bedside")

    def _last(self) -> Iterator[Said]:
        """A cramp in the other leg that no sensor saw, a snooze for half an hour, and an evening worth a note."""
        felt_ns, half_an_hour_ns = self._at(self._end_ns // 4), 1800 * NS
        yield FeltCramp(
            felt_ns=felt_ns, by="wearer", t_ns=felt_ns + 600 * NS, pain=4, leg="right", muscle="foot",
            note="the other leg", id=self._id(),
        )  # fmt: skip
        snoozed_ns = self._end_ns // 4 + 660 * NS
        until_ns = self._at(snoozed_ns + half_an_hour_ns)
        yield self._change(snoozed_ns, "WATCHING", "SNOOZED", "snooze", "partner", until_ns)
        yield self._change(snoozed_ns + half_an_hour_ns, "SNOOZED", "WATCHING", "time", "bedside")
        yield EveningNote(
            night=self._evening.day, text="new shoes", exercise="hill walk, 14 km", coffee="two cups at noon",
            by="wearer", t_ns=self._at(-900 * NS), id=self._id(),
        )  # fmt: skip


def _when(said: Said) -> int:
    """When it was said or happened."""
    return said.delivered_ns if isinstance(said, Latency) else said.t_ns
