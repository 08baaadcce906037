"""What has just happened, said once: the `news` message, for those who act on it rather than look at it.

`state` is retained and repeated every minute. An automation that hung on it would act again at every repetition, and
whenever it starts. News are neither retained nor repeated.
"""

from typing import Literal

import msgspec

from detector.alarm.messages import VERSION, AlarmState

What = Literal["cramp", "fault", "unanswered"]


class News(msgspec.Struct, frozen=True, kw_only=True):
    """The `news` message. cramp, fault: it sounds from now on; unanswered: an alert passed and nobody answered."""

    v: int = VERSION
    what: What
    text: str
    event_id: str | None = None
    t_ns: int


def news(before: AlarmState | None, after: AlarmState) -> list[News]:
    """What is new in a state against the one before; None: nothing was ever told.

    Only what sounds is news, so that a snooze, a mute, being disarmed and the silent mode hold for automations too.
    """
    found = [
        *(_cramp(before, after)),
        *(_fault(before, after)),
        *(_unanswered(before, after)),
    ]
    return [News(what=what, text=text, event_id=after.event_id, t_ns=after.t_ns) for what, text in found]


def _cramp(before: AlarmState | None, after: AlarmState) -> list[tuple[What, str]]:
    known = before is not None and before.sounding == "cramp" and before.event_id == after.event_id
    return [("cramp", after.text)] if after.sounding == "cramp" and not known else []


def _fault(before: AlarmState | None, after: AlarmState) -> list[tuple[What, str]]:
    known = {fault.kind for fault in before.faults} if before and before.sounding == "fault" else set()
    fresh = [fault for fault in after.faults if not fault.soft and fault.kind not in known]
    text = " ".join(f"{fault.title} {fault.cure}" for fault in fresh)
    return [("fault", text)] if after.sounding == "fault" and fresh else []


def _unanswered(before: AlarmState | None, after: AlarmState) -> list[tuple[What, str]]:
    return [("unanswered", after.text)] if after.unanswered and not (before and before.unanswered) else []
