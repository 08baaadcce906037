"""What stands beside the picture, in words: the same for the page and for the sheet."""

import msgspec

from detector.events import Event
from detector.explain import texts
from detector.explain.explanation import Explanation
from detector.explain.moment import tenths
from detector.explain.verdict import decided_after_s
from detector.version import VERSION

RECORDED = ("id", "channel", "duration_s", "peak_uv", "mean_uv", "rest_uv", "threshold_uv")
"""The fields of an event that stand beside its figures."""


def asked(explanation: Explanation) -> str:
    """Which recording, channel and time this is about."""
    clock = explanation.clock
    return texts.ASKED.format(
        recording=explanation.recording,
        channel=explanation.channel,
        moment=f"{clock.local(explanation.t_ns):%Y-%m-%d} {clock.hhmmss(explanation.t_ns)}",
        start=clock.hhmmss(explanation.start_ns),
        end=clock.hhmmss(explanation.end_ns),
    )


def when(explanation: Explanation) -> str:
    """The moment at which the conditions are those that are shown."""
    event, decision = explanation.event, explanation.decision
    if event is None or decision is None:
        return texts.OF_THE_PICTURE
    form = texts.AT_THE_ALERT if decision.confirmed else texts.AT_THE_REJECTION
    sentence = form.format(after=decided_after_s(event, decision))
    if event.channel != explanation.channel:
        sentence += f" {texts.DECIDED_ON.format(channel=event.channel)}"
    return sentence


def others(explanation: Explanation) -> list[str]:
    """The other contractions of the picture, a line each."""
    return [_other(event, explanation) for event in explanation.others]


def unwatched(explanation: Explanation) -> list[str]:
    """The stretches of the picture that were not judged, a line each."""
    clock = explanation.clock
    return [
        texts.UNWATCHED_ITEM.format(start=tenths(clock, gap.start_ns), end=tenths(clock, gap.end_ns), cause=gap.label)
        for gap in explanation.unwatched
    ]


def record(explanation: Explanation) -> dict[str, str]:
    """The figures of the contraction, named and written as in an events.json; empty without a contraction."""
    event = explanation.event
    if event is None:
        return {}
    figures = {name: getattr(event, name) for name in RECORDED} | msgspec.structs.asdict(event.figures)
    return {name: msgspec.json.encode(figure).decode().strip('"') for name, figure in figures.items()}


def version(explanation: Explanation) -> str:
    """By which rule."""
    return texts.VERSION.format(version=VERSION, hash=explanation.settings.hash)


def _other(event: Event, explanation: Explanation) -> str:
    form = texts.OTHER_CONFIRMED if event.was_alert else texts.OTHER_REJECTED
    return form.format(
        time=tenths(explanation.clock, event.onset_ns),
        duration=event.duration_s or 0.0,
        channel=event.channel,
        reason=event.reason,
    )
