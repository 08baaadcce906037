"""What other processes take: processor time and memory, as Linux tells it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class ProcessCost(NamedTuple):
    """A process with all its threads since its start: CPU seconds; and its memory now, in MB.

    Memory is what it has for itself: pages shared with others, of libraries, would change with who else runs.
    """

    cpu_s: float
    memory_mb: float


def told() -> bool:
    """Whether the system tells it."""
    return (PROC / "self/smaps_rollup").is_file()


def process_cost(pid: int) -> ProcessCost:
    """What a process has taken so far; raises OSError when it is gone."""
    return ProcessCost(cpu_s(pid), memory_mb(pid))


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, in the kernel and out of it; raises OSError when it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def memory_mb(pid: int) -> float:
    """The private pages; raises OSError when the process is gone."""
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    private = [int(line.split()[1]) for line in lines if line.startswith("Private_")]
    if not private:
        raise ProcessLookupError(f"process {pid} has no memory any more")
    return sum(private) * 1024 / 1e6


def child(name: str) -> int:
    """The process id of this process's child of that name; raises LookupError when there is none."""
    for pid in _children(os.getpid()):
        if (PROC / str(pid) / "comm").read_text().strip() == name:
            return pid
    raise LookupError(f"no {name} was started from here")


def _children(parent: int) -> Iterator[int]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                if int(_stat(int(entry.name))[1]) == parent:
                    yield int(entry.name)
            except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
                continue


def _stat(pid: int) -> list[str]:
    """The fields behind the name, which may itself hold blanks and brackets: state, parent, ..."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
