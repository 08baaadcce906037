"""Progress of long work: on a terminal a moving bar, elsewhere (in a log, say) a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

LINE_EVERY = 0.25
"""Without a terminal, a line each quarter of the way is enough to see that it is alive."""


@contextmanager
def progress(console: Console, label: str) -> Iterator[Callable[[float], None]]:
    """Show the progress of one piece of work; call what is yielded with the finished share, 0 to 1."""
    if console.is_terminal:
        with bars(console) as shown:
            task = shown.add_task(label, total=1.0)
            yield lambda share: shown.update(task, completed=share)
    else:
        yield _lines(console, label)


def bars(console: Console) -> Progress:
    """A set of bars in the project's one style."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), console=console
    )


def _lines(console: Console, label: str) -> Callable[[float], None]:
    told = -1

    def tell(share: float) -> None:
        nonlocal told
        step = int(share / LINE_EVERY)
        if step > told:
            told = step
            console.print(f"{label}: {step * LINE_EVERY:.0%}", highlight=False)

    return tell
