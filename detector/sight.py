"""What the detector sees at one place: a leg at rest, a candidate, a cramp, or nothing at all."""

from typing import Literal

import msgspec

from detector import texts
from detector.events import Event


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The retained `watch` message. OFFLINE: nobody would be alerted now; `text` says why."""

    v: int = 1
    state: Literal["WATCHING", "CANDIDATE", "ALERT", "OFFLINE"]
    since_ns: int
    event_id: str | None = None
    text: str


class Sight(msgspec.Struct, kw_only=True):
    """Follows the events of one session: an alert stands as long as its contraction, and hides any suspicion."""

    since_ns: int
    open: dict[str, Event] = {}

    def event(self, event: Event) -> None:
        """Take note of an event's new stage."""
        if event.stage in ("suspected", "confirmed"):
            self.open[event.id] = event
        elif event.id in self.open:
            self.since_ns = event.end_ns or event.suspected_ns
            if event.stage == "ended":
                self.open.clear()  # what other electrodes suspected meanwhile was the same contraction
            else:
                del self.open[event.id]

    def seen(self) -> Seen:
        """What to show while data arrive in time."""
        alert = next((event for event in self.open.values() if event.alerted_ns is not None), None)
        if alert:
            since_ns = alert.alerted_ns or alert.suspected_ns
            return Seen(state="ALERT", since_ns=since_ns, event_id=alert.id, text=texts.alert(alert))
        candidate = next(iter(self.open.values()), None)
        if candidate:
            since_ns = candidate.suspected_ns
            return Seen(state="CANDIDATE", since_ns=since_ns, event_id=candidate.id, text=texts.CANDIDATE)
        return Seen(state="WATCHING", since_ns=self.since_ns, text=texts.WATCHING)


def offline(since_ns: int, text: str) -> Seen:
    """What to show while nobody watches, and why."""
    return Seen(state="OFFLINE", since_ns=since_ns, text=text)
