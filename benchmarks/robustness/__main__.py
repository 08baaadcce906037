"""`python -m benchmarks.robustness`: measure where robustness ends, and write docs/reference/robustness-limits.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.progress import Progress
from benchmarks.robustness.limits import full, measure, quick
from benchmarks.robustness.page import page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/robustness-limits.md"
QUICK_PAGE = ROOT / ".cache/robustness/robustness-limits.md"
QUICK_NOTE = "**A smoke test on one night, not the benchmark: nothing below is to be believed.**"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test: one night, the ends of each table")
    parser.add_argument("--page", type=Path, help="where the page goes, if not to docs/reference")
    options = parser.parse_args(arguments)
    plan = quick() if options.quick else full()
    with Progress() as progress:
        limits = measure(plan, progress.of)
    file = options.page or (QUICK_PAGE if options.quick else PAGE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(plan.seeds, limits, QUICK_NOTE if options.quick else ""))
    print(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
