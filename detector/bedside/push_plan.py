"""What to tell a target now, of all that waits for it: pure, the time is handed in."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from collector.contract.messages import NS
from detector.alarm.messages import AlarmKind
from detector.bedside.push_queue import Outcome, PushNote, Settled, Waiting
from detector.catalogue.catalogue import Catalogue

KINDS: tuple[AlarmKind, ...] = ("cramp", "fault")
"""In the order in which they are told."""

ALERT_HOLDS_NS = 600 * NS
"""A cramp has passed in ten minutes at most; whoever appended the alert may have died before it could say so."""


class Message(NamedTuple):
    """What is sent in one go, the notes it tells, and what has become of them once it is taken."""

    rows: tuple[int, ...]
    outcome: Outcome
    title: str
    text: str
    quiet: bool


class Plan(NamedTuple):
    """What to send, in this order, and what need not be sent."""

    messages: list[Message]
    unsent: list[tuple[int, Outcome]]


class Budget:
    """How many notes of each leg and kind a target may still be told this night.

    A sensor that makes trouble all night must not use up what the cramps are to be told with, nor the other leg's.
    Follow-ups are free: there is none but for what was told.
    """

    def __init__(self, limit: int, settled: Iterable[Settled] = ()) -> None:
        self._limit = limit
        told = (it.note for it in settled if it.outcome in ("delivered", "summed up") and not it.note.quiet)
        self._spent = Counter(_counted_as(note) for note in told)

    def take(self, note: PushNote) -> int:
        """How many could be told, this one included; it is counted if that is not 0."""
        left = max(self._limit - self._spent[_counted_as(note)], 0)
        if left:
            self._spent[_counted_as(note)] += 1
        return left


def plan(waiting: Sequence[Waiting], limit: int, budget: Budget, now_ns: int, catalogue: Catalogue) -> Plan:
    """What still holds is told as it is, cramps first; what does not hold any more in one line, however much it is.

    A follow-up goes only to whom the matter itself was told.
    """
    ready = Plan([], [])
    past: list[Waiting] = []
    limit_reached = catalogue.say("alert.limit", limit=limit)
    past_word = ""
    for it in sorted(waiting, key=lambda it: (it.note.quiet, KINDS.index(it.note.kind), it.row)):
        holds = _holds(it, now_ns)
        if it.note.quiet:
            if holds and it.told:
                ready.messages.append(_message(it))
            else:
                ready.unsent.append((it.row, "not needed"))
        elif not (left := budget.take(it.note)):
            ready.unsent.append((it.row, "over the limit"))
        elif holds:
            ready.messages.append(_message(it, limit_reached if left == 1 else ""))
        else:
            past.append(it)
            past_word = limit_reached if left == 1 else past_word
    if past:
        ready.messages.append(_summary(past, past_word, catalogue))
    return ready


def _holds(it: Waiting, now_ns: int) -> bool:
    """A fault and a follow-up hold until something else is said of it; an alert ends also when nobody says so."""
    until_ns = it.note.good_until_ns
    if until_ns is None and it.note.kind == "cramp" and not it.note.quiet:
        until_ns = it.note.t_ns + ALERT_HOLDS_NS
    return not it.replaced and (until_ns is None or now_ns < until_ns)


def _message(it: Waiting, last_word: str = "") -> Message:
    return Message((it.row,), "delivered", it.note.title, f"{it.note.text} {last_word}".rstrip(), it.note.quiet)


def _summary(past: Sequence[Waiting], last_word: str, catalogue: Catalogue) -> Message:
    count = Counter(it.note.kind for it in past)
    text = f"{catalogue.say('alert.summary', cramps=count['cramp'], faults=count['fault'])} {last_word}".rstrip()
    return Message(tuple(it.row for it in past), "summed up", catalogue.say("page.title"), text, quiet=True)


def _counted_as(note: PushNote) -> tuple[str, str, AlarmKind]:
    return note.wearer, note.site, note.kind
