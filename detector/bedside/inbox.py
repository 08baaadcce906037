"""What people say by MQTT: filled in where a button leaves something out, and refused where it cannot be meant."""

from typing import TypeVar
from uuid import uuid4

import msgspec

from collector.contract.codec import MAX_BYTES
from collector.contract.errors import ContractError, Inconsistent, Malformed, Oversized, WrongVersion
from collector.contract.messages import NS
from detector.alarm.messages import VERSION, Command, EveningNote, FeltCramp, Verdict

TOO_OLD_S = 120.0
"""A wish this old is no wish any more: who pressed a button two minutes ago has pressed another one since."""
SOMEBODY = "mqtt"
"""Who says something without a name."""

Wish = TypeVar("Wish", Command, Verdict, FeltCramp, EveningNote)


class Stale(ContractError):
    """What was asked for was meant for another moment."""


class NoSuchEvent(ContractError):
    """A verdict on the latest event, when there was none."""


def command(payload: bytes, now_ns: int) -> Command:
    """A `cmd/alarm` message."""
    return _converted(_object(payload), Command, now_ns)


def verdict(payload: bytes, now_ns: int, latest_event: str | None) -> Verdict:
    """A `cmd/verdict` message; one without an event is on the latest."""
    said = _object(payload)
    if said.get("event_id") is None and latest_event is None:
        raise NoSuchEvent("a verdict without event_id means the latest alert, and there was none")
    return _converted({"event_id": latest_event, **said}, Verdict, now_ns)


def noted(payload: bytes, now_ns: int) -> FeltCramp | EveningNote:
    """A `cmd/diary` message: with a `night` it is about that evening, else a cramp, by default felt now."""
    said = _object(payload)
    if "night" in said:
        return _converted(said, EveningNote, now_ns)
    return _converted({"felt_ns": now_ns, **said}, FeltCramp, now_ns)


def check_fresh(command: Command, now_ns: int) -> None:
    """Raises Stale for a command that was given too long ago, or by a clock that is far ahead."""
    age_s = (now_ns - command.t_ns) / NS
    if abs(age_s) > TOO_OLD_S:
        when = f"{age_s:.0f} s ago" if age_s > 0 else f"{-age_s:.0f} s ahead of this computer's clock"
        raise Stale(f"{command.do!r} by {command.by} was given {when}; give it again if it is still meant")


def _object(payload: bytes) -> dict[str, object]:
    if len(payload) > MAX_BYTES:
        raise Oversized(f"the message has {len(payload)} bytes; {MAX_BYTES} is the most that is accepted")
    try:
        said = msgspec.json.decode(payload, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"not a JSON object: {error}") from error
    if said.get("v", VERSION) != VERSION:
        raise WrongVersion(f"the message has version {said['v']}, this program speaks {VERSION}; update the older one")
    return said


def _converted(said: dict[str, object], kind: type[Wish], now_ns: int) -> Wish:
    filled = {"by": SOMEBODY, "t_ns": now_ns, "id": uuid4().hex, **said}
    try:
        return msgspec.convert(filled, kind)
    except msgspec.ValidationError as error:
        raise Inconsistent(f"no {kind.__name__}: {error}") from error
