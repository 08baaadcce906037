"""What the bedside shows."""

from detector.alarm import Alarm
from tests.support.blocks import START_NS
from tests.support.frames import event


def test_without_events_it_watches_since_the_beginning() -> None:
    state = Alarm(since_ns=START_NS).state()
    assert (state.state, state.since_ns, state.event_id) == ("WATCHING", START_NS, None)


def test_a_suspicion_that_is_rejected_shows_as_a_candidate_and_passes() -> None:
    alarm = Alarm(since_ns=START_NS)
    alarm.event(event(10, "suspected"))
    assert (alarm.state().state, alarm.state().since_ns) == ("CANDIDATE", event(10).suspected_ns)
    alarm.event(event(10, "rejected", end_s=13))
    assert (alarm.state().state, alarm.state().since_ns) == ("WATCHING", event(10, end_s=13).end_ns)


def test_an_alert_says_what_to_do_and_stands_until_the_contraction_is_over() -> None:
    alarm = Alarm(since_ns=START_NS)
    alarm.event(event(10, "suspected"))
    alarm.event(event(10, "confirmed", confirm_s=12.0))
    state = alarm.state()
    assert (state.state, state.since_ns, state.event_id) == ("ALERT", event(10).alerted_ns, event(10).id)
    assert state.text == (
        "Possible calf cramp for 12 s. Straighten your leg, pull toes up. Stand up slowly, hold on to something."
    )
    alarm.event(event(10, "ended", end_s=60))
    assert alarm.state().state == "WATCHING"


def test_an_alert_hides_what_other_electrodes_suspect_and_ends_it_too() -> None:
    alarm = Alarm(since_ns=START_NS)
    alarm.event(event(10, "suspected"))
    alarm.event(event(11, "suspected"))
    alarm.event(event(10, "confirmed"))
    assert alarm.state().state == "ALERT"
    alarm.event(event(10, "ended", end_s=60))
    assert alarm.state().state == "WATCHING"


def test_the_end_of_an_event_that_was_never_open_changes_nothing() -> None:
    alarm = Alarm(since_ns=START_NS)
    alarm.event(event(10, "rejected", end_s=12))
    assert alarm.state().since_ns == START_NS
