"""`crampwatch clips`: keep the samples around each alert and each verdict, whatever becomes of the night."""

import logging
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.logs import to_stderr
from crampwatch.words import counted

if TYPE_CHECKING:
    from detector.clips import Clips

log = logging.getLogger(__name__)

FAILED = 1
"""The exit code where a clip could not be made: nothing is lost yet, for its journal is still there."""


def clips(
    *,
    every: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    config: Path = Path("crampwatch.toml"),
) -> int:
    """Keep the samples around each alert, and around each event with a verdict, as a small journal in clips/.

    A clip goes from a minute before the onset to a minute after the end, is a recording like any other, and is never
    deleted. `crampwatch night` does this by itself. It has to run where the journals are, with the night store beside
    them.

    Parameters
    ----------
    every
        Do it again each so many minutes until stopped (SIGTERM or Ctrl-C), and once more then.
    config
        The settings file.
    """
    from crampwatch.clips import clips_of
    from crampwatch.processes import stop_on_signals
    from detector.diary.schema import BadDiary
    from detector.store_schema import BadStore

    kept = clips_of(load(config))
    if every is not None:
        to_stderr()
        _go_on(kept, every, stop_on_signals())
        return 0
    try:
        return _once(kept)
    except (BadStore, BadDiary) as error:
        raise UserError(str(error)) from error


def _once(kept: "Clips") -> int:
    found = kept.keep_all()
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for clip in found:
        if clip.outcome == "made":
            console.print(f"kept: {clip.path}")
        elif clip.outcome == "failed":
            console.print(f"not kept: {clip.path} ({clip.why})")
    count = Counter(clip.outcome for clip in found)
    console.print(
        f"{counted(count['made'], 'clip')} made, {count['there']} there already, {count['waiting']} not over yet; "
        f"of {counted(count['gone'], 'event')} the samples are not here any more."
    )
    return FAILED if any(clip.outcome == "failed" for clip in found) else 0


def _go_on(kept: "Clips", every_min: float, stop: threading.Event) -> None:
    """Round after round until stopped, and one more for what ended since; each piece of news is logged once."""
    from detector.diary.schema import BadDiary
    from detector.store_schema import BadStore

    told: set[tuple[str, str]] = set()
    while True:
        is_last = stop.is_set()
        try:
            told |= _log_news(kept, told)
        except (BadStore, BadDiary, sqlite3.OperationalError) as error:
            log.warning("no clips can be made now: %s", error)
        if is_last:
            return
        stop.wait(every_min * 60)


def _log_news(kept: "Clips", told: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Make what is wanted; what there is to tell, as event and outcome."""
    news = [clip for clip in kept.keep_all() if (clip.event.id, clip.outcome) not in told]
    for clip in news:
        if clip.outcome == "made":
            log.info("kept: %s", clip.path)
        elif clip.outcome == "failed":
            log.warning("the clip of event %s cannot be made (%s); it is tried again", clip.event.id, clip.why)
    if gone := sum(clip.outcome == "gone" for clip in news):
        log.warning("the samples of %s are not here any more and could not be kept", counted(gone, "event"))
    return {(clip.event.id, clip.outcome) for clip in news}
