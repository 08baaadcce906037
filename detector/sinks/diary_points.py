"""The entries of the diary as the points that InfluxDB is told."""

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from collector.contract.messages import NS
from collector.contract.nights import night_of
from collector.contract.topics import Place
from detector.alarm.messages import EveningNote, FeltCramp, Transition, Verdict
from detector.alarm.preflight_message import Muscle, Preflight
from detector.events import Event
from detector.sinks.event_points import ms
from detector.sinks.influx_schema import ALARM, EVENING, FELT, PREFLIGHT, Point, Value, night_ns
from detector.sinks.summaries import alerts_of
from detector.store_record import Outline

NOT_DETECTED, NOT_RECORDED = "not detected", "not recorded"
NEAR_NS = 15 * 60 * NS
"""How far what was felt may lie from an alert that was about the same. A guess: in the night one writes the time to the
minute, in the morning from memory to a quarter of an hour."""
MILLISECOND_NS = 1_000_000
_OTHER_LEG = {"left": "right", "right": "left"}


def alarm_point(place: Place, change: Transition, zone: ZoneInfo) -> Point:
    """A change of the alarm. Every field has a value: of two at the same instant the later replaces the first whole."""
    told: dict[str, Value | None] = {
        "night": night_of(change.t_ns, zone).isoformat(),
        "state": change.after,
        "before": change.before,
        "by": change.by,
        "why": change.why,
        "until_ms": ms(change.until_ns) or 0,
        "event_id": change.event_id or "",
        "unanswered": change.unanswered,
        "fault": next(iter(change.faults), "none"),
        "faults": ", ".join(change.faults) or "none",
    }
    return ALARM.point(_tags(place), change.t_ns, told)


def evening_point(place: Place, note: EveningNote) -> Point:
    """What was noted about an evening."""
    words = {name: getattr(note, name) or None for name in ("text", "alcohol", "coffee", "exercise", "medicine")}
    told = {"night": note.night.isoformat(), **words, "noted_ms": ms(note.t_ns), "by": note.by}
    return EVENING.point(_tags(place), night_ns(note.night) + _apart(note.id), told)


def preflight_point(place: Place, look: Preflight) -> Point:
    """What a look before bed found."""
    problems, warnings = (sum(check.state == state for check in look.checks) for state in ("problem", "warning"))
    told: dict[str, Value | None] = {
        "night": look.night.isoformat(),
        "result": _counted(problems, warnings),
        "problems": problems,
        "warnings": warnings,
        "says": "; ".join(f"{check.area}: {check.says}" for check in look.amiss),
        "muscles": "; ".join(_muscle(muscle) for muscle in look.muscles),
        "by": look.by,
    }
    return PREFLIGHT.point(_tags(place), look.t_ns, told)


def felt_point(place: Place, night: date, cramp: FeltCramp, outline: Outline | None) -> Point:
    """A cramp that was felt, beside what was detected in its night; None where nothing was recorded."""
    match = matched(place, cramp, outline)
    event = match if isinstance(match, Event) else None
    told: dict[str, Value | None] = {
        "night": night.isoformat(),
        "pain": cramp.pain,
        "duration_s": cramp.duration_s,
        "leg": cramp.leg,
        "muscle": cramp.muscle or None,
        "note": cramp.note or None,
        "by": cramp.by,
        "detected": event is not None,
        "match": event.id if event else str(match),
        "match_ms": ms(event.onset_ns) if event else 0,
    }
    return FELT.point(_tags(place), cramp.felt_ns + _apart(cramp.id), told)


def night_counts(
    place: Place, outline: Outline, verdicts: Mapping[str, Verdict], felt: Sequence[FeltCramp]
) -> dict[str, Value | None]:
    """What the summary of a night tells of what people said; `verdicts` by event id."""
    alerts = alerts_of(outline)
    judged = Counter(verdicts[event.id].verdict for event in alerts if event.id in verdicts)
    matches = [matched(place, cramp, outline) for cramp in felt]
    return {
        **{f"judged_{verdict}": judged[verdict] for verdict in ("cramp", "not", "unsure")},
        "not_judged": len(alerts) - judged.total(),
        "felt_detected": sum(isinstance(match, Event) for match in matches),
        "felt_missed": matches.count(NOT_DETECTED),
        "felt_unrecorded": matches.count(NOT_RECORDED),
    }


def matched(place: Place, cramp: FeltCramp, outline: Outline | None) -> Event | str:
    """The alert that what was felt was most likely about, the nearest; in words why there is none.

    What was felt in the other leg than the one the site names was not recorded there.
    """
    felt_ns = cramp.felt_ns
    if outline is None or _OTHER_LEG.get(cramp.leg or "") in re.split("[-_]", place.site):
        return NOT_RECORDED
    near = [event for event in alerts_of(outline) if _apart_ns(felt_ns, event) <= NEAR_NS]
    if near:
        return min(near, key=lambda event: _apart_ns(felt_ns, event))
    return NOT_DETECTED if outline.start_ns <= felt_ns < outline.end_ns else NOT_RECORDED


def _apart_ns(felt_ns: int, event: Event) -> int:
    """How far a moment lies outside the contraction; 0 within it."""
    end_ns = event.onset_ns if event.end_ns is None else event.end_ns
    return max(event.onset_ns - felt_ns, felt_ns - end_ns, 0)


def _apart(entry_id: str) -> int:
    """Nanoseconds, less than a millisecond, that keep two entries of the same moment apart whenever they are sent."""
    return zlib.crc32(entry_id.encode()) % MILLISECOND_NS


def _counted(problems: int, warnings: int) -> str:
    """How much is amiss, in words."""
    counts = {"problem": problems, "warning": warnings}
    found = [f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items() if count]
    return ", ".join(found) or "all is well"


def _muscle(muscle: Muscle) -> str:
    """A channel's levels, as far as they were seen."""
    levels = {"at rest": muscle.rest_uv, "contracted": muscle.contraction_uv}
    return f"{muscle.channel}: " + ", ".join(
        f"{word} {'not seen' if level is None else f'{level:.0f} uV'}" for word, level in levels.items()
    )


def _tags(place: Place) -> dict[str, str]:
    return {"wearer": place.wearer, "site": place.site}
