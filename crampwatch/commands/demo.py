"""`crampwatch demo`: the whole way of a night, in a minute, without hardware."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from crampwatch.logs import to_stderr
from crampwatch.progress import progress
from crampwatch.words import counted, hours_and_minutes

if TYPE_CHECKING:
    from collector.contract.topics import Place
    from crampwatch.demo import Outcome
    from detector.messages import EventMessage
    from detector.sinks.settings import InfluxSettings


def demo(*, out: Path = Path("crampwatch-demo"), seed: int = 1, hours: float = 8.0, cramps: int = 3) -> int:
    """Play a simulated night and a real recording through everything, from the wearable to the morning report.

    Two virtual wearables are collected over bleak, journalled, published to an MQTT broker, watched by the detector
    and filed, far faster than real time; alerts appear as they are raised. No hardware, no network.

    Parameters
    ----------
    out
        The folder for the recording, the journals, the night store and the report.
    seed
        Which simulated night.
    hours
        Its length.
    cramps
        How many cramps it is to have.
    """
    return played(Console(highlight=False), out, seed, hours, cramps)


def played(
    console: Console, out: Path, seed: int, hours: float, cramps: int, influx: "InfluxSettings | None" = None
) -> int:
    """Play it, pass the nights on to `influx` if there is one, and tell what came of it; the exit code."""
    from crampwatch import demo as demonstration

    to_stderr()
    with progress(console, f"simulating a night of {hours:g} h") as told:
        prepared = demonstration.prepare(out, seed, hours, cramps, told, influx)

    def alert(where: "Place", event: "EventMessage") -> None:
        console.print(f"  [bold]ALERT[/bold] for {where.wearer}: {event.text}", soft_wrap=True)

    with progress(console, "wearable, collector, broker, detector") as told:
        restarts = demonstration.play(prepared, told, alert)
    outcome = demonstration.conclude(prepared, restarts)
    _tell(console, outcome)
    return 0 if outcome.same_as_score else 1


def _tell(console: Console, outcome: "Outcome") -> None:
    figures, record = outcome.evaluation, outcome.record
    latency = figures.latency_s
    found, cramps = figures.true_positives, figures.true_positives + figures.false_negatives
    false_alarms = counted(figures.false_positives, "false alarm")
    watched = f"{hours_and_minutes(record.watched_s)} of {hours_and_minutes(record.recorded_s)}"
    candidates = counted(len(record.candidates), "candidate")
    lines = [
        f"Simulated night: {found} of {counted(cramps, 'cramp')} found, {false_alarms}.",
        f"Watched {watched}; {candidates} in the silent log.",
    ]
    if figures.ineligible.total:
        short = counted(figures.ineligible.total, "cramp")
        lines.append(f"Not counted: {short} shorter than the {figures.eligible_s:g} s it takes to be believed.")
    if latency.median is not None:
        lines.append(
            f"From the true onset to the alert: {latency.median:.1f} s in the median, {latency.p95:.1f} s at the 95th "
            "percentile, in the time of the samples."
        )
    if outcome.real is not None:
        real = outcome.real
        lines.append(
            f"Real recording (an arm's short bursts): {counted(len(real.events), 'alert')}, "
            f"{counted(len(real.candidates), 'candidate')} in {hours_and_minutes(real.watched_s)} watched."
        )
    same = "exactly what" if outcome.same_as_score else "NOT what"
    lines.append(f"The live services found {same} `crampwatch score` finds in the same recording.")
    if outcome.restarts:
        lines.append(f"Processes started again on the way: {outcome.restarts}.")
    lines.append(f"The morning report: {outcome.report}")
    for line in lines:
        console.print(line, soft_wrap=True)
