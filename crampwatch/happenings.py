"""The events of the nights, for whoever wants to say something about one of them."""

from collector.contract.topics import Place
from crampwatch.config import Config
from crampwatch.errors import UserError
from detector.events import Event
from detector.store import NightStore
from detector.store_schema import BadStore

EVER = (0, 2**63 - 1)
NOT_THERE = "{}; `crampwatch diary` lists what there is"


def events(config: Config, places: list[Place], span_ns: tuple[int, int] = EVER) -> list[Event]:
    """The alerts and candidates of these places within a span, in order of onset; none where there is no store yet."""
    if not config.store.is_file():
        return []
    try:
        with NightStore(config.store, read_only=True) as store:
            return [event for event in store.events(*span_ns) if Place(event.wearer, event.site) in places]
    except BadStore as error:
        raise UserError(str(error)) from error


def event_meant(config: Config, beginning: str | None, places: list[Place]) -> Event:
    """The event with this beginning of its id, or the latest alert; raises UserError when it is not known."""
    known = events(config, places)
    if beginning is None:
        alerts = [event for event in known if event.was_alert]
        if not alerts:
            raise UserError(NOT_THERE.format("no alert was raised yet"))
        return alerts[-1]
    found = [event for event in known if event.id.startswith(beginning)]
    if not found:
        raise UserError(NOT_THERE.format(f"no event's id begins with {beginning!r}"))
    if len(found) > 1:
        raise UserError(f"the ids of {len(found)} events begin with {beginning!r}; write more of it")
    return found[0]
