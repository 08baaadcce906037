"""Technical: what does the equipment do?"""

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.curves import quality, radio
from dashboards.influxql import OVERLAPS, select
from dashboards.page import Span, page
from dashboards.panels import GREY, Column, Mappings, Query, Says, Size, curve, lines, rows, states, words
from detector.sinks.influx_schema import COLLECTOR, LINK, NIGHT, STREAM

UID = "crampwatch-technical"
ABOUT = "The wearable, its radio link, the collector and what the broker has not taken over yet."
LAST_DAY = Span("now-24h", "now", "1m")
LINK_STATES: Mappings = {"streaming": ("streaming", GREY)}
ELSEWHERE = """These are not in InfluxDB, since it holds only what follows from the nights themselves:

- **the outbox's lag** and refused points: `crampwatch outbox`
- **disk, broker, clocks, sensors**: `crampwatch doctor`
- **logs**: where the services write them; with systemd, `journalctl`

When the outbox lags, all of this page stands still: see *Age of the last sample* on the Live dashboard.
"""


def technical() -> Dashboard:
    """The dashboard."""
    return page(
        UID, ABOUT, LAST_DAY, [_links(), quality(Size(24, 5)), *radio(), *_streams(), _sessions(), _elsewhere()]
    )


def _links() -> Panel:
    says = Says("Radio link", "Was each wearable connected and sending?")
    query = curve(LINK, "last({state})", "$tag_device", by="device")
    return states(says, Size(24, 5), [query], LINK_STATES)


def _streams() -> list[Panel]:
    rate = Says("Rate", "Do as many samples come as should? Received per expected; 1 is all.")
    clock = Says(
        "Clock of the sensor", "How far is the sensor's clock off the host's? Some hundred ppm are a bad crystal."
    )
    again = Says("Reconnections", "How often was the link lost? Counted since the session began.")
    backlog = Says("Backlog", "How many messages has the broker not taken over? It should fall back to nearly nothing.")
    refused = Says("Unreadable packets", "Did packets come that could not be read? Counted since the session began.")
    size, stream, device = Size(8, 7), "$tag_stream", "$tag_device"
    return [
        lines(rate, size, [curve(STREAM, "min({rate})", stream, by="stream")], unit="short", low=0),
        lines(clock, size, [curve(STREAM, "last({fitted_ppm})", stream, by="stream")], unit="ppm"),
        lines(again, size, [curve(LINK, "max({reconnects})", device, by="device")], unit="short", low=0),
        lines(backlog, size, [curve(COLLECTOR, "max({unpublished})", "unpublished")], unit="short", low=0),
        lines(refused, size, [curve(COLLECTOR, "max({refused})", "refused")], unit="short", low=0),
    ]


def _sessions() -> Panel:
    says = Says(
        "Restarts",
        "How often did the collector begin a new session in a night? One is no restart. Open ones are not judged to"
        " their end.",
    )
    columns = {
        "night": Column("Night", width=95),
        "sessions": Column("Sessions", width=75),
        "open_sessions": Column("Open", width=50),
        "detector_version": Column("Rule", width=45),
        "parameters_hash": Column("Parameters"),
    }
    what = ", ".join(f"{{{name}}}" for name in columns)
    return rows(says, Size(8, 7), Query(select(NIGHT, what, OVERLAPS)), columns)


def _elsewhere() -> Panel:
    return words("What is not here", Size(24, 6), ELSEWHERE)
