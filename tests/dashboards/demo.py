"""`python -m tests.dashboards.demo`: the demonstration into a real InfluxDB, and whether the dashboards show it.

A server of its own on loopback, the demonstration with its outbox, then each panel, variable and annotation of the four
dashboards, held against the demonstration's own night store. The exit code is 1 where one of them is wrong.
"""

import argparse
import sys
import time as clock
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console

from collector.contract.messages import NS
from crampwatch.commands.demo import played
from crampwatch.config import Config, load
from crampwatch.errors import UserError
from crampwatch.influx import at_home, everything_sent, influx_of, influx_sink, opened
from crampwatch.words import counted
from detector.sinks.outbox import Outbox
from tests.dashboards import stored
from tests.dashboards.grafana import Visit, dashboards
from tests.dashboards.panel_checks import Looked, look_at, wrong
from tests.dashboards.stored import Stored
from tests.support.influx import INFLUXD, MISSING, NGINX, InfluxServer, running_influx

BUCKET = "demo"
BEHIND = timedelta(seconds=14)
"""How old the last sample is when Live is looked at: filed every 10 s, asked for every 5 s."""
GETTING_UP = time(7)
WHY_NO_RADIO = (
    "Of radio, battery and backlog there is nothing: the collector tells of them by the clock on the wall, and these"
    " nights were played at another time."
)


class Page(NamedTuple):
    """A dashboard as one wearer's nights look on it."""

    title: str
    wearer: str
    looked: list[Looked]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.dashboards.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("crampwatch-demo"), help="the demonstration's folder")
    parser.add_argument("--hours", type=float, default=8.0, help="length of the night")
    parser.add_argument("--cramps", type=int, default=3, help="how many it is to have")
    parser.add_argument("--seed", type=int, default=1, help="which simulated night")
    options = parser.parse_args(arguments)
    if INFLUXD is None or NGINX is None:
        sys.exit(MISSING)
    console = Console(highlight=False, soft_wrap=True)
    with TemporaryDirectory() as folder, running_influx(Path(folder)) as server:
        server.create_bucket(BUCKET)
        influx = server.settings(BUCKET)
        try:
            code = played(console, options.out, options.seed, options.hours, options.cramps, influx)
        except UserError as error:
            sys.exit(str(error))
        config = load(options.out / "demo.toml")
        send_the_rest(config)
        arrived = tell_of_the_points(console, server, config)
        right = tell_of_the_pages(console, server, config)
    return 0 if code == 0 and arrived and right else 1


def send_the_rest(config: Config) -> None:
    """What changed while the processes were stopped one after the other: the outbox would send it at its next start."""
    settings = influx_of(config)
    with at_home(config) as home, closing(influx_sink(settings)) as sink:
        Outbox(home.sources, sink, settings.poll_s).step()


def tell_of_the_points(console: Console, server: InfluxServer, config: Config) -> bool:
    """What InfluxDB has now; returns whether that is everything."""
    points = Counter(measurement for measurement, _, _ in server.points(BUCKET))
    each = ", ".join(f"{name} {count}" for name, count in points.most_common())
    console.print(f"InfluxDB {server.version()} took {counted(points.total(), 'point')}: {each}.")
    with opened(config) as (_, state):
        refused = state.refused()
    if refused:
        console.print(f"It refused {counted(refused, 'point')}: see `crampwatch outbox`.")
    sent = everything_sent(config)
    if not sent:
        console.print("The outbox has not sent everything.")
    return sent and not refused


def tell_of_the_pages(console: Console, server: InfluxServer, config: Config) -> bool:
    """What the dashboards show; returns whether all of it is what the night store says."""
    begun_s = clock.monotonic()
    places = stored.read(config.store, config.zone)
    found = [page for place in places for page in pages(server, place)]
    for page in found:
        console.print(_in_words(page))
        for it in wrong(page.looked):
            console.print(f"  WRONG: {it.what}: {it.wrong}", markup=False)
    if not any(place.healths for place in places):
        console.print(WHY_NO_RADIO)
    looked = [it for page in found for it in page.looked]
    bad, took_s = len(wrong(looked)), clock.monotonic() - begun_s
    console.print(
        f"{len(looked)} panels, variables and annotations looked at in {took_s:.1f} s; {bad or 'none'} of them wrong."
    )
    return not bad


def pages(server: InfluxServer, place: Stored) -> Iterator[Page]:
    """The four dashboards: Live as the night ends, the others on the morning after."""
    record = place.nights[-1].record
    end = datetime.fromtimestamp(record.end_ns / NS, place.zone)
    morning = datetime.combine(record.night + timedelta(days=1), GETTING_UP, place.zone)
    chosen = {"wearer": place.place.wearer, "site": place.place.site}
    for dashboard in dashboards().values():
        now = end + BEHIND if dashboard["title"] == "Live" else max(morning, end)
        visit = Visit(server, BUCKET, dashboard, now, chosen)
        yield Page(dashboard["title"], place.place.wearer, look_at(visit, place))


def _in_words(page: Page) -> str:
    shown = [it.what for it in page.looked if it.values and not it.wrong]
    empty = [it.what for it in page.looked if not it.values and not it.wrong]
    told = f"{page.title}, {page.wearer}: {len(shown)} of {len(page.looked)} show what the night store says"
    return f"{told}; rightly empty, as it has nothing there: {', '.join(empty)}." if empty else f"{told}."


if __name__ == "__main__":
    sys.exit(main())
