"""`crampwatch diary ...`: what was felt, and what the evening was like."""

import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.meant import BY_DEFAULT, EVERYWHERE, Meant, Spoken

if TYPE_CHECKING:
    from crampwatch.config import Config

app = App("diary", help="List what was detected, felt and said in a night; note a cramp or the evening.")


@app.default
def show(
    *,
    night: str | None = None,
    meant: Meant = EVERYWHERE,
) -> None:
    """List a night: alerts and candidates with their verdicts, cramps that were felt, notes, and who silenced what.

    Parameters
    ----------
    night
        The date of its evening, such as 2026-11-19; by default the present night, until the next noon.
    """
    from crampwatch.answering import diary_of, places_of
    from crampwatch.diary_listing import listing

    settings = load(meant.config)
    chosen = _night(night, settings)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with diary_of(settings) as diary:
        for place in places_of(settings, meant):
            for line in listing(diary, place, chosen, settings):
                console.print(line)


@app.command
def felt(
    *,
    at: str | None = None,
    pain: Annotated[int | None, Parameter(validator=Number(gte=1, lte=10))] = None,
    duration_s: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    leg: Literal["left", "right"] | None = None,
    muscle: str | None = None,
    note: str = "",
    spoken: Spoken = BY_DEFAULT,
) -> None:
    """Note a cramp that was felt, whether or not there was an alert.

    Parameters
    ----------
    at
        When, as 03:12 for the last time the clock showed that, or as "2026-11-20 03:12"; by default now.
    pain
        From 1, hardly any, to 10, the worst.
    duration_s
        How long it lasted, in seconds.
    leg
        Which leg.
    muscle
        Which muscle.
    note
        Anything else.
    """
    from crampwatch.answering import clock, diary_of, place_of, said
    from crampwatch.moments import moment_ns
    from detector.alarm.messages import FeltCramp

    settings, now_ns = load(spoken.config), time.time_ns()
    place = place_of(settings, spoken)
    felt_ns = moment_ns(at, now_ns, settings.zone) if at else now_ns
    known = {"pain": pain, "duration_s": duration_s, "leg": leg, "muscle": muscle, "note": note}
    cramp = said(FeltCramp, spoken.by, felt_ns=felt_ns, **known)
    with diary_of(settings) as diary:
        diary.add(place, cramp)
    told = f"Noted: a cramp felt at {clock(cramp.felt_ns, settings)} ({place.wearer} {place.site})."
    Console(highlight=False, markup=False, soft_wrap=True).print(told)


@app.command
def evening(
    *,
    night: str | None = None,
    text: str = "",
    alcohol: str = "",
    coffee: str = "",
    exercise: str = "",
    medicine: str = "",
    spoken: Spoken = BY_DEFAULT,
) -> None:
    """Note what the evening was like, in your own words.

    Parameters
    ----------
    night
        The date of the evening, such as 2026-11-19; by default the present night, until the next noon.
    text
        Anything.
    alcohol
        What was drunk, and how much.
    coffee
        The same of coffee.
    exercise
        What the legs did that day.
    medicine
        What was taken.
    """
    from crampwatch.answering import diary_of, places_of, said
    from detector.alarm.messages import EveningNote

    known = {"text": text, "alcohol": alcohol, "coffee": coffee, "exercise": exercise, "medicine": medicine}
    if not any(known.values()):
        raise UserError("nothing to note; write for example: crampwatch diary evening --coffee 'two, after lunch'")
    settings = load(spoken.config)
    meant = _night(night, settings)
    with diary_of(settings) as diary:
        for place in places_of(settings, spoken):
            diary.add(place, said(EveningNote, spoken.by, night=meant, **known))
    Console(highlight=False, markup=False, soft_wrap=True).print(f"Noted for the night of {meant}.")


def _night(said: str | None, settings: "Config") -> date:
    from collector.contract.nights import night_of

    if said is None:
        return night_of(time.time_ns(), settings.zone)
    try:
        return datetime.strptime(said, "%Y-%m-%d").date()  # noqa: DTZ007  # a date has no zone
    except ValueError:
        raise UserError(f"{said!r} is no date of an evening; write it like 2026-11-19") from None
