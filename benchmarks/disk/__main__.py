"""`python -m benchmarks.disk`: measure, and write docs/reference/disk-growth.md."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.cost.machine import machine
from benchmarks.disk import drain, growth
from benchmarks.disk.drain import Drain
from benchmarks.disk.page import page
from collector.contract.broker import BrokerSettings
from collector.embedded_broker import EmbeddedBroker
from tests.support.brokers import MISSING, MOSQUITTO, Mosquitto

PAGE = Path(__file__).parents[2] / "docs/reference/disk-growth.md"
RECORDINGS = ((250.0, 1), (1000.0, 1), (1000.0, 4))
"""Rate and channels: a cheap wearable, the cramp-node, a large one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disk", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0, help="length of the nights")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    options = parser.parse_args(arguments)
    growths = []
    drains: list[Drain] = []
    for fs, channels in RECORDINGS:
        with tempfile.TemporaryDirectory() as folder:
            growths.append(growth.measure(Path(folder), fs, channels, options.hours))
            if (fs, channels) == RECORDINGS[1]:
                drains = list(_drained(growths[-1].path, Path(folder)))
    options.page.write_text(page(growths, drains, RECORDINGS[1][0], machine()))
    print(f"wrote {options.page}")
    return 0


def _drained(path: Path, folder: Path) -> Iterator[Drain]:
    if MOSQUITTO is None:
        print(MISSING)
    else:
        yield _measured("mosquitto", Mosquitto(folder), path)
    yield _measured("the embedded one (amqtt)", EmbeddedBroker(), path)


def _measured(name: str, broker: Mosquitto | EmbeddedBroker, path: Path) -> Drain:
    broker.start()
    try:
        settings = BrokerSettings(
            port=broker.port, username=broker.username, password=broker.password, protocol=broker.protocol
        )
        return drain.measure(path, growth.PLACE, settings, name)
    finally:
        broker.stop()


if __name__ == "__main__":
    sys.exit(main())
