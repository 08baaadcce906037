"""What waits at the broker while the detector is away: how long that takes it once it is back."""

import multiprocessing
import time
from typing import NamedTuple

from benchmarks.accuracy import markdown
from benchmarks.cost.section import Section
from benchmarks.cost.sosfilt_reference import Bars
from benchmarks.throughput.looped_legs import LoopedWearer
from benchmarks.throughput.plan import Plan
from benchmarks.throughput.process_cost import cpu_s
from benchmarks.throughput.sender import send_backlog
from benchmarks.throughput.serving import detector, site
from collector.contract.messages import NS
from crampwatch.config import Detection, Sensor
from crampwatch.wiring import everything_filed

POLL_S = 0.2


class Backlog(NamedTuple):
    """So many hours of so many wearers, the seconds until the last of it was filed, and the detector's CPU seconds."""

    wearers: int
    hours: float
    seconds: float
    cpu_s: float

    @property
    def times_real_time(self) -> float:
        """Hours of one wearer that are judged and filed in an hour."""
        return self.wearers * self.hours * 3600 / self.seconds


def measure(plan: Plan, bars: Bars) -> Backlog:
    """Let the detector subscribe and go away, send everything, and let it come back."""
    tell, steps = bars("a backlog"), 2
    wearers, seconds = plan.backlog_wearers, round(plan.backlog_h * 3600)
    places = [LoopedWearer(k, wearers, 0).place for k in range(wearers)]
    sensors = [Sensor(wearer=place.wearer, site=place.site) for place in places]
    with site(sensors, Detection(clock="samples", simulated=True)) as where:
        with detector(where):
            pass
        _in_a_process(send_backlog, where.broker, wearers, seconds, time.time_ns() - seconds * NS)
        tell(1, steps)
        begun_s = time.monotonic()
        with detector(where) as pid:
            while not everything_filed(where.config):
                time.sleep(POLL_S)
            backlog = Backlog(wearers, plan.backlog_h, time.monotonic() - begun_s, cpu_s(pid))
        tell(2, steps)
    return backlog


def _in_a_process(work: object, *arguments: object) -> None:
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)  # type: ignore[arg-type]
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("the wearers could not send their backlog; what stands above tells why")


def section(backlog: Backlog) -> Section:
    """How fast a backlog is caught up with."""
    row = [
        f"{backlog.hours:g} h of {backlog.wearers} wearers",
        f"{backlog.seconds:.1f}",
        f"{backlog.cpu_s:.1f}",
        f"{backlog.times_real_time:,.0f}",
    ]
    text = f"""The detector is away while its wearers go on; mosquitto keeps their blocks. From the start of its process
until the night store holds everything, on disk. How fast a collector brings a night's journal to a broker that was
away is told in [Disk growth](disk-growth.md#a-nights-backlog).

{markdown.table(["backlog", "seconds", "detector, CPU s", "times real time, all wearers together"], [row])}"""
    return Section("Catching up", text)
