"""What an entry of the diary may be, and what nobody but the diary knows."""

import msgspec

from collector.contract.messages import TimeNs
from detector.alarm.messages import AlarmState, Command, EveningNote, FeltCramp, Transition, Verdict
from detector.alarm.preflight_message import Preflight


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How an event became a sound, and the sound an answer; a later one of the same event replaces the earlier.

    The first three are sample times; `published_ns` is when the detector said so, by the clock that dated the samples.
    The others are by the clock of the alarm's process; None for what has not happened.
    """

    v: int = 1
    event_id: str
    onset_ns: TimeNs
    suspected_ns: TimeNs
    confirmed_ns: TimeNs
    published_ns: TimeNs
    delivered_ns: TimeNs
    sounded_ns: TimeNs | None = None
    acknowledged_ns: TimeNs | None = None


class LastState(AlarmState, frozen=True, kw_only=True):
    """What the alarm of a place showed last. `stopped`: then it was ended, so nobody need wait for its next word."""

    stopped: bool = False


Said = Command | Verdict | FeltCramp | EveningNote | Transition | Latency | Preflight

KINDS: dict[str, type[Said]] = {
    "command": Command,
    "verdict": Verdict,
    "cramp": FeltCramp,
    "evening": EveningNote,
    "transition": Transition,
    "latency": Latency,
    "preflight": Preflight,
}
"""The name of each kind in the file."""
NAMES: dict[type, str] = {kind: name for name, kind in KINDS.items()}


def about_ns(said: Said) -> int:
    """The moment an entry is about."""
    match said:
        case FeltCramp():
            return said.felt_ns
        case Latency():
            return said.onset_ns
        case _:
            return said.t_ns
