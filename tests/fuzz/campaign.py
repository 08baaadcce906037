"""A campaign: so many inputs from one seed, over all targets, in two processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.fuzz.target import Tally, Target, put_chunk
from tests.fuzz.targets import TARGETS

PROCESSES = 2
MEMORY = Path("/dev/shm")


class Chunk(NamedTuple):
    """A run of inputs of one target that share its state."""

    target: str
    seed: int
    number: int
    size: int


def chunks(target: Target, inputs: int, seed: int) -> Iterator[Chunk]:
    """A target's share of so many inputs: one at least."""
    left, number = max(1, round(inputs * target.share)), 0
    while left > 0:
        yield Chunk(target.name, seed, number, min(left, target.chunk))
        left, number = left - target.chunk, number + 1


def run_chunk(chunk: Chunk) -> tuple[str, Tally]:
    """Put the inputs of one chunk; the target's name, and what became of them."""
    target = target_of(chunk.target)
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="crampwatch-fuzz-") as folder:
        return chunk.target, put_chunk(target, chunk.seed, chunk.number, chunk.size, Path(folder))


def target_of(name: str) -> Target:
    """The target of that name."""
    return next(target for target in TARGETS if target.name == name)


def run(inputs: int, seed: int, targets: Sequence[Target], told: Callable[[float], None]) -> dict[str, Tally]:
    """Put all inputs; `told` hears of the share that is done. A process that dies ends the campaign with an error."""
    todo = [chunk for target in targets for chunk in chunks(target, inputs, seed)]
    total, done = sum(chunk.size for chunk in todo), 0
    tallies = {target.name: Tally() for target in targets}
    # Not forked: threads of numpy's may hold locks. The dear chunks first, so that both processes end together.
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        for future in as_completed([pool.submit(run_chunk, chunk) for chunk in reversed(todo)]):
            name, tally = future.result()
            tallies[name].add(tally)
            done += tally.inputs
            told(done / total)
    return tallies


def write_crashes(tallies: dict[str, Tally], seed: int, folder: Path) -> list[Path]:
    """Each failing input as a file, and beside it what was raised."""
    written = []
    for crash in (crash for tally in tallies.values() for crash in tally.crashes):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{crash.target.replace(' ', '-')}-{seed}-{crash.number}"
        path.write_bytes(crash.data)
        path.with_name(f"{path.name}.txt").write_text(crash.trace)
        written.append(path)
    return written
