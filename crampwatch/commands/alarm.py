"""`crampwatch alarm ...`: what sounds beside the bed."""

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App
from rich.console import Console

from crampwatch.config import load
from crampwatch.logs import to_stderr
from crampwatch.meant import BY_DEFAULT, EVERYWHERE, SETTINGS, Meant, Spoken

if TYPE_CHECKING:
    from detector.alarm.messages import Do

UNHEARD = 1
"""The exit code when no alarm took up what was asked of it."""

app = App("alarm", help="Sound and tell what the detector finds and what is wrong; arm, disarm and test it.")


@app.default
def run(*, config: Path = SETTINGS) -> None:
    """Be the alarm until stopped (SIGTERM or Ctrl-C): hear collector and detector, sound, tell, and obey people.

    It also says so when either of them, or the broker, is gone. `crampwatch night` starts it; run it alone on a
    computer that has the loudspeaker. Only one runs for each data directory.

    Parameters
    ----------
    config
        The settings file.
    """
    from crampwatch.bedside import serve
    from crampwatch.processes import stop_on_signals

    to_stderr()
    serve(load(config), stop_on_signals())


@app.command
def show(*, meant: Meant = EVERYWHERE) -> None:
    """Show what the alarm is doing, until when, and everything that is wrong."""
    from crampwatch.answering import clock, diary_of, places_of

    settings = load(meant.config)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with diary_of(settings) as diary:
        for place in places_of(settings, meant):
            state = diary.state(place)
            if state is None:
                console.print(f"{place.wearer} {place.site}: no alarm has run yet.")
                continue
            at = clock(state.t_ns, settings)
            if state.stopped:
                console.print(f"{place.wearer} {place.site}: the alarm does not run; it was stopped at {at}.")
            console.print(f"{place.wearer} {place.site}: {state.state}. {state.text} (told at {at})")
            for fault in state.faults:
                detail = f" ({fault.detail})" if fault.detail else ""
                console.print(f"  since {clock(fault.since_ns, settings)}: {fault.title} {fault.cure}{detail}")


@app.command
def arm(*, spoken: Spoken = BY_DEFAULT) -> int:
    """Let it sound again: ends being disarmed, muted or snoozed."""
    return ask_and_tell(spoken, "arm")


@app.command
def disarm(*, spoken: Spoken = BY_DEFAULT) -> int:
    """Let nothing sound until this evening, when it arms itself again (`arm_at` under [alarm])."""
    return ask_and_tell(spoken, "disarm")


@app.command(name="test")
def try_out(*, spoken: Spoken = BY_DEFAULT) -> int:
    """Sound as loud as a cramp would in the end, and tell the phones that this is a test."""
    return ask_and_tell(spoken, "test")


def ask_and_tell(spoken: Spoken, do: "Do", **details: object) -> int:
    """Ask it of each alarm that is meant, and tell what it shows then; the exit code. For the details see Command."""
    from crampwatch.answering import NOT_RUNNING, ask, diary_of, places_of, said
    from detector.alarm.messages import Command

    settings = load(spoken.config)
    with diary_of(settings) as diary:
        answers = ask(diary, {it: said(Command, spoken.by, do=do, **details) for it in places_of(settings, spoken)})
    console = Console(highlight=False, markup=False, soft_wrap=True)
    test = "The test sounds now. " if do == "test" else ""
    for place, text in answers:
        console.print(f"{place.wearer} {place.site}: {test + text if text else f'{NOT_RUNNING}.'}")
    return UNHEARD if any(text is None for _, text in answers) else 0
