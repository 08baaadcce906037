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
EXCUSED_PACKET_TIMES = 3
"""For a stream that was subscribed anew after it had been silent for all that time."""
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
        self._excused: set[StreamKind] = set()

    def heard(self, stream: StreamKind, count: int, arrival_ns: int) -> None:
        """A packet of `count` samples has come."""
        self._last_ns[stream] = arrival_ns
        self._packet[stream] = count
        self._heard.add(stream)
        self._given_up.discard(stream)
        self._excused.discard(stream)

    def last_ns(self) -> int | None:
        """The arrival of the last packet of this connection."""
        return max(self._last_ns[stream] for stream in self._heard) if self._heard else None

    def excuse(self, stream: StreamKind, now_ns: int) -> None:
        """Something was done for a silent stream over the same link, which shows soon whether it helps."""
        self._last_ns[stream] = now_ns
        self._excused.add(stream)

    def excused(self, stream: StreamKind) -> bool:
        """Whether that was done, and has not helped yet."""
        return stream in self._excused

    def well(self, now_ns: int) -> bool:
        """Whether this connection has delivered, and every stream is as it should be."""
        return bool(self._heard) and not self._excused and not self.silent(now_ns)

    def silent(self, now_ns: int) -> list[StreamKind]:
        """The streams that have been silent for too long."""
        return [kind for kind in self._rates if now_ns - self._last_ns[kind] > self._limit_s(kind) * NS]

    def stalled(self, now_ns: int) -> StreamKind | None:
        """A stream that has been silent for too long, if the link should be made anew for it."""
        silent = self.silent(now_ns)
        urgent = [kind for kind in silent if kind not in self._given_up]
        nothing_left = len(silent) == len(self._rates) and bool(silent)
        return next(iter(urgent), silent[0] if nothing_left else None)

    def give_up(self, stream: StreamKind) -> None:
        """The link is made anew for a silent stream: if that was so from its beginning, it is for the last time."""
        if stream not in self._heard:
            self._given_up.add(stream)

    def _limit_s(self, stream: StreamKind) -> float:
        least = LEAST_LIMIT_S if stream in self._heard else FIRST_LIMIT_S
        packet_times = EXCUSED_PACKET_TIMES if stream in self._excused else PACKET_TIMES
        return max(least, packet_times * self._packet.get(stream, 1) / self._rates[stream])
