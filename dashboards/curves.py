"""What several dashboards draw over time: the signal, its quality, the radio, and the regions laid over them."""

from typing import get_args

from grafana_foundation_sdk.models.dashboard import AnnotationQuery, Panel

from dashboards.influxql import SHOWN, TOLD, select
from dashboards.page import annotation
from dashboards.panels import AMBER, BLUE, GREY, Mappings, Says, Size, curve, lines, states
from detector.alarm.messages import AlarmStateName, FaultKind
from detector.catalogue.catalogue import load
from detector.frames import CAUSES
from detector.sinks.influx_schema import CANDIDATE, CRAMP, EMG, LINK, STREAM, UNWATCHED

CAUSE_TOLD = "{cause} <> 'withdrawn'"
STATES: Mappings = {
    "confirmed": ("cramp, not over", BLUE),
    "ended": ("cramp", BLUE),
    "rejected": ("rejected", GREY),
    "good": ("good", GREY),
    **{cause: (cause, AMBER) for cause in CAUSES.values()},
    (0, 0): ("not watched", AMBER),
    (1, 59): ("partly watched", AMBER),
    (60, 60): ("watched", GREY),
}
"""Words for the states of a minute; numbers are the seconds watched of it."""
_COLOURS = {"ALERT": BLUE, "ACKED": BLUE, "SNOOZED": AMBER, "MUTED": AMBER, "FAULT": AMBER}
_SENTENCES = load()
ALARM_STATES: Mappings = {
    **{it: (_SENTENCES.raw(f"name.{it}").lower(), _COLOURS.get(it, GREY)) for it in get_args(AlarmStateName)},
    "none": ("nothing", GREY),
    **{fault: (fault.replace("_", " "), AMBER) for fault in get_args(FaultKind)},
}
"""Words for the states of the alarm, and for what may be wrong."""
MOST_DRAWN = 1000
"""Rejected contractions, the latest: a night has some hundred; a year of them would take a second to ask for, and cover
the curves from end to end."""


def envelope(size: Size) -> Panel:
    """The muscle signal with what it was judged by."""
    says = Says(
        "Muscle signal",
        "How tense was the muscle? Highest and lowest RMS envelope of each minute, the resting level, and the threshold"
        " above which a contraction is suspected, on a logarithmic scale. Blue regions are cramps."
        " Gaps are times without data.",
    )
    curves = {
        "highest": "max({envelope_max_uv})",
        "lowest": "min({envelope_min_uv})",
        "rest, highest": "max({rest_max_uv})",
        "threshold, lowest": "min({threshold_min_uv})",
    }
    queries = [curve(EMG, what, f"$tag_channel: {name}", by="channel") for name, what in curves.items()]
    return lines(says, size, queries, unit="µV", log=True)


def quality(size: Size) -> Panel:
    """Whether each channel could be judged."""
    says = Says(
        "Signal quality",
        "Could each channel be judged, and if not, why? The gravest cause of each minute; one bad second counts.",
    )
    query = curve(EMG, "last({quality})", "$tag_channel", by="channel")
    return states(says, size, [query], STATES)


def radio() -> list[Panel]:
    """The small technical curves."""
    battery = Says("Battery", "Will the battery last? Level of each wearable.")
    strength = Says("Signal strength", "Was the wearable in reach? RSSI; below -90 dBm expect losses.")
    lost = Says("Samples lost", "How many samples were lost on the way, in each minute or pixel?")
    size, device = Size(8, 6), "$tag_device"
    return [
        lines(
            battery, size, [curve(LINK, "min({battery_percent})", device, by="device")], unit="percent", low=0, high=100
        ),
        lines(strength, size, [curve(LINK, "min({rssi_dbm})", device, by="device")], unit="dBm"),
        lines(
            lost,
            size,
            [curve(STREAM, "non_negative_difference(max({lost}))", "$tag_stream", by="stream")],
            unit="short",
            low=0,
        ),
    ]


def drawn() -> list[AnnotationQuery]:
    """What is drawn over the curves; all but the cramps has to be switched on."""
    described = "{text}, {end_ms}"
    return [
        annotation("Cramps", CRAMP, select(CRAMP, described, SHOWN, TOLD), "text", BLUE),
        annotation(
            "Rejected",
            CANDIDATE,
            select(CANDIDATE, described, SHOWN, TOLD, latest_first=MOST_DRAWN),
            "text",
            GREY,
            shown=False,
        ),
        annotation(
            "Not watched",
            UNWATCHED,
            select(UNWATCHED, "{cause}, {end_ms}", SHOWN, CAUSE_TOLD),
            "cause",
            AMBER,
            shown=False,
        ),
    ]
