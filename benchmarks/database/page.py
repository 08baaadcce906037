"""Writes docs/reference/influxdb-cost.md."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.accuracy import markdown
from benchmarks.cost.page import against_targets
from benchmarks.cost.section import Section, Verdict
from benchmarks.database.nights import CRAMPS_A_NIGHT
from benchmarks.database.plan import Plan
from benchmarks.database.querying import SPANS, Asked
from benchmarks.database.writing import Backlog, Live
from dashboards.panels import POINTS
from tests.dashboards.grafana import round_interval_min

TARGET_S = 0.3
"""Of every panel, also over a year: what feels immediate, with a dozen panels asked for at a time."""
NIGHTS_A_YEAR = 365
WHY_LATE = {
    "The night by the minute": "the marks of cramps are five minutes wide, which of a year are 105,000, nearly all"
    " empty; it is a panel of a night",
}
"""Where it is known why a panel takes longer."""


class Measured(NamedTuple):
    """Everything that was measured; bytes on the disk are those of all nights, their points' alone in `samples`."""

    plan: Plan
    points: Mapping[str, int]
    on_disk: int
    samples: int
    backlog: Backlog
    live: Live
    asked: Sequence[Asked]

    @property
    def points_a_night(self) -> float:
        """Of all measurements together."""
        return sum(self.points.values()) / self.plan.nights


def page(machine: str, measured: Measured, note: str = "") -> str:
    """The page, with a note above it if there is one."""
    sections = [_points(measured), _disk(measured), _writing(measured), _queries(measured)]
    parts = [note, _introduction(machine, measured), against_targets(sections)]
    parts += [f"## {section.title}\n\n{section.text}" for section in sections]
    return "\n\n".join(filter(None, parts)) + "\n"


def _introduction(machine: str, measured: Measured) -> str:
    plan = measured.plan
    return f"""# What InfluxDB costs

<!-- Made by `make bench`; do not edit. -->

What [the nights in InfluxDB](influxdb.md) take on the disk, what writing them costs, and how long
[the dashboards](dashboards.md) take to ask for them.

Measured on: {machine} The database is Debian's InfluxDB 1.6.7 behind nginx, with the index in memory, which is Debian's
setting too. Whoever wrote or asked ran on the same cores. No 2.x or 3 was measured.

All nights are simulated: one wearer, one channel, {plan.hours:g} h each, {7 * CRAMPS_A_NIGHT:.0f} cramps a week.
The detector judged {plan.nights} different nights; repeated {plan.months} times, each time four weeks earlier, they
make the {plan.all_nights} nights that are called a year here. What the collector tells of radio and battery has no
signal to come from and is made up."""


def _points(measured: Measured) -> Section:
    nights = measured.plan.nights
    rows = [[f"`{name}`", f"{count / nights:,.1f}"] for name, count in sorted(measured.points.items(), key=_most_first)]
    total = measured.points_a_night
    in_a_year = f"{total * NIGHTS_A_YEAR:,.0f}"
    text = f"""{markdown.table(["measurement", "points a night"], [*rows, ["all", f"{total:,.0f}"]])}

In {NIGHTS_A_YEAR} nights that is {in_a_year}. A minute is one point of `emg` for each channel, one of `leg` and
`collector`, one of `link` for each wearable, and one of `stream` for each of three."""
    return Section("Points", text)


def _disk(measured: Measured) -> Section:
    a_night = measured.samples / measured.plan.all_nights
    each, year_mb = a_night / measured.points_a_night, a_night * NIGHTS_A_YEAR / 1e6
    rest_mb = (measured.on_disk - measured.samples) / 1e6
    text = f"""{a_night / 1000:,.0f} kB a night, {year_mb:,.1f} MB a year, {each:.1f} bytes a point: the files that hold
the points, after InfluxDB compacted each week to one file. By itself it does that four hours after a week was last
written to; here it was told to do so at once. The register of the series and the ends of blocks take {rest_mb:,.1f} MB
more. While a night is written, its points lie in a log first, as often as they were sent: see below."""
    return Section("Disk", text)


def _writing(measured: Measured) -> Section:
    backlog, live, scale = measured.backlog, measured.live, measured.plan.hours / measured.live.hours
    waiting = [backlog.points, backlog.seconds, backlog.outbox_cpu_s, backlog.influxd_cpu_s]
    lasting = [live.points * scale, live.outbox_cpu_s * scale, live.influxd_cpu_s * scale]
    sent, seconds, outbox, influxd = (value / backlog.nights for value in waiting)
    rows = [
        ["waited in the night store", f"{sent:,.0f}", f"{seconds:.2f}", f"{outbox:.2f}", f"{influxd:.2f}"],
        ["is passed on while it lasts", f"{lasting[0]:,.0f}", "", *(f"{value:.2f}" for value in lasting[1:])],
    ]
    header = ["a night that", "points sent", "seconds", "outbox, CPU s", "influxd, CPU s"]
    fast, longest_ms = f"{backlog.points / backlog.seconds:,.0f}", f"{1000 * live.longest_step_s:.0f}"
    shares = [100 * cpu_s / (live.hours * 3600) for cpu_s in (live.outbox_cpu_s, live.influxd_cpu_s)]
    text = f"""{markdown.table(header, rows)}

The first: `crampwatch outbox run` on {backlog.nights} nights and an empty database, until everything is there, divided
by their number; {fast} points a second. Starting it is in that.

The second: each ten seconds a commit of the detector and a step of the outbox, which sends the minute that lasts, the
night and the week anew. {live.hours:g} h were played, the figures are for {measured.plan.hours:g}. The longest of
{live.steps} steps took {longest_ms} ms. In real time this is {shares[0]:.2f} % of a core for the outbox, with its
reading of the night store, and {shares[1]:.2f} % for influxd; nginx is in neither."""
    return Section("Writing", text)


def _queries(measured: Measured) -> Section:
    looks: dict[tuple[str, str], list[Asked]] = {}
    for asked in measured.asked:
        looks.setdefault((asked.dashboard, asked.span), []).append(asked)
    rows = []
    for (dashboard, span), all_asked in looks.items():
        slowest, first = max(all_asked, key=_median_s), max(all_asked, key=_first_s)
        medians = f"{1000 * slowest.median_s:.0f}"
        rows.append([dashboard, span, slowest.what, medians, first.what, f"{1000 * first.first_s:.0f}"])
    worst = max(measured.asked, key=_median_s)
    intervals = ", ".join(f"{_interval(span.total_seconds())} over {name}" for name, span in SPANS.items())
    header = ["dashboard", "over", "slowest", "median, ms", "slowest the first time", "ms"]
    text = f"""{markdown.table(header, rows)}

The slowest of each dashboard's panels, variables and annotations: all queries of one, one after the other, with what
Grafana writes for its macros and with the token that may only read, until the answers are read. The median is of
{measured.plan.repetitions} times. Before each row influxd was started anew; the operating system may still have had
its files in memory. Panels over time ask for {POINTS} points whatever the width of the screen, so at 1280 px,
too, `$__interval` is {intervals}.

{_late(measured.asked)}"""
    what, wanted = "every panel, variable and annotation, over up to a year", f"at most {1000 * TARGET_S:.0f} ms"
    verdict = Verdict(what, wanted, f"{1000 * worst.median_s:.0f} ms", worst.median_s <= TARGET_S)
    return Section("Asking", text, (verdict,))


def _median_s(asked: Asked) -> float:
    return asked.median_s


def _first_s(asked: Asked) -> float:
    return asked.first_s


def _interval(seconds: float) -> str:
    minutes = round_interval_min(seconds / 60 / POINTS)
    return f"{minutes} min" if minutes < 60 else f"{minutes / 60:g} h"


def _late(asked: Sequence[Asked]) -> str:
    late = [it for it in asked if it.median_s > TARGET_S]
    if not late:
        return f"None takes longer than {1000 * TARGET_S:.0f} ms."
    told = "\n".join(
        f"- {it.dashboard}: {it.what} over {it.span} ({1000 * it.median_s:.0f} ms)"
        + (f": {WHY_LATE[it.what]}" if it.what in WHY_LATE else "")
        for it in late
    )
    return f"Longer than {1000 * TARGET_S:.0f} ms take:\n\n{told}"


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]
