"""Whether somebody has set the clock: a person, the network's time, a machine that was woken."""

from collections.abc import Callable

from collector.contract.messages import NS

STEP_S = 2.0
"""What is set by less changes no grace and no ring to speak of; a clock that is slewed never jumps so far."""


class ClockSteps:
    """Compares the time of day, `now_ns`, with a clock that nobody sets, `steady_ns`.

    Linux's `time.monotonic_ns` stands still while the machine sleeps, so that to be woken looks like a clock set
    forward. It is to be taken alike: nobody could be heard meanwhile, so nobody was silent, and what was to be heard
    for a while was not heard meanwhile.
    """

    def __init__(self, now_ns: Callable[[], int], steady_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._steady_ns = steady_ns
        self._ahead_ns = self._measured_ns()

    def step_ns(self) -> int:
        """By how much the time of day was set since the last call; 0 if it was not, negative if it was set back."""
        before_ns, self._ahead_ns = self._ahead_ns, self._measured_ns()
        step_ns = self._ahead_ns - before_ns
        return step_ns if abs(step_ns) > STEP_S * NS else 0

    def _measured_ns(self) -> int:
        return self._now_ns() - self._steady_ns()
