"""The InfluxDB that is measured: the tests' own, told to compact at once what is no longer written to."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import Point
from tests.support.influx import InfluxServer

BUCKET = "year"
AT_ONCE = 5000
"""Points in a request: what InfluxDB's manual recommends."""
COLD_S = 2
"""By default it compacts what was not written to for four hours; what comes of it is the same."""
SETTLED_S = 6.0
"""Nothing changes on the disk for that long: it looks each second whether there is something to compact."""
PATIENCE_S = 600.0


@contextmanager
def running(directory: Path) -> Iterator[InfluxServer]:
    """A server with its users and an empty bucket."""
    server = InfluxServer(directory)
    settings = directory / "influxdb.conf"
    cold = f'cache-snapshot-write-cold-duration = "{COLD_S}s"\n  compact-full-write-cold-duration = "{COLD_S}s"'
    settings.write_text(settings.read_text().replace("[data]\n", f"[data]\n  {cold}\n"))
    try:
        server.start()
        server.create_users()
        server.create_bucket(BUCKET)
        yield server
    finally:
        server.stop()


def write(server: InfluxServer, points: Iterator[Point]) -> None:
    """Store points by the outbox's sink, in large requests."""
    with closing(InfluxSink(server.settings(BUCKET, timeout_s=60.0))) as sink:
        while some := list(islice(points, AT_ONCE)):
            sink.write(some)


def compacted(directory: Path) -> int:
    """Wait until each shard is one file and nothing waits in a log; returns the bucket's bytes on the disk.

    Raises TimeoutError where influxd does not come to rest.
    """
    given_up_s, since_s, before = time.monotonic() + PATIENCE_S, time.monotonic(), _sizes(directory)
    while time.monotonic() - since_s < SETTLED_S or not _is_compact(directory):
        if time.monotonic() > given_up_s:
            raise TimeoutError(f"influxd did not come to rest within {PATIENCE_S:.0f} s")
        time.sleep(0.5)
        if (now := _sizes(directory)) != before:
            since_s, before = time.monotonic(), now
    return sum(before.values())


def _is_compact(directory: Path) -> bool:
    shards = [shard for shard in (directory / "data" / BUCKET / "autogen").iterdir() if shard.is_dir()]
    one_each = all(len(list(shard.glob("*.tsm"))) == 1 for shard in shards)
    return one_each and not any(file.stat().st_size for file in (directory / "wal" / BUCKET).rglob("*.wal"))


def _sizes(directory: Path) -> dict[Path, int]:
    """The blocks each file has on the disk; files come and go while it compacts."""
    found = {}
    for part in ("data", "wal"):
        for file in (directory / part / BUCKET).rglob("*"):
            try:
                found[file] = file.stat().st_blocks * 512
            except FileNotFoundError:
                continue
    return found


def samples_on_disk(directory: Path) -> int:
    """The bytes of the files that hold the points themselves; the rest is a register of the series, of a fixed size."""
    return sum(file.stat().st_size for file in (directory / "data" / BUCKET / "autogen").rglob("*.tsm"))
