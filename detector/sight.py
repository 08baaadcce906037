"""What the detector sees at one place: a leg at rest, a candidate, a cramp, or nothing at all."""

from typing import Literal

import msgspec

from collector.contract.messages import NS, TimeNs
from collector.contract.nights import Interval
from detector import texts
from detector.events import Event
from detector.frame_rows import unwatched
from detector.frames import CAUSES, Frames, Quality

Blindness = Literal["missing", "clipped", "flat", "mains", "learning"]
"""Why no channel can be judged; each is a Quality."""
_BLINDNESS: dict[str, Blindness] = {
    CAUSES[Quality.MISSING]: "missing",
    CAUSES[Quality.CLIPPED]: "clipped",
    CAUSES[Quality.FLAT]: "flat",
    CAUSES[Quality.MAINS]: "mains",
    CAUSES[Quality.LEARNING]: "learning",
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The retained `watch` message. OFFLINE: nobody would be alerted now; `text` says why.

    It comes whenever it changes, and every 10 s while a session is watched: a detector that falls silent is gone.
    `judged_ns` is the last sample that was looked at; None before the first. `blind` says why nothing can be judged at
    present; `blind_since_ns` is since when nothing can, whatever was the cause at first. `t_ns` is when this was said,
    by the clock that dated the samples, so that `t_ns - judged_ns` is how far behind the detector is.
    """

    v: int = 1
    state: Literal["WATCHING", "CANDIDATE", "ALERT", "OFFLINE"]
    since_ns: TimeNs
    event_id: str | None = None
    text: str
    judged_ns: TimeNs | None = None
    blind: Blindness | None = None
    blind_since_ns: TimeNs | None = None
    t_ns: TimeNs = 0


class Sight(msgspec.Struct, kw_only=True):
    """Follows the events of one session: an alert stands as long as its contraction, and hides any suspicion."""

    since_ns: int
    open: dict[str, Event] = {}
    judged_ns: int | None = None
    blind: Blindness | None = None
    blind_since_ns: int | None = None

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

    def frames(self, frames: Frames) -> None:
        """Take note of how far the signal was judged, and whether it can be at the end of these frames."""
        begin_ns, self.judged_ns = self.judged_ns, int(frames.t_ns[-1])
        stretches = list(unwatched(frames))
        if not stretches or stretches[-1].end_ns < self.judged_ns:
            self.blind = self.blind_since_ns = None
            return
        before, self.blind = self.blind, _BLINDNESS[stretches[-1].label]
        gap_ns = round(frames.step_s * NS / 2)  # a frame that could be judged is longer
        since_ns = _begin_ns(stretches, gap_ns)
        is_unbroken = begin_ns is not None and since_ns - begin_ns < gap_ns
        if not (before and is_unbroken and (before == "learning") == (self.blind == "learning")):
            self.blind_since_ns = since_ns

    def seen(self) -> Seen:
        """What to show while data arrive in time."""
        return msgspec.structs.replace(
            self._events_seen(), judged_ns=self.judged_ns, blind=self.blind, blind_since_ns=self.blind_since_ns
        )

    def _events_seen(self) -> Seen:
        alert = next((event for event in self.open.values() if event.alerted_ns is not None), None)
        if alert:
            since_ns = alert.alerted_ns or alert.suspected_ns
            return Seen(state="ALERT", since_ns=since_ns, event_id=alert.id, text=texts.alert(alert))
        candidate = next(iter(self.open.values()), None)
        if candidate:
            since_ns = candidate.suspected_ns
            return Seen(state="CANDIDATE", since_ns=since_ns, event_id=candidate.id, text=texts.CANDIDATE)
        return Seen(state="WATCHING", since_ns=self.since_ns, text=texts.WATCHING)


def _begin_ns(stretches: list[Interval], gap_ns: int) -> int:
    """When the last of them began, or the first that it goes on from; to learn is another thing than to be blind."""
    *earlier, last = stretches
    begin_ns = last.start_ns
    for stretch in reversed(earlier):
        if begin_ns - stretch.end_ns >= gap_ns or _is_learning(stretch.label) != _is_learning(last.label):
            break
        begin_ns = stretch.start_ns
    return begin_ns


def _is_learning(label: str) -> bool:
    return _BLINDNESS[label] == "learning"


def offline(since_ns: int, text: str) -> Seen:
    """What to show while nobody watches, and why."""
    return Seen(state="OFFLINE", since_ns=since_ns, text=text)
