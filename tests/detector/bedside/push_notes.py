"""Notes as the bedside writes them."""

from typing import Any

from collector.contract.messages import NS
from detector.bedside.push_queue import PushNote

EVENING_NS = 1_795_212_000 * NS  # 2026-11-20 22:00:00 UTC: date -u -d '2026-11-20 22:00' +%s


def at(seconds: float) -> int:
    """So many seconds after ten in the evening."""
    return EVENING_NS + round(seconds * NS)


def alert(subject: str = "e1", seconds: float = 0.0, **other: Any) -> PushNote:
    """A possible cramp, told at once."""
    fields: dict[str, Any] = {
        "subject": subject,
        "stage": "confirmed",
        "audience": "first",
        "kind": "cramp",
        "wearer": "p1",
        "site": "left_calf",
        "title": f"alert {subject}",
        "text": "Straighten your leg.",
        "t_ns": at(seconds),
    }
    return PushNote(**(fields | other))


def over(subject: str = "e1", seconds: float = 30.0, **other: Any) -> PushNote:
    """The quiet end of it, for whom it was told."""
    return alert(subject, seconds, **({"stage": "ended", "audience": "told", "title": f"over {subject}"} | other))


def fault(subject: str = "f1", seconds: float = 0.0, **other: Any) -> PushNote:
    """Something is wrong."""
    return alert(subject, seconds, **({"kind": "fault", "title": f"fault {subject}"} | other))
