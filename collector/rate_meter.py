"""How many samples of a stream arrive, against how many should."""

from collector.contract.messages import NS

WINDOW_S = 10.0
"""Health is told this often."""
LEAST_SAMPLES = 20
"""A window holds at least so many samples where none is lost: one more or less is then 5 %."""


class RateMeter:
    """Counts in windows of fixed length from the first packet on; the last complete one is what is told."""

    def __init__(self, rate_hz: float) -> None:
        self._window_ns = round(max(WINDOW_S, LEAST_SAMPLES / rate_hz) * NS)
        self._expected = rate_hz * self._window_ns / NS
        self._began_ns: int | None = None
        self._count = 0
        self._share: float | None = None

    def heard(self, count: int, now_ns: int) -> None:
        """So many samples have arrived."""
        if self._began_ns is None:
            self._began_ns = now_ns
        if windows := (now_ns - self._began_ns) // self._window_ns:
            self._share = self.share(now_ns)
            self._count = 0
            self._began_ns += windows * self._window_ns
        self._count += count

    def share(self, now_ns: int) -> float | None:
        """Samples received per sample expected; None before the first window is complete. From any thread."""
        windows = 0 if self._began_ns is None else (now_ns - self._began_ns) // self._window_ns
        if not windows:
            return self._share
        return round(self._count / self._expected, 3) if windows == 1 else 0.0
