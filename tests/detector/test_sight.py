"""What the bedside shows."""

from detector.sight import Sight
from tests.support.blocks import START_NS
from tests.support.frames import event


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
