"""The alarm of one place: who is called, who is answered, and when it is quiet."""

from detector.alarm.machine import AlarmMachine
from detector.alarm.settings import AlarmSettings
from tests.detector.alarm.moments import (
    EVENING,
    HOUR,
    MINUTE,
    MORNING_NOON,
    ZONE,
    after,
    at,
    call,
    command,
    is_calling,
    restarted,
    shown,
    watching,
    wish,
    wrong,
)

NO_DATA = wrong("no_data")
LAST_RING_S = max(AlarmSettings().cramp_rings_s)


def alerting(now_ns: int = EVENING) -> AlarmMachine:
    machine = watching(now_ns=now_ns)
    machine.confirmed("a", now_ns)
    return machine


def test_without_a_recording_it_is_disarmed_and_nothing_calls() -> None:
    machine = AlarmMachine(AlarmSettings(), ZONE)
    machine.confirmed("a", EVENING)
    assert (shown(machine), machine.until_ns, machine.calling) == ("DISARMED", None, None)


def test_a_suspicion_shows_and_passes_without_a_sound() -> None:
    machine = watching()
    machine.suspected("a", after(1))
    assert (shown(machine), machine.event_id, machine.calling) == ("CANDIDATE", "a", None)
    machine.over("a", after(5))
    assert shown(machine) == "WATCHING"


def test_a_confirmed_contraction_calls() -> None:
    machine = watching()
    machine.suspected("a", after(1))
    (change,) = machine.confirmed("a", after(12))
    assert (change.before, change.after, change.by, change.why) == ("CANDIDATE", "ALERT", "detector", "confirmed")
    assert (call(machine).kind, call(machine).event_id, call(machine).since_ns) == ("cramp", "a", after(12))


def test_the_end_of_a_cramp_ends_what_other_electrodes_suspected_of_it() -> None:
    machine = watching()
    machine.suspected("b", after(1))
    machine.confirmed("a", after(12))
    machine.over("a", after(60))
    machine.tick(after(61))
    assert shown(machine) == "WATCHING"


def test_a_contraction_that_was_found_too_late_does_not_call() -> None:
    machine = watching()
    machine.suspected("a", after(1))
    machine.confirmed("a", after(500), late=True)
    assert (shown(machine), machine.calling) == ("WATCHING", None)


def test_an_answer_silences_this_event_and_not_the_next() -> None:
    machine = alerting()
    wish(machine, "ack", after(5))
    assert (shown(machine), machine.calling) == ("ACKED", None)
    machine.over("a", after(60))
    machine.confirmed("b", after(70))
    assert (shown(machine), machine.event_id) == ("ALERT", "b")
    assert is_calling(machine)


def test_the_next_event_calls_even_while_an_answered_one_lasts() -> None:
    machine = alerting()
    wish(machine, "ack", after(5))
    machine.confirmed("b", after(20))
    assert (shown(machine), machine.event_id) == ("ALERT", "b")


def test_an_answer_to_an_earlier_event_does_not_silence_the_present_one() -> None:
    machine = alerting()
    machine.confirmed("b", after(30))
    wish(machine, "ack", after(31), event_id="a")
    assert shown(machine) == "ALERT"
    assert machine.memory.unanswered is None


def test_an_answered_alert_stands_until_the_contraction_is_over() -> None:
    machine = alerting()
    wish(machine, "ack", after(5))
    machine.tick(after(100))
    assert shown(machine) == "ACKED"
    machine.over("a", after(101))
    machine.tick(after(102))
    assert (shown(machine), machine.memory.unanswered) == ("WATCHING", None)


def test_an_unanswered_alert_latches_for_ten_seconds() -> None:
    machine = alerting()
    machine.over("a", after(2))
    machine.tick(after(9.9))
    assert shown(machine) == "ALERT"
    machine.tick(after(10))
    assert shown(machine) == "WATCHING"


def test_an_alert_that_nobody_answered_stays_visible_as_unanswered_until_somebody_does() -> None:
    machine = alerting()
    machine.over("a", after(60))
    (change,) = machine.tick(after(61))
    assert (change.after, change.unanswered) == ("WATCHING", True)
    wish(machine, "ack", after(3 * HOUR))
    assert machine.memory.unanswered is None


def test_the_unanswered_are_forgotten_with_the_night() -> None:
    machine = alerting()
    machine.over("a", after(60))
    machine.tick(MORNING_NOON - 1)
    assert machine.memory.unanswered == "a"
    machine.tick(MORNING_NOON)
    assert machine.memory.unanswered is None


def test_after_the_last_ring_an_alert_is_unanswered_and_still_shown() -> None:
    machine = alerting()
    machine.tick(after(LAST_RING_S))
    assert not call(machine).spent
    machine.tick(after(LAST_RING_S + AlarmSettings().command_timeout_s))
    assert (shown(machine), machine.memory.unanswered) == ("ALERT", "a")
    assert call(machine).spent


def test_an_event_whose_end_nobody_told_ends_after_half_an_hour() -> None:
    machine = alerting()
    machine.suspected("b", after(1))
    machine.tick(after(30 * MINUTE + 1))
    assert (shown(machine), machine.memory.unanswered) == ("WATCHING", "a")


def test_what_the_broker_repeats_alarms_once() -> None:
    machine = alerting()
    machine.over("a", after(60))
    machine.tick(after(61))
    machine.confirmed("a", after(62))
    assert shown(machine) == "WATCHING"


def test_an_alert_that_is_told_again_goes_on_as_it_was() -> None:
    machine = alerting()
    wish(machine, "ack", after(5))
    assert machine.confirmed("a", after(6)) == []
    assert shown(machine) == "ACKED"


# Snooze


def test_a_snooze_ends_by_itself_at_an_absolute_time() -> None:
    machine = watching()
    wish(machine, "snooze", after(0), minutes=10)
    assert (shown(machine), machine.until_ns) == ("SNOOZED", after(10 * MINUTE))
    machine.tick(after(10 * MINUTE - 1))
    assert shown(machine) == "SNOOZED"
    (change,) = machine.tick(after(10 * MINUTE))
    assert (change.before, change.after, change.why) == ("SNOOZED", "WATCHING", "time")


def test_a_snooze_until_the_morning_ends_at_the_next_noon() -> None:
    machine = watching()
    wish(machine, "snooze", at("2026-03-13 02:00"))
    assert machine.until_ns == MORNING_NOON


def test_snooze_then_a_new_event_and_a_restart_still_snoozed() -> None:
    machine = alerting()
    wish(machine, "snooze", after(5), minutes=30)
    machine.over("a", after(60))
    machine.confirmed("b", after(120))
    assert (shown(machine), machine.calling) == ("SNOOZED", None)
    machine = restarted(machine)
    machine.tick(after(130))
    machine.confirmed("c", after(140))
    assert (shown(machine), machine.until_ns, machine.calling) == ("SNOOZED", after(5 + 30 * MINUTE), None)


def test_a_cramp_that_still_lasts_when_the_snooze_ends_calls_again() -> None:
    machine = alerting()
    wish(machine, "snooze", after(5), minutes=10)
    machine.tick(after(5 + 10 * MINUTE))
    assert shown(machine) == "ALERT"
    assert call(machine).since_ns == after(5 + 10 * MINUTE)


def test_a_fault_sounds_while_cramps_are_snoozed() -> None:
    machine = watching()
    wish(machine, "snooze", after(0), minutes=60)
    machine.faults(NO_DATA, after(60))
    assert shown(machine) == "FAULT"
    assert is_calling(machine)


def test_a_cramp_calls_while_faults_are_snoozed_and_the_snooze_goes_on_behind_it() -> None:
    machine = watching()
    machine.faults(wrong("battery"), after(1))
    wish(machine, "snooze", after(2), minutes=60)
    assert (shown(machine), machine.snoozed) == ("SNOOZED", "fault")
    machine.confirmed("a", after(10))
    assert shown(machine) == "ALERT"
    wish(machine, "ack", after(12))
    machine.over("a", after(30))
    machine.tick(after(40))
    assert (shown(machine), machine.until_ns) == ("SNOOZED", after(2 + 60 * MINUTE))


def test_a_repeated_fault_does_not_break_the_snooze_of_faults() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    wish(machine, "snooze", after(2), minutes=30)
    machine.faults(wrong(), after(60))
    assert shown(machine) == "WATCHING"
    machine.faults(NO_DATA, after(120))
    assert (shown(machine), machine.calling) == ("SNOOZED", None)


def test_a_snoozed_fault_that_still_stands_sounds_again() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    wish(machine, "snooze", after(2), minutes=10)
    machine.tick(after(2 + 10 * MINUTE))
    assert shown(machine) == "FAULT"
    assert is_calling(machine)


def test_a_snooze_near_noon_ends_with_the_night() -> None:
    machine = watching(now_ns=at("2026-03-13 11:50"))
    wish(machine, "snooze", at("2026-03-13 11:50"), minutes=60)
    assert machine.until_ns == MORNING_NOON


def test_on_the_night_the_clocks_change_the_morning_is_still_at_noon() -> None:
    evening = at("2026-03-28 22:00")
    machine = watching(now_ns=evening)
    wish(machine, "mute", evening)
    assert machine.until_ns == evening + 13 * HOUR * 1_000_000_000  # 14 h less the hour that is left out


# Mute and disarm


def test_mute_silences_cramps_and_faults_and_shows_the_fault() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    wish(machine, "mute", after(2))
    (change,) = machine.faults(wrong("no_data", "disk"), after(3))
    machine.confirmed("a", after(4))
    assert (shown(machine), machine.until_ns, machine.calling) == ("MUTED", MORNING_NOON, None)
    assert change.faults == ("no_data", "disk")


def test_mute_never_outlives_the_night() -> None:
    machine = watching()
    wish(machine, "mute", after(0), minutes=24 * 60)
    machine.faults(NO_DATA, after(60))
    machine.tick(MORNING_NOON - 1)
    assert shown(machine) == "MUTED"
    machine.tick(MORNING_NOON)
    assert shown(machine) == "FAULT"
    assert is_calling(machine)


def test_let_sound_ends_a_mute_and_every_snooze() -> None:
    machine = watching()
    wish(machine, "snooze", after(0), minutes=60)
    wish(machine, "mute", after(1))
    wish(machine, "unmute", after(2))
    assert shown(machine) == "WATCHING"


def test_disarmed_it_arms_itself_at_the_next_evening() -> None:
    machine = watching(now_ns=at("2026-03-13 07:00"))
    wish(machine, "disarm", at("2026-03-13 07:00"))
    machine.faults(NO_DATA, at("2026-03-13 07:05"))
    assert (shown(machine), machine.until_ns, machine.calling) == ("DISARMED", at("2026-03-13 20:00"), None)
    machine.tick(at("2026-03-13 20:00"))
    assert shown(machine) == "FAULT"


def test_disarmed_in_the_evening_it_stays_so_this_night() -> None:
    machine = watching()
    wish(machine, "disarm", EVENING)
    assert machine.until_ns == at("2026-03-13 20:00")


def test_to_arm_ends_all_silence() -> None:
    machine = watching()
    for do in ("snooze", "mute", "disarm"):
        wish(machine, do, after(1))
    wish(machine, "arm", after(2))
    assert shown(machine) == "WATCHING"


def test_a_test_changes_nothing() -> None:
    machine = watching()
    assert machine.command(command("test", after(1)), after(1)) == []


# Faults


def test_fault_clears_sound_stops() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    assert shown(machine) == "FAULT"
    assert is_calling(machine)
    machine.faults(wrong(), after(20))
    assert (shown(machine), machine.calling) == ("WATCHING", None)


def test_an_answered_fault_is_silent_and_still_shown() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    wish(machine, "ack", after(5))
    assert (shown(machine), machine.memory.faults, machine.calling) == ("FAULT", ("no_data",), None)


def test_an_answer_to_a_fault_silences_neither_another_fault_nor_its_return() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    wish(machine, "ack", after(5))
    machine.faults(wrong("no_data", "disk"), after(10))
    assert call(machine).faults == ("disk",)
    machine.faults(wrong(), after(20))
    machine.faults(NO_DATA, after(60))
    assert is_calling(machine)


def test_an_answered_fault_that_stands_into_the_next_night_sounds_anew() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    wish(machine, "ack", after(5))
    machine.tick(MORNING_NOON)
    assert is_calling(machine)


def test_a_cramp_goes_before_a_fault_and_the_fault_before_an_answered_cramp() -> None:
    machine = alerting()
    machine.faults(NO_DATA, after(1))
    assert shown(machine) == "ALERT"
    wish(machine, "ack", after(5))
    assert shown(machine) == "FAULT"
    assert is_calling(machine)


def test_a_soft_fault_is_told_and_makes_no_fault_state() -> None:
    machine = watching()
    (change,) = machine.faults(wrong("database"), after(1))
    assert (change.before, change.after, change.faults) == ("WATCHING", "WATCHING", ("database",))
    assert not is_calling(machine)


def test_a_further_fault_begins_the_rings_anew_and_one_that_is_cured_does_not() -> None:
    machine = watching()
    machine.faults(NO_DATA, after(1))
    machine.faults(wrong("no_data", "disk"), after(100))
    assert call(machine).since_ns == after(100)
    machine.faults(NO_DATA, after(200))
    assert call(machine).since_ns == after(100)


# Silent mode and restarts


def test_in_silent_mode_the_states_are_the_same_and_nobody_is_called_or_owed_an_answer() -> None:
    machine = watching(AlarmSettings(mode="silent"))
    machine.confirmed("a", after(1))
    assert (shown(machine), machine.calling) == ("ALERT", None)
    machine.over("a", after(20))
    machine.tick(after(21))
    assert (shown(machine), machine.memory.unanswered) == ("WATCHING", None)


def test_a_restart_loses_nothing() -> None:
    machine = alerting()
    machine.faults(wrong("battery", "database"), after(1))
    wish(machine, "ack", after(2))
    machine.suspected("b", after(3))
    again = restarted(machine)
    assert again.memory == machine.memory
    assert again.tick(after(4)) == machine.tick(after(4))


def test_every_transition_tells_who_and_when() -> None:
    machine = alerting()
    (change,) = machine.command(command("mute", after(7), by="home assistant"), after(7))
    assert (change.before, change.after) == ("ALERT", "MUTED")
    assert (change.by, change.why, change.t_ns) == ("home assistant", "mute", after(7))
    assert (machine.memory.by, machine.memory.since_ns) == ("home assistant", after(7))


def test_what_time_has_ended_meanwhile_is_told_before_the_news() -> None:
    machine = watching()
    wish(machine, "snooze", after(0), minutes=10)
    changes = machine.confirmed("a", after(11 * MINUTE))
    assert [(change.after, change.why) for change in changes] == [("WATCHING", "time"), ("ALERT", "confirmed")]


def test_a_snooze_silences_what_sounds_though_the_other_kind_is_snoozed_already() -> None:
    machine = watching()
    machine.faults(wrong("battery"), after(0))
    wish(machine, "snooze", after(1), minutes=60)
    machine.confirmed("a", after(60))
    wish(machine, "snooze", after(61), minutes=10)
    assert machine.calling is None
    assert machine.memory.cramps_snoozed_until_ns == after(61 + 10 * MINUTE)
    assert machine.memory.faults_snoozed_until_ns == after(1 + HOUR)


def test_a_cramp_that_was_found_late_and_still_goes_on_calls_once_it_is_seen() -> None:
    machine = watching()
    machine.confirmed("a", after(500), late=True)
    machine.confirmed("a", after(510))
    assert (shown(machine), machine.event_id, is_calling(machine)) == ("ALERT", "a", True)


def test_a_cramp_that_is_confirmed_while_cramps_are_snoozed_is_on_record() -> None:
    machine = watching()
    wish(machine, "snooze", after(0), minutes=30)
    machine.suspected("a", after(10))
    (transition,) = machine.confirmed("a", after(20))
    assert (transition.after, transition.why, transition.event_id) == ("SNOOZED", "confirmed", "a")
