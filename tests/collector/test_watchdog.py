"""When silence means that the link is dead, and when only a sensor is."""

from collector.contract.messages import NS
from collector.devices.profile import load_profile
from collector.watchdog import Watchdog

EMG, ACC, TEMP = load_profile("cramp-node").stream  # 1000, 50 and 0.2 samples per second


def at(seconds: float) -> int:
    return round(seconds * NS)


def test_a_stream_may_be_silent_for_two_seconds() -> None:
    watchdog = Watchdog([EMG], at(0))
    watchdog.heard("emg", 50, at(1))
    assert watchdog.stalled(at(3)) is None
    assert watchdog.stalled(at(3.1)) == "emg"


def test_slow_packets_are_given_twenty_packet_times() -> None:
    watchdog = Watchdog([ACC], at(0))
    watchdog.heard("acc", 25, at(0))  # half a second of samples in a packet
    assert watchdog.stalled(at(9.9)) is None
    assert watchdog.stalled(at(10.1)) == "acc"


def test_a_new_link_has_ten_seconds_to_its_first_packet() -> None:
    watchdog = Watchdog([EMG], at(0))
    assert watchdog.stalled(at(9.9)) is None
    assert watchdog.stalled(at(10.1)) == "emg"


def test_a_broken_thermometer_costs_one_reconnection_not_one_every_minute() -> None:
    watchdog = Watchdog([EMG, TEMP], at(0))
    watchdog.heard("emg", 50, at(100.5))
    assert watchdog.stalled(at(100.6)) == "temp"  # 20 times five seconds
    watchdog.give_up("temp")
    watchdog.link_up(at(101))
    watchdog.heard("emg", 50, at(300))
    assert watchdog.stalled(at(300.1)) is None


def test_a_sensor_that_came_back_is_watched_again() -> None:
    watchdog = Watchdog([EMG, TEMP], at(0))
    watchdog.heard("emg", 50, at(100.5))
    watchdog.give_up("temp")
    watchdog.link_up(at(101))
    watchdog.heard("temp", 1, at(102))
    watchdog.heard("emg", 50, at(202.5))
    assert watchdog.stalled(at(202.6)) == "temp"


def test_a_stream_that_fell_silent_in_mid_connection_is_not_given_up_with_it() -> None:
    watchdog = Watchdog([EMG, ACC], at(0))
    watchdog.heard("acc", 5, at(1))
    watchdog.give_up("acc")
    watchdog.link_up(at(5))
    watchdog.heard("emg", 50, at(15.5))
    assert watchdog.stalled(at(15.6)) == "acc"


def test_what_was_done_for_a_silent_stream_shows_soon_whether_it_helps() -> None:
    watchdog = Watchdog([ACC], at(0))
    watchdog.heard("acc", 50, at(0))  # packets of a second, so a silence of 20 s counts
    assert watchdog.stalled(at(20.1)) == "acc"
    watchdog.excuse("acc", at(20.1))
    assert watchdog.excused("acc")
    assert watchdog.stalled(at(23)) is None
    assert watchdog.stalled(at(23.2)) == "acc"
    watchdog.heard("acc", 50, at(23.3))
    assert not watchdog.excused("acc")
    assert watchdog.stalled(at(43)) is None


def test_all_is_well_while_every_stream_is_heard() -> None:
    watchdog = Watchdog([EMG, ACC], at(0))
    assert not watchdog.well(at(1))  # nothing has come yet
    watchdog.heard("emg", 50, at(1))
    watchdog.heard("acc", 5, at(1))
    assert watchdog.well(at(2.5))
    watchdog.heard("emg", 50, at(3))
    assert not watchdog.well(at(3.1))
    watchdog.excuse("acc", at(3.1))
    assert not watchdog.well(at(3.2))


def test_when_nothing_at_all_comes_the_link_is_made_anew_every_time() -> None:
    watchdog = Watchdog([EMG], at(0))
    for start in (0, 20, 40):
        watchdog.link_up(at(start))
        assert watchdog.stalled(at(start + 10.1)) == "emg"


def test_the_age_of_the_last_packet_is_of_this_link() -> None:
    watchdog = Watchdog([EMG], at(0))
    watchdog.heard("emg", 50, at(5))
    assert watchdog.last_ns() == at(5)
    watchdog.link_up(at(6))
    assert watchdog.last_ns() is None
