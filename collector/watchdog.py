"""Notices when a link has fallen silent, because Bluetooth stacks do not.

With bluetoothd gone, bleak 3.1 calls nobody back and `is_connected` stays true.
"""

from collections.abc import Iterable

from collector.contract.messages import NS, StreamKind
from collector.devices.profile import Stream

LEAST_LIMIT_S = 2.0
"""Radio outages of up to two seconds are everyday and heal by themselves; a reconnection takes longer than that."""
PACKET_TIMES = 20
"""This many packets in a row do not get lost by chance."""
FIRST_LIMIT_S = 10.0
"""A device may take this long from the start command to its first packet."""


class Watchdog:
    """Knows for each stream when it was last heard, and how long it may be silent.

    A stream that stays silent through a reconnection that was made for its sake is a broken sensor, not a broken link:
    it causes no further reconnections while others are heard.
    """

    def __init__(self, streams: Iterable[Stream], now_ns: int) -> None:
        self._rates = {stream.kind: stream.rate_hz for stream in streams}
        self._packet: dict[StreamKind, int] = {}
        self._given_up: set[StreamKind] = set()
        self.link_up(now_ns)

    def link_up(self, now_ns: int) -> None:
        """A connection begins."""
        self._last_ns = dict.fromkeys(self._rates, now_ns)
        self._heard: set[StreamKind] = set()

    def heard(self, stream: StreamKind, count: int, arrival_ns: int) -> None:
        """A packet of `count` samples has come."""
        self._last_ns[stream] = arrival_ns
        self._packet[stream] = count
        self._heard.add(stream)
        self._given_up.discard(stream)

    @property
    def alive(self) -> bool:
        """Whether this connection has delivered anything."""
        return bool(self._heard)

    def last_ns(self) -> int | None:
        """The arrival of the last packet of this connection."""
        return max(self._last_ns[stream] for stream in self._heard) if self._heard else None

    def stalled(self, now_ns: int) -> StreamKind | None:
        """A stream that has been silent for too long, if the link should be made anew for it."""
        silent = [kind for kind in self._rates if now_ns - self._last_ns[kind] > self._limit_s(kind) * NS]
        urgent = [kind for kind in silent if kind not in self._given_up]
        stalled = next(iter(urgent), None)
        if stalled is not None and stalled not in self._heard:
            self._given_up.add(stalled)
        nothing_left = len(silent) == len(self._rates) and bool(silent)
        return stalled or (silent[0] if nothing_left else None)

    def _limit_s(self, stream: StreamKind) -> float:
        least = LEAST_LIMIT_S if stream in self._heard else FIRST_LIMIT_S
        return max(least, PACKET_TIMES * self._packet.get(stream, 1) / self._rates[stream])
