"""Many recordings scored side by side: one process each, and no recording stands in another's way."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from collector.contract.channel_roles import Choice
from collector.contract.errors import ContractError
from collector.contract.recording import duration_s
from collector.contract.recordings import open_recording
from detector.score import Score, score_recording
from detector.settings import DetectorSettings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ATTEMPTS = 2
"""A process may be killed for what its neighbours use; killed again, it is the recording."""


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
    # A thread waits for each process. A pool of processes would share queues, and a worker killed while it holds the
    # lock of one leaves the others waiting for ever.
    with ThreadPoolExecutor(workers) as threads:
        for future in as_completed([threads.submit(_apart, path, choice, settings) for path in paths]):
            yield future.result()


def _apart(path: Path, choice: Choice, settings: DetectorSettings) -> Outcome:
    for _ in range(ATTEMPTS):
        outcome = _in_a_process(path, choice, settings)
        if outcome is not None:
            return outcome
    reason = f"{path.name}: the process that scored it was killed; was there enough memory?"
    return Outcome(path, Failure(reason))


def _in_a_process(path: Path, choice: Choice, settings: DetectorSettings) -> Outcome | None:
    """The outcome from a process of its own; None when that was killed."""
    # Spawned, not forked: a fork copies locks that other threads hold, and hangs on them.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_outcome, args=(sender, path, choice, settings))
    process.start()
    sender.close()  # the process has the only other end now: when it dies, this one sees the end of the file
    try:
        outcome: Outcome = receiver.recv()
        return outcome
    except EOFError:
        return None
    finally:
        process.join()
        receiver.close()


def _send_outcome(sender: "Connection", path: Path, choice: Choice, settings: DetectorSettings) -> None:
    sender.send(_outcome(path, choice, settings))


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
