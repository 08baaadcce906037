"""`python -m benchmarks.throughput`: measure, and write docs/reference/throughput.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.progress import Progress
from benchmarks.cost.section import Section
from benchmarks.throughput import alerts, backlog, commits, live, plan
from benchmarks.throughput.machine_load import machine_under_load
from benchmarks.throughput.page import page
from benchmarks.throughput.plan import Plan
from benchmarks.throughput.process_cost import told
from tests.support.brokers import MISSING, MOSQUITTO

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/throughput.md"
QUICK_PAGE = ROOT / ".cache/throughput/throughput.md"
QUICK_NOTE = "**A smoke test on a minute, not the benchmark: nothing below is to be believed.**"
CANNOT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test: a minute instead of twenty")
    parser.add_argument("--page", type=Path, help="where the page goes, if not to docs/reference")
    options = parser.parse_args(arguments)
    if MOSQUITTO is None or not told():
        print(MISSING if MOSQUITTO is None else "This system does not tell what a process takes; Linux does.")
        return CANNOT
    machine = machine_under_load()  # before the benchmark is a load itself
    sections = measure(plan.quick() if options.quick else plan.full())
    file = options.page or (QUICK_PAGE if options.quick else PAGE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(machine, sections, QUICK_NOTE if options.quick else ""))
    print(f"wrote {file}")
    return 0


def measure(plan: Plan) -> list[Section]:
    """All sections of the page, in its order."""
    with Progress() as progress:
        bars = progress.of
        return [
            live.section(live.measure(plan, bars)),
            alerts.section(alerts.measure(plan, bars)),
            backlog.section(backlog.measure(plan, bars)),
            commits.section(commits.measure(plan, bars)),
        ]


if __name__ == "__main__":
    sys.exit(main())
