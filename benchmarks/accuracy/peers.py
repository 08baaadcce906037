"""Onset detectors that others have published, run in their own virtual environment over the same nights."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.accuracy.nights import BenchmarkNight, write
from benchmarks.accuracy.plain_rules import PLAIN_RULES, PlainRule
from benchmarks.accuracy.rules import RuleNight
from benchmarks.accuracy.run import Cache, NightTruth, keep
from benchmarks.accuracy.signals import Signal, night_emg, save_in_units_of_rest
from benchmarks.accuracy.sources import ROOT, digest, source_hash

PYTHON = ROOT / ".venv-peers/bin/python"
WORKER = Path(__file__).with_name("peers_worker.py")
SOURCES = ("benchmarks.accuracy.peers_worker", "benchmarks.accuracy.plain_rules")
LONGEST_S = 1800.0
"""A method that takes longer for a night with all its thresholds is stopped and told so."""


class Peer(NamedTuple):
    """A published method: its name in the worker and on the page, and the thresholds to choose from.

    Thresholds are in the method's own unit; signals are in multiples of the resting RMS.
    """

    name: str
    title: str
    thresholds: tuple[float, ...]


PUBLISHED = (
    # (moving average of the rectified signal - its mean at rest) / its deviation at rest: 2 x rest RMS gives 1.3.
    Peer("hodges_bui", "BioSPPy hodges_bui", (0.5, 0.8, 1.3, 2.0, 3.0, 5.0)),
    # The sum of two squares over the variance: 2 at rest.
    Peer("bonato", "BioSPPy bonato", (2.0, 4.0, 8.0, 16.0)),
    # The moving average itself: 0.8 at rest.
    Peer("silva", "BioSPPy silva", (1.0, 1.2, 1.7, 2.4, 3.5)),
    Peer("lidierth", "BioSPPy lidierth", (0.8, 1.3, 2.0, 3.0, 5.0)),
    # The envelope: 1 at rest.
    Peer("neurokit_threshold", "NeuroKit2 threshold", (1.3, 1.5, 1.8, 2.2, 2.7, 3.5)),
    # A probability.
    Peer("neurokit_mixture", "NeuroKit2 mixture", (0.33, 0.7, 0.95, 0.999)),
)


class Activity(msgspec.Struct, frozen=True):
    """What a rule found at one threshold, and the processor time that took."""

    threshold: float
    intervals: list[tuple[float, float]]
    cpu_s: float


class Found(msgspec.Struct, frozen=True):
    """Everything that rules other than ours saw in a night: by rule, then one Activity a threshold.

    A rule that was stopped is missing.
    """

    duration_s: float
    truth: NightTruth
    activities: dict[str, list[Activity]]


class _Answer(msgspec.Struct, frozen=True):
    """What the worker prints for one threshold."""

    intervals: list[tuple[float, float]]
    cpu_s: float


def find(
    nights: Iterable[BenchmarkNight],
    peers: Sequence[Peer],
    cache: Cache,
    workers: int,
    progress: Callable[[int, int], None],
) -> list[Found]:
    """What each rule sees in each night; nights done before are not done again."""
    # Threads: the work is done by the processes that they wait for.
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_in_night, night, peers, cache) for night in nights]
        for done, _ in enumerate(as_completed(futures), start=1):
            progress(done, len(futures))
        return [future.result() for future in futures]


def rule_nights(found: Iterable[Found], title: str) -> list[RuleNight]:
    """One rule's view of the nights that it came to the end of."""
    return [
        RuleNight(night.duration_s, night.truth, {a.threshold: a.intervals for a in night.activities[title]})
        for night in found
        if title in night.activities
    ]


def titles(peers: Iterable[Peer] = PUBLISHED) -> list[str]:
    """The plain rules, then the published ones."""
    return [*PLAIN_RULES, *(peer.title for peer in peers)]


def _in_night(night: BenchmarkNight, peers: Sequence[Peer], cache: Cache) -> Found:
    file = cache.file(f"rules-{source_hash(*SOURCES)}", f"{cache.night_key(night)}-{digest(repr(peers))}.json")
    if not file.is_file():
        keep(file, _find_in_night(night, peers))
    return msgspec.json.decode(file.read_bytes(), type=Found)


def _find_in_night(night: BenchmarkNight, peers: Sequence[Peer]) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        recording, truth_file = write(night, Path(folder))
        truth = msgspec.json.decode(truth_file.read_bytes(), type=NightTruth)
        emg = night_emg(recording)
        activities = {}
        for title, (choices, rule) in PLAIN_RULES.items():
            activities[title] = [_timed(rule, emg.envelope_uv, threshold) for threshold in choices]
        signals = Path(folder) / "signals.npz"
        save_in_units_of_rest(emg, signals)
        for peer in peers:
            if (activity := ask(peer, signals)) is not None:
                activities[peer.title] = activity
    return Found(emg.duration_s, truth, activities)


def _timed(rule: PlainRule, envelope_uv: Signal, threshold: float) -> Activity:
    started = time.thread_time()
    intervals = rule(envelope_uv, threshold)
    return Activity(threshold, list(intervals), time.thread_time() - started)


def ask(peer: Peer, signals: Path) -> list[Activity] | None:
    """What one method finds in the signals at each of its thresholds; None when that took too long.

    Raises RuntimeError with what the method said when it failed.
    """
    command = [str(PYTHON), str(WORKER), str(signals), peer.name, *map(str, peer.thresholds)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=True)
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{peer.title} failed: {error.stderr.decode()[-2000:]}") from error
    answers = msgspec.json.decode(done.stdout, type=list[_Answer])
    pairs = zip(peer.thresholds, answers, strict=True)
    return [Activity(threshold, answer.intervals, answer.cpu_s) for threshold, answer in pairs]
