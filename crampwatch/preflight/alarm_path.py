"""The way of an alert from end to end: a test that has to be heard and acknowledged."""

import uuid
from collections.abc import Callable

from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch.doctor.finding import Finding
from detector.alarm.messages import AlarmStateName, Command, FaultKind, FaultTold
from detector.catalogue import Catalogue
from detector.diary.diary import Diary

ALIVE_S = 150.0
"""The alarm notes once a minute that it lives; one note may be late."""
ANSWER_S = 60.0
"""As long as a sleeper has before a second person is told."""
AREA = "alarm"
QUIET: tuple[AlarmStateName, ...] = ("DISARMED", "MUTED", "SNOOZED")
"""With an end, each of them was asked for; without, DISARMED only means that no night goes on yet."""
UNHEARD: tuple[FaultKind, ...] = ("no_sound", "phones")
"""Whoever acknowledges while one of these stands has not heard it, or would not where he relies on it."""


def alarm_path(
    diary: Diary,
    place: Place,
    catalogue: Catalogue,
    prompt: Callable[[], None],
    serve: Callable[[], None],
    now_ns: Callable[[], int],
    hhmm: Callable[[int], str],
) -> Finding:
    """Ask the alarm for a test and wait until somebody acknowledges it, by whatever way.

    `prompt` tells the person that it sounds now; `serve` takes a moment; `hhmm` tells a time as the wall clock does.
    """
    say = catalogue.say
    shown = diary.state(place)
    asked_ns = now_ns()
    if shown is None or shown.stopped or (asked_ns - shown.t_ns) / NS > ALIVE_S:
        return Finding(AREA, "problem", say("preflight.alarm.stopped"), say("preflight.alarm.start"))
    if shown.state in QUIET and shown.until_ns is not None:
        quiet = say("preflight.alarm.quiet", time=hhmm(shown.until_ns))
        return Finding(AREA, "problem", quiet, say("preflight.alarm.quiet_cure"))
    prompt()
    row = diary.add(place, Command(do="test", by="preflight", t_ns=asked_ns, id=uuid.uuid4().hex))
    while not (answered := _answered(diary, place, row)) and (now_ns() - asked_ns) / NS < ANSWER_S:
        serve()
    if diary.obeyed < row:
        return Finding(AREA, "problem", say("preflight.alarm.refused"), say("preflight.alarm.refused_cure"))
    if fault := _unheard(diary, place):
        return Finding(AREA, "problem", fault.title.rstrip("."), fault.cure.rstrip("."))
    if answered:
        return Finding(AREA, "ok", say("preflight.alarm.answered", seconds=f"{(now_ns() - asked_ns) / NS:.0f}"))
    says = say("preflight.alarm.unanswered", seconds=f"{ANSWER_S:.0f}")
    return Finding(AREA, "problem", says, say("preflight.alarm.unanswered_cure"))


def _unheard(diary: Diary, place: Place) -> FaultTold | None:
    """What keeps the alarm from being heard, if it says so."""
    shown = diary.state(place)
    return next((fault for fault in shown.faults if fault.kind in UNHEARD), None) if shown else None


def _answered(diary: Diary, place: Place, row: int) -> bool:
    """Whether this place's alarm has been acknowledged since that row."""
    return any(
        isinstance(entry.said, Command) and entry.said.do == "ack" and entry.place == place
        for entry in diary.since(row)
    )
