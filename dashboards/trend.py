"""Trend: how many cramps, how often, at what hour, and how sure is that?"""

from grafana_foundation_sdk.models.common import GraphDrawStyle
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.influxql import SHOWN, TOLD, select
from dashboards.page import Span, page
from dashboards.panels import HOURS, SECONDS, Column, Query, Says, Size, distribution, dots, lines, rows, value
from dashboards.tables import nights
from detector.confidence import LEVEL
from detector.sinks.influx_schema import CRAMP, NIGHT, WEEK

UID = "crampwatch-trend"
ABOUT = "Counts, and how sure they are. Differences between weeks, or months, mostly mean nothing."
QUARTER = Span("now-90d", "now+1d")
"""A quarter of a year. A summary lies at a fixed hour, which for tonight's may be still to come."""
COUNTS, COUNTS_NOT = "{valid} = true", "{valid} = false"
ENOUGH_NIGHTS = "{valid_nights} >= 3"
"""Of fewer nights no rate is told: its interval would reach from nothing to everything."""
HOLLOW = "night does not count"
DAY = "1d"
VERDICTS = {
    "judged_cramp": "a cramp",
    "judged_not": "no cramp",
    "judged_unsure": "not sure",
    "not_judged": "no verdict",
}
FELT = {"felt_detected": "detected", "felt_missed": "not detected", "felt_unrecorded": "not recorded"}


def trend() -> Dashboard:
    """The dashboard."""
    return page(UID, ABOUT, QUARTER, [*_figures(), _cramps(), _rate(), *_spread(), *_said(), _weeks(), _nights()])


def _figures() -> list[Panel]:
    size = Size(6, 4)
    return [
        value(
            Says("Nights recorded", "How many nights were recorded in the time shown?"),
            size,
            Query(select(NIGHT, 'count({cramps}) AS "nights"', SHOWN)),
        ),
        value(
            Says("Nights that count", "How many of them were watched for long enough?"),
            size,
            Query(select(NIGHT, 'count({cramps}) AS "nights"', SHOWN, COUNTS)),
        ),
        value(
            Says("Cramps", "How many cramps were there in the nights that count?"),
            size,
            Query(select(NIGHT, 'sum({cramps}) AS "cramps"', SHOWN, COUNTS)),
        ),
        value(
            Says("Watched", "How many hours were watched, in all nights together?"),
            size,
            Query(select(NIGHT, 'sum({watched_s}) / 3600 AS "watched"', SHOWN)),
            unit=HOURS,
            decimals=0,
        ),
    ]


def _cramps() -> Panel:
    says = Says(
        "Cramps per night",
        "How many cramps were there in each night? Hollow points are nights that were not watched for long enough to"
        " count. Nothing joins the points, and a night without a point was not recorded.",
    )
    filled = Query(select(NIGHT, '{cramps} AS "night counts"', SHOWN, COUNTS))
    hollow = Query(select(NIGHT, f'{{cramps}} AS "{HOLLOW}"', SHOWN, COUNTS_NOT))
    return dots(says, Size(24, 8), filled, hollow, unit="short", hollow_name=HOLLOW)


def _rate() -> Panel:
    says = Says(
        "Cramps per week",
        f"How many cramps come in seven nights, and how sure is that? Each week's rate and exact {LEVEL:.0%} interval"
        " (Poisson), of weeks with three nights or more that count. Where intervals overlap no difference is shown.",
        "No week with three nights that count in the time shown.",
    )
    known = {"rate": "{per_week}", "lower limit": "{per_week_low}", "upper limit": "{per_week_high}"}
    queries = [Query(select(WEEK, what, SHOWN, ENOUGH_NIGHTS), name) for name, what in known.items()]
    return lines(says, Size(24, 8), queries, unit="short", style=GraphDrawStyle.POINTS, low=0, smallest=DAY)


def _spread() -> list[Panel]:
    hour = Says(
        "Hour of the night",
        "At what hour do cramps begin? Hours from midnight by the wearer's clock: -1 is 23:00, 3 is 03:00.",
        "No cramp in the time shown.",
    )
    length = Says("Length of each cramp", "How long did each cramp last?", "No cramp in the time shown.")
    watched = Says("Hours watched", "How much of each night was recorded, and how much of that watched?")
    rejected = Says("Rejected per night", "How much was suspected and rejected? A sudden rise tells of the sensor.")
    hours = {"recorded": "{recorded_s} / 3600", "watched": "{watched_s} / 3600"}
    size, points, bars = Size(12, 8), GraphDrawStyle.POINTS, GraphDrawStyle.BARS
    return [
        distribution(hour, size, Query(select(CRAMP, "{clock_h}", SHOWN, TOLD)), bucket=1),
        lines(
            length,
            size,
            [Query(select(CRAMP, "{duration_s}", SHOWN, TOLD), "length")],
            unit=SECONDS,
            style=points,
            low=0,
            smallest=DAY,
        ),
        lines(
            watched,
            size,
            [Query(select(NIGHT, what, SHOWN), name) for name, what in hours.items()],
            unit=HOURS,
            style=bars,
            low=0,
            smallest=DAY,
        ),
        lines(
            rejected,
            size,
            [Query(select(NIGHT, "{candidates}", SHOWN), "rejected")],
            unit="short",
            style=points,
            low=0,
            smallest=DAY,
        ),
    ]


def _said() -> list[Panel]:
    judged = Says(
        "Verdicts on alerts",
        "How many alerts of each night did somebody judge to be a cramp, or none and so a false alarm? Those without a"
        " verdict are shown too.",
        "No night in the time shown.",
    )
    felt = Says(
        "Felt and detected",
        "How many of the cramps that were felt in a recorded night were detected? Those felt before or after the"
        " recording are told apart.",
        "No night in the time shown.",
    )
    panels = {judged: VERDICTS, felt: FELT}
    return [
        lines(
            says,
            Size(12, 8),
            [Query(select(NIGHT, f"{{{field}}}", SHOWN), name) for field, name in counts.items()],
            unit="short",
            style=GraphDrawStyle.BARS,
            low=0,
            smallest=DAY,
            stacked=True,
        )
        for says, counts in panels.items()
    ]


def _weeks() -> Panel:
    says = Says(
        "Weeks",
        "What are the weekly rates made of? Nights judged by other parameters than the week's last, or simulated when"
        " that one is real, are left out of the count.",
    )
    columns = {
        "week": Column("Week", width=110),
        "nights": Column("Nights"),
        "other_nights": Column("Left out"),
        "valid_nights": Column("Counted"),
        "cramps": Column("Cramps in these"),
        "per_week": Column("Per 7 nights"),
        "per_week_low": Column("at least"),
        "per_week_high": Column("at most"),
    }
    what = ", ".join(f"{{{name}}}" for name in columns)
    return rows(says, Size(24, 8), Query(select(WEEK, what, SHOWN, latest_first=100)), columns)


def _nights() -> Panel:
    says = Says("Nights", "Which nights are these? Click one to see it on the Morning dashboard.")
    return nights(says, Size(24, 10), SHOWN)
