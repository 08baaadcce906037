"""The first sentence of the morning: how many, when, for how long, and how much of the night was watched."""

from zoneinfo import ZoneInfo

from collector.contract.messages import NS
from detector.candidates import sort_candidates
from detector.events import Event
from detector.night_record import ENOUGH_WATCHED, NightRecord
from detector.report import texts
from detector.report.local_clock import LocalClock

MOST_LISTED = 4
"""More times than this do not fit in a sentence; the table has them."""


def headline(record: NightRecord) -> str:
    """The night in words. Watched time always stands beside the count."""
    sentences = [f"{night_name(record)}: {_counted_and_watched(record)}", *_alerts(record), *_further(record)]
    return ". ".join(sentences) + "."


def night_name(record: NightRecord) -> str:
    """Which night this is, at which site, and whether it is a simulated one."""
    form = texts.SIMULATED_NIGHT_OF if record.simulated else texts.NIGHT_OF
    return form.format(day=record.night.day, month=texts.MONTHS[record.night.month - 1], site=site_name(record))


def site_name(record: NightRecord) -> str:
    """The site as people say it: `left calf`."""
    return record.site.replace("_", " ")


def enough_watched(record: NightRecord) -> bool:
    """Whether the night was watched for long enough that the absence of cramps means something."""
    return record.recorded_s > 0 and record.watched_s / record.recorded_s >= ENOUGH_WATCHED


def alert_latency_s(record: NightRecord, event: Event) -> float | None:
    """From onset, by the sensor's clock, to the published alert; None when none was published.

    A simulated night is played at any speed, so there the time at which it was decided stands for the publication.
    """
    published_ns = record.delivered_ns.get(event.id)
    if published_ns is not None and record.simulated:
        published_ns = event.alerted_ns
    return None if published_ns is None else (published_ns - event.onset_ns) / NS


def latency_words(record: NightRecord) -> str | None:
    """The night's alert latencies: `12 s`, `12 s to 18 s`; None without any."""
    latencies = (alert_latency_s(record, event) for event in record.events)
    known = [latency for latency in latencies if latency is not None]
    if not known:
        return None
    shortest, longest = texts.duration(min(known)), texts.duration(max(known))
    return shortest if shortest == longest else texts.RANGE.format(shortest=shortest, longest=longest)


def _counted_and_watched(record: NightRecord) -> str:
    times = {"watched": texts.hours(record.watched_s), "recorded": texts.hours(record.recorded_s)}
    if not record.events:
        form = texts.NO_CRAMP if enough_watched(record) else texts.TOO_LITTLE
        return form.format(count=texts.counted(0, texts.CRAMP), **times)
    form = texts.WATCHED if enough_watched(record) else texts.TOO_LITTLE_FOR_MORE
    return f"{_cramps(record)}. {form.format(**times)}"


def _cramps(record: NightRecord) -> str:
    clock = LocalClock(ZoneInfo(record.timezone), record.start_ns, record.end_ns)
    events = record.events
    count = texts.counted(len(events), texts.CRAMP)
    if len(events) <= MOST_LISTED:
        told = [(clock.hhmm(event.onset_ns), lasted(record, event)) for event in events]
        each = [texts.CRAMP_AT.format(time=time, duration=duration) for time, duration in told]
        form = texts.ONE_CRAMP if len(events) == 1 else texts.SEVERAL_CRAMPS
        return form.format(count=count, each=texts.listed(each))
    by_length = sorted(events, key=lambda event: event.duration_s or float("inf"))
    return texts.MANY_CRAMPS.format(
        count=count,
        first=clock.hhmm(events[0].onset_ns),
        last=clock.hhmm(events[-1].onset_ns),
        shortest=lasted(record, by_length[0]),
        longest=lasted(record, by_length[-1]),
    )


def lasted(record: NightRecord, event: Event) -> str:
    """How long a contraction lasted, in words."""
    if event.duration_s is not None:
        return texts.duration(event.duration_s)
    return texts.STILL_GOING if event.session == record.recording else texts.NOT_OVER


def _alerts(record: NightRecord) -> list[str]:
    if not record.events:
        return []
    latency = latency_words(record)
    if latency is None:
        return [texts.NO_ALERT]
    count = len(record.events)
    missing = sum(alert_latency_s(record, event) is None for event in record.events)
    sentence = (texts.ALERT if count - missing == 1 else texts.ALERTS).format(latency=latency)
    if missing:
        sentence += "; " + texts.SOME_ALERTS.format(n=missing, count=texts.counted(count, texts.CRAMP))
    return [sentence]


def _further(record: NightRecord) -> list[str]:
    near_misses = len(sort_candidates(record.candidates).near_misses)
    form = texts.FURTHER_CANDIDATE if record.events else texts.CANDIDATE
    return [texts.counted(near_misses, form)] if near_misses else []
