"""The tables that more than one dashboard shows, and where a click on their rows leads."""

from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.influxql import TOLD, select
from dashboards.panels import AMBER, BLUE, GREY, SECONDS, Column, Mappings, Query, Says, Size, rows
from detector.sinks.influx_schema import CANDIDATE, CRAMP, NIGHT, Measurement

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
        "Time": Column("Onset", "dateTimeAsIso", 170, AROUND_IT),
        "channel": Column("Channel", width=150),
        "stage": Column("Now", width=80, words=STAGES),
        "duration_s": Column("Lasted", SECONDS, 90, decimals=0),
        "latency_s": Column("Alert after", SECONDS, 110, decimals=0),
        "peak_uv": Column("Peak", "µV", 90),
        "rest_uv": Column("Rest", "µV", 90),
        "reason": Column("Why"),
        "event_id": Column("Id", width=170),
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
        "reason": Column("Why it was none"),
    }
    return _contractions(says, size, CANDIDATE, columns, where)


def _contractions(
    says: Says, size: Size, measurement: Measurement, columns: dict[str, Column], where: tuple[str, ...]
) -> Panel:
    what = ", ".join(f"{{{name}}}" for name in columns if name != "Time")
    return rows(says, size, Query(select(measurement, what, *where, TOLD)), columns, hidden=())
