"""`python -m benchmarks.cost`: measure, and write docs/reference/cost.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.progress import Progress
from benchmarks.cost import collector, floor, live_blocks, memory, other_rules, plan, stages, whole_nights
from benchmarks.cost.machine import machine
from benchmarks.cost.page import page
from benchmarks.cost.plan import Plan
from benchmarks.cost.section import Section

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/cost.md"
QUICK_PAGE = ROOT / ".cache/cost/cost.md"
QUICK_NOTE = "**A smoke test on a few minutes, not the benchmark: nothing below is to be believed.**"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test: minutes instead of hours")
    parser.add_argument("--page", type=Path, help="where the page goes, if not to docs/reference")
    options = parser.parse_args(arguments)
    sections = measure(plan.quick() if options.quick else plan.full())
    file = options.page or (QUICK_PAGE if options.quick else PAGE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(machine(), sections, QUICK_NOTE if options.quick else ""))
    print(f"wrote {file}")
    return 0


def measure(plan: Plan) -> list[Section]:
    """All sections of the page, in its order."""
    with Progress() as progress:
        bars = progress.of
        return [
            whole_nights.section(whole_nights.measure(plan, bars)),
            stages.section(stages.measure(plan, bars)),
            floor.section(floor.measure(plan, bars)),
            live_blocks.section(live_blocks.measure(plan, bars)),
            memory.section(memory.measure(plan, bars)),
            collector.section(collector.measure(plan, bars)),
            other_rules.section(other_rules.measure(plan, bars)),
        ]


if __name__ == "__main__":
    sys.exit(main())
