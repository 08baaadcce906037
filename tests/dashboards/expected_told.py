"""What a dashboard has to show of what people said and what the alarm did, from the diary and the night store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from collector.contract.messages import NS
from detector.alarm.messages import FeltCramp
from detector.events import Event
from tests.dashboards.expected_curves import Curves, known
from tests.dashboards.stored import Stored, StoredNight, ten_in_the_evening_ns

Row = dict[str, Any]
MS_NS = 1_000_000
NEAR_S = 15 * 60
JUDGED = {"cramp": "a cramp", "not": "no cramp", "unsure": "not sure", None: "no verdict"}


class Within:
    """Equal to a time at most a millisecond before, by which entries of one moment are kept apart."""

    def __init__(self, t_ns: int) -> None:
        self._t_ns = t_ns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and self._t_ns <= other < self._t_ns + MS_NS

    __hash__ = None  # type: ignore[assignment]  # equal to many, so it cannot be looked up

    def __repr__(self) -> str:
        return f"{self._t_ns} and up to 1 ms"


@dataclass(frozen=True)
class ToldRows:
    """What is told of one wearer's site."""

    stored: Stored

    def of_night(self, evening: str) -> dict[str, Any]:
        """The panels of a night, by title; where none is chosen, they are empty."""
        told = self.stored.told
        changes = [change for change in told.changes if self._evening(change.t_ns) == evening]
        people = [change for change in changes if change.by not in ("detector", "bedside")]
        return {
            "The alarm": known(
                {
                    "alarm": {change.t_ns: change.after for change in changes},
                    "wrong": {change.t_ns: change.faults[0] if change.faults else "none" for change in changes},
                }
            ),
            "Diary": AnyOrder([self._felt(it) for it in told.felt if self._evening(it.felt_ns) == evening]),
            "Asked of the alarm": [
                {
                    "Time": change.t_ns,
                    "why": change.why,
                    "by": change.by,
                    "state": change.after,
                    "until_ms": (change.until_ns or 0) // MS_NS,
                }
                for change in people
            ],
            "Look before bed": [
                {
                    "Time": look.t_ns,
                    "result": "1 problem, 1 warning" if look.checks else "all is well",
                    "says": "electrodes: one is off the skin; battery: 31 %, lasts until 05:00" if look.checks else "",
                    "muscles": "gastrocnemius: at rest 4 uV, contracted 82 uV; "
                    "tibialis: at rest not seen, contracted not seen"
                    if look.muscles
                    else "",
                }
                for look in told.looks
                if look.night.isoformat() == evening
            ],
            "Evening notes": [
                {"Time": Within(ten_in_the_evening_ns(note.night)), "noted_ms": note.t_ns // MS_NS}
                | {part: getattr(note, part) or None for part in ("text", "alcohol", "coffee", "exercise", "medicine")}
                for note in told.notes
                if note.night.isoformat() == evening
            ],
        }

    def of_nights(self, nights: Sequence[StoredNight]) -> dict[str, Curves]:
        """The panels of many nights, by title."""
        judged: Curves = {words: {} for words in JUDGED.values()}
        felt: Curves = {"detected": {}, "not detected": {}, "not recorded": {}}
        for night in nights:
            verdicts = [self.stored.told.verdicts.get(event.id) for event in night.record.events]
            for said, words in JUDGED.items():
                judged[words][night.summary_ns] = sum((it.verdict if it else None) == said for it in verdicts)
            matches = [
                self._match(it)
                for it in self.stored.told.felt
                if self._evening(it.felt_ns) == night.record.night.isoformat()
            ]
            for words, points in felt.items():
                points[night.summary_ns] = sum((it if isinstance(it, str) else "detected") == words for it in matches)
        return {"Verdicts on alerts": known(judged), "Felt and detected": known(felt)}

    def _felt(self, cramp: FeltCramp) -> Row:
        match = self._match(cramp)
        return {
            "Time": Within(cramp.felt_ns),
            "pain": cramp.pain,
            "duration_s": pytest.approx(cramp.duration_s),
            "leg": cramp.leg,
            "muscle": cramp.muscle,
            "match": match if isinstance(match, str) else match.id,
            "match_ms": 0 if isinstance(match, str) else match.onset_ns // MS_NS,
            "by": cramp.by,
            "note": cramp.note or None,
        }

    def _match(self, cramp: FeltCramp) -> Event | str:
        """The nearest alert within a quarter of an hour."""
        night = self.stored.night(self._evening(cramp.felt_ns))
        if night is None or cramp.leg == "right":  # the sensor is on the left
            return "not recorded"
        apart = {event.id: _apart_s(cramp.felt_ns, event) for event in night.record.events}
        nearest = min(night.record.events, key=lambda event: apart[event.id], default=None)
        if nearest and apart[nearest.id] <= NEAR_S:
            return nearest
        recorded = night.record.start_ns <= cramp.felt_ns < night.record.end_ns
        return "not detected" if recorded else "not recorded"

    def _evening(self, t_ns: int) -> str:
        """The date, by the wearer's clock, of twelve hours before."""
        local = datetime.fromtimestamp(t_ns // NS, self.stored.zone).replace(tzinfo=None)
        return (local - timedelta(hours=12)).date().isoformat()


class AnyOrder(list[Row]):
    """Rows of which some have the same moment, so that any of them may come first."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and len(other) == len(self) and all(row in self for row in other)

    __hash__ = None


def _apart_s(t_ns: int, event: Event) -> float:
    """How far a moment is from a contraction."""
    end_ns = event.end_ns or event.onset_ns
    if t_ns < event.onset_ns:
        return (event.onset_ns - t_ns) / NS
    return max(0.0, (t_ns - end_ns) / NS)
