"""Morning: what happened last night, and was it watched?"""

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.curves import ALARM_STATES, CAUSE_TOLD, STATES, drawn, envelope, quality, radio
from dashboards.influxql import SHOWN, THE_NIGHT, TOLD, select
from dashboards.page import Span, night, page
from dashboards.panels import (
    SECONDS,
    Column,
    Query,
    Says,
    Size,
    curve,
    gauge,
    lines,
    rows,
    states,
    value,
)
from dashboards.tables import SIMULATED, YES_OR_NO, candidates, cramps, evenings, felt, looks, nights, wishes
from detector.sinks.influx_schema import (
    ALARM,
    CRAMP,
    LEG,
    NIGHT,
    UNWATCHED,
    VALID_S,
    VALID_SHARE,
)

UID = "crampwatch-morning"
ABOUT = "Last night: what happened, and how much of it was watched. For another night click it in the table of nights."
LAST_NIGHT = Span("now/d-4h", "now-1d/d+10h")
"""20:00 to 10:00. Grafana rounds an end up to the end of its day, so yesterday's is the one that gives this morning."""
NO_NIGHT = "No night was recorded in the time shown. Choose one in the table of nights."
NO_CRAMP = "No cramp was found in this night. How much of it was watched stands above."
NO_ANSWER = "No alert, or no answer."
NO_NIGHTS = "No night has reached InfluxDB yet. `crampwatch outbox` tells why."
ALARM_ROWS = {"state": "alarm", "fault": "wrong"}
REJECTED = (
    "How many contractions were suspected and rejected? Mostly movements; the words above count only those that looked"
    " like a cramp but for one thing."
)
ALERT_AFTER = (
    "How long did the slowest alert take, from onset to the sample that decided it, by the sensor's clock? The way to"
    " the bedside is not in it. And the slowest answer, from onset, by the alarm's clock?"
)


def morning() -> Dashboard:
    """The dashboard."""
    panels = [
        *_in_words(),
        *_figures(),
        _timeline(),
        _alarm(),
        envelope(Size(24, 10)),
        quality(Size(24, 5)),
        *_leg(),
        *radio(),
        *_contractions(),
        *_said(),
        _unwatched(),
        _judged_by(),
        _all_nights(),
    ]
    return page(UID, ABOUT, LAST_NIGHT, panels, variables=[night()], annotations=drawn())


def of_the_night(what: str) -> Query:
    """Of the night's summary."""
    return Query(select(NIGHT, what, THE_NIGHT))


def _in_words() -> list[Panel]:
    headline = Says(
        "The night in words", "What happened, and how much was watched? As the morning report says it.", NO_NIGHT
    )
    watching = Says(
        "Does the night count?",
        f"Was it watched for long enough to be counted: {VALID_S / 3600:g} h, and {VALID_SHARE:.0%} of the recording?",
        NO_NIGHT,
    )
    return [
        value(headline, Size(16, 5), of_the_night("{headline}"), field="headline", sentence=True),
        value(watching, Size(8, 5), of_the_night("{watching}"), field="watching", sentence=True),
    ]


def _figures() -> list[Panel]:
    size, share = Size(4, 4), 100 * VALID_SHARE
    longest = 'max({latency_s}) AS "alert", max({acknowledged_s}) AS "answer"'
    latency = Query(select(CRAMP, longest, THE_NIGHT, TOLD))
    return [
        value(
            Says("Cramps", "How many contractions raised an alert? Read it beside the time watched.", NO_NIGHT),
            size,
            of_the_night("{cramps}"),
        ),
        value(
            Says("Time in cramp", "How long did the cramps last together, and the longest of them?", NO_NIGHT),
            size,
            of_the_night('{cramp_s} AS "together", {longest_s} AS "longest"'),
            unit=SECONDS,
            decimals=0,
        ),
        value(Says("Alert after onset", ALERT_AFTER, NO_ANSWER), size, latency, unit=SECONDS, decimals=0),
        value(
            Says("Watched", "For how long could at least one channel be judged?", NO_NIGHT),
            size,
            of_the_night("{watched_s}"),
            unit="dthms",
        ),
        gauge(
            Says("Share watched", f"How much of it was watched? Amber below {share:g} %.", NO_NIGHT),
            size,
            of_the_night('100 * {watched_s} / {recorded_s} AS "share"'),
            unit="percent",
            enough=share,
            full=100,
        ),
        value(Says("Rejected", REJECTED, NO_NIGHT), size, of_the_night("{candidates}")),
    ]


def _timeline() -> Panel:
    says = Says(
        "The night by the minute",
        "When was there a cramp, when was nobody watching, and how did the wearer lie? A cramp is shown in the five"
        " minutes of its onset, wide enough to be seen. Times without any data are empty.",
    )
    queries = [
        Query(select(CRAMP, "last({stage})", SHOWN, TOLD, each="5m"), "cramps"),
        curve(LEG, "min({watched_s})", "watched"),
        curve(LEG, "last({posture})", "posture"),
    ]
    return states(says, Size(24, 7), queries, STATES)


def _alarm() -> Panel:
    says = Says(
        "The alarm",
        "What did the alarm beside the bed show, and what was wrong? Amber: a fault, or somebody had it be quiet."
        " A state lasts until the next; of several faults the nearest cause is shown.",
        "No alarm told of this night: `crampwatch alarm show` says whether one runs.",
    )
    queries = [Query(select(ALARM, f"{{{field}}}", THE_NIGHT), name) for field, name in ALARM_ROWS.items()]
    return states(says, Size(24, 5), queries, ALARM_STATES)


def _leg() -> list[Panel]:
    motion = Says("Leg motion", "Did the leg move? Dynamic acceleration: the largest of each minute, and the mean.")
    skin = Says("Skin temperature", "Was the leg warm? Highest and lowest; a sensor put on takes 20 min to warm up.")
    moved = {"largest": "max({motion_max_mg})", "mean": "mean({motion_mean_mg})"}
    warm = {"highest": "max({temperature_max_c})", "lowest": "min({temperature_min_c})"}
    size = Size(12, 7)
    return [
        lines(motion, size, [curve(LEG, what, name) for name, what in moved.items()], unit="mg", low=0),
        lines(skin, size, [curve(LEG, what, name) for name, what in warm.items()], unit="celsius"),
    ]


def _contractions() -> list[Panel]:
    told = Says(
        "Cramps of the night",
        "When did each begin, how long did it last, and why was it believed? Click a time to see the half hour around"
        " it; `crampwatch explain RECORDING --at TIME` shows it sample by sample.",
        NO_CRAMP,
    )
    rejected = Says(
        "Rejected in the night",
        "What was suspected, and why was it no cramp?",
        "Nothing was suspected and rejected in this night.",
    )
    return [cramps(told, Size(24, 8), THE_NIGHT), candidates(rejected, Size(24, 7), THE_NIGHT)]


def _said() -> list[Panel]:
    diary = Says(
        "Diary",
        "Which cramps were felt, and was there an alert within a quarter of an hour? `not detected` stands for a cramp"
        " that was missed, or felt where no sensor is; `not recorded` for one outside the recording.",
        "Nobody noted a cramp in this night: `crampwatch diary felt`, or the page for the phone.",
    )
    asked = Says(
        "Asked of the alarm",
        "Who answered, snoozed or muted the alarm, and for how long?",
        "Nobody asked anything of the alarm in this night.",
    )
    checked = Says(
        "Look before bed",
        "Was everything as it should be before the night? What was not, and the level of each muscle.",
        "No look before bed was taken for this night: `crampwatch preflight`.",
    )
    noted = Says(
        "Evening notes",
        "What was the evening like, in the wearer's own words?",
        "Nothing was noted about this evening: `crampwatch diary evening`.",
    )
    return [
        felt(diary, Size(24, 8), THE_NIGHT),
        wishes(asked, Size(12, 6), THE_NIGHT),
        looks(checked, Size(12, 6), THE_NIGHT),
        evenings(noted, Size(24, 5), THE_NIGHT),
    ]


def _unwatched() -> Panel:
    says = Says(
        "Not watched",
        "When could no channel be judged, for how long, and why?",
        "Nothing is known to have been missed.",
    )
    columns = {
        "Time": Column("From", "dateTimeAsIso", 170),
        "duration_s": Column("For", "s", 100),
        "cause": Column("Why"),
    }
    query = select(UNWATCHED, "{duration_s}, {cause}", SHOWN, CAUSE_TOLD)
    return rows(says, Size(12, 7), Query(query), columns, hidden=())


def _judged_by() -> Panel:
    says = Says("Judged by", "By which rule and parameters, from how many recordings, real or simulated?", NO_NIGHT)
    columns = {
        "detector_version": Column("Rule", width=60),
        "parameters_hash": Column("Parameters", width=130),
        "sessions": Column("Sessions", width=90),
        "complete": Column("Over", width=70, words=YES_OR_NO),
        "simulated": Column("Origin", width=110, words=SIMULATED),
    }
    what = ", ".join(f"{{{name}}}" for name in columns)
    return rows(says, Size(12, 7), of_the_night(what), columns)


def _all_nights() -> Panel:
    return nights(
        Says("Nights", "Which nights are there? Click one to see it. Two months back.", NO_NIGHTS), Size(24, 10)
    )
