"""How long each panel of a dashboard takes, as Grafana asks for it: over a night, thirty nights and a year."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from benchmarks.database.nights import PLACE
from benchmarks.database.server import BUCKET
from tests.dashboards.grafana import Visit, dashboards
from tests.support.influx import InfluxServer

SPANS = {"1 night": timedelta(hours=9), "30 nights": timedelta(days=30), "1 year": timedelta(days=364)}
CHOSEN = {"wearer": PLACE.wearer, "site": PLACE.site}


class Asked(NamedTuple):
    """A panel, variable or annotation, and how long its queries took: the first time, and in the median."""

    dashboard: str
    span: str
    what: str
    first_s: float
    median_s: float


def measure(server: InfluxServer, morning: datetime, repetitions: int, bar: Callable[[int, int], None]) -> list[Asked]:
    """Everything that the dashboards ask for; the server is started anew before each dashboard and span."""
    looks = [(dashboard, span) for dashboard in dashboards().values() for span in SPANS]
    found: list[Asked] = []
    for done, (dashboard, span) in enumerate(looks):
        bar(done, len(looks))
        server.kill()
        server.start()
        visit = Visit(server, BUCKET, dashboard, morning, CHOSEN, (morning - SPANS[span], morning))
        found += [_timed(dashboard["title"], span, what, ask, repetitions) for what, ask in _questions(visit)]
    bar(len(looks), len(looks))
    return found


def _questions(visit: Visit) -> Iterator[tuple[str, Callable[[], object]]]:
    for panel in visit.dashboard["panels"]:
        if "targets" in panel:
            yield panel["title"], lambda panel=panel: visit.answers(panel)  # type: ignore[misc]
    for it in visit.dashboard["templating"]["list"]:
        yield f"variable {it['name']}", lambda it=it: visit.offered(it)  # type: ignore[misc]
    for it in visit.dashboard["annotations"]["list"]:
        yield f"annotation {it['name']}", lambda it=it: visit.ask(it["target"]["query"])  # type: ignore[misc]


def _timed(dashboard: str, span: str, what: str, ask: Callable[[], object], repetitions: int) -> Asked:
    times = []
    for _ in range(repetitions + 1):
        begun_s = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begun_s)
    return Asked(dashboard, span, what, times[0], median(times[1:]))
