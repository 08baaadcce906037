"""What plain rules and published onset detectors take for the same samples."""

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from scipy.signal import sosfilt

from benchmarks.accuracy import markdown, peers
from benchmarks.accuracy.plain_rules import PLAIN_RULES, PlainRule
from benchmarks.accuracy.signals import NightEmg, rms, save_in_units_of_rest
from benchmarks.cost.looped_night import LoopedNight, simulate
from benchmarks.cost.plan import Plan
from benchmarks.cost.section import Section
from benchmarks.cost.sosfilt_reference import Bars, Comparison, Cost, Float, band_pass, compare, cpu_s
from benchmarks.cost.whole_nights import TARGET, watch
from collector.contract.recording import SCORING_BLOCK_S
from collector.simulator.muscle import EMG_UV_PER_LSB

NIGHT_HOURS = 8
OURS, PREPARATION = "crampwatch, everything", "band-pass and RMS, which all below are given"
NOT_INSTALLED = """**The published methods were not measured: they are not installed in `.venv-peers`.** `make bench`
installs them; `python -m benchmarks.cost` alone does not."""
NOT_ASKED = "**The published methods are no part of a smoke test.**"


class OtherRules(NamedTuple):
    """By rule: what `hours` took; and why the published methods are missing, if they are."""

    hours: float
    rules: Mapping[str, Comparison]
    missing: str = ""


def measure(plan: Plan, bars: Bars) -> OtherRules:
    """Our own detector, then the plain rules, then the published ones."""
    missing = "" if plan.peers else NOT_ASKED
    if plan.peers and not peers.PYTHON.is_file():
        missing = NOT_INSTALLED
    night = simulate(plan.peer_hours, TARGET.fs)
    emg = night.emg(plan.peer_hours)
    prepared = _prepare(emg[0])
    with tempfile.TemporaryDirectory() as folder:
        signals = Path(folder) / "signals.npz"
        save_in_units_of_rest(prepared, signals)
        costs = _own_costs(night, plan.peer_hours) | _plain_costs(emg[0], prepared)
        if not missing:
            costs |= {peer.title: _peer_cost(peer, signals) for peer in plan.peers}
        rules = compare(costs, emg, TARGET.fs, plan.peer_repetitions, bars("other rules"))
    return OtherRules(plan.peer_hours, rules, missing)


def _prepare(emg: Float) -> NightEmg:
    emg_uv = sosfilt(band_pass(TARGET.fs), emg * EMG_UV_PER_LSB)
    return NightEmg(emg_uv, rms(emg_uv, TARGET.fs), TARGET.fs, len(emg) / TARGET.fs)


def _own_costs(night: LoopedNight, hours: float) -> dict[str, Cost]:
    blocks = list(night.blocks(hours, SCORING_BLOCK_S))
    return {OURS: lambda: cpu_s(lambda: watch(blocks))}


def _plain_costs(emg: Float, prepared: NightEmg) -> dict[str, Cost]:
    def cost(rule: PlainRule, threshold: float) -> Cost:
        return lambda: cpu_s(lambda: rule(prepared.envelope_uv, threshold))

    preparation: dict[str, Cost] = {PREPARATION: lambda: cpu_s(lambda: _prepare(emg))}
    return preparation | {
        title: cost(rule, thresholds[len(thresholds) // 2]) for title, (thresholds, rule) in PLAIN_RULES.items()
    }


def _peer_cost(peer: peers.Peer, signals: Path) -> Cost:
    """The cost in its own process, at the middle one of its thresholds, without start and imports."""
    middle = peer._replace(thresholds=(peer.thresholds[len(peer.thresholds) // 2],))

    def cost() -> float:
        answers = peers.ask(middle, signals)
        if answers is None:
            raise RuntimeError(f"{peer.title} took more than {peers.LONGEST_S:g} s; give it less than a half hour")
        return answers[0].cpu_s

    return cost


def section(measured: OtherRules) -> Section:
    """The table of rules."""
    rows = [_row(title, measured.hours, comparison) for title, comparison in measured.rules.items()]
    header = ["rule", f"CPU s for {NIGHT_HOURS} h", "times sosfilt"]
    text = f"""{TARGET.title}, {measured.hours:g} h measured and scaled to {NIGHT_HOURS} h. Ours is everything from the
integers on. The others' is their own work alone, at one threshold: they get the EMG filtered and scaled, the plain
rules and NeuroKit2 its RMS. How right they are is told by `make accuracy`.

{markdown.table(header, rows)}"""
    return Section("Beside other rules", "\n\n".join(filter(None, (text, measured.missing))))


def _row(title: str, hours: float, comparison: Comparison) -> list[str]:
    seconds = statistics.median(comparison.work_s) * NIGHT_HOURS / hours
    return [title, f"{seconds:.3f}", comparison.text]
