"""The curves and states over time that a dashboard has to show, from the night store's seconds and healths."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from collector.contract.messages import Health
from collector.contract.nights import Interval
from detector.frames import CAUSES
from detector.night_record import Seconds
from tests.dashboards.grafana import Visit
from tests.dashboards.stored import MINUTE_NS, Stored, StoredNight

CRAMPS_NS = 5 * MINUTE_NS
"""In the timeline a cramp is as wide as that."""

Curve = dict[int, Any]
Curves = dict[str, Curve]
Aggregate = Callable[[Any], Any]


class OneOf:
    """Equal to each of some words."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = set(words)

    def __eq__(self, other: object) -> bool:
        return other in self._words

    __hash__ = None  # type: ignore[assignment]  # equal to several, so it cannot be looked up

    def __repr__(self) -> str:
        return f"one of {sorted(self._words)}"


A_CAUSE = OneOf(CAUSES.values())


@dataclass(frozen=True)
class Span:
    """The time shown on a dashboard and the time at which it is looked at, in nanoseconds."""

    now_ns: int
    start_ns: int
    end_ns: int

    def holds(self, t_ns: int) -> bool:
        return self.start_ns <= t_ns <= self.end_ns


def span_of(visit: Visit) -> Span:
    """What a visitor sees; Grafana counts in milliseconds."""
    assert visit.span is not None
    now, start, end = (round(t.timestamp() * 1000) * 10**6 for t in (visit.now, *visit.span))
    return Span(now, start, end)


def known(curves: Curves) -> Curves:
    """Without those that have no point: InfluxDB does not tell of them."""
    return {name: points for name, points in curves.items() if points}


def latest(curves: Curves) -> Curves:
    """The last point of each."""
    return {name: {max(points): points[max(points)]} for name, points in curves.items()}


@dataclass(frozen=True)
class StoredCurves:
    """What a store knows of a wearer's site by the minute, within a span."""

    stored: Stored
    span: Span

    def nights(self) -> list[StoredNight]:
        """Those of which a part is shown."""
        span = self.span
        return [
            it for it in self.stored.nights if it.record.start_ns <= span.end_ns and it.record.end_ns >= span.start_ns
        ]

    def timeline(self) -> Curves:
        """When there was a cramp, how much of each minute was watched, how the wearer lay."""
        events = [event for night in self.nights() for event in night.record.events if self.span.holds(event.onset_ns)]
        watched = self.seconds("watched", sum)
        lay = [interval for night in self.nights() for interval in night.record.postures]
        return known(
            {
                "cramps": {event.onset_ns // CRAMPS_NS * CRAMPS_NS: event.stage for event in events},
                "watched": watched,
                "posture": {minute: OneOf(_labels(lay, minute)) for minute in watched} if lay else {},
            }
        )

    def muscle(self) -> Curves:
        """The envelope and what it was judged by, of each channel."""
        levels: dict[str, tuple[str, Aggregate]] = {
            "highest": ("envelope_max_uv", max),
            "lowest": ("envelope_min_uv", min),
            "rest, highest": ("rest_uv", max),
            "threshold, lowest": ("threshold_uv", min),
        }
        return known(
            {
                f"{channel}: {name}": self.seconds(level, how, channel)
                for channel in self._channels()
                for name, (level, how) in levels.items()
            }
        )

    def quality(self) -> Curves:
        """Whether each minute of a channel could be judged throughout, or some cause why not."""
        return {
            channel: {
                minute: "good" if watched else A_CAUSE
                for minute, watched in self.seconds("watched", all, channel).items()
            }
            for channel in self._channels()
        }

    def motion(self) -> Curves:
        """The largest acceleration of each minute, and the mean of its seconds' largest."""
        mean = {minute: pytest.approx(mg) for minute, mg in self.seconds("motion_mg", np.mean).items()}
        return known({"largest": self.seconds("motion_mg", max), "mean": mean})

    def temperature(self) -> Curve:
        """Of the skin; the store has one value a minute."""
        records = [night.record for night in self.nights()]
        t_ns = [t for record in records for t in record.temperature_t_ns.tolist()]
        return self._by_minute(t_ns, [celsius for record in records for celsius in record.temperature_c.tolist()], max)

    def seconds(self, level: str, how: Aggregate, channel: str | None = None) -> Curve:
        """A level of a channel's seconds, those of each minute taken together; without a name, of the first channel."""
        chosen = channel or next(iter(self._channels()), None)
        found: list[Seconds] = [it for night in self.nights() for it in night.record.seconds if it.channel == chosen]
        t_ns = [t for seconds in found for t in seconds.t_ns.tolist()]
        return self._by_minute(t_ns, [value for it in found for value in getattr(it, level).tolist()], how)

    def link(self, field: str) -> Curves:
        """What was told of each wearable's link."""
        return self._told(lambda health: {link.device: getattr(link, field) for link in health.links})

    def stream(self, field: str) -> Curves:
        """What was told of each stream."""
        return self._told(lambda health: getattr(health, field))

    def lost(self) -> Curves:
        """The samples of each stream that were lost from one telling to the next; a new session counts anew."""
        rises = {
            stream: {later: count[later] - count[earlier] for earlier, later in pairwise(count)}
            for stream, count in self.stream("lost").items()
        }
        return known({stream: {t: rise for t, rise in found.items() if rise >= 0} for stream, found in rises.items()})

    def collector(self, name: str, what: Callable[[Health], int]) -> Curves:
        """What was told of the collector itself."""
        return self._told(lambda health: {name: what(health)})

    def _told(self, what: Callable[[Health], dict[str, object]]) -> Curves:
        curves: Curves = {}
        for health in self.stored.healths:
            minute = health.t_ns // MINUTE_NS * MINUTE_NS
            for name, value in what(health).items():
                if value is not None and self.span.holds(minute):
                    curves.setdefault(name, {})[minute] = value
        return curves

    def _channels(self) -> list[str]:
        return list(dict.fromkeys(seconds.channel for night in self.nights() for seconds in night.record.seconds))

    def _by_minute(self, t_ns: Iterable[int], values: Iterable[float], how: Aggregate) -> Curve:
        minutes: dict[int, list[float]] = {}
        for t, value in zip(t_ns, values, strict=True):
            minute = t // MINUTE_NS * MINUTE_NS
            if np.isfinite(value) and self.span.holds(minute):
                minutes.setdefault(minute, []).append(value)
        return {minute: how(taken) for minute, taken in minutes.items()}


def _labels(intervals: Iterable[Interval], minute_ns: int) -> set[str]:
    return {it.label for it in intervals if it.start_ns < minute_ns + MINUTE_NS and it.end_ns > minute_ns}
