"""What the bedside shows."""

import dataclasses

import numpy as np
import pytest

from collector.contract.messages import NS
from detector.frames import Frames, Quality
from detector.sight import Sight
from tests.support.blocks import START_NS
from tests.support.frames import event, frames


def at(seconds: float) -> int:
    """The time of the last sample of a frame that ends there."""
    return START_NS + round(seconds * NS) - 1


def test_without_events_it_watches_since_the_beginning() -> None:
    state = Sight(since_ns=START_NS).seen()
    assert (state.state, state.since_ns, state.event_id) == ("WATCHING", START_NS, None)


def test_a_suspicion_that_is_rejected_shows_as_a_candidate_and_passes() -> None:
    sight = Sight(since_ns=START_NS)
    sight.event(event(10, "suspected"))
    assert (sight.seen().state, sight.seen().since_ns) == ("CANDIDATE", event(10).suspected_ns)
    sight.event(event(10, "rejected", end_s=13))
    assert (sight.seen().state, sight.seen().since_ns) == ("WATCHING", event(10, end_s=13).end_ns)


def test_an_alert_says_what_to_do_and_stands_until_the_contraction_is_over() -> None:
    sight = Sight(since_ns=START_NS)
    sight.event(event(10, "suspected"))
    sight.event(event(10, "confirmed", confirm_s=12.0))
    state = sight.seen()
    assert (state.state, state.since_ns, state.event_id) == ("ALERT", event(10).alerted_ns, event(10).id)
    assert state.text == (
        "Possible calf cramp for 12 s. Straighten your leg, pull toes up. Stand up slowly, hold on to something."
    )
    sight.event(event(10, "ended", end_s=60))
    assert sight.seen().state == "WATCHING"


def test_an_alert_hides_what_other_electrodes_suspect_and_ends_it_too() -> None:
    sight = Sight(since_ns=START_NS)
    sight.event(event(10, "suspected"))
    sight.event(event(11, "suspected"))
    sight.event(event(10, "confirmed"))
    assert sight.seen().state == "ALERT"
    sight.event(event(10, "ended", end_s=60))
    assert sight.seen().state == "WATCHING"


def test_the_end_of_an_event_that_was_never_open_changes_nothing() -> None:
    sight = Sight(since_ns=START_NS)
    sight.event(event(10, "rejected", end_s=12))
    assert sight.seen().since_ns == START_NS


def test_it_tells_how_far_the_signal_was_looked_at() -> None:
    sight = Sight(since_ns=START_NS)
    assert sight.seen().judged_ns is None
    sight.frames(frames(0, 7))
    assert sight.seen().judged_ns == at(7)


@pytest.mark.parametrize(
    ("quality", "told"),
    [
        (Quality.MISSING, "missing"),
        (Quality.FLAT, "flat"),
        (Quality.CLIPPED | Quality.MAINS, "clipped"),
        (Quality.MAINS, "mains"),
        (Quality.LEARNING, "learning"),
    ],
)
def test_where_nothing_can_be_judged_it_tells_the_gravest_cause_and_since_when(quality: Quality, told: str) -> None:
    sight = Sight(since_ns=START_NS)
    sight.frames(frames(0, 10))
    sight.frames(frames(10, 20, quality=quality))
    assert (sight.seen().blind, sight.seen().blind_since_ns) == (told, at(10))


def test_blindness_is_told_from_its_beginning_whatever_its_cause_became() -> None:
    sight = Sight(since_ns=START_NS)
    for start_s in (0, 10, 20):
        sight.frames(frames(start_s, start_s + 10, quality=Quality.FLAT))
    assert sight.seen().blind_since_ns == at(0)
    sight.frames(Frames.joined([frames(30, 35, quality=Quality.FLAT), frames(35, 40, quality=Quality.MAINS)]))
    assert (sight.seen().blind, sight.seen().blind_since_ns) == ("mains", at(0))
    sight.frames(
        Frames.joined(
            [frames(40, 45, quality=Quality.CLIPPED), frames(45, 45.1), frames(45.1, 50, quality=Quality.FLAT)]
        )
    )
    assert (sight.seen().blind, sight.seen().blind_since_ns) == ("flat", at(45.1))


def test_to_learn_the_resting_level_is_no_part_of_the_blindness_after_it() -> None:
    sight = Sight(since_ns=START_NS)
    sight.frames(frames(0, 10, quality=Quality.LEARNING))
    sight.frames(frames(10, 20, quality=Quality.FLAT))
    assert (sight.seen().blind, sight.seen().blind_since_ns) == ("flat", at(10))
    sight.frames(frames(20, 30, quality=Quality.LEARNING))
    assert (sight.seen().blind, sight.seen().blind_since_ns) == ("learning", at(20))


def test_blindness_goes_on_though_the_wearables_clock_is_slow() -> None:
    sight = Sight(since_ns=START_NS)
    for start_s in (0, 10, 20):
        slow = frames(start_s, start_s + 10, quality=Quality.FLAT)
        late_ns = ((slow.t_ns - START_NS) * 100 // 10**6).astype(np.int64)  # 100 ppm, a bad crystal
        sight.frames(dataclasses.replace(slow, t_ns=slow.t_ns + late_ns))
    assert sight.seen().blind_since_ns == pytest.approx(at(0), abs=NS / 1000)


def test_once_it_can_be_judged_again_nothing_is_told() -> None:
    sight = Sight(since_ns=START_NS)
    sight.frames(frames(0, 10, quality=Quality.FLAT))
    sight.frames(frames(10, 10.1))
    assert (sight.seen().blind, sight.seen().blind_since_ns) == (None, None)
