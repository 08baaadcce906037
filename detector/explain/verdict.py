"""What became of a moment: in a sentence, and condition by condition."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.channel import PERSIST, PERSIST_OF
from detector.events import Event
from detector.explain import texts
from detector.explain.explanation import Explanation, distance_ns
from detector.explain.moment import tenths
from detector.explain.rule import Condition, Decision
from detector.frames import Quality


def headline(explanation: Explanation) -> str:
    """The fate of the contraction and its reason, or why there was none."""
    event, decision = explanation.event, explanation.decision
    if event and decision:
        fate = _fate(event, decision, explanation)
        return f"{_distance(event, explanation)}. {fate}" if distance_ns(event, explanation.t_ns) else fate
    return _unwatched(explanation.gap, explanation) if explanation.gap else _quiet(explanation)


def conditions(explanation: Explanation) -> Sequence[Condition]:
    """What was asked of the contraction; or of the time shown, if none began; nothing when nobody could watch."""
    if explanation.decision:
        return explanation.decision.conditions
    if explanation.gap:
        return ()
    k, ratio, needed = _peak(explanation)
    return (
        Condition(
            texts.PERSISTENCE,
            texts.HIGHEST.format(ratio=ratio, time=explanation.clock.hhmmss(int(explanation.frames.t_ns[k]))),
            texts.PERSISTS.format(ratio=needed, persist=PERSIST, of=PERSIST_OF),
            holds=False,
        ),
    )


def decided_after_s(event: Event, decision: Decision) -> float:
    """From onset to the alert, or to the frame that turned the contraction down."""
    return decision.after_s if event.alerted_ns is None else (event.alerted_ns - event.onset_ns) / NS


def _fate(event: Event, decision: Decision, explanation: Explanation) -> str:
    form, t_ns = (texts.REJECTED, event.onset_ns) if event.alerted_ns is None else (texts.CONFIRMED, event.alerted_ns)
    time, after_s = explanation.clock.hhmmss(t_ns), decided_after_s(event, decision)
    return form.format(time=time, after=after_s, reason=event.reason)


def _distance(event: Event, explanation: Explanation) -> str:
    apart_s = (event.onset_ns - explanation.t_ns) / NS
    distance = (texts.LATER if apart_s > 0 else texts.EARLIER).format(s=abs(apart_s))
    return texts.NEAREST.format(time=explanation.clock.hhmmss(explanation.t_ns), distance=distance)


def _unwatched(gap: Interval, explanation: Explanation) -> str:
    clock = explanation.clock
    return (texts.NOT_JUDGED if explanation.watched_elsewhere else texts.NOT_WATCHED).format(
        channel=explanation.channel,
        cause=texts.CAUSE_WORDS.get(gap.label, gap.label),
        start=tenths(clock, gap.start_ns),
        end=tenths(clock, gap.end_ns),
    )


def _quiet(explanation: Explanation) -> str:
    _, ratio, needed = _peak(explanation)
    if ratio <= needed:
        why = texts.TOO_WEAK.format(needed=needed)
    elif np.convolve(_shares(explanation) > 1, np.ones(PERSIST_OF, int)).max() < PERSIST:
        why = texts.TOO_BRIEF.format(needed=needed, persist=PERSIST, of=PERSIST_OF)
    else:
        why = texts.HUM
    start, end = explanation.clock.hhmmss(explanation.start_ns), explanation.clock.hhmmss(explanation.end_ns)
    return texts.NOTHING_BEGAN.format(start=start, end=end, ratio=ratio, why=why)


def _peak(explanation: Explanation) -> tuple[int, float, float]:
    """The frame that came closest to its threshold; its envelope and its threshold as multiples of the resting level.

    At least one frame could be judged, or there would be a gap.
    """
    frames, k = explanation.frames, int(np.argmax(_shares(explanation)))
    rest_uv = frames.rest_uv[k, 0]
    return k, float(frames.envelope_uv[k, 0] / rest_uv), float(frames.threshold_uv[k, 0] / rest_uv)


def _shares(explanation: Explanation) -> NDArray[np.float64]:
    """The envelope over its threshold, shape (n,); 0 where it could not be judged."""
    frames = explanation.frames
    good = frames.quality[:, 0] == Quality.GOOD
    return np.where(good, frames.envelope_uv[:, 0] / frames.threshold_uv[:, 0], 0.0)
