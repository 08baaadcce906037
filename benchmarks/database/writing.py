"""What writing costs: a backlog through the outbox's own process, and a night that is passed on while it lasts."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.database.nights import PLACE, Evening, file
from benchmarks.throughput.process_cost import child, cpu_s
from collector.contract.messages import NS
from crampwatch.config import Config, Sensor, dump
from crampwatch.influx import everything_sent
from detector.sinks.influx import InfluxSink
from detector.sinks.influx_schema import Point
from detector.sinks.night_feed import NightFeed
from detector.sinks.outbox import Outbox, Source
from detector.sinks.outbox_state import OutboxState
from detector.sinks.settings import InfluxSettings
from detector.store import NightStore

COMMIT_EVERY_S = 10.0
"""As the detector does; the outbox then has something to pass on."""
LOOK_S = 0.02
SETTINGS = "crampwatch.toml"


class Backlog(NamedTuple):
    """Nights that lay in the store and were passed on; CPU in seconds."""

    nights: int
    points: int
    seconds: float
    outbox_cpu_s: float
    influxd_cpu_s: float


class Live(NamedTuple):
    """What was sent of one stretch of a night while it lasted; CPU in seconds."""

    hours: float
    steps: int
    points: int
    longest_step_s: float
    outbox_cpu_s: float
    influxd_cpu_s: float


def config_for(store: Path, influx: InfluxSettings) -> Config:
    """The settings for a night store; they are written beside it."""
    sensor = Sensor(wearer=PLACE.wearer, site=PLACE.site)
    config = Config(data_directory=str(store.parent), sensors=[sensor], influx=influx)
    (store.parent / SETTINGS).write_bytes(dump(config))
    return config


def backlog(config: Config, nights: int, points: int) -> Backlog:
    """Start `crampwatch outbox run` on a full store and an empty database, and wait until everything is there."""
    influxd = child("influxd")
    busy_s, begun_s = cpu_s(influxd), time.monotonic()
    with _outbox(config) as process:
        while not (config.outbox.exists() and everything_sent(config)):
            time.sleep(LOOK_S)
        seconds = time.monotonic() - begun_s
        return Backlog(nights, points, seconds, cpu_s(process.pid), cpu_s(influxd) - busy_s)


def live(evening: Evening, influx: InfluxSettings) -> Live:
    """File a night as it comes, and let the outbox take a step after each commit."""
    influxd = child("influxd")
    busy_s = cpu_s(influxd)
    with TemporaryDirectory() as folder, NightStore(Path(folder) / "nights.sqlite") as store:
        path = Path(folder) / "nights.sqlite"
        with (
            closing(NightFeed(path, Config().zone)) as feed,
            closing(_Counted(influx)) as sink,
            closing(OutboxState(path.with_name("outbox.sqlite"), influx.name, feed.store_id)) as state,
        ):
            outbox = Outbox([Source(feed, state)], sink, influx.poll_s)
            steps = [_step(outbox) for _ in _filed_as_it_comes(evening, store, Path(folder))]
            cpus, lengths = zip(*steps, strict=True)
            return Live(evening.hours, len(steps), sink.points, max(lengths), sum(cpus), cpu_s(influxd) - busy_s)


def _step(outbox: Outbox) -> tuple[float, float]:
    """A step's CPU seconds and its length in seconds."""
    begun_s, busy_s = time.monotonic(), time.process_time()
    outbox.step()
    return time.process_time() - busy_s, time.monotonic() - begun_s


class _Counted(InfluxSink):
    """The outbox's sink, which counts its points."""

    points = 0

    def write(self, points: Sequence[Point]) -> None:
        """Store the points; raises Refused or Unavailable."""
        self.points += len(points)
        super().write(points)


def _filed_as_it_comes(evening: Evening, store: NightStore, folder: Path) -> Iterator[None]:
    """Commits every ten seconds of the samples' time; yields after each."""
    watch, filed_s = evening.watch(), 0.0
    for block in evening.signals(folder, COMMIT_EVERY_S):
        watch.offer(block, 0.0)
        now_s = (block.end_ns - evening.start_ns) / NS
        if block.stream == "emg" and now_s - filed_s >= COMMIT_EVERY_S:
            file(store, watch.take_batch())
            for health in evening.healths(filed_s, now_s):
                store.file_health(PLACE, health)
            filed_s = now_s
            yield


@contextmanager
def _outbox(config: Config) -> Iterator["subprocess.Popen[bytes]"]:
    settings = config.directory / SETTINGS
    process = subprocess.Popen([sys.executable, "-m", "crampwatch", "outbox", "run", "--config", str(settings)])
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
