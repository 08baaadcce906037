"""What the bedside publishes, what people tell it, and what becomes of that: the nouns of the alarm.

Loaded for every `--help`, so nothing heavy is imported here. Times are nanoseconds since 1970-01-01 UTC.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

VERSION = 1

AlarmStateName = Literal["DISARMED", "WATCHING", "CANDIDATE", "ALERT", "ACKED", "SNOOZED", "FAULT", "MUTED"]
AlarmKind = Literal["cramp", "fault"]
"""What may sound. A cramp goes before a fault."""
FaultKind = Literal[
    "broker",
    "collector_gone",
    "detector_dead",
    "no_data",
    "silent",
    "electrode_off",
    "clipping",
    "mains",
    "detector_behind",
    "battery",
    "disk",
    "clock",
    "no_sound",
    "phones",
    "companion",
    "database",
]
"""What may be wrong, the nearest cause first: what stands further up explains what stands below it."""
Answer = Literal["cramp", "not", "unsure"]
Do = Literal["arm", "disarm", "ack", "snooze", "mute", "unmute", "test"]
Why = Literal["suspected", "confirmed", "over", "faults", "recording", "time"] | Do
"""What made the alarm change: news of the detector or a sensor, the passing of time, or what a person asked for."""

Moment = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
"""The contract's TimeNs, which is not imported since it would bring numpy along."""
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
By = Annotated[str, msgspec.Meta(max_length=64)]
"""Who: `wearer`, `partner`, `home assistant`, ...; `detector` and `bedside` where it was no person."""
Note = Annotated[str, msgspec.Meta(max_length=2000)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=24 * 60)]
Pain = Annotated[int, msgspec.Meta(ge=1, le=10)]
Duration = Annotated[float, msgspec.Meta(gt=0, le=24 * 3600)]


class FaultTold(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, since when, and what to do: finished sentences in the bedside's language.

    `detail` is what the collector said of it, in its own words. A `soft` fault is told and never sounds.
    """

    kind: FaultKind
    since_ns: Moment
    title: str
    cure: str
    detail: str = ""
    soft: bool = False


class AlarmState(msgspec.Struct, frozen=True, kw_only=True):
    """The retained `state` message: sent whenever something changes, and once a minute as a proof of life (`t_ns`).

    `faults` are listed in every state, so that no alert, snooze or mute hides one. `until_ns` is when DISARMED, MUTED
    or SNOOZED ends by itself. `unanswered`: an alert passed and nobody answered.
    """

    v: int = VERSION
    state: AlarmStateName
    since_ns: Moment
    until_ns: Moment | None = None
    event_id: str | None = None
    unanswered: bool = False
    sounding: Literal["none", "cramp", "fault"] = "none"
    faults: tuple[FaultTold, ...] = ()
    by: str
    text: str
    t_ns: Moment


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the alarm, for the record: what it was, what it is, when, by whom and why.

    `before` and `after` are equal where only something beside the state changed: its end, its event, a fault, or
    whether somebody has answered.
    """

    before: AlarmStateName
    after: AlarmStateName
    t_ns: Moment
    by: str
    why: Why
    until_ns: Moment | None = None
    event_id: str | None = None
    unanswered: bool = False
    faults: tuple[FaultKind, ...] = ()


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks of the alarm (`cmd/alarm`).

    `minutes` are a snooze's or a mute's; without them it lasts until the morning, that is the next local noon.
    `event_id` is the event an `ack` answers; without it, whatever there is to be answered. `kind` is what a `snooze`
    silences; without it, what is shown.
    """

    v: int = VERSION
    do: Do
    by: By
    t_ns: Moment
    minutes: Minutes | None = None
    event_id: Id | None = None
    kind: AlarmKind | None = None
    id: Id


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says an event was (`cmd/verdict`). The newest counts; it changes no threshold."""

    v: int = VERSION
    event_id: Id
    verdict: Answer
    by: By
    t_ns: Moment
    id: Id


class FeltCramp(msgspec.Struct, frozen=True, kw_only=True):
    """A cramp that somebody felt (`cmd/diary`), whether or not it was detected; `felt_ns` may lie back."""

    v: int = VERSION
    felt_ns: Moment
    by: By
    t_ns: Moment
    pain: Pain | None = None
    duration_s: Duration | None = None
    leg: Literal["left", "right"] | None = None
    muscle: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    note: Note = ""
    id: Id


class EveningNote(msgspec.Struct, frozen=True, kw_only=True):
    """What the evening was like, in the wearer's own words; `night` is the date of that evening."""

    v: int = VERSION
    night: date
    text: Note = ""
    alcohol: Note = ""
    coffee: Note = ""
    exercise: Note = ""
    medicine: Note = ""
    by: By
    t_ns: Moment
    id: Id
