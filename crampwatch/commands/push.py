"""`crampwatch push ...`: alerts on phones."""

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App
from rich.console import Console

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.logs import to_stderr
from crampwatch.words import counted

if TYPE_CHECKING:
    from crampwatch.config import Config
    from detector.bedside.push_settings import PushTarget

NOBODY = (
    "nobody is to be told: write a [[alerts.target]] with `name` and `url_file` in the settings; docs/how-to/push.md"
)
NO_APPRISE = "{name} is not installed; for alerts on phones, in the checkout: pip install '.[alerts]'"
SHOWN_S = 24 * 3600
"""How far back `show` looks: last night and this one."""
SETTINGS = Path("crampwatch.toml")
FAILED = 1

app = App("push", help="Tell phones of cramps and faults; test it; show what waits and what was not taken.")


@app.default
def run(*, config: Path = SETTINGS) -> None:
    """Tell phones what the alarm hands over, as it happens, until stopped (SIGTERM or Ctrl-C).

    It never gives up: a phone that cannot be reached is told later what still holds then, and of the rest one line.

    Parameters
    ----------
    config
        The settings file.
    """
    try:
        from detector.bedside.push import serve
        from detector.bedside.push_apprise import BadAddress
    except ModuleNotFoundError as error:
        raise UserError(NO_APPRISE.format(name=error.name)) from error
    from crampwatch.processes import stop_on_signals
    from detector.catalogue.catalogue import load as sentences

    to_stderr()
    settings = load(config)
    _targets(settings)
    stop = stop_on_signals()
    try:
        serve(settings.push_queue, settings.alerts, settings.zone, sentences(settings.alarm.language), stop)
    except BadAddress as error:
        raise UserError(f"{error}; try: crampwatch push test") from error


@app.command(name="test")
def send_test(*, config: Path = SETTINGS) -> int:
    """Send a test to each target at once, and say what happened. Exit code 1 when one was not taken.

    Parameters
    ----------
    config
        The settings file.
    """
    try:
        from detector.bedside.push_apprise import AppriseRecipient, NotTaken
    except ModuleNotFoundError as error:
        raise UserError(NO_APPRISE.format(name=error.name)) from error
    from detector.catalogue.catalogue import load as sentences

    settings = load(config)
    said = sentences(settings.alarm.language)
    console = _console()
    failed = 0
    for target in _targets(settings):
        begun_s = time.monotonic()
        try:
            recipient = AppriseRecipient(target.secret(), settings.alerts.timeout_s)
            recipient.send(said.say("page.title"), said.say("alert.push_test"), quiet=False)
        except (ValueError, NotTaken, OSError) as error:
            failed += 1
            console.print(f"{target.name}: not taken. {error}")
        else:
            console.print(f"{target.name}: taken after {time.monotonic() - begun_s:.1f} s. Did it ring?")
    return FAILED if failed else 0


@app.command
def show(*, config: Path = SETTINGS) -> None:
    """Show which targets are reached, what waits for them, and what they were told since yesterday.

    Parameters
    ----------
    config
        The settings file.
    """
    from contextlib import closing

    from detector.bedside.push_queue import NOBODY_SENDS, PushQueue

    settings = load(config)
    targets = _targets(settings)
    console = _console()
    with closing(PushQueue(settings.push_queue)) as queue:
        troubles = {trouble.target: trouble for trouble in queue.troubles()}
        served = queue.served(time.time_ns())
        for target in targets:
            waiting = counted(len(queue.waiting(target)), "note")
            trouble = troubles.get(target.name)
            state = "reached" if target.name in served else NOBODY_SENDS
            if trouble:
                state = f"not reached since {_at(trouble.since_ns, settings)}: {trouble.reason}"
            console.print(f"{target.name} ({target.audience} to be told): {waiting} to be told; {state}")
        for it in queue.settled(time.time_ns() - SHOWN_S * 1_000_000_000):
            console.print(f"  {_at(it.t_ns, settings)} {it.target}: {it.note.title}: {it.outcome}")


def _targets(settings: "Config") -> "list[PushTarget]":
    """Those of the settings; raises UserError when there is none, or two have the same name."""
    targets = settings.alerts.targets
    if not targets:
        raise UserError(NOBODY)
    names = [target.name for target in targets]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(
            f"two [[alerts.target]] have the name {twice!r}; what was told is kept by name: give another one"
        )
    return targets


def _at(t_ns: int, settings: "Config") -> str:
    return f"{datetime.fromtimestamp(t_ns / 1e9, settings.zone):%Y-%m-%d %H:%M:%S}"


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)
