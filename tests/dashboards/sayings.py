"""What the people of the home say of their month, and what the alarm beside the bed does: its diary."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, cycle
from pathlib import Path

from msgspec.structs import replace

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.alarm.messages import (
    AlarmStateName,
    Answer,
    EveningNote,
    FaultKind,
    FeltCramp,
    Transition,
    Verdict,
    Why,
)
from detector.alarm.preflight_message import Check, Muscle, Preflight
from detector.diary.diary import Diary
from detector.diary.entries import Latency, Said
from detector.events import Event
from tests.dashboards.home import FLAT, GOING_ON, LAST, NIGHTS, OTHER, QUIET, SHORT, STRANGE, W1, Night

ANSWER_S = 40.0
"""From onset to the answer of whoever answers."""
NOT_A_NIGHT = date(2026, 9, 30)
_ids = count()


def fresh_id() -> str:
    return f"entry-{next(_ids)}"


def verdict(event: Event, said: Answer, by: str = "wearer") -> Verdict:
    return Verdict(event_id=event.id, verdict=said, by=by, t_ns=event.onset_ns + 3600 * NS, id=fresh_id())


def felt(night: Night, after_s: float, **more: object) -> FeltCramp:
    at_ns = night.at(after_s)
    return FeltCramp(felt_ns=at_ns, by="wearer", t_ns=at_ns + 60 * NS, id=fresh_id(), **more)  # type: ignore[arg-type]


def change(
    night: Night,
    after_s: float,
    states: tuple[AlarmStateName, AlarmStateName],
    why: Why,
    by: str = "detector",
    faults: tuple[FaultKind, ...] = (),
    event: Event | None = None,
    lasts_s: float | None = None,
) -> Transition:
    before, after = states
    return Transition(
        before=before,
        after=after,
        t_ns=night.at(after_s),
        by=by,
        why=why,
        until_ns=None if lasts_s is None else night.at(after_s + lasts_s),
        event_id=event.id if event else None,
        faults=faults,
    )


def alerted(night: Night, event: Event, answer: str | None) -> Iterator[Said]:
    """What the alarm files of an alert, which somebody answers or nobody does; the second row has the answer."""
    onset_s = (event.onset_ns - night.start_ns) / NS
    yield change(night, onset_s + 13.0, ("WATCHING", "ALERT"), "confirmed", event=event)
    sounded = Latency(
        event_id=event.id,
        onset_ns=event.onset_ns,
        suspected_ns=event.suspected_ns,
        confirmed_ns=event.alerted_ns or 0,
        published_ns=event.onset_ns + 13 * NS,
        delivered_ns=event.onset_ns + 13 * NS,
        sounded_ns=event.onset_ns + 14 * NS,
    )
    yield sounded
    if answer:
        yield change(night, onset_s + ANSWER_S, ("ALERT", "ACKED"), "ack", answer, event=event)
        yield replace(sounded, acknowledged_ns=event.onset_ns + round(ANSWER_S * NS))
    yield change(night, onset_s + 300.0, ("ACKED", "WATCHING"), "over")


def month() -> Iterator[tuple[Place, Said]]:
    """Every night's alerts with some verdict or none, then what was special."""
    judged, answers = cycle(("cramp", "not", None, "unsure")), cycle(("wearer", None, "partner"))
    for night in NIGHTS:
        yield night.place, change(night, 0.0, ("DISARMED", "WATCHING"), "recording", "bedside")
        for cramp in night.cramps:
            event = night.event(*cramp, "ended")
            yield from ((night.place, said) for said in alerted(night, event, next(answers)))
            if said := next(judged):
                yield night.place, verdict(event, said)  # type: ignore[arg-type]
    yield from ((W1, said) for said in [*_changed_minds(), *_felt(), *_quiet(), *_faults(), *_evenings()])
    yield from ((OTHER, said) for said in _other())


def fill(path: Path) -> None:
    """Write the month's diary."""
    with Diary(path) as diary:
        for place, said in month():
            diary.add(place, said)


def _changed_minds() -> Iterator[Said]:
    first = LAST.event(*LAST.cramps[0], "ended")
    yield verdict(first, "not", "partner")
    yield verdict(first, "cramp")
    yield verdict(LAST.event(*LAST.candidates[0], "rejected"), "cramp")
    yield Verdict(event_id="of-no-event", verdict="not", by="partner", t_ns=LAST.end_ns, id=fresh_id())


def _felt() -> Iterator[Said]:
    """Within an alert, five minutes after one, far from any, outside the recording, twice at the same moment."""
    yield felt(LAST, 16_950.0, pain=7, duration_s=90.0, leg="left", muscle="calf", note='it "bit", twice\nor more')
    yield felt(LAST, 20_330.0, pain=4)
    yield felt(LAST, 7200.0, pain=5)
    yield felt(LAST, 7200.0, duration_s=20.0)
    yield felt(LAST, 9.5 * 3600)
    yield felt(FLAT, 3600.0, pain=3)
    yield felt(SHORT, 4 * 3600.0)
    yield FeltCramp(
        felt_ns=QUIET.start_ns - round(timedelta(days=(QUIET.evening - NOT_A_NIGHT).days).total_seconds()) * NS,
        by="wearer", t_ns=QUIET.end_ns, id=fresh_id(),
    )  # fmt: skip


def _quiet() -> Iterator[Said]:
    """The snooze ends in the same instant in which it is muted."""
    yield change(QUIET, 3600.0, ("WATCHING", "SNOOZED"), "snooze", "partner", lasts_s=1800.0)
    yield change(QUIET, 5400.0, ("SNOOZED", "WATCHING"), "time", "bedside")
    yield change(QUIET, 5400.0, ("WATCHING", "MUTED"), "mute", "wearer", lasts_s=6 * 3600.0)


def _faults() -> Iterator[Said]:
    yield change(LAST, 10_060.0, ("WATCHING", "FAULT"), "faults", "bedside", faults=("no_data", "battery"))
    yield change(LAST, 10_600.0, ("FAULT", "FAULT"), "faults", "bedside", faults=("battery",))
    yield change(LAST, 10_700.0, ("FAULT", "WATCHING"), "faults", "bedside")


def _evenings() -> Iterator[Said]:
    """One was noted that evening, the other three days later."""
    note = {"by": "wearer", "night": LAST.evening}
    yield EveningNote(text="long walk", exercise="12 km", t_ns=LAST.at(-600.0), id=fresh_id(), **note)  # type: ignore[arg-type]
    later_ns = QUIET.at(3 * 86_400.0)
    yield EveningNote(night=QUIET.evening, alcohol="a beer", by="wearer", t_ns=later_ns, id=fresh_id())
    yield Preflight(
        night=LAST.evening,
        t_ns=LAST.at(-900.0),
        by="wearer",
        checks=(
            Check(area="battery", state="warning", says="31 %, lasts until 05:00", cure="charge it"),
            Check(area="electrodes", state="problem", says="one is off the skin", cure="press it on"),
            Check(area="broker", state="ok", says="answers"),
        ),
        muscles=(Muscle(channel="gastrocnemius", rest_uv=4.2, contraction_uv=81.7), Muscle(channel="tibialis")),
    )


def _other() -> Iterator[Said]:
    yield felt(STRANGE, 610.0, pain=10, note="ü 'quoted'")
    yield change(STRANGE, 900.0, ("WATCHING", "FAULT"), "faults", "bedside", faults=("electrode_off",))
    yield Preflight(night=GOING_ON.evening, t_ns=GOING_ON.at(-60.0), by="ann-e_2", checks=())
