"""One site may carry several electrodes: a cramp that several of them see is one event, not several."""

from collections.abc import Iterable, Mapping

import msgspec

from detector.events import Event


class SiteEvents:
    """Merges what the channels report, in the order in which it was decided.

    The first channel to confirm gives the event its identity; others that confirm while it lasts prolong it.
    """

    def __init__(self) -> None:
        self.event: Event | None = None  # the confirmed event that is going on
        self.active: list[str] = []  # the channels' own event ids still going on in it
        self.last: Event | None = None  # of those that have ended, the one that lasted longest

    def merge(self, events: Iterable[Event]) -> list[Event]:
        """The site's events out of the channels'."""
        return [merged for event in events if (merged := self._merge(event)) is not None]

    def _merge(self, event: Event) -> Event | None:
        if event.stage == "confirmed":
            return self._begin(event)
        if event.stage == "ended":
            return self._end(event)
        # While a cramp is going on, what another electrode sees of it is no news.
        return None if self.event is not None else event

    def _begin(self, event: Event) -> Event | None:
        self.active.append(event.id)
        if self.event is not None:
            return None
        self.event = event
        return event

    def _end(self, event: Event) -> Event | None:
        self.active.remove(event.id)
        if self.last is None or (event.end_ns or 0) > (self.last.end_ns or 0):
            self.last = event
        if self.event is not None and event.id == self.event.id:
            self.event = event
        if self.active or self.event is None:
            return None
        ended = msgspec.structs.replace(self.event, stage="ended", end_ns=self.last.end_ns)
        self.event, self.last = None, None
        return ended

    def state(self) -> dict[str, object]:
        """What is going on, for a snapshot."""
        return {
            "event": msgspec.to_builtins(self.event),
            "active": list(self.active),
            "last": msgspec.to_builtins(self.last),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave."""
        self.event = msgspec.convert(state["event"], Event | None)
        self.active = msgspec.convert(state["active"], list[str])
        self.last = msgspec.convert(state["last"], Event | None)
