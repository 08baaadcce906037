"""InfluxQL as Grafana is to send it, from the names in the schema: what is not in the schema cannot be asked for.

In the text given here `{name}` is a tag or field of the measurement, and Grafana's own `${x}` is written `${{x}}`.
Kept to what InfluxDB 1, 2 and 3 understand alike; every query has a time bound, without which 3 reads all its files.
"""

from detector.sinks.influx_schema import Measurement

PLACE = "{wearer} = '${{wearer:raw}}' AND {site} = '${{site:raw}}'"
"""`raw`, since a variable's own format would escape the `-` and `_` that names may have. Nothing else gets into a topic
and so into these two tags: quotes do not."""
SHOWN = "$timeFilter"
"""The time shown on the dashboard."""
THE_NIGHT = "{night} = '${{night:raw}}' AND time > ${{__from}}ms - 1d AND time < ${{__to}}ms + 1d"
"""The night chosen, whole, however far it is zoomed in. A summary lies up to a day beside its night."""
OVERLAPS = (
    "{start_ms} <= ${{__to}} AND {end_ms} >= ${{__from}} AND time > ${{__from}}ms - 1d AND time < ${{__to}}ms + 1d"
)
"""Nights of which a part is shown."""
TOLD = "{stage} <> 'withdrawn'"
"""Contractions that judging anew has not taken back."""
EACH = "$__interval"
"""As wide as a pixel, but never narrower than the panel's smallest interval."""


def select(
    measurement: Measurement, what: str, *where: str, each: str = "", by: str = "", latest_first: int = 0
) -> str:
    """A query of one wearer's site; raises KeyError for a name that the schema does not have.

    `each` is the width of time over which `what` is aggregated, empty stretches being null; `by` a tag to tell apart;
    `latest_first` asks for so many rows, the latest first.
    """
    groups = [f"time({each})"] if each else []
    groups += [f"{{{by}}}"] if by else []
    text = f'SELECT {what} FROM "{measurement.name}" WHERE {" AND ".join([PLACE, *(where or (SHOWN,))])}'
    text += f" GROUP BY {', '.join(groups)}" if groups else ""
    text += " fill(null)" if each else ""
    text += f" ORDER BY time DESC LIMIT {latest_first}" if latest_first else ""
    return named(measurement, text)


def named(measurement: Measurement, text: str) -> str:
    """The text with its `{name}` quoted; raises KeyError for a name that the schema does not have."""
    return text.format_map({name: f'"{name}"' for name in (*measurement.tags, *measurement.fields)})
