"""How far a collector's clock is behind ours: for an alert in time two computers need not tell the same time."""

from collector.contract.messages import NS

STEADY_S = 15.0
"""Two readings that lie this far apart for the collector have to agree: more than one of its 10 s between them."""
AGREE_S = 5.0
"""A network delays by less; messages that waited in a broker and now come twice as fast as they were sent differ by
more."""


TELL_S = 60.0
"""A difference that a person should know of: what is told of a night by the minute would be wrong."""


class CollectorClock:
    """Compares clocks by the collector's `health` messages, which say when they were sent.

    `behind_ns` is to be added to its times to make them ours; 0 until it is known. A message that comes late looks like
    a clock that is behind, so a reading counts once another confirms it: a clock stays behind, a backlog catches up.
    """

    def __init__(self) -> None:
        self.behind_ns = 0
        self._told_ns = 0
        self._last: tuple[int, int] | None = None  # when it was sent, and how far that was behind

    def heard(self, sent_ns: int, now_ns: int) -> float | None:
        """A message was sent at `sent_ns` by the collector's clock, and has come at `now_ns` by ours.

        Gives the seconds by which the collector's clock is ahead of ours when that is news for a person.
        """
        behind_ns = now_ns - sent_ns
        last_ns, last_behind_ns = self._last or (sent_ns, behind_ns)
        if self._last and 0 <= sent_ns - last_ns < STEADY_S * NS:
            return None
        if self._last and abs(behind_ns - last_behind_ns) <= AGREE_S * NS:
            self.behind_ns = min(behind_ns, last_behind_ns)  # the one that was delayed less
        self._last = sent_ns, behind_ns
        if abs(self.behind_ns - self._told_ns) < TELL_S * NS:
            return None
        self._told_ns = self.behind_ns
        return -self.behind_ns / NS
