import dataclasses

from detector.report.headline import headline
from tests.support.nights import (
    CLOCKS_GO_BACK,
    HARDLY_WATCHED,
    HOUR,
    MINUTE,
    ONE_CRAMP,
    QUIET,
    SEVERAL,
    Night,
    cramp,
    stretch,
)


def test_one_cramp_is_told_with_its_time_its_length_the_watched_time_the_latency_and_further_candidates() -> None:
    assert headline(ONE_CRAMP.record()) == (
        "Night of 12 March, left calf: 1 cramp at 03:12 (94 s). Watched 7 h 31 of 7 h 52. "
        "Alert 12 s after onset. 1 further candidate."
    )


def test_zero_never_stands_without_the_watched_time() -> None:
    assert headline(QUIET.record()) == "Night of 12 March, left calf: 0 cramps in 6 h 41 of 7 h 52 watched."


def test_a_candidate_of_a_night_without_cramps_is_not_called_further() -> None:
    assert headline(Night(rejected=[stretch(HOUR)]).record()).endswith("7 h 52 of 7 h 52 watched. 1 candidate.")


def test_under_half_a_night_watched_says_nothing_about_cramps() -> None:
    assert headline(HARDLY_WATCHED.record()) == (
        "Night of 12 March, left calf: not enough was watched to say whether there were cramps: 2 h 52 of 7 h 52."
    )


def test_a_night_that_was_not_watched_at_all_is_not_a_quiet_one() -> None:
    night = Night(lasts_s=6 * HOUR, holes=[(0.0, 6 * HOUR, "no data")])
    assert headline(night.record()).endswith("whether there were cramps: 0 s of 6 h 00.")


def test_a_cramp_in_a_hardly_watched_night_leaves_open_whether_there_were_more() -> None:
    night = dataclasses.replace(HARDLY_WATCHED, cramps=[cramp(HOUR, 40.0)])
    assert headline(night.record()) == (
        "Night of 12 March, left calf: 1 cramp at 23:48 (40 s). "
        "Not enough was watched to say whether there were more: 2 h 52 of 7 h 52. Alert 12 s after onset."
    )


def test_several_cramps_are_listed_and_a_simulated_night_says_so_first() -> None:
    assert headline(SEVERAL.record()) == (
        "Simulated night of 12 March, left calf: 3 cramps, at 00:48 (20 s), 01:24 (47 s) and 03:54 (3 min 12 s). "
        "Watched 7 h 52 of 7 h 52. Alerts 12 s after onset."
    )


def test_many_cramps_are_told_as_a_range() -> None:
    night = Night(cramps=[cramp(k * HOUR, 20.0 * k) for k in range(1, 7)])
    assert "6 cramps between 23:48 and 04:48 (20 s to 2 min 00 s)." in headline(night.record())


def test_the_hour_that_comes_twice_is_told_apart_by_its_zone() -> None:
    assert "2 cramps, at 02:30 CEST (94 s) and 02:30 CET (94 s)." in headline(CLOCKS_GO_BACK.record())


def test_a_night_around_the_change_has_its_true_length() -> None:
    assert "Watched 10 h 00 of 10 h 00" in headline(CLOCKS_GO_BACK.record())


def test_a_cramp_that_outlasted_the_recording_has_no_length() -> None:
    night = Night(cramps=[cramp(7 * HOUR + 51 * MINUTE, 60.0)], last_goes_on=True)
    assert "1 cramp at 06:39 (not over when the recording ended)" in headline(night.record())


def test_a_cramp_of_a_night_that_is_still_recorded_goes_on() -> None:
    night = Night(cramps=[cramp(7 * HOUR + 51 * MINUTE, 60.0)], last_goes_on=True).record()
    tonight = dataclasses.replace(night, recording=night.events[0].session)
    assert "1 cramp at 06:39 (still going on)" in headline(tonight)


def test_an_alert_that_was_never_sent_is_said() -> None:
    assert headline(Night(cramps=[cramp(HOUR)], latency_s=None).record()).endswith("No alert was sent.")


def test_one_missing_alert_among_several_is_counted() -> None:
    record = SEVERAL.record()
    first, *_ = record.events
    record = dataclasses.replace(record, simulated=False, delivered_ns={first.id: first.onset_ns + 15_000_000_000})
    assert headline(record).endswith("Alert 15 s after onset; no alert was sent for 2 of 3 cramps.")


def test_different_latencies_are_told_as_a_range() -> None:
    record = SEVERAL.record()
    delivered = {event.id: event.onset_ns + s * 10**9 for event, s in zip(record.events, (12, 18, 14), strict=True)}
    assert headline(dataclasses.replace(record, simulated=False, delivered_ns=delivered)).endswith(
        "Alerts 12 s to 18 s after onset."
    )


def test_a_simulated_nights_latency_is_that_of_the_decision_not_of_the_speed_it_was_played_at() -> None:
    record = SEVERAL.record()
    alerted = (event.alerted_ns for event in record.events)
    late = {event.id: (t or 0) + 300 * 10**9 for event, t in zip(record.events, alerted, strict=True)}
    played_fast = dataclasses.replace(record, simulated=True, delivered_ns=late)
    assert headline(played_fast).endswith("Alerts 12 s after onset.")


def test_watched_time_is_never_rounded_up() -> None:
    night = Night(lasts_s=2 * HOUR, holes=[(0.0, 1.0, "no data")])
    assert "0 cramps in 1 h 59 of 2 h 00 watched" in headline(night.record())
