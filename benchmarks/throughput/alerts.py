"""How soon an alert is on a phone: from the block that decides it to an HTTP server that takes push messages."""

import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from benchmarks.accuracy import markdown
from benchmarks.cost.section import Section, Verdict
from benchmarks.cost.sosfilt_reference import Bars
from benchmarks.throughput.latency import Alert, Latencies, latencies
from benchmarks.throughput.live import LAST_WORD_S, pass_time
from benchmarks.throughput.looped_legs import CRAMP_S, LOOP_S, LoopedWearer
from benchmarks.throughput.plan import Plan
from benchmarks.throughput.sender import sending
from benchmarks.throughput.serving import Site, detector, process, site
from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch.config import Detection, Sensor, dump
from crampwatch.listener import Listener
from detector.alarm.settings import AlarmSettings
from detector.bedside.push_queue import PushNote, PushQueue, Settled
from detector.bedside.push_settings import PushSettings, PushTarget
from detector.messages import EventMessage
from tests.detector.bedside.push_sink import Received, sink

WEARERS = 20
TARGET_S = 1.0
"""The project's target for the 99th percentile, with so many wearers."""
TARGET = "phone"
NO_LIMIT = 1_000_000
"""The legs cramp more in a minute than a nightly limit lets through."""
SOUND = ("true",)
"""A program that a sound is made with, and is none: its start is part of what an alarm takes."""


class Run(NamedTuple):
    """So many wearers for so many seconds: the whole way, and its first and last part."""

    wearers: int
    seconds: float
    whole: Latencies
    detecting: Latencies
    pushing: Latencies


@dataclass
class Decided:
    """What a Listener is told to call: keeps the alerts by their event."""

    alerts: dict[str, Alert] = field(default_factory=dict)

    def __call__(self, place: Place, event: EventMessage) -> None:
        """An alert has come."""
        if event.alerted_ns is not None:
            self.alerts[event.id] = Alert(place, event.alerted_ns, time.time_ns())


def measure(plan: Plan, bars: Bars) -> Run:
    """Let the plan's wearers cramp, with detector, alarm and push process as they are shipped."""
    wearers, seconds = plan.alert_wearers, plan.alert_s
    tell = bars(f"{wearers} wearers to a phone, s")
    decided = Decided()
    sensors = [Sensor(wearer=LoopedWearer(0, 1, 0).place.wearer, site="left_calf")]
    with sink() as phone, site(sensors, Detection(simulated=True)) as where:
        _configure(where, phone.address())
        with (
            detector(where),
            process("crampwatch", "alarm", "--config", str(where.settings)),
            process("crampwatch", "push", "--config", str(where.settings)),
            Listener(where.broker, decided),
            sending(where.broker, wearers) as sent,
        ):
            pass_time(plan.warm_up_s, lambda done, total: tell(done, total + round(seconds)))
            since_ns = time.time_ns()
            pass_time(seconds, lambda done, total: tell(round(plan.warm_up_s) + done, round(plan.warm_up_s) + total))
            until_ns = time.time_ns()
            time.sleep(LAST_WORD_S)
        with closing(PushQueue(where.config.push_queue)) as queue:
            told = pairs(queue.settled(0, TARGET), phone.received)
    there = [decided.alerts[note.subject]._replace(arrived_ns=it.arrived_ns) for note, it in told]
    detecting, whole = (
        latencies(alerts, sent.wearers, since_ns, until_ns) for alerts in ([*decided.alerts.values()], there)
    )
    pushing = Latencies([(it.arrived_ns - note.t_ns) / NS for note, it in told if since_ns <= note.t_ns < until_ns])
    return Run(wearers, seconds, whole, detecting, pushing)


def _configure(where: Site, address: str) -> None:
    config = msgspec.structs.replace(
        where.config,
        alarm=AlarmSettings(command=SOUND, fault_command=SOUND),
        alerts=PushSettings(targets=[PushTarget(name=TARGET, url=address, kinds=["cramp"])], nightly_limit=NO_LIMIT),
    )
    where.settings.write_bytes(dump(config))


def pairs(settled: Sequence[Settled], received: Sequence[Received]) -> list[tuple[PushNote, Received]]:
    """The alerts, each with the message that told it: a target is told one after the other."""
    notes = [it.note for it in settled if it.outcome == "delivered" and not it.note.quiet]
    return list(zip(notes, (it for it in received if it.type == "warning"), strict=True))


def section(run: Run) -> Section:
    """How long the whole way takes, and the part behind the alarm."""
    rows = [
        [name, f"{way.count}", *(_ms(way.percentile(percent)) for percent in (50, 99, 100))]
        for name, way in (
            ("deciding block to phone", run.whole),
            ("of it, to the detector's message", run.detecting),
            ("of it, from the alarm's note", run.pushing),
        )
    ]
    header = ["way", "alerts", "median, ms", "99th percentile, ms", "largest, ms"]
    text = f"""{run.wearers} wearers as above, each with a cramp of {CRAMP_S:g} s every {LOOP_S} s,
for {run.seconds:.0f} s: through mosquitto to `crampwatch detect`, from there to `crampwatch alarm`, which hands a note
to `crampwatch push`, and by Apprise to an HTTP server on this machine. The way begins when the block that decides an
alert is due, as above, and ends when the request has arrived; what a real service and a phone take comes on top. Each
alert also starts a program in place of a sound. The push process looks for new notes every
{1000 * PushSettings().poll_s:.0f} ms, and tells one after the other.

{markdown.table(header, rows)}"""
    return Section("To a phone", text, (_verdict(run),))


def _ms(seconds: float) -> str:
    return markdown.NONE if math.isnan(seconds) else f"{1000 * seconds:.0f}"


def _verdict(run: Run) -> Verdict:
    what = f"deciding block to a local notifier with {WEARERS} wearers, 99th percentile"
    if run.wearers != WEARERS or not run.whole.count:
        return Verdict(what, f"at most {TARGET_S:g} s", markdown.NONE, None)
    measured_s = run.whole.percentile(99)
    return Verdict(what, f"at most {TARGET_S:g} s", f"{measured_s:.3f} s", measured_s <= TARGET_S)
