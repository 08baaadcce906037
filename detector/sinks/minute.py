"""A minute of a wearer's site: what the night feed asks the store for."""

from typing import NamedTuple

from collector.contract.topics import Place
from detector.store_changes import MINUTE_NS, MINUTE_S


class Minute(NamedTuple):
    """A minute at a place, since 1970, and as JSON lists the sessions that reach into it and their channels.

    Mostly that is one session; where one ends and the next begins within a minute, its points tell of both.
    """

    place: Place
    minute: int
    sessions: str
    channels: str

    @property
    def start_ns(self) -> int:
        """When it begins, since 1970."""
        return self.minute * MINUTE_NS

    @property
    def tags(self) -> dict[str, str]:
        """Those of a point of its place."""
        return {"wearer": self.place.wearer, "site": self.place.site}

    @property
    def seconds(self) -> tuple[str, int, int]:
        """The sessions and its seconds, the end exclusive."""
        return self.sessions, self.minute * MINUTE_S, (self.minute + 1) * MINUTE_S

    @property
    def envelopes(self) -> tuple[str, str, int, int]:
        """The sessions, their channels, and its seconds."""
        return self.sessions, self.channels, self.minute * MINUTE_S, (self.minute + 1) * MINUTE_S

    @property
    def nanoseconds(self) -> tuple[str, int, int]:
        """The sessions and its nanoseconds, the end exclusive."""
        return self.sessions, self.start_ns, self.start_ns + MINUTE_NS
