"""How much memory a process takes, and processes that do nothing else."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")

STATUS = Path("/proc/self/status")


class Resident(NamedTuple):
    """A process's resident memory in MB: the most it ever was, and what it was at the end."""

    peak_mb: float
    end_mb: float


def told() -> bool:
    """Whether the system tells it."""
    return STATUS.is_file()


def resident() -> Resident:
    """This process's memory."""
    # Not ru_maxrss, which a process inherits from the one that started it.
    fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    peak, end = (int(fields[name].split()[0]) / 1024 for name in ("VmHWM", "VmRSS"))
    return Resident(peak, end)


def in_fresh_process(work: Callable[..., Result], *arguments: object) -> Result:
    """Do some work in a process that has done nothing before."""
    # Spawned: a forked process would start with what this one has in memory.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()
