"""What InfluxDB is told of a night and of a week as a whole: counts, words, and what they may be taken for."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.confidence import rate
from detector.events import Event
from detector.night_record import NightRecord
from detector.report import texts
from detector.report.headline import headline
from detector.sinks.influx_schema import VALID_S, VALID_SHARE, Value
from detector.store_record import Outline

WATCHED = "watched {watched} of {recorded}: {so}"
COUNTS = "the night counts"
TOO_SHORT = f"too short to count the night, {VALID_S / 3600:g} h are needed"
TOO_LITTLE = f"too little to count the night, {VALID_SHARE:.0%} are needed"
NIGHTS_A_WEEK = 7


class Sessions(NamedTuple):
    """How many sessions a night has, and how many of them are not judged to their end."""

    total: int
    still_open: int


def night_values(
    outline: Outline, place: Place, night: date, zone: ZoneInfo, sessions: Sessions, published_ns: Mapping[str, int]
) -> dict[str, Value | None]:
    """A night's summary; `published_ns` says by event id when its alert was published."""
    alerts = alerts_of(outline)
    lengths = [event.duration_s for event in alerts if event.duration_s is not None]
    return {
        "night": night.isoformat(),
        "headline": headline(_record(outline, place, night, zone, published_ns)),
        "watching": _watching(outline),
        "valid": is_valid(outline),
        "cramps": len(alerts),
        "candidates": sum(event.stage == "rejected" for event in outline.events),
        "cramp_s": sum(lengths),
        "longest_s": max(lengths, default=0.0),
        "recorded_s": _recorded_s(outline),
        "watched_s": outline.watched_s,
        "start_ms": outline.start_ns // 1_000_000,
        "end_ms": outline.end_ns // 1_000_000,
        "complete": outline.complete,
        "sessions": sessions.total,
        "open_sessions": sessions.still_open,
        "detector_version": outline.info.detector_version,
        "parameters_hash": outline.info.parameters_hash,
        "simulated": outline.info.simulated,
    }


def week_values(monday: date, nights: Sequence[Outline]) -> dict[str, Value | None]:
    """A week's summary from its nights, in order of time."""
    alike = [night for night in nights if _kind(night) == _kind(nights[-1])]
    valid = [night for night in alike if is_valid(night)]
    cramps = sum(len(alerts_of(night)) for night in valid)
    values: dict[str, Value | None] = {
        "week": f"{monday:%G-W%V}",
        "nights": len(nights),
        "other_nights": len(nights) - len(alike),
        "valid_nights": len(valid),
        "cramps": cramps,
    }
    if valid:
        estimate = rate(cramps, len(valid) / NIGHTS_A_WEEK)
        values |= {"per_week": estimate.value, "per_week_low": estimate.low, "per_week_high": estimate.high}
    return values


def is_valid(outline: Outline) -> bool:
    """Whether a night was watched for long enough to be counted."""
    return outline.watched_s >= max(VALID_S, VALID_SHARE * _recorded_s(outline))


def alerts_of(outline: Outline) -> list[Event]:
    """The contractions that raised an alert."""
    return [event for event in outline.events if event.was_alert]


def _recorded_s(outline: Outline) -> float:
    return (outline.end_ns - outline.start_ns) / NS


def _kind(outline: Outline) -> tuple[bool, str]:
    """Nights that differ in this are not counted together."""
    return outline.info.simulated, outline.info.parameters_hash


def _watching(outline: Outline) -> str:
    so = COUNTS if is_valid(outline) else TOO_SHORT if outline.watched_s < VALID_S else TOO_LITTLE
    watched, recorded = texts.hours(outline.watched_s), texts.hours(_recorded_s(outline))
    return WATCHED.format(watched=watched, recorded=recorded, so=so)


def _record(
    outline: Outline, place: Place, night: date, zone: ZoneInfo, published_ns: Mapping[str, int]
) -> NightRecord:
    """The night as far as its headline needs it: without its seconds, which are many."""
    return NightRecord(
        wearer=place.wearer,
        site=place.site,
        night=night,
        timezone=zone.key,
        start_ns=outline.start_ns,
        end_ns=outline.end_ns,
        watched_s=outline.watched_s,
        unwatched=[],
        events=alerts_of(outline),
        candidates=[event for event in outline.events if event.stage == "rejected" and not event.was_alert],
        delivered_ns=dict(published_ns),
        seconds=[],
        temperature_t_ns=np.empty(0, np.int64),
        temperature_c=np.empty(0),
        postures=[],
        simulated=outline.info.simulated,
        recording=outline.recording,
    )
