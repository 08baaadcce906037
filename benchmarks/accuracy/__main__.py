"""`python -m benchmarks.accuracy`: simulate, score, compare, and write docs/reference/accuracy.md."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.accuracy.fingerprint import stale

if TYPE_CHECKING:
    from benchmarks.accuracy.nights import BenchmarkNight
    from benchmarks.accuracy.page import Results
    from benchmarks.accuracy.plan import Plan
    from benchmarks.accuracy.run import Cache, Outcome

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/accuracy.md"
CACHE = ROOT / ".cache/accuracy"
RECORDINGS = ROOT / "tests/recordings"
QUICK_NOTE = "**A smoke test on two short nights, not the benchmark: nothing below is to be believed.**"
PEERS_MISSING = "the published methods are not installed in .venv-peers; `make accuracy` installs them"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    options = _options(arguments)
    if options.check:
        why = stale(options.page)
        if why:
            print(why, file=sys.stderr)
        return 1 if why else 0
    return _make_pages(options)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether the page is about the present rule")
    parser.add_argument("--quick", action="store_true", help="a smoke test: two short nights, a page in the cache")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is (%(default)s)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where results are kept (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="nights at a time (%(default)s)")
    parser.add_argument(
        "--recordings",
        type=Path,
        nargs="+",
        default=[RECORDINGS],
        help="folders of real recordings (%(default)s)",
    )
    return parser.parse_args(arguments)


def _make_pages(options: argparse.Namespace) -> int:
    # Imported here: --check is part of `make check` and does not wait for scipy.
    from benchmarks.accuracy import plan
    from benchmarks.accuracy.cost import write_cost
    from benchmarks.accuracy.page import PLOTS, write_page
    from benchmarks.accuracy.peers import PYTHON
    from benchmarks.accuracy.run import Cache

    chosen = plan.quick() if options.quick else plan.full()
    if chosen.peers and not PYTHON.is_file():
        print(PEERS_MISSING, file=sys.stderr)
        return 2
    page = options.cache / "quick/accuracy.md" if options.quick else options.page
    results = _results(chosen, Cache(options.cache), options)
    page.parent.mkdir(parents=True, exist_ok=True)
    write_page(results, page, QUICK_NOTE if options.quick else "")
    write_cost(results.rules, page.parent / PLOTS / "cost.md")
    print(f"wrote {page}")
    return 0


def _results(plan: "Plan", cache: "Cache", options: argparse.Namespace) -> "Results":
    from benchmarks.accuracy.comparison import compare
    from benchmarks.accuracy.page import Results
    from benchmarks.accuracy.progress import Progress
    from benchmarks.accuracy.recordings import score_folders
    from benchmarks.accuracy.run import Job, run
    from benchmarks.accuracy.variants import complete

    whole = complete()
    jobs = [
        Job(
            night,
            (
                whole,
                *(plan.variants if night in plan.ablation else ()),
                *(plan.waits if night in plan.waiting else ()),
            ),
        )
        for night in (*plan.first, *plan.second, *plan.strengths)
    ]
    with Progress() as progress:
        outcomes = run(jobs, cache, options.jobs, progress.of("nights"))
        ours = outcomes[whole.name]
        rules = compare(ours, plan, cache, options.jobs, progress)
    return Results(
        first=_by_tier(plan.first, ours),
        second=_by_tier(plan.second, ours),
        strengths=_by_tier(plan.strengths, ours),
        ablations={
            variant.name: _by_tier(plan.ablation, outcomes[variant.name]) for variant in (whole, *plan.variants)
        },
        waits={
            variant.name: (
                _by_tier([night for night in plan.first if night in plan.waiting], outcomes[variant.name]),
                _by_tier([night for night in plan.second if night in plan.waiting], outcomes[variant.name]),
            )
            for variant in (whole, *plan.waits)
        },
        rules=rules,
        recordings=score_folders(options.recordings),
    )


def _by_tier(nights: "Iterable[BenchmarkNight]", outcomes: "Mapping[str, Outcome]") -> "dict[str, list[Outcome]]":
    tiers: dict[str, list[Outcome]] = {}
    for night in nights:
        tiers.setdefault(night.tier, []).append(outcomes[night.name])
    return tiers


if __name__ == "__main__":
    sys.exit(main())
