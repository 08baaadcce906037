"""The way of an alert from end to end: a test that has to be heard and acknowledged."""

import uuid
from collections.abc import Callable

from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch.doctor.finding import Finding
from detector.alarm.messages import Command, FaultTold
from detector.diary.diary import Diary

ALIVE_S = 150.0
"""The alarm notes once a minute that it lives; one note may be late."""
ANSWER_S = 60.0
"""As long as a sleeper has before a second person is told."""
AREA = "alarm"


def alarm_path(
    diary: Diary, place: Place, say: Callable[[], None], serve: Callable[[], None], now_ns: Callable[[], int]
) -> Finding:
    """Ask the alarm for a test and wait until somebody acknowledges it, by whatever way.

    `say` tells the person that it sounds now; `serve` takes a moment.
    """
    shown = diary.state(place)
    asked_ns = now_ns()
    if shown is None or (asked_ns - shown.t_ns) / NS > ALIVE_S:
        return Finding(AREA, "not asked", "no alarm is running", "`crampwatch night` starts it")
    say()
    row = diary.add(place, Command(do="test", by="preflight", t_ns=asked_ns, id=uuid.uuid4().hex))
    while not (answered := _answered(diary, place, row)) and (now_ns() - asked_ns) / NS < ANSWER_S:
        serve()
    if diary.obeyed < row:
        return Finding(AREA, "problem", "the alarm did not take the test", "look at its log; start it again")
    if mute := _mute(diary, place):
        return Finding(AREA, "problem", mute.title.rstrip("."), mute.cure.rstrip("."))
    if answered:
        return Finding(AREA, "ok", f"the test was acknowledged after {(now_ns() - asked_ns) / NS:.0f} s")
    cure = "was it heard? Make it louder or bring it nearer to the bed; `crampwatch ack` acknowledges"
    return Finding(AREA, "problem", f"nobody acknowledged the test within {ANSWER_S:.0f} s", cure)


def _mute(diary: Diary, place: Place) -> FaultTold | None:
    """What keeps the alarm from making a sound, if it says so: whoever acknowledged then did not hear it."""
    shown = diary.state(place)
    return next((fault for fault in shown.faults if fault.kind == "no_sound"), None) if shown else None


def _answered(diary: Diary, place: Place, row: int) -> bool:
    """Whether this place's alarm has been acknowledged since that row."""
    return any(
        isinstance(entry.said, Command) and entry.said.do == "ack" and entry.place == place
        for entry in diary.since(row)
    )
