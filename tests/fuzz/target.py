"""What is fuzzed: where inputs go in, what may come out, and how a run of inputs is counted."""

import logging
import random
import signal
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

ACCEPTED = "accepted"
HANG_S = 60
"""An input that keeps a program busy for as long is a defect like a crash; all are done in milliseconds."""


class Trial(Protocol):
    """One place where inputs go in, ready to be used again and again."""

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """The project's own errors with which an input may be turned away here."""

    def make(self, rng: random.Random) -> bytes:
        """An input; everything about it follows from `rng`, or from the inputs before it."""

    def put(self, data: bytes) -> str:
        """Put it in; returns what became of it, raises a refusal, or whatever else: that is a defect then."""


class Target(NamedTuple):
    """A kind of input from outside. State is new at the beginning of each `chunk` of inputs."""

    name: str
    about: str
    share: float
    chunk: int
    open: Callable[[Path], AbstractContextManager[Trial]]


class Crash(NamedTuple):
    """An input that was neither accepted nor refused by name."""

    target: str
    number: int
    data: bytes
    trace: str


@dataclass
class Tally:
    """What became of a number of inputs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: list[Crash] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        """How many there were."""
        return self.outcomes.total() + len(self.crashes)

    def add(self, other: "Tally") -> None:
        """Count another one's inputs with this one's."""
        self.outcomes += other.outcomes
        self.crashes += other.crashes


class Hang(Exception):
    """An input took longer than any may."""


def put_chunk(target: Target, seed: int, number: int, size: int, folder: Path) -> Tally:
    """Make and put the inputs of one chunk, `number * target.chunk` and those behind it.

    Input `index` of a target follows from the seed and the index, and where there is state from those before it in its
    chunk. What fails at the chunk's end, when the target looks back at all of them, is put down to the last one.
    """
    tally, data = Tally(), b""
    index = first = number * target.chunk
    try:
        with _quiet(), target.open(folder) as trial:
            for index in range(first, first + size):
                data = trial.make(random.Random(f"{target.name}/{seed}/{index}"))
                _put(trial, target, index, data, tally)
    except Exception:
        tally.crashes.append(Crash(target.name, index, data, traceback.format_exc()))
    return tally


def _put(trial: Trial, target: Target, index: int, data: bytes, tally: Tally) -> None:
    try:
        with _watched():
            outcome = trial.put(data)
    except trial.refusals as refusal:
        outcome = type(refusal).__name__
    except Exception:
        tally.crashes.append(Crash(target.name, index, data, traceback.format_exc()))
        return
    tally.outcomes[outcome] += 1


@contextmanager
def _watched() -> Iterator[None]:
    """Raises Hang within what takes too long. Only a process's main thread can be watched that way."""

    def stop(*_: object) -> None:
        raise Hang(f"not done after {HANG_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Refusals are counted here and not logged. A value that overflows warns, as it would in the program."""
    logging.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        logging.disable(logging.NOTSET)
