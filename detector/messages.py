"""The `event` message: an event, and what whoever passes it on needs beside it."""

import msgspec

from collector.contract.messages import TimeNs
from detector import texts
from detector.events import Event


class EventMessage(Event, frozen=True, kw_only=True):
    """An event as it is published; a later message with the same `id` replaces the earlier one."""

    v: int = 1
    late: bool
    """Found in data that came too late to help: for the record, not for the ear."""
    text: str
    t_ns: TimeNs
    """When this was said, by the clock that dated the samples."""


def event_message(event: Event, *, late: bool, t_ns: int) -> EventMessage:
    """The message for an event's present stage."""
    told = {"confirmed": texts.alert, "ended": texts.over, "rejected": texts.rejected}
    return EventMessage(**msgspec.structs.asdict(event), late=late, text=told[event.stage](event), t_ns=t_ns)


def decided_ns(event: Event) -> int:
    """The sample time at which an event reached its present stage, as near as the event tells it."""
    return max(event.suspected_ns, event.alerted_ns or 0, event.end_ns or 0)
