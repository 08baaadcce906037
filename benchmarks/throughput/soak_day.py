"""A day of many wearers through everything there is, faster than it happens, with an eye on each process's memory."""

import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.cost.sosfilt_reference import Tell
from benchmarks.throughput.process_cost import ProcessCost, child, process_cost
from benchmarks.throughput.serving import Site, process, site, wait_until_served
from collector.contract.messages import NS
from collector.contract.topics import Place
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from crampwatch.config import Detection, Sensor
from crampwatch.influx import opened
from crampwatch.listener import Listener
from crampwatch.wiring import everything_filed
from detector.messages import EventMessage
from detector.store import NightStore
from tests.support.influx import running_influx

BUCKET = "soak"
DELIVERED_S = 120.0
"""How long the outbox may take for what is left when the detector is done: it sends thousands of points a second."""
STALLED_S = 120.0
"""Without any progress for so long, something is stuck: a simulated hour takes less than a minute."""
POLL_S = 0.5


class SoakPlan(NamedTuple):
    """What is played: `nights` different recordings of `hours`, shared out among the wearers.

    Blocks of `block_s` and commits every `commit_s` (of the night's time) are longer than by default: per second of
    this machine's time there are many more of them than in a real night all the same.
    """

    wearers: int = 20
    hours: float = 24.0
    fs: float = 250.0
    nights: int = 4
    block_s: float = 5.0
    commit_s: float = 60.0
    every_min: float = 4.0  # memory is read as often, in the night's time


Services = Mapping[str, "subprocess.Popen[bytes]"]


class Sample(NamedTuple):
    """How many hours of the day the detector has filed, on average over the wearers, and what each process takes.

    `at_s` is this machine's time, on any clock.
    """

    hours: float
    at_s: float
    costs: dict[str, ProcessCost]


class Day(NamedTuple):
    """All samples, how long the day took, and how many alerts there were. Nothing was restarted or left over."""

    plan: SoakPlan
    samples: list[Sample]
    seconds: float
    alerts: int


def soak(plan: SoakPlan, tell: Tell) -> Day:
    """Play the day; raises RuntimeError when a process dies, when all stand still, or something is left over."""
    alerted: list[str] = []

    def alert(_: Place, event: EventMessage) -> None:
        alerted.append(event.id)

    tell(0, round(plan.hours * 60))  # the nights are simulated first, which takes a minute
    with _services(plan) as (where, services), Listener(where.broker, alert):
        begun_s = time.monotonic()
        samples = list(_watch(plan, where, services, tell))
        seconds = time.monotonic() - begun_s
        _wait_until_delivered(where)
    return Day(plan, samples, seconds, len(alerted))


@contextmanager
def _services(plan: SoakPlan) -> Iterator[tuple[Site, Services]]:
    """Everything running, the collector last; stopped in the order of a night: who sends goes first."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        influx = stack.enter_context(running_influx(folder))
        influx.create_bucket(BUCKET)
        recordings = [_recording(plan, folder, seed) for seed in range(1, plan.nights + 1)]
        sensors = [_sensor(plan, number, recordings[number % plan.nights]) for number in range(plan.wearers)]
        detection = Detection(commit_every_s=plan.commit_s, clock="samples", simulated=True)
        where = stack.enter_context(site(sensors, detection, influx.settings(BUCKET)))
        outbox = stack.enter_context(process("crampwatch", "outbox", "run", "--config", str(where.settings)))
        detector = stack.enter_context(process("crampwatch", "detect", "--config", str(where.settings)))
        wait_until_served(where.broker)
        collector = stack.enter_context(process("benchmarks.throughput.soak_collector", str(where.settings)))
        yield where, {"collector": collector, "detector": detector, "outbox": outbox}


def _recording(plan: SoakPlan, folder: Path, seed: int) -> Path:
    night = simulate_night(NightSpec(seed=seed, hours=plan.hours, fs=plan.fs))
    return write_night(night, folder, stem=f"night-{seed}")[0]


def _sensor(plan: SoakPlan, number: int, recording: Path) -> Sensor:
    return Sensor(
        wearer=f"w{number:02}",
        site="left_calf",
        recording=str(recording),
        block_s=plan.block_s,
    )


def _watch(plan: SoakPlan, where: Site, services: Services, tell: Tell) -> Iterator[Sample]:
    """A sample each `every_min`, until every session has been watched to its end."""
    pids = {name: child(name) for name in ("mosquitto", "influxd")}
    pids |= {name: service.pid for name, service in services.items()}
    hours = next_hours = moved_s = 0.0
    while not everything_filed(where.config):
        _check_alive(services)
        now_hours = _filed_h(where, plan.wearers)
        moved_s = time.monotonic() if now_hours > hours or not moved_s else moved_s
        if time.monotonic() - moved_s > STALLED_S:
            raise RuntimeError(f"nothing has been filed for {STALLED_S:g} s; {hours:.2f} h were")
        hours = now_hours
        if hours > next_hours:
            next_hours = hours + plan.every_min / 60
            tell(round(hours * 60), round(plan.hours * 60))
            yield Sample(hours, time.monotonic(), {name: process_cost(pid) for name, pid in pids.items()})
        time.sleep(POLL_S)


def _filed_h(where: Site, wearers: int) -> float:
    """Hours that the night store holds, on average over the wearers.

    Not what the detector acknowledges: where it is behind, its acknowledgements wait at the broker behind the blocks.
    """
    with NightStore(where.config.store, read_only=True) as store:
        return sum(stored.end_ns - stored.start_ns for stored in store.sessions()) / NS / 3600 / wearers


def _check_alive(services: Services) -> None:
    for name, service in services.items():
        if service.poll() is not None:
            raise RuntimeError(f"the {name} has ended; what it said above may tell why")


def _wait_until_delivered(where: Site) -> None:
    deadline_s = time.monotonic() + DELIVERED_S
    with opened(where.config) as (feed, state):
        while waiting := feed.waiting(state.seq):
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"{waiting} minutes of the nights have not reached InfluxDB")
            time.sleep(POLL_S)
