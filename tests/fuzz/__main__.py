"""`python -m tests.fuzz --inputs 1000000 --seed 1`: damaged input of every kind, and what became of it."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from crampwatch.progress import progress
from tests.fuzz.campaign import Chunk, run, run_chunk, target_of, write_crashes
from tests.fuzz.page import console_table, page
from tests.fuzz.target import Tally, Target
from tests.fuzz.targets import MILLION, TARGETS

PAGE = Path("docs/reference/fuzzing.md")


def main() -> None:
    asked = _asked()
    targets: tuple[Target, ...]
    console = Console(highlight=False)
    if asked.chunk is not None:
        target = target_of(asked.target or TARGETS[0].name)
        name, tally = run_chunk(Chunk(target.name, asked.seed, asked.chunk, target.chunk))
        targets, tallies = (target,), {name: tally}
    else:
        targets = tuple(target for target in TARGETS if asked.target in (None, target.name))
        with progress(console, f"{asked.inputs:,} inputs") as told:
            tallies = run(asked.inputs, asked.seed, targets, told)
    console.print(console_table(targets, tallies))
    _tell(console, tallies, asked.seed, asked.crashes)
    if asked.inputs >= MILLION and targets == TARGETS:
        PAGE.write_text(page(targets, tallies, asked.seed))
        console.print(f"{PAGE} is written.")
    sys.exit(any(tally.crashes for tally in tallies.values()))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=MILLION, help="how many; from a million on the page is written")
    parser.add_argument("--seed", type=int, default=1, help="from which everything follows")
    parser.add_argument("--target", help=f"only one of: {', '.join(target.name for target in TARGETS)}")
    parser.add_argument("--chunk", type=int, help="only this chunk of the target, to see a failure again")
    parser.add_argument("--crashes", type=Path, default=Path("fuzz-crashes"), help="where failing inputs are written")
    return parser.parse_args()


def _tell(console: Console, tallies: dict[str, Tally], seed: int, folder: Path) -> None:
    """Where each failing input is, and the last line of what was raised."""
    paths = write_crashes(tallies, seed, folder)
    crashes = [crash for tally in tallies.values() for crash in tally.crashes]
    for path, crash in zip(paths, crashes, strict=True):
        number = crash.number // target_of(crash.target).chunk
        reason = crash.trace.strip().splitlines()[-1]
        console.print(f"{path} (chunk {number}): {reason[:200]}", markup=False)


if __name__ == "__main__":
    main()
