"""What is due again and again."""

from collector.contract.messages import NS


class Recurring:
    """Due at once, and then every so many seconds. A clock that is set, to whichever side, does not hold it up."""

    def __init__(self, seconds: float) -> None:
        self._period_ns = round(seconds * NS)
        self._last_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """Whether it is; then it is due again after its period."""
        if self._last_ns is not None and abs(now_ns - self._last_ns) < self._period_ns:
            return False
        self._last_ns = now_ns
        return True

    def put_off(self, now_ns: int) -> None:
        """It is due after its period from now."""
        self._last_ns = now_ns

    def bring_forward(self) -> None:
        """It is due at once."""
        self._last_ns = None
