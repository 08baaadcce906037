"""How much memory a night takes, against its length: each in a fresh process that does nothing else."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy import markdown
from benchmarks.cost.looped_night import LoopedNight, Watcher, simulate
from benchmarks.cost.plan import Plan
from benchmarks.cost.resident import Resident, in_fresh_process, resident, told
from benchmarks.cost.section import Section, Verdict
from benchmarks.cost.sosfilt_reference import Bars
from benchmarks.cost.whole_nights import TARGET
from collector.contract.recording import SCORING_BLOCK_S
from collector.contract.recordings import open_recording
from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from detector.score import score_recording
from detector.settings import DetectorSettings

GROWTH_MB = 5.0
"""From the shortest to the longest night. 24 h more of the EMG's integers are 165 MB, of frames with eight numbers each
53 MB: what is kept by mistake exceeds this; the heap's own wandering does not."""


class Memory(NamedTuple):
    """Nights streamed, by their hours, and an EDF recording of `scored_hours` scored."""

    streamed: Mapping[float, Resident]
    scored_hours: float
    scored: Resident


def measure(plan: Plan, bars: Bars) -> Memory | None:
    """Every length; None where the system does not tell."""
    if not told():
        return None
    tell, lengths = bars("memory"), (0.0, *plan.memory_hours)
    night = simulate(plan.simulated_hours, TARGET.fs)
    streamed = {}
    for done, hours in enumerate(lengths, start=1):
        streamed[hours] = in_fresh_process(_stream, night, hours)
        tell(done, len(lengths) + 1)
    with tempfile.TemporaryDirectory() as folder:
        spec = NightSpec(hours=plan.hours, fs=TARGET.fs)
        recording, _ = write_night(simulate_night(spec), Path(folder))
        scored = in_fresh_process(_score, recording)
    tell(len(lengths) + 1, len(lengths) + 1)
    return Memory(streamed, plan.hours, scored)


def _stream(night: LoopedNight, hours: float) -> Resident:
    watcher = Watcher()
    for block in night.blocks(hours, SCORING_BLOCK_S):
        watcher.push(block)
    watcher.finish()
    return resident()


def _score(recording: Path) -> Resident:
    score_recording(open_recording(recording), DetectorSettings())
    return resident()


def section(memory: Memory | None) -> Section:
    """The table of lengths."""
    if memory is None:
        verdict = Verdict(*_target("the longest night"), markdown.NONE, None)
        return Section("Memory", "Not measured: this system has no `/proc/self/status`. Linux has.", (verdict,))
    rows = [
        _row(f"{hours:g} h streamed" if hours else "nothing yet: Python, numpy, scipy, the hour to loop", measured)
        for hours, measured in memory.streamed.items()
    ]
    rows.append(_row(f"{memory.scored_hours:g} h of EDF scored", memory.scored))
    text = f"""Resident memory of a fresh process that does nothing else, {TARGET.title} with the accelerometer, by the
length of the night. The EDF recording is simulated as a whole, not looped; no hour to loop is in its memory.

{markdown.table(["night", "peak, MB", "at the end, MB"], rows)}"""
    return Section("Memory", text, (_verdict(memory.streamed),))


def _row(what: str, measured: Resident) -> list[str]:
    return [what, f"{measured.peak_mb:.0f}", f"{measured.end_mb:.0f}"]


def _verdict(streamed: Mapping[float, Resident]) -> Verdict:
    lengths = [hours for hours in streamed if hours]
    shortest, longest = min(lengths), max(lengths)
    # Both: before the first sample there is a peak of its own, in which a growth could hide.
    pairs = zip(streamed[longest], streamed[shortest], strict=True)
    growth_mb = max(long_mb - short_mb for long_mb, short_mb in pairs)
    target = _target(f"{longest:g} h above {shortest:g} h")
    return Verdict(*target, f"{growth_mb:+.1f} MB", growth_mb <= GROWTH_MB)


def _target(which: str) -> tuple[str, str]:
    return f"memory is flat: {which}", f"at most {GROWTH_MB:g} MB"
