"""`python -m benchmarks.database`: measure, and write docs/reference/influxdb-cost.md."""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.accuracy.progress import Progress
from benchmarks.database import plan, querying, server, writing, year
from benchmarks.database.nights import PLACE, Evening, file, judged
from benchmarks.database.page import Measured, page
from benchmarks.database.plan import FIRST_EVENING, Plan
from benchmarks.throughput.machine_load import machine_under_load
from benchmarks.throughput.process_cost import told
from detector.store import NightStore
from tests.support.influx import INFLUXD, MISSING, NGINX

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/influxdb-cost.md"
QUICK_PAGE = ROOT / ".cache/database/influxdb-cost.md"
QUICK_NOTE = "**A smoke test on minutes of nights, not the benchmark: nothing below is to be believed.**"
GETTING_UP = time(7, 30)
LIVE_H = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.database", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test: half a minute instead of a quarter of an hour"
    )
    parser.add_argument("--page", type=Path, help="where the page goes, if not to docs/reference")
    options = parser.parse_args(arguments)
    if INFLUXD is None or NGINX is None or not told():
        print(MISSING if told() else "This system does not tell what a process takes; Linux does.")
        return 1
    machine = machine_under_load()  # before the benchmark is a load itself
    measured = measure(plan.QUICK if options.quick else plan.FULL)
    target = options.page or (QUICK_PAGE if options.quick else PAGE)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(machine, measured, QUICK_NOTE if options.quick else ""))
    print(f"wrote {target}")
    return 0


def measure(chosen: Plan) -> Measured:
    """Everything on the page, in its order."""
    with TemporaryDirectory() as name, Progress() as progress:
        folder, store = Path(name), Path(name) / "nights.sqlite"
        evenings = [Evening(FIRST_EVENING + timedelta(day), chosen.hours) for day in range(chosen.nights)]
        simulate(evenings, store, progress)
        with server.running(folder) as influx:
            points = year.points_of(store)
            config = writing.config_for(store, influx.settings(server.BUCKET))
            backlog = writing.backlog(config, chosen.nights, len(points))
            bar = progress.of("copies")
            for month in range(1, chosen.months):
                server.write(influx, year.earlier(points, month))
                bar(month, chosen.months - 1)
            on_disk, samples = server.compacted(folder), server.samples_on_disk(folder)
            morning = datetime.combine(evenings[-1].day + timedelta(days=1), GETTING_UP, UTC)
            asked = querying.measure(influx, morning, chosen.repetitions, progress.of("dashboards"))
            influx.create_bucket("live")
            hour = Evening(evenings[-1].day, min(chosen.hours, LIVE_H))
            live = writing.live(hour, influx.settings("live"))
    return Measured(chosen, year.per_measurement(points), on_disk, samples, backlog, live, asked)


def simulate(evenings: Sequence[Evening], store: Path, progress: Progress) -> None:
    """Simulate and judge the nights, as many at a time as there are cores, and file them in order."""
    bar = progress.of("nights")
    with NightStore(store) as opened, ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, (evening, batches) in enumerate(zip(evenings, pool.map(judged, evenings), strict=True), 1):
            for batch in batches:
                file(opened, batch)
            for health in evening.healths(0.0, evening.hours * 3600):
                opened.file_health(PLACE, health)
            bar(done, len(evenings))


if __name__ == "__main__":
    sys.exit(main())
