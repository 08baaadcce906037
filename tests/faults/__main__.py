"""`python -m tests.faults`: try every fault, and write docs/reference/reliability.md."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.cost.machine import machine
from crampwatch.progress import bars
from tests.faults.catalogue import CATALOGUE, Trial
from tests.faults.grounds import Grounds
from tests.faults.page import page
from tests.faults.result import Result
from tests.support.brokers import MISSING as NO_MOSQUITTO
from tests.support.brokers import MOSQUITTO
from tests.support.influx import INFLUXD, NGINX, InfluxServer, running_influx
from tests.support.influx import MISSING as NO_INFLUX

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/reliability.md"
LOG = ROOT / ".cache/faults.log"
"""What the processes say: they are killed by the hundred, and complain."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code is 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="try the faults with this in their name, and write no page")
    options = parser.parse_args(arguments)
    if MOSQUITTO is None or INFLUXD is None or NGINX is None:
        sys.exit(NO_INFLUX if MOSQUITTO else NO_MOSQUITTO)
    console = Console(file=os.fdopen(os.dup(1), "w"))
    _log_to_file()
    chosen = [trial for trial in CATALOGUE if options.only.lower() in trial.name.lower()]
    with tempfile.TemporaryDirectory() as folder, running_influx(Path(folder)) as influx:
        results = _try_all(chosen, Path(folder), influx, console)
    if not options.only:
        PAGE.write_text(page(results, machine()))
        console.print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0 if all(result.difference.nothing for result in results) else 1


def _try_all(trials: Sequence[Trial], folder: Path, influx: InfluxServer, console: Console) -> list[Result]:
    results = []
    grounds: dict[float, Grounds] = {}  # by the length of their nights
    with bars(console) as shown:
        task = shown.add_task("", total=len(trials))
        for trial in trials:
            shown.update(task, description=trial.name)
            if trial.hours not in grounds:
                grounds[trial.hours] = Grounds(folder / f"{trial.hours:g}h", influx, trial.hours)
            results.append(trial.run(trial, grounds[trial.hours]))
            console.print(f"{trial.name}: {results[-1].in_words}", highlight=False)
            shown.advance(task)
    return results


def _log_to_file() -> None:
    """What the processes and we have to say goes to the log; only results are shown."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    os.dup2(os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
    logging.basicConfig()


if __name__ == "__main__":
    sys.exit(main())
