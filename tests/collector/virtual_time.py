"""An event loop whose clock jumps to the next timer instead of waiting for it: eight hours in a minute."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from collector.contract.messages import NS
from collector.time_source import HostTime

P = ParamSpec("P")


class _Skipping(selectors.DefaultSelector):
    """Counts the time that would have been waited."""

    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self.skipped_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Nothing takes time in it but sleeping; what goes to a thread elsewhere is done on the spot."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """The time that has been slept."""
        return self._skipping.skipped_s

    def sleep_through(self, seconds: float) -> None:
        """The computer is suspended: when it wakes up, timers are late."""
        self._skipping.skipped_s += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]  # typeshed has a type variable tuple here
        """Done at once: a thread would take real time, while this loop's went on."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def now_s() -> float:
    """The virtual time of the running loop."""
    return asyncio.get_running_loop().time()


def in_virtual_time(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Runs an asynchronous test in a loop of virtual time."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


class VirtualHost:
    """A host's clocks over the running loop's time; `step` is what NTP does to the wall clock."""

    def __init__(self, start_ns: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._wall_ns = start_ns - self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return round(self._loop.time() * NS)

    def wall_ns(self) -> int:
        return self._wall_ns + self.monotonic_ns()

    def step(self, seconds: float) -> None:
        self._wall_ns += round(seconds * NS)

    def time(self) -> HostTime:
        return HostTime(self.wall_ns, self.monotonic_ns)
