"""What has to be done again and again while a link streams: read the battery, keep the device awake, read values."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from collector.contract.messages import NS


@dataclass
class Chore:
    """One of them, and when it is due next."""

    every_s: float
    do: Callable[[], Awaitable[None]]
    due_ns: int = 0


class Chores:
    """Done one after the other, each when it is due; all are due at once in the beginning."""

    def __init__(self, chores: Iterable[Chore]) -> None:
        self._chores = tuple(chores)

    async def do_due(self, now_ns: int) -> None:
        """Do what is due; raises what a chore raises."""
        for chore in self._chores:
            if now_ns >= chore.due_ns:
                chore.due_ns = now_ns + round(chore.every_s * NS)
                await chore.do()
