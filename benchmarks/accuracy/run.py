"""Simulates nights and scores them, by the code path of `crampwatch score`; what was scored before is not done again.

What a cached result depends on is in its name: the night's spec, the sources that simulate it, the rule's parameters
and the sources of the detector. Anything of these changed, the night is done anew.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import msgspec
from edfio import read_edf

from benchmarks.accuracy.nights import BenchmarkNight, write
from benchmarks.accuracy.sources import digest, source_hash
from benchmarks.accuracy.variants import Variant
from collector.contract.messages import StreamKind
from collector.contract.recordings import open_recording
from detector.evaluate import Span, Truth
from detector.score import Score, score_recording

SIMULATION = (
    "collector.simulator.night",
    "collector.simulator.edf",
    "benchmarks.accuracy.other_nights",
    "benchmarks.accuracy.cramps_of_one_strength",
)
DETECTION = ("detector.score", "collector.contract.recordings")
LABELS: dict[StreamKind, str] = {"emg": "EMG", "acc": "ACC", "temp": "TEMP"}
"""How the labels of both generators' signals begin."""


class Cramp(msgspec.Struct, frozen=True):
    """A cramp as both generators' truth tells it; `ratio` is its RMS over the resting RMS."""

    onset_s: float
    end_s: float
    kind: str
    ratio: float

    @property
    def duration_s(self) -> float:
        """From onset to end."""
        return self.end_s - self.onset_s


class Interval(msgspec.Struct, frozen=True):
    """A confounder or an artefact."""

    kind: str
    onset_s: float
    end_s: float


class NightTruth(msgspec.Struct, frozen=True):
    """What happened in a simulated night."""

    cramps: list[Cramp]
    confounders: list[Interval]
    artefacts: list[Interval]

    def as_truth(self, wanted: Callable[[Cramp], bool] = lambda cramp: True) -> Truth:
        """What `evaluate` compares with; of the cramps only those `wanted`."""
        imitators = (*self.confounders, *self.artefacts)
        return Truth(
            tuple(Span(cramp.onset_s, cramp.end_s, cramp.kind) for cramp in self.cramps if wanted(cramp)),
            tuple(sorted(Span(imitator.onset_s, imitator.end_s, imitator.kind) for imitator in imitators)),
        )


class Outcome(msgspec.Struct, frozen=True):
    """A night scored by a variant of the rule (candidates left out), its truth, and the processor time it took."""

    score: Score
    truth: NightTruth
    cpu_s: float


class Job(NamedTuple):
    """A night to simulate once and to score by several variants."""

    night: BenchmarkNight
    variants: tuple[Variant, ...]


Outcomes = dict[str, dict[str, Outcome]]
"""By the variant's name, then the night's."""


class Cache:
    """Results in files under `directory`, which keeps itself out of version control."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ".gitignore").write_text("*\n")
        self._directory = directory
        self._simulation, self._detection = source_hash(*SIMULATION), source_hash(*DETECTION)

    def outcome_file(self, night: BenchmarkNight, variant: Variant) -> Path:
        """Where the outcome of a night under a variant is kept."""
        without = "".join(f"-no-{stream}" for stream in sorted(variant.without))
        folder = self._directory / f"{variant.settings.hash}-{self._detection}{without}"
        return folder / f"{self.night_key(night)}.json"

    def night_key(self, night: BenchmarkNight) -> str:
        """A name for exactly this night."""
        return f"{night.name}-{digest(repr(night.spec) + self._simulation)}"

    def file(self, *parts: str) -> Path:
        """A place for something else."""
        return self._directory.joinpath(*parts)


def run(jobs: Sequence[Job], cache: Cache, workers: int, progress: Callable[[int, int], None]) -> Outcomes:
    """The outcome of each night under each of its variants; `progress` is told how many nights of all are done."""
    todo = [job for job in (_missing(job, cache) for job in jobs) if job.variants]
    # Long nights first, so that the last ones to finish are short.
    todo.sort(key=lambda job: -job.night.spec.fs * len(job.variants))
    done = len(jobs) - len(todo)
    progress(done, len(jobs))
    # Spawned, not forked: the numbers must not depend on what this process did before.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(score_night, job, cache) for job in todo]):
            future.result()
            done += 1
            progress(done, len(jobs))
    return _read(jobs, cache)


def score_night(job: Job, cache: Cache) -> None:
    """Simulate a night and keep what each of the variants makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        recording, truth_file = write(job.night, Path(folder))
        truth = msgspec.json.decode(truth_file.read_bytes(), type=NightTruth)
        for variant in job.variants:
            outcome = _score(_without(recording, variant.without), variant, truth)
            keep(cache.outcome_file(job.night, variant), outcome)


def keep(path: Path, result: object) -> None:
    """Write a result so that it is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(msgspec.json.encode(result))
    unfinished.replace(path)


def _score(recording: Path, variant: Variant, truth: NightTruth) -> Outcome:
    started = time.process_time()
    score = score_recording(open_recording(recording), variant.settings)
    cpu_s = time.process_time() - started
    return Outcome(msgspec.structs.replace(score, candidates=[]), truth, cpu_s)


def _without(recording: Path, streams: frozenset[StreamKind]) -> Path:
    """The recording without the signals of some streams."""
    if not streams:
        return recording
    edf = read_edf(recording)
    prefixes = tuple(LABELS[stream] for stream in streams)
    edf.drop_signals([label for label in edf.labels if label.startswith(prefixes)])
    lesser = recording.with_stem(f"{recording.stem}-without-{'-'.join(sorted(streams))}")
    edf.write(lesser)
    return lesser


def _missing(job: Job, cache: Cache) -> Job:
    return job._replace(variants=tuple(v for v in job.variants if not cache.outcome_file(job.night, v).is_file()))


def _read(jobs: Iterable[Job], cache: Cache) -> Outcomes:
    outcomes: Outcomes = {}
    for job in jobs:
        for variant in job.variants:
            payload = cache.outcome_file(job.night, variant).read_bytes()
            outcome = msgspec.json.decode(payload, type=Outcome)
            outcomes.setdefault(variant.name, {})[job.night.name] = outcome
    return outcomes
