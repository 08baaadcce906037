"""The page: what the template shows, put into words and pictures beforehand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

from collector.contract.nights import Interval
from detector.alarm.preflight_message import Preflight
from detector.candidates import RULE, leg_moved, sort_candidates
from detector.events import Event
from detector.night_record import NightRecord
from detector.report import night_plot, texts
from detector.report.before_bed import sentences as before_bed_sentences
from detector.report.context import Finding, NightContext, findings, observe
from detector.report.event_plot import event_svg
from detector.report.headline import alert_latency_s, enough_watched, headline, lasted, latency_words, site_name
from detector.report.local_clock import LocalClock
from detector.report.texts import counted

TEMPLATES = files("detector.report") / "templates"
SMALLEST_P = 0.01
"""A chance is not told more finely than this: the comparison does not deserve it."""
UNIT = re.compile(r"(?<=\d) (?=(?:h|min|s|mg|further|cramps?|candidates?|\d\d)\b|%|°C|µV)|(?<=\bh) (?=\d\d\b)")


@dataclass(frozen=True)
class Row:
    """One contraction of the table of cramps or of candidates, in words."""

    began: str
    lasted: str
    peak: str
    rise: str
    leg: str
    channel: str
    alert: str
    reason: str


@dataclass(frozen=True)
class Picture:
    """A close-up of one cramp and why it was reported; without a trace only the caption, which then says so."""

    caption: str
    reason: str
    svg: Markup | None


@dataclass(frozen=True)
class Cause:
    """Why part of the night was not watched, and how much of it."""

    name: str
    total: str
    count: str
    longest: str


@dataclass(frozen=True)
class Seen:
    """A context factor: what it is, how often it was there, and how well it is supported."""

    what: str
    how_often: str
    evidence: str


def render(
    record: NightRecord, history: Sequence[NightContext], now: datetime, before_bed: Preflight | None = None
) -> str:
    """The report of one night as a complete HTML document.

    `history` are the earlier nights to look back on, as `observe` sees them; those of another wearer, site or rule are
    left out. `now` is when the page is made, in the wearer's time zone. `before_bed` is what was found before this
    night, where somebody looked.
    """
    return _Page(record, history, now, before_bed).html()


def unbroken(text: str) -> str:
    """The same text with no line break between a number and its unit."""
    return UNIT.sub("\u00a0", text)


class _Page:
    """The parts of one night's page."""

    def __init__(
        self, record: NightRecord, history: Sequence[NightContext], now: datetime, before_bed: Preflight | None
    ) -> None:
        self.record = record
        self.history = history
        self.now = now
        self.clock = LocalClock(ZoneInfo(record.timezone), record.start_ns, record.end_ns)
        self.before_bed = before_bed_sentences(before_bed, self.clock) if before_bed else []
        self.candidates = sort_candidates(record.candidates)
        self.findings = findings(observe(record), history)
        self.parameters = {**RULE.parameters, **record.parameters}

    def html(self) -> str:
        environment = jinja2.Environment(
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters["unbroken"] = unbroken
        template = environment.from_string((TEMPLATES / "report.html.jinja").read_text("utf-8"))
        return template.render(
            css=Markup((TEMPLATES / "report.css").read_text("utf-8")),
            texts=texts,
            page=self,
            record=self.record,
        )

    @property
    def headline(self) -> str:
        return headline(self.record)

    @property
    def period(self) -> str:
        start, end = (self.clock.local(t_ns) for t_ns in (self.record.start_ns, self.record.end_ns))
        return texts.PERIOD.format(
            wearer=self.record.wearer,
            site=site_name(self.record),
            start=self.clock.hhmm(self.record.start_ns),
            start_day=_date(start),
            end=self.clock.hhmm(self.record.end_ns),
            end_day=_date(end),
            timezone=self.record.timezone,
        )

    @property
    def clock_changes(self) -> list[str]:
        return [
            (texts.CLOCK_FORWARD if change.forward else texts.CLOCK_BACK).format(after=self.clock.hhmm(change.t_ns))
            for change in self.clock.changes
        ]

    @property
    def figures(self) -> list[tuple[str, str]]:
        """The night's figures, by name."""
        events = self.record.events
        watched, recorded = texts.hours(self.record.watched_s), texts.hours(self.record.recorded_s)
        known = bool(events) or enough_watched(self.record)
        figures = [
            (texts.FIGURE_WATCHED, texts.WATCHED_OF.format(watched=watched, recorded=recorded)),
            (texts.FIGURE_CRAMPS, texts.CRAMPS_WHILE_WATCHED.format(n=len(events)) if known else texts.NOT_KNOWN),
            (texts.FIGURE_CANDIDATES, str(len(self.candidates.near_misses))),
        ]
        if durations_s := [event.duration_s for event in events if event.duration_s is not None]:
            figures += [
                (texts.FIGURE_TOTAL, texts.duration(sum(durations_s))),
                (texts.FIGURE_LONGEST, texts.duration(max(durations_s))),
                (texts.FIGURE_LATENCY, latency_words(self.record) or texts.LATE),
            ]
        return figures

    @property
    def night_pictures(self) -> list[Markup]:
        return [night_plot.night_svg(self.record, layout) for layout in (night_plot.WIDE, night_plot.NARROW)]

    @property
    def picture_notes(self) -> list[str]:
        """What else there is to say about this night's picture: a change of the clock, and what is missing."""
        present = (
            (night_plot.has_motion, texts.ABSENT_MOTION),
            (night_plot.has_temperature, texts.ABSENT_TEMPERATURE),
            (night_plot.has_posture, texts.ABSENT_POSTURE),
        )
        changes = [texts.CLOCK_LINE] if self.clock.changes else []
        return changes + [absent for is_there, absent in present if not is_there(self.record)]

    @property
    def no_events(self) -> str:
        return texts.EVENTS_NONE if enough_watched(self.record) else texts.EVENTS_NONE_UNKNOWN

    @property
    def events(self) -> list[Row]:
        return [self._row(event) for event in self.record.events]

    @property
    def near_misses(self) -> list[Row]:
        return [self._row(event) for event in self.candidates.near_misses]

    @property
    def event_pictures(self) -> list[Picture]:
        return [self._picture(event) for event in self.record.events]

    @property
    def unwatched(self) -> list[Cause]:
        """The causes of unwatched time, the longest first."""
        by_cause: dict[str, list[Interval]] = {}
        for gap in self.record.unwatched:
            by_cause.setdefault(gap.label, []).append(gap)
        totals = sorted(by_cause.items(), key=lambda item: -sum(gap.seconds for gap in item[1]))
        return [self._cause(name, gaps) for name, gaps in totals]

    @property
    def context(self) -> list[Seen]:
        return [_seen(finding) for finding in self.findings if finding.seen]

    @property
    def not_seen(self) -> str:
        """The factors that were looked for in vain."""
        absent = [texts.FACTORS[finding.factor].seen for finding in self.findings if not finding.seen]
        factors = "; ".join(f"{seen[0].lower()}{seen[1:]}" for seen in absent)
        return texts.NOT_SEEN.format(factors=factors) if absent else ""

    @property
    def no_context(self) -> str:
        """Why nothing is listed under what came before."""
        return texts.CONTEXT_UNKNOWN if self.record.events else texts.CONTEXT_NONE

    @property
    def method(self) -> list[str]:
        return [line.format(**self.parameters) for line in texts.METHOD]

    @property
    def limits(self) -> list[str]:
        return [line.format(**self.parameters) for line in texts.LIMITS]

    @property
    def written(self) -> str:
        return texts.WRITTEN.format(date=_date(self.now), time=f"{self.now:%H:%M}")

    def _row(self, event: Event) -> Row:
        latency_s = alert_latency_s(self.record, event)
        rise = texts.SECONDS.format(seconds=event.figures.rise_s)
        return Row(
            began=self.clock.hhmmss(event.onset_ns),
            lasted=lasted(self.record, event),
            peak=texts.PEAK_OF_REST.format(ratio=event.peak_uv / event.rest_uv, peak=event.peak_uv),
            rise=rise,
            leg=leg_words(event),
            channel=event.channel,
            alert=texts.LATE if latency_s is None else texts.AFTER.format(latency=texts.duration(latency_s)),
            reason=event.reason,
        )

    def _picture(self, event: Event) -> Picture:
        time = self.clock.hhmmss(event.onset_ns)
        trace = self.record.traces.get(event.id)
        if trace is None or not len(trace.t_ns):
            return Picture(texts.EVENT_PLOT_NONE.format(time=time), event.reason, None)
        caption = texts.EVENT_CAPTION.format(time=time, duration=lasted(self.record, event))
        return Picture(caption, event.reason, event_svg(event, trace, texts.EVENT_DESCRIPTION.format(time=time)))

    def _cause(self, name: str, gaps: list[Interval]) -> Cause:
        longest = max(gaps, key=lambda gap: gap.seconds)
        return Cause(
            name=name,
            total=_stretch(sum(gap.seconds for gap in gaps)),
            count=counted(len(gaps), texts.TIMES),
            longest=texts.LONGEST_AT.format(duration=_stretch(longest.seconds), time=self.clock.hhmm(longest.start_ns)),
        )


def leg_words(event: Event) -> str:
    """How the leg moved during a contraction, in a few words."""
    figures = event.figures
    if figures.upright:
        return texts.LEG_UPRIGHT
    if figures.moving_fraction is None:
        return texts.NOT_KNOWN
    if not leg_moved(event):
        return texts.LEG_STILL
    if figures.lead_s is not None and figures.lead_s >= RULE.lead_s:
        return texts.LEG_LED.format(lead=figures.lead_s)
    return texts.LEG_MOVING.format(share=100 * figures.moving_fraction)


def _seen(finding: Finding) -> Seen:
    text = texts.FACTORS[finding.factor]
    return Seen(text.seen, _how_often(finding), text.evidence)


def _how_often(finding: Finding) -> str:
    words = []
    tonight = finding.tonight
    if tonight.events:
        count = counted(tonight.events, texts.CRAMP)
        words.append(texts.SEEN_TONIGHT.format(seen=tonight.seen, count=count))
    if finding.events > tonight.events:
        count, nights = counted(finding.events, texts.CRAMP), counted(finding.nights, texts.NIGHT)
        words.append(texts.SEEN_SO_FAR.format(seen=finding.seen, count=count, nights=nights))
    if finding.more_often:
        p = texts.P_SMALL if finding.p < SMALLEST_P else texts.P_VALUE.format(p=finding.p)
        words.append(texts.MORE_OFTEN.format(usual=100 * finding.usual, p=p))
    sentence = ", ".join(words)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _stretch(seconds: float) -> str:
    """A time that may be seconds or hours."""
    if seconds < 1:
        return texts.UNDER_A_SECOND
    return texts.duration(seconds) if seconds < 600 else texts.hours(seconds)


def _date(day: date) -> str:
    return texts.DATE.format(day=day.day, month=texts.MONTHS[day.month - 1], year=day.year)
