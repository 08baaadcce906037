"""Live: is it watching now?"""

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.curves import STATES, drawn, envelope, quality
from dashboards.influxql import SHOWN, select
from dashboards.page import Span, page
from dashboards.panels import (
    ALL_BUT_TIME,
    AMBER,
    GREY,
    HOURS,
    RED,
    Mappings,
    Query,
    Says,
    Size,
    curve,
    lines,
    states,
    value,
)
from dashboards.tables import cramps
from detector.sinks.influx_schema import EMG, LEG, LINK, NIGHT

UID = "crampwatch-live"
ABOUT = (
    "The last ten minutes, as far as they have reached InfluxDB. Points are a minute wide and are completed every few"
    " seconds; data arrive 10 to 25 s late. What wakes is the alert, which does not pass through here."
)
TEN_MINUTES = Span("now-10m", "now", "10s")
LATEST = "time > now() - 2d"
"""Without an end: a summary lies at a fixed hour, which for tonight's may be still to come."""
GOING_ON = ("{open_sessions} > 0", "time > now() - 1d")
"""A summary lies less than a day before its night's end."""
LATE_S, TOO_LATE_S = 45.0, 120.0
"""The detector files every 10 s and the outbox asks every 5 s: 25 s is usual, 45 s is late. From two minutes on the
detector itself says that it is not watching."""
AGE = "(${{__to}} - last({end_ms})) / 1000"
ARRIVING: Mappings = {
    (None, LATE_S): ("data arrive", GREY),
    (LATE_S, TOO_LATE_S): ("data are late", AMBER),
    (TOO_LATE_S, None): ("no data arrive", RED),
}
NEVER = "Nothing in the last two days."
NOT_NOW = "No night is being recorded."


def live() -> Dashboard:
    """The dashboard."""
    panels = [*_now(), _tonight(), _told(), envelope(Size(24, 9)), _watched(), quality(Size(12, 5)), *_leg()]
    return page(UID, ABOUT, TEN_MINUTES, panels, annotations=drawn())


def _now() -> list[Panel]:
    size = Size(6, 5)
    age = Query(select(NIGHT, f'{AGE} AS "age"', *GOING_ON))
    link = Query(select(LINK, "last({state})", SHOWN, by="device"), "$tag_device")
    judged = Query(select(EMG, "last({quality})", SHOWN, by="channel"), "$tag_channel")
    return [
        value(
            Says(
                "Do data arrive?",
                f"Is the last sample younger than {LATE_S:g} s? `crampwatch doctor` tells what is in the way.",
                NOT_NOW,
            ),
            size,
            age,
            words=ARRIVING,
        ),
        value(
            Says("Age of the last sample", f"How old? Amber from {LATE_S:g} s, red from {TOO_LATE_S:g} s.", NOT_NOW),
            size,
            age,
            unit="s",
            decimals=0,
            amber_from=LATE_S,
            red_from=TOO_LATE_S,
        ),
        value(
            Says("Link", "What is the radio link doing?", "Nothing was heard of a link in the last ten minutes."),
            size,
            link,
            field=ALL_BUT_TIME,
        ),
        value(
            Says("Signal", "Could the muscle be judged, in the last minute?", "No signal in the last ten minutes."),
            size,
            judged,
            field=ALL_BUT_TIME,
            words=STATES,
        ),
    ]


def _tonight() -> Panel:
    says = Says("The latest night so far", "What has been found, and how much watched?", NEVER)
    query = Query(select(NIGHT, 'last({headline}) AS "headline"', LATEST))
    return value(says, Size(24, 4), query, field="headline", sentence=True)


def _told() -> Panel:
    says = Says(
        "Cramps of the last 12 hours", "When was there a cramp, and is it over?", "No cramp in the last 12 hours."
    )
    return cramps(says, Size(24, 6), "time > now() - 12h")


def _watched() -> Panel:
    says = Says("Watched", "In which minutes could the muscle be judged? The minute that lasts is not complete yet.")
    return states(says, Size(12, 5), [curve(LEG, "min({watched_s})", "watched")], STATES)


def _leg() -> list[Panel]:
    motion = Says("Leg motion", "Does the leg move? The largest acceleration of each minute.")
    battery = Says("Battery left", "For how long will the battery last?")
    return [
        lines(motion, Size(12, 6), [curve(LEG, "max({motion_max_mg})", "largest")], unit="mg", low=0),
        lines(
            battery,
            Size(12, 6),
            [curve(LINK, "min({battery_hours_left})", "$tag_device", by="device")],
            unit=HOURS,
            low=0,
        ),
    ]
