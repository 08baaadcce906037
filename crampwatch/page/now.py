"""What there is to see now of one place: what the diary holds, put into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collector.contract.messages import NS
from collector.contract.nights import bounds_ns, night_of
from collector.contract.topics import Place
from crampwatch.page.wording import Wording, name_of, path_of
from detector.alarm.messages import AlarmState, Command, FaultTold, Transition, Verdict
from detector.diary.diary import Diary
from detector.diary.entries import LastState

SILENT_NS = 150 * NS
"""The alarm gives a sign of life each minute; after two that are missing nobody should rely on it."""
HEEDED_NS = 120 * NS
"""How long the alarm still does what it was asked to."""
GONE, IDLE, UNKNOWN = "gone", "idle", "unknown"
"""How a place looks whose alarm does not run, one where no night is going on, and one whose alarm can note
nothing; else it looks like its state."""


class Known(NamedTuple):
    """What the diary holds of a place."""

    place: Place
    state: LastState | None  # as the alarm told it last
    alert: Transition | None  # tonight's latest
    verdict: Verdict | None  # on that alert
    asked: Command | None  # what the alarm has not taken up yet


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong, in words."""

    title: str
    cure: str
    detail: str
    since: str


@dataclass(frozen=True)
class Question:
    """An alert to be judged, and how it was."""

    event_id: str
    text: str
    verdict: str


@dataclass(frozen=True)
class View:
    """One place now, as the template shows it."""

    key: str
    place: str
    name: str
    look: str
    calls: bool  # somebody is to answer before anything else
    heading: str
    lines: list[str]
    news: str = ""
    last: str = ""  # what an alarm said that does not run any more
    troubles: Sequence[Trouble] = ()
    asked: str = ""
    question: Question | None = None

    @property
    def can_be_answered(self) -> bool:
        """Whether the buttons reach the alarm."""
        return self.look != UNKNOWN

    @property
    def aloud(self) -> str:
        """What a screen reader says when it changes: during an alert what to do, too."""
        what_to_do = self.lines[:1] if self.look in ("alert", UNKNOWN) else []
        return " ".join([f"{self.name}: {self.heading}.", *what_to_do, *(trouble.title for trouble in self.troubles)])


def known(diary: Diary, place: Place, now_ns: int, wording: Wording) -> Known:
    """Read what there is to know."""
    tonight = bounds_ns(night_of(now_ns, wording.zone), wording.zone)
    alerts = [change for change in diary.transitions(place, tonight) if change.why == "confirmed"]
    alert = alerts[-1] if alerts else None
    verdict = diary.verdicts(place).get(alert.event_id or "") if alert else None
    return Known(place, diary.state(place), alert, verdict, _not_taken_up(diary, place, now_ns))


def view(it: Known, now_ns: int, wording: Wording) -> View:
    """Put it into words."""
    look = _look(it.state, now_ns)
    return View(
        key=path_of(it.place).replace("/", "-"),
        place=path_of(it.place),
        name=name_of(it.place),
        look=look,
        calls=look != GONE and _calls(it.state),
        heading=wording.say(f"page.{look}" if look in (GONE, IDLE) else f"name.{look.upper()}"),
        lines=_lines(it.state, now_ns, wording, gone=look == GONE),
        news=_news(it.state, now_ns, wording),
        last=_last(it.state, now_ns, wording) if look == GONE else "",
        troubles=[_trouble(fault, now_ns, wording) for fault in it.state.faults] if it.state else [],
        asked=_asked(it.asked, now_ns, wording),
        question=_question(it, now_ns, wording),
    )


def unknown(place: Place, wording: Wording) -> View:
    """What is shown where the alarm can note nothing: what it noted last may have been over for hours."""
    return View(
        key=path_of(place).replace("/", "-"),
        place=path_of(place),
        name=name_of(place),
        look=UNKNOWN,
        calls=False,
        heading=wording.say("page.unknown"),
        lines=[wording.say("page.unknown_why"), wording.say("page.unknown_answer"), wording.say("page.unknown_cure")],
    )


def _look(state: LastState | None, now_ns: int) -> str:
    if state is None or state.stopped or abs(now_ns - state.t_ns) > SILENT_NS:
        return GONE
    # Whoever disarms an alarm does so until a time; without one there is nothing to arm.
    return IDLE if state.state == "DISARMED" and state.until_ns is None else state.state.lower()


def _calls(state: AlarmState | None) -> bool:
    """A fault that was answered goes on and calls no more; an alert that nobody answered calls when it is over."""
    return state is not None and (state.state == "ALERT" or state.sounding != "none" or state.unanswered)


def _not_taken_up(diary: Diary, place: Place, now_ns: int) -> Command | None:
    waiting = [
        entry.said
        for entry in diary.since(diary.obeyed)
        if entry.place == place and isinstance(entry.said, Command) and now_ns - entry.said.t_ns < HEEDED_NS
    ]
    return waiting[-1] if waiting else None


def _lines(state: AlarmState | None, now_ns: int, wording: Wording, *, gone: bool) -> list[str]:
    if state is None:
        return [wording.say("page.gone_cure"), wording.say("page.never_told")]
    if gone:
        return [wording.say("page.gone_cure")]
    since = _since(state.since_ns, now_ns, wording)
    # `Watching. Watching.` tells nothing twice.
    told = [] if state.state == "WATCHING" and not state.unanswered else [state.text]
    return [*told, since]


def _last(state: AlarmState | None, now_ns: int, wording: Wording) -> str:
    if state is None:
        return ""
    return wording.say("page.told_last", time=wording.clock(state.t_ns, now_ns), text=state.text)


def _since(t_ns: int, now_ns: int, wording: Wording) -> str:
    return wording.say("page.since", time=wording.clock(t_ns, now_ns), duration=wording.duration_of(t_ns, now_ns))


def _news(state: AlarmState | None, now_ns: int, wording: Wording) -> str:
    if state is None:
        return ""
    return wording.say("page.news", duration=wording.duration_of(min(state.t_ns, now_ns), now_ns))


def _trouble(fault: FaultTold, now_ns: int, wording: Wording) -> Trouble:
    since = _since(fault.since_ns, now_ns, wording)
    return Trouble(fault.title, fault.cure, fault.detail, since)


def _asked(command: Command | None, now_ns: int, wording: Wording) -> str:
    return "" if command is None else wording.say("page.asked", time=wording.clock(command.t_ns, now_ns))


def _question(it: Known, now_ns: int, wording: Wording) -> Question | None:
    if it.alert is None or it.alert.event_id is None:
        return None
    verdict = it.verdict.verdict if it.verdict else ""
    return Question(it.alert.event_id, wording.say("page.alert_at", time=wording.clock(it.alert.t_ns, now_ns)), verdict)
