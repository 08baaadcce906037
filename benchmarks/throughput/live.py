"""So many wearers in real time: what detector and broker take for each, and how soon alerts are out."""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.accuracy import markdown
from benchmarks.cost.section import Section, Verdict
from benchmarks.cost.sosfilt_reference import Bars, Tell
from benchmarks.throughput.latency import Arrivals, Latencies, latencies
from benchmarks.throughput.looped_legs import CRAMP_S, LOOP_S, LoopedWearer
from benchmarks.throughput.plan import Plan
from benchmarks.throughput.process_cost import ProcessCost, child, process_cost
from benchmarks.throughput.sender import sending
from benchmarks.throughput.serving import detector, site
from crampwatch.config import Detection, Sensor
from crampwatch.listener import Listener

TARGET_WEARERS = 20
TARGET_S = 0.5
"""The project's target for the 99th percentile."""
LAST_WORD_S = 3.0
"""How long an alert of the last second is waited for: many times the target."""


class Costs(NamedTuple):
    """What the processes had taken at a moment."""

    monotonic_s: float
    detector: ProcessCost
    broker: ProcessCost
    sender: ProcessCost


class Run(NamedTuple):
    """So many wearers, the costs at the beginning and at the end of the time that counts, and the alerts in it."""

    wearers: int
    before: Costs
    after: Costs
    latencies: Latencies

    @property
    def seconds(self) -> float:
        """How long the time was that counts."""
        return self.after.monotonic_s - self.before.monotonic_s

    @property
    def expected(self) -> float:
        """How many alerts are in it, give or take one for each wearer."""
        return self.wearers * self.seconds / LOOP_S

    @property
    def in_time(self) -> bool:
        """Whether the detector keeps up: alerts are out within the target."""
        return self.latencies.percentile(99) <= TARGET_S

    def share(self, process: str) -> float:
        """The share of a core that a process took, of `detector`, `broker` and `sender`."""
        before, after = getattr(self.before, process), getattr(self.after, process)
        return float(after.cpu_s - before.cpu_s) / self.seconds


def measure(plan: Plan, bars: Bars) -> list[Run]:
    """Every number of wearers of the plan, then twice as many again and again while their alerts are in time."""
    runs = [_run(wearers, plan.warm_up_s, seconds, bars) for wearers, seconds in plan.live_s.items()]
    while runs[-1].in_time and 2 * runs[-1].wearers <= plan.most_wearers:
        runs.append(_run(2 * runs[-1].wearers, plan.warm_up_s, plan.rung_s, bars))
    return runs


def _run(wearers: int, warm_up_s: float, seconds: float, bars: Bars) -> Run:
    tell = bars(f"{wearers} wearers in real time, s")
    arrivals = Arrivals()
    sensors = [Sensor(wearer=LoopedWearer(0, 1, 0).place.wearer, site="left_calf")]  # a detector watches whoever sends
    with (
        site(sensors, Detection(simulated=True)) as where,
        detector(where) as detecting,
        Listener(where.broker, arrivals),
        sending(where.broker, wearers) as sent,
    ):
        pids = (detecting, child("mosquitto"), sent.pid)
        pass_time(warm_up_s, lambda done, total: tell(done, total + round(seconds)))
        since_ns, before = time.time_ns(), _costs(*pids)
        pass_time(seconds, lambda done, total: tell(round(warm_up_s) + done, round(warm_up_s) + total))
        until_ns, after = time.time_ns(), _costs(*pids)
        time.sleep(LAST_WORD_S)
        return Run(wearers, before, after, latencies(arrivals.alerts, sent.wearers, since_ns, until_ns))


def pass_time(seconds: float, tell: Tell) -> None:
    """Let time pass, and tell it second by second."""
    begun_s = time.monotonic()
    while (passed_s := time.monotonic() - begun_s) < seconds:
        tell(round(passed_s), round(seconds))
        time.sleep(min(1.0, seconds - passed_s))


def _costs(detector: int, broker: int, sender: int) -> Costs:
    return Costs(time.monotonic(), process_cost(detector), process_cost(broker), process_cost(sender))


def section(runs: Sequence[Run]) -> Section:
    """What each number of wearers takes, and how soon their alerts are out."""
    costs = [
        [
            f"{run.wearers}",
            *(f"{run.share(process) / run.wearers:.2%}" for process in ("detector", "broker")),
            *(f"{run.share(process):.1%}" for process in ("detector", "broker", "sender")),
            *(f"{cost.memory_mb:.0f}" for cost in (run.after.detector, run.after.broker)),
        ]
        for run in runs
    ]
    header = ["wearers", "detector, each", "broker, each", "detector", "broker", "sender", "detector, MB", "broker, MB"]
    alerts = [
        [
            f"{run.wearers}",
            f"{run.seconds:.0f}",
            f"{run.latencies.count} of {run.expected:.0f}",
            *(_ms(run.latencies.percentile(percent)) for percent in (50, 99, 100)),
        ]
        for run in runs
    ]
    text = f"""A block of EMG (1 channel at 1 kHz) and one of the accelerometer (50 Hz) a second from each wearer, each
over an MQTT connection of its own and spread over the second, through mosquitto to `crampwatch detect` with its night
store. The legs are synthetic and cramp for {CRAMP_S:g} s every {LOOP_S} s: far more alerts, and commits for them, than
a home has. Shares of a core over the time that counts; "each" is for one wearer. The sender is this benchmark's.
Memory is what the process has for itself at the end.

{markdown.table(header, costs)}

{_sustained(runs)} Each wearer adds {_memory_each_mb(runs)} to the detector's memory.

Latency runs from the moment the block that decides an alert is due, which is when its last sample has been taken, to
the alert in a subscriber's hand, by one clock. Its collector's part before that, radio, journal and up to 50 ms until
the publisher looks, is not in it. Of fewer than 100 alerts the 99th percentile is the largest. How many are expected is
known to one for each wearer.

{markdown.table(["wearers", "seconds", "alerts", "median, ms", "99th percentile, ms", "largest, ms"], alerts)}"""
    return Section("Wearers in real time", text, (_verdict(runs),))


def _ms(seconds: float) -> str:
    return markdown.NONE if math.isnan(seconds) else f"{1000 * seconds:.0f}"


def _sustained(runs: Sequence[Run]) -> str:
    largest = max((run for run in runs if run.in_time), key=lambda run: run.wearers, default=None)
    if largest is None:
        return f"With no number of wearers were alerts out within {TARGET_S:g} s."
    each = largest.share("detector") / largest.wearers
    shown = f"**{largest.wearers} wearers were sustained** with alerts within {TARGET_S:g} s"
    failed = [run.wearers for run in runs if run.wearers > largest.wearers]
    limit = f", {failed[0]} were not" if failed else ", and more were not tried"
    return f"{shown}{limit}; by its processor time there, one core of the detector would do for {1 / each:.0f}."


def _memory_each_mb(runs: Sequence[Run]) -> str:
    fewest, most = runs[0], runs[-1]
    if fewest.wearers == most.wearers:
        return "an unknown amount"
    grown_mb = most.after.detector.memory_mb - fewest.after.detector.memory_mb
    return f"{grown_mb / (most.wearers - fewest.wearers):.2f} MB"


def _verdict(runs: Sequence[Run]) -> Verdict:
    what, wanted = f"alert latency with {TARGET_WEARERS} wearers, 99th percentile", f"at most {TARGET_S:g} s"
    run = next((run for run in runs if run.wearers == TARGET_WEARERS and run.latencies.count), None)
    if run is None:
        return Verdict(what, wanted, markdown.NONE, None)
    return Verdict(what, wanted, f"{run.latencies.percentile(99):.3f} s", run.in_time)
