"""The page docs/reference/disk-growth.md."""

from collections.abc import Sequence

from benchmarks.disk.drain import Drain
from benchmarks.disk.growth import Growth
from collector.disk import BALLAST, RESERVE
from collector.retention import KEEP_NIGHTS

TEMPLATE = """# Disk growth

<!-- Made by `python -m benchmarks.disk`; do not edit. -->

What crampwatch writes to the data directory. The nights are simulated; one site, EMG and an accelerometer at 50 Hz, in
blocks of a second, as the collector writes them. 1 MB is a million bytes; the last column is of nights of 8 h.

| recording | samples, MB/h | journal, MB/h | night store, MB/h | journal of {hours:g} h, MB | {nights} nights, MB |
| --- | ---: | ---: | ---: | ---: | ---: |
{growth}

- Journals are deleted by `keep_nights` (default {nights}): see [Keep and restore](../how-to/keep-and-restore.md).
- The night store is not pruned: it holds what the reports are made of.
- While a journal or the store is open, its write-ahead log takes up to 4 MB more.
- {ballast:.0f} MB are taken by the file `ballast`, which makes way when others have filled the disk to the last byte.
- Samples stop growing when less than {reserve:.0f} MB would be left.
- Why a journal is larger than its samples: each block names its clock and channels, some 430 bytes a second and stream,
  and a row that does not fit into what is left of a page begins a new one.

## A night's backlog

A broker that was away gets everything once it is back. The journal of {hours:g} h at {drain_fs:.0f} Hz, to a broker on
the same machine that has no other client, each message acknowledged:

| broker | messages | seconds |
| --- | ---: | ---: |
{drains}

Seconds differ from machine to machine. Measured on: {machine}
"""


def page(growths: Sequence[Growth], drains: Sequence[Drain], drain_fs: float, machine: str) -> str:
    """The whole page."""
    return TEMPLATE.format(
        hours=growths[0].hours,
        nights=KEEP_NIGHTS,
        growth="\n".join(map(_growth, growths)),
        ballast=BALLAST / 1e6,
        reserve=RESERVE / 1e6,
        drain_fs=drain_fs,
        drains="\n".join(f"| {it.broker} | {it.messages:,} | {it.seconds:.1f} |" for it in drains),
        machine=machine,
    )


def _growth(it: Growth) -> str:
    channels = "1 channel" if it.channels == 1 else f"{it.channels} channels"
    per_hour = [it.samples / it.hours / 1e6, it.journal / it.hours / 1e6, it.store_per_hour / 1e6]
    figures = [f"{value:.1f}" for value in per_hour] + [
        f"{it.journal / 1e6:.0f}",
        f"{per_hour[1] * 8 * KEEP_NIGHTS:,.0f}",
    ]
    return f"| {channels} at {it.fs:.0f} Hz | " + " | ".join(figures) + " |"
