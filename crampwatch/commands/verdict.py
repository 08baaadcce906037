"""`crampwatch verdict`: say what an event was."""

from typing import Literal

from rich.console import Console

from crampwatch.config import load
from crampwatch.meant import BY_DEFAULT, Spoken

WORDS = {"cramp": "a cramp", "not": "no cramp", "unsure": "something you are not sure about"}
CLIPS = {
    "there": "Its samples are kept: {path}",
    "made": "Its samples are kept: {path}",
    "waiting": "Its samples will be kept when it is over.",
    "gone": "Its samples are not here: they were deleted before, or are on the collector's computer.",
    "failed": "Its samples could not be kept yet ({why}); `crampwatch clips` tries again.",
}
"""What is told of an event's clip."""


def verdict(
    answer: Literal["cramp", "not", "unsure"],
    event: str | None = None,
    *,
    spoken: Spoken = BY_DEFAULT,
) -> None:
    """Say what an event was. It is kept for ever beside the samples, and changes no threshold.

    Who says so about the alert that sounds has answered it. A later verdict replaces an earlier one. It needs neither
    broker nor alarm.

    Parameters
    ----------
    answer
        A cramp, not one, or not sure.
    event
        The event's id or its beginning, as `crampwatch diary` lists them; by default the latest alert.
    """
    from collector.contract.topics import Place
    from crampwatch.answering import clock, diary_of, places_of, said
    from crampwatch.clips import clips_of
    from crampwatch.happenings import event_meant
    from detector.alarm.messages import Verdict

    settings = load(spoken.config)
    meant = event_meant(settings, event, places_of(settings, spoken))
    with diary_of(settings) as diary:
        diary.add(Place(meant.wearer, meant.site), said(Verdict, spoken.by, event_id=meant.id, verdict=answer))
    what = "the alert" if meant.was_alert else "the candidate"
    console = Console(highlight=False, markup=False, soft_wrap=True)
    at = clock(meant.onset_ns, settings)
    console.print(f"Noted: {what} of {at} ({meant.wearer} {meant.site}, {meant.id}) was {WORDS[answer]}.")
    clip = clips_of(settings).keep(meant)
    console.print(CLIPS[clip.outcome].format(path=clip.path, why=clip.why))
