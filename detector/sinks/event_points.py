"""One contraction as the point that InfluxDB is told."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from collector.contract.messages import NS
from collector.contract.nights import NOON_HOUR
from detector import texts
from detector.events import Event
from detector.sinks.diary_view import UNHEARD, Heard
from detector.sinks.influx_schema import CANDIDATE, CRAMP, Point, Value


def _clock_h(t_ns: int, zone: ZoneInfo) -> float:
    """What the clock on the wall shows, in hours from midnight; evenings are negative."""
    local = datetime.fromtimestamp(t_ns // NS, zone)
    hours = local.hour + local.minute / 60 + local.second / 3600
    return hours - 24 if local.hour >= NOON_HOUR else hours


def event_point(event: Event, night: date, zone: ZoneInfo, *, simulated: bool, heard: Heard = UNHEARD) -> Point:
    """A cramp or a candidate, at its onset; `night` is the date of its session's evening, `heard` what was made of it.

    Always the whole of it, so that a point that is sent later can take the place of one that was refused.
    """
    if event.was_alert:
        measurement, text = CRAMP, texts.alert(event) if event.stage == "confirmed" else texts.over(event)
    else:
        measurement, text = CANDIDATE, texts.rejected(event)
    told: dict[str, Value | None] = {
        "stage": event.stage,
        "night": night.isoformat(),
        "duration_s": event.duration_s,
        "end_ms": ms(event.end_ns),
        "clock_h": _clock_h(event.onset_ns, zone),
        "suspected_ms": ms(event.suspected_ns),
        "peak_uv": event.peak_uv,
        "mean_uv": event.mean_uv,
        "rest_uv": event.rest_uv,
        "threshold_uv": event.threshold_uv,
        "text": text,
        "reason": event.reason,
        "event_id": event.id,
        "session": event.session,
        "detector_version": event.detector_version,
        "parameters_hash": event.parameters_hash,
        "simulated": simulated,
    }
    if heard.verdict:
        told |= {"verdict": heard.verdict.verdict, "verdict_by": heard.verdict.by}
    if event.alerted_ns is not None:
        told |= {"alerted_ms": ms(event.alerted_ns), "latency_s": (event.alerted_ns - event.onset_ns) / NS}
        told |= _answer(heard)
    tags = {"wearer": event.wearer, "site": event.site, "channel": event.channel}
    return measurement.point(tags, event.onset_ns, told)


def _answer(heard: Heard) -> dict[str, Value | None]:
    """How the alert became a sound, and the sound an answer, each counted from onset."""
    if heard.latency is None:
        return {}
    latency = heard.latency
    moments = {
        "published_s": latency.published_ns,
        "sounded_s": latency.sounded_ns,
        "acknowledged_s": latency.acknowledged_ns,
    }
    after_s = {name: None if t_ns is None else (t_ns - latency.onset_ns) / NS for name, t_ns in moments.items()}
    return {**after_s, "answered_by": heard.answered_by}


def ms(t_ns: int | None) -> int | None:
    """Milliseconds since 1970."""
    return None if t_ns is None else t_ns // 1_000_000
