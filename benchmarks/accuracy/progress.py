"""How far the benchmark is, on standard error."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Progress(AbstractContextManager["Progress"]):
    """A bar for each of the benchmark's parts, shown from the moment it begins."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Bars(*columns, console=Console(stderr=True))

    def of(self, part: str) -> Callable[[int, int], None]:
        """What tells this part's bar how many are done of how many."""
        bar = self._bars.add_task(part, total=None)
        return lambda done, total: self._bars.update(bar, completed=done, total=total)

    def __enter__(self) -> "Progress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
