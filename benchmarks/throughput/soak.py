"""`python -m benchmarks.throughput.soak`: a day of many wearers, and docs/reference/soak.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.progress import Progress
from benchmarks.throughput.machine_load import machine_under_load
from benchmarks.throughput.process_cost import told
from benchmarks.throughput.soak_day import SoakPlan, soak
from benchmarks.throughput.soak_page import page, plot_memory
from tests.support import brokers, influx

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/soak.md"
QUICK_PAGE = ROOT / ".cache/throughput/soak.md"
QUICK_NOTE = "**A smoke test on two hours of two wearers, not the soak: nothing below is to be believed.**"
QUICK = SoakPlan(wearers=2, hours=2.0, nights=1)
CANNOT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput.soak", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test: a minute instead of twenty")
    parser.add_argument("--page", type=Path, help="where the page goes, if not to docs/reference")
    options = parser.parse_args(arguments)
    if missing := _missing():
        print(missing)
        return CANNOT
    machine = machine_under_load()
    with Progress() as progress:
        day = soak(QUICK if options.quick else SoakPlan(), progress.of("minutes of the day"))
    file = options.page or (QUICK_PAGE if options.quick else PAGE)
    plot = file.with_suffix(".svg")
    plot_memory(day.samples, plot)
    file.write_text(page(machine, day, plot, QUICK_NOTE if options.quick else ""))
    print(f"wrote {file} and {plot}")
    return 0


def _missing() -> str:
    """What the soak needs and is not there; empty when all is."""
    if brokers.MOSQUITTO is None:
        return brokers.MISSING
    if influx.INFLUXD is None or influx.NGINX is None:
        return influx.MISSING
    return "" if told() else "This system does not tell what a process takes; Linux does."


if __name__ == "__main__":
    sys.exit(main())
