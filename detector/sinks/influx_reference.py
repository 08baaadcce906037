"""The reference page of what InfluxDB holds, written from the schema."""

from collections.abc import Iterator

from detector.sinks.influx_schema import MEASUREMENTS, NIGHT_HOUR_UTC, Measurement

INTRODUCTION = f"""# What is in InfluxDB

Generated from `detector/sinks/influx_schema.py`. How to set it up: [send the nights to
InfluxDB](../how-to/influxdb.md). What is made of it: [the dashboards](dashboards.md).

Night store and diary are the record; InfluxDB is a copy of them for dashboards, which can be made again at any time.
Raw EMG is not in it, nor are the ten frames a second around an event: those stay in the journal and the night store.

## What holds for all of it

- **Points are replaced, not doubled.** The same thing has the same measurement, tags and time whenever it is sent. A
  cramp is written when the alert is raised and once more, at the same onset, when it is over, is answered or judged: a
  verdict that is changed takes the place of the first. The summaries of night and week are written anew with whatever
  changes in them, and so is what was felt in a night, as it is held against what was detected.
- **What judging anew does not find again** gets the stage or cause `withdrawn` and the duration 0; its other fields
  stay as they were. Leave it out by `WHERE "stage" <> 'withdrawn'`, or `WHERE "cause" <> 'withdrawn'`.
- **Tags are few**: wearer, site, channel, device and stream, as many as you have. Night and session are fields.
- **Types never change.** A field without a value is left out.
- **A night** goes from local noon to local noon and has the date of its evening. The outbox writes that date by the
  settings' `timezone`, so dashboards need no time zone of their own. Its summary lies at {NIGHT_HOUR_UTC}:00 UTC of
  that date, wherever you live; that is between the two noons from Hawaii to New Zealand.
- **What people say** has the words they used, and names nobody but by `by`. Where there is no diary there is none of
  it. What was felt is taken for an alert when it lies within a quarter of an hour of it; that is a guess, the nearest
  counts, and a rejected contraction is no alert.
- **A minute** begins at its time and is written again, every few seconds, while it lasts. A minute without data has no
  points. A field of a minute that is no longer known keeps the last value that was.

## How much it is, and for how long

A night of 8 h with one channel is about 3400 points. Each minute has one for the channel, the leg, the link, each of
three streams and the collector; a recording that is replayed has only the first two. Then there is one for each event,
candidate and stretch that was not watched, some 400 in a simulated night, one for the night and one for its week. The
alarm has one for each change, as many as two for each event and candidate, and a few for what people do. Each further
channel adds 480. That is well over a million in a year and takes little room and time, as
[was measured](influxdb-cost.md), so nothing is thinned out and nothing expires: give the bucket no retention. If you do
give it one, older points are left out, with one line in the log, and night store and diary still have them.

For longer spans group by time with `min()`, `mean()` and `max()` of the fields that are called so. A mean alone hides a
cramp of 20 s; that is why every level comes as three fields.

## What it was run on

Run, in the tests: the real InfluxDB 1.6.7 of Debian 12, behind an nginx that passes `/api/v2/write` on to `/write`,
written by the official client `influxdb-client`. 1.8 and later, 2.x and 3 Core have that path of their own; none of
them was run here. Field and tag names are never the same within a measurement, which 3 would refuse.
"""


def influxdb_page() -> str:
    """The page as Markdown."""
    return "\n".join([INTRODUCTION, *(line for measurement in MEASUREMENTS for line in _section(measurement))])


def _section(measurement: Measurement) -> Iterator[str]:
    yield from (f"## {measurement.name}", "", measurement.meaning, f"Time: {measurement.time}.", "")
    yield from ("| name | type | unit | meaning |", "|---|---|---|---|")
    for name, meaning in measurement.tags.items():
        yield f"| `{name}` | tag | | {meaning} |"
    for name, field in measurement.fields.items():
        yield f"| `{name}` | {field.kind.__name__} | {field.unit} | {field.meaning} |"
    yield ""
