"""When to ask the collector for blocks again: at once for a new hole, then only when nothing has moved for a while."""

from collector.contract.messages import StreamKind


class ReplayRequests:
    """The requests of one session. `now_s` is any clock that only moves forward."""

    def __init__(self, ask_again_s: float) -> None:
        self._ask_again_s = ask_again_s
        self._missing: dict[StreamKind, int] = {}
        self._moved_s = 0.0

    def asked(self, missing: dict[StreamKind, int], now_s: float) -> None:
        """Everything has just been asked for."""
        self._missing, self._moved_s = missing, now_s

    def due(self, missing: dict[StreamKind, int], now_s: float) -> bool:
        """Whether to ask for these blocks now."""
        appeared = bool(missing) and not self._missing
        if missing != self._missing:
            self._missing, self._moved_s = missing, now_s
        stuck = bool(missing) and now_s - self._moved_s >= self._ask_again_s
        if stuck:
            self._moved_s = now_s
        return appeared or stuck
