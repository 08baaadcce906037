"""Many recordings scored side by side: one process each, and no recording stands in another's way."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import NamedTuple

from collector.contract.channel_roles import Choice
from collector.contract.errors import ContractError
from collector.contract.recording import duration_s
from collector.contract.recordings import open_recording
from detector.score import Score, score_recording
from detector.settings import DetectorSettings


class Failure(NamedTuple):
    """Why a recording could not be scored, in one line that begins with its name."""

    reason: str


class Outcome(NamedTuple):
    """What became of one recording."""

    path: Path
    result: Score | Failure


def score_files(
    paths: Sequence[Path],
    choice: Choice,
    settings: DetectorSettings,
    workers: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Outcome]:
    """Score recordings, yielding each as it is finished; `progress` is told the finished share of all.

    With more than one worker each recording has a process to itself, so that one that kills its process (out of
    memory, say) fails alone.
    """
    if workers == 1 or len(paths) == 1:
        for k, path in enumerate(paths):
            yield _outcome(path, choice, settings, partial(_tell_share, progress, k, len(paths)))
        return
    for done, outcome in enumerate(_in_processes(paths, choice, settings, workers), start=1):
        progress(done / len(paths))
        yield outcome


def _tell_share(progress: Callable[[float], None], done: int, total: int, share: float) -> None:
    progress((done + share) / total)


def _in_processes(paths: Sequence[Path], choice: Choice, settings: DetectorSettings, workers: int) -> Iterator[Outcome]:
    left = dict.fromkeys(paths)
    try:
        with _pool(workers) as pool:
            for future in as_completed([pool.submit(_outcome, path, choice, settings) for path in paths]):
                outcome = future.result()
                del left[outcome.path]
                yield outcome
    except (BrokenProcessPool, OSError):
        # A process that dies takes the whole pool with it: what is left is tried again, each alone. When it dies while
        # work is still being handed out, Python says "handle is closed" instead; no worker lets an OSError out.
        for path in left:
            yield _alone(path, choice, settings)


def _alone(path: Path, choice: Choice, settings: DetectorSettings) -> Outcome:
    try:
        with _pool(1) as pool:
            return pool.submit(_outcome, path, choice, settings).result()
    except BrokenProcessPool:
        reason = f"{path.name}: the process that scored it was killed; was there enough memory?"
        return Outcome(path, Failure(reason))


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork copies locks that other threads hold, and hangs on them.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _outcome(
    path: Path,
    choice: Choice,
    settings: DetectorSettings,
    progress: Callable[[float], None] = lambda share: None,
) -> Outcome:
    try:
        recording = open_recording(path, choice)
        length_s = duration_s(recording)
        score = score_recording(recording, settings, lambda seconds: progress(seconds / length_s))
    except ContractError as error:
        return Outcome(path, Failure(str(error)))
    except Exception as error:  # a fault of ours in one of a thousand recordings must not cost the others
        return Outcome(path, Failure(f"{path.name}: failed unexpectedly, please report it ({error!r})"))
    return Outcome(path, score)
