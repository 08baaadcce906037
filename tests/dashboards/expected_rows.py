"""The rows and figures that a dashboard has to show, from the night store's nights and events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from scipy.stats import chi2

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.events import Event
from detector.report import texts
from detector.report.headline import headline
from tests.dashboards.stored import Stored, StoredNight, Told, ten_in_the_evening_ns

Row = dict[str, Any]

WEEK_NIGHTS = 7
COUNTS, TOO_SHORT, TOO_LITTLE = (
    "the night counts",
    "too short to count the night, 4 h are needed",
    "too little to count the night, 80% are needed",
)


FIGURES = (
    "The night in words", "Does the night count?", "Cramps", "Time in cramp", "Alert after onset", "Watched",
    "Share watched", "Rejected",
)  # fmt: skip


def figures(night: StoredNight | None, told: Told) -> Mapping[str, list[object]]:
    """The figures of a night, by panel; where no night is chosen there are none."""
    if night is None:
        return {panel: [] for panel in FIGURES}
    record, lengths = night.record, [event.duration_s or 0.0 for event in night.record.events]
    return {
        "The night in words": [headline(record)],
        "Does the night count?": [watching(night)],
        "Cramps": [len(record.events)],
        "Time in cramp": [pytest.approx(sum(lengths)), max(lengths, default=0)],
        "Alert after onset": [pytest.approx(max(map(latency_s, record.events))), slowest_answer_s(record.events, told)]
        if record.events
        else [],
        "Watched": [pytest.approx(record.watched_s)],
        "Share watched": [pytest.approx(100 * record.watched_s / record.recorded_s)],
        "Rejected": [len(record.candidates)],
    }


def watching(night: StoredNight) -> str:
    """Whether a night counts, in words."""
    record = night.record
    so = COUNTS if night.counts else TOO_SHORT if record.watched_s < 4 * 3600 else TOO_LITTLE
    return f"watched {texts.hours(record.watched_s)} of {texts.hours(record.recorded_s)}: {so}"


def latency_s(event: Event) -> float:
    """From onset to alert."""
    assert event.alerted_ns is not None
    return (event.alerted_ns - event.onset_ns) / NS


def answer_s(event: Event, told: Told) -> float | None:
    """From onset to an answer."""
    latency = told.latencies.get(event.id)
    return (latency.acknowledged_ns - event.onset_ns) / NS if latency and latency.acknowledged_ns else None


def slowest_answer_s(events: Iterable[Event], told: Told) -> object:
    """Of all answers."""
    answers = [found for event in events if (found := answer_s(event, told)) is not None]
    return pytest.approx(max(answers)) if answers else None


def clock_h(event: Event, zone: ZoneInfo) -> float:
    """The hour of its onset by the wearer's clock, evenings before midnight."""
    local = datetime.fromtimestamp(event.onset_ns // NS, zone)
    return local.hour + local.minute / 60 + local.second / 3600 - (24 if local.hour >= 12 else 0)


def candidate(event: Event, told: Told) -> Row:
    """A row of what was rejected."""
    verdict = told.verdicts.get(event.id)
    return {
        "Time": event.onset_ns,
        "channel": event.channel,
        "duration_s": event.duration_s,
        "peak_uv": event.peak_uv,
        "rest_uv": event.rest_uv,
        "reason": event.reason,
        "verdict": verdict and verdict.verdict,
    }


def cramp(event: Event, told: Told) -> Row:
    """A row of the cramps."""
    return {
        **candidate(event, told),
        "stage": event.stage,
        "latency_s": pytest.approx(latency_s(event)),
        "acknowledged_s": pytest.approx(answer_s(event, told)),
        "answered_by": told.answerer(told.latencies.get(event.id)),
        "event_id": event.id,
    }


def unwatched(stretch: Interval) -> Row:
    """A row of what was not watched."""
    return {"Time": stretch.start_ns, "duration_s": pytest.approx(stretch.seconds), "cause": stretch.label}


def summary(night: StoredNight) -> Row:
    """A row of the nights."""
    record = night.record
    return {
        "Time": night.summary_ns,
        "night": record.night.isoformat(),
        "cramps": len(record.events),
        "candidates": len(record.candidates),
        "watched_s": pytest.approx(record.watched_s),
        "recorded_s": pytest.approx(record.recorded_s),
        "valid": night.counts,
        "complete": night.is_complete,
        "simulated": record.simulated,
        "headline": headline(record),
        "start_ms": record.start_ns // 10**6,
        "end_ms": record.end_ns // 10**6,
    }


def judged(night: StoredNight) -> Row:
    """By what a night was judged."""
    record = night.record
    return {
        "Time": night.summary_ns,
        "detector_version": record.detector_version,
        "parameters_hash": record.parameters_hash,
        "sessions": len(night.sessions),
        "complete": night.is_complete,
        "simulated": record.simulated,
    }


def restarts(night: StoredNight) -> Row:
    """The sessions of a night."""
    return {
        "Time": night.summary_ns,
        "night": night.record.night.isoformat(),
        "sessions": len(night.sessions),
        "open_sessions": sum(not session.complete for session in night.sessions),
        "detector_version": night.record.detector_version,
        "parameters_hash": night.record.parameters_hash,
    }


def weeks(stored: Stored) -> list[Row]:
    """A row for each week of which there is a night, in order of time."""
    mondays: dict[int, list[StoredNight]] = {}
    for it in stored.nights:
        monday = it.record.night - timedelta(it.record.night.weekday())
        mondays.setdefault(ten_in_the_evening_ns(monday), []).append(it)
    return [{"Time": monday, **_week(nights)} for monday, nights in mondays.items()]


def _week(nights: Sequence[StoredNight]) -> Row:
    alike = [it for it in nights if it.kind == nights[-1].kind]
    valid = [it for it in alike if it.counts]
    cramps = sum(len(it.record.events) for it in valid)
    rates = garwood(cramps, len(valid) / WEEK_NIGHTS) if valid else (None, None, None)
    return {
        "week": f"{nights[0].record.night:%G-W%V}",
        "nights": len(nights),
        "other_nights": len(nights) - len(alike),
        "valid_nights": len(valid),
        "cramps": cramps,
        **dict(zip(("per_week", "per_week_low", "per_week_high"), rates, strict=True)),
    }


def garwood(count: int, weeks: float) -> tuple[object, object, object]:
    """The rate a week and its exact 95 % limits, by the quantiles of chi-squared (Garwood 1936)."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2
    return pytest.approx(count / weeks), pytest.approx(low / weeks), pytest.approx(high / weeks)
