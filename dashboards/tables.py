"""The tables that more than one dashboard shows, and where a click on their rows leads."""

from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.influxql import TOLD, select
from dashboards.panels import AMBER, BLUE, GREY, SECONDS, Column, Mappings, Query, Says, Size, rows
from detector.sinks.influx_schema import ALARM, CANDIDATE, CRAMP, EVENING, FELT, NIGHT, PREFLIGHT, Measurement

VARIABLES = "${wearer:queryparam}&${site:queryparam}"
ITS_TIME = "from=${__data.fields.start_ms.numeric}&to=${__data.fields.end_ms.numeric}"
THAT_NIGHT = ("Show this night", f"/d/crampwatch-morning?{ITS_TIME}&var-night=${{__data.fields.night}}&{VARIABLES}")
HALF_AN_HOUR_MS = 30 * 60 * 1000
AROUND_IT = (
    "Show the half hour around it",
    f"/d/crampwatch-morning?time=${{__data.fields.Time.numeric}}&time.window={HALF_AN_HOUR_MS}&{VARIABLES}",
)
TWO_MONTHS = "time > now() - 60d"
"""Without an end: tonight's summary lies at a fixed hour, which may be still to come."""
YES_OR_NO: Mappings = {"true": ("yes", GREY), "false": ("no", AMBER)}
SIMULATED: Mappings = {"true": ("simulated", BLUE), "false": ("recorded", GREY)}
STAGES: Mappings = {"confirmed": ("not over", BLUE), "ended": ("over", GREY)}

VERDICTS: Mappings = {"cramp": ("a cramp", BLUE), "not": ("no cramp", GREY), "unsure": ("not sure", GREY)}
NO_TIME: Mappings = {(0, 0): ("-", GREY)}
"""Of a time in ms that is 0 where there is none."""
BY_PEOPLE = "{by} <> 'detector' AND {by} <> 'bedside'"


def nights(says: Says, size: Size, *where: str) -> Panel:
    """Nights, the latest first; a click leads to the night."""
    columns = {
        "night": Column("Night", width=110, link=THAT_NIGHT),
        "cramps": Column("Cramps", width=80),
        "candidates": Column("Rejected", width=90),
        "watched_s": Column("Watched", "dthms", 100),
        "recorded_s": Column("Recorded", "dthms", 100),
        "valid": Column("Counts", width=80, words=YES_OR_NO),
        "complete": Column("Over", width=80, words=YES_OR_NO),
        "simulated": Column("Origin", width=100, words=SIMULATED),
        "headline": Column("In words"),
    }
    what = ", ".join(f"{{{name}}}" for name in [*columns, "start_ms", "end_ms"])
    query = select(NIGHT, what, *(where or (TWO_MONTHS,)), latest_first=400)
    return rows(says, size, Query(query), columns, hidden=("Time", "start_ms", "end_ms"))


def cramps(says: Says, size: Size, *where: str) -> Panel:
    """Contractions that raised an alert; a click leads to the half hour around it."""
    columns = {
        "Time": Column("Onset", "dateTimeAsIso", 165, AROUND_IT),
        "channel": Column("Channel", width=160),
        "stage": Column("Now", width=70, words=STAGES),
        "duration_s": Column("Lasted", SECONDS, 75, decimals=0),
        "latency_s": Column("Alert after", SECONDS, 90, decimals=0),
        "acknowledged_s": Column("Answered", SECONDS, 85, decimals=0),
        "answered_by": Column("by", width=80),
        "verdict": Column("Verdict", width=80, words=VERDICTS),
        "peak_uv": Column("Peak", "µV", 75),
        "rest_uv": Column("Rest", "µV", 65),
        "reason": Column("Why"),
        "event_id": Column("Id", width=150),
    }
    return _contractions(says, size, CRAMP, columns, where)


def candidates(says: Says, size: Size, *where: str) -> Panel:
    """Contractions that were suspected and rejected."""
    columns = {
        "Time": Column("Onset", "dateTimeAsIso", 170, AROUND_IT),
        "channel": Column("Channel", width=150),
        "duration_s": Column("Lasted", SECONDS, 90, decimals=0),
        "peak_uv": Column("Peak", "µV", 90),
        "rest_uv": Column("Rest", "µV", 90),
        "verdict": Column("Verdict", width=90, words=VERDICTS),
        "reason": Column("Why it was none"),
    }
    return _contractions(says, size, CANDIDATE, columns, where)


def felt(says: Says, size: Size, *where: str) -> Panel:
    """Cramps that somebody felt, and the alert that each was about; a click leads to the half hour around it."""
    columns = {
        "Time": Column("Felt at", "dateTimeAsIso", 170, AROUND_IT),
        "pain": Column("Pain of 10", width=100),
        "duration_s": Column("Lasted", SECONDS, 90, decimals=0),
        "leg": Column("Leg", width=70),
        "muscle": Column("Muscle", width=110),
        "match": Column("Alert", width=170),
        "match_ms": Column("Its onset", "dateTimeAsIso", 170, words=NO_TIME),
        "by": Column("Told by", width=110),
        "note": Column("Note"),
    }
    return _entries(says, size, FELT, columns, where)


def wishes(says: Says, size: Size, *where: str) -> Panel:
    """What people asked of the alarm."""
    columns = {
        "Time": Column("At", "dateTimeAsIso", 160),
        "why": Column("Asked for", width=85),
        "by": Column("by", width=80),
        "state": Column("Alarm then", width=100),
        "until_ms": Column("Until", "dateTimeAsIso", 160, words=NO_TIME),
    }
    return _entries(says, size, ALARM, columns, (*where, BY_PEOPLE))


def looks(says: Says, size: Size, *where: str) -> Panel:
    """What looks before bed found."""
    columns = {
        "Time": Column("At", "dateTimeAsIso", 160),
        "result": Column("Result"),
        "says": Column("Not as it should be"),
        "muscles": Column("Muscles"),
    }
    return _entries(says, size, PREFLIGHT, columns, where)


def evenings(says: Says, size: Size, *where: str) -> Panel:
    """What was noted about evenings."""
    names = {"text": "Note", "alcohol": "Alcohol", "coffee": "Coffee", "exercise": "Exercise", "medicine": "Medicine"}
    columns = {name: Column(title) for name, title in names.items()}
    columns["noted_ms"] = Column("Noted at", "dateTimeAsIso", 170)
    return _entries(says, size, EVENING, columns, where, hidden=("Time",))


def _entries(
    says: Says,
    size: Size,
    measurement: Measurement,
    columns: dict[str, Column],
    where: tuple[str, ...],
    hidden: tuple[str, ...] = (),
) -> Panel:
    what = ", ".join(f"{{{name}}}" for name in columns if name != "Time")
    return rows(says, size, Query(select(measurement, what, *where)), columns, hidden=hidden)


def _contractions(
    says: Says, size: Size, measurement: Measurement, columns: dict[str, Column], where: tuple[str, ...]
) -> Panel:
    return _entries(says, size, measurement, columns, (*where, TOLD))
