"""What is wrong, told from what collector, detector and host say."""

import pytest

from collector.contract.messages import NS, Fault, Faults, Health, LinkHealth, Status, StreamKind
from detector.alarm.faults import FaultMemory, FaultWatch, Wrong
from detector.alarm.messages import FaultKind
from detector.alarm.settings import AlarmSettings
from detector.sight import Blindness, Seen
from tests.detector.alarm.moments import EVENING, HOUR, ZONE, after, at

SESSION = "2026-03-12_w1_left_calf_3f2a"

CAUSES: tuple[Blindness, ...] = ("flat", "mains", "clipped")


def link(
    state: str = "streaming",
    age_s: float | None = 0.2,
    *,
    hours_left: float | None = None,
    percent: float | None = None,
    streams: tuple[StreamKind, ...] = ("emg", "acc"),
) -> LinkHealth:
    return LinkHealth(
        device="cramp-node",
        state=state,
        streams=streams,
        last_data_age_s=age_s,
        battery_hours_left=hours_left,
        battery_percent=percent,
    )


def health(*links: LinkHealth, session: str | None = SESSION) -> Health:
    return Health(
        t_ns=EVENING, session=session, links=links, samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=0
    )


def status(state: str, *, t_ns: int = EVENING, session: str | None = SESSION) -> Status:
    return Status(state=state, t_ns=t_ns, session=session)  # type: ignore[arg-type]  # one of three, from a test's table


def seen(t_ns: int, *, lag_s: float = 2.0, blind: Blindness | None = None, blind_s: float = 0.0) -> Seen:
    return Seen(
        state="WATCHING",
        since_ns=EVENING,
        text="",
        t_ns=t_ns,
        judged_ns=t_ns - round(lag_s * NS),
        blind=blind,
        blind_since_ns=t_ns - round(blind_s * NS) if blind else None,
    )


class Evening:
    """A place at which everybody speaks every 10 s and faults are asked for each second, unless told otherwise."""

    def __init__(self, memory: FaultMemory | None = None) -> None:
        self.watch = FaultWatch(AlarmSettings(), ZONE, EVENING, memory)
        self.now_s = 0
        self.watch.status(status("online"), after(0))
        self.first: dict[FaultKind, int] = {}  # the second at which each fault was first told
        self.cleared_s: int | None = None  # the last second at which any was

    def go_on(
        self,
        seconds: int,
        links: tuple[LinkHealth, ...] | None = (link(),),
        *,
        detector: bool = True,
        lag_s: float = 2.0,
        blind: Blindness | None = None,
    ) -> frozenset[FaultKind]:
        """So many seconds like this; `links` None is a collector that is silent. What is wrong then."""
        told: frozenset[FaultKind] = frozenset()
        begin_s = self.now_s
        for _ in range(seconds):
            now_ns = after(self.now_s)
            if self.now_s % 10 == 0 and links is not None:
                self.watch.health(health(*links), now_ns)
            if self.now_s % 10 == 0 and detector:
                self.watch.seen(seen(now_ns, lag_s=lag_s, blind=blind, blind_s=self.now_s - begin_s), now_ns)
            told = frozenset(fault.kind for fault in self.watch.standing(now_ns))
            for kind in told:
                self.first.setdefault(kind, self.now_s)
            self.cleared_s = self.now_s if told else self.cleared_s
            self.now_s += 1
        return told


def test_a_night_on_which_all_is_well_has_no_fault() -> None:
    assert Evening().go_on(300) == frozenset()


def test_connected_but_no_samples_for_30_s_fault() -> None:
    evening = Evening()
    evening.go_on(100)  # the last health, at 90 s, tells of data 0.2 s old
    for _ in range(5):
        evening.go_on(10, (link(age_s=evening.now_s - 100 + 0.001),))
    assert evening.first == {"silent": 130}


def test_what_repairs_itself_within_the_grace_is_no_fault() -> None:
    evening = Evening()
    evening.go_on(100)
    evening.go_on(10, (link("scanning", age_s=0.5),))
    evening.go_on(10, (link("scanning", age_s=10.5),))
    evening.go_on(60)
    assert evening.first == {}


def test_a_link_that_is_gone_means_no_data() -> None:
    evening = Evening()
    evening.go_on(100)
    for missing_s in range(0, 60, 10):
        evening.go_on(10, (link("scanning", age_s=missing_s + 0.001),))
    assert set(evening.first) == {"no_data"}


def test_missing_data_keep_their_name_while_the_link_comes_and_goes() -> None:
    evening = Evening()
    evening.go_on(100)
    for missing_s in range(0, 200, 10):
        evening.go_on(10, (link("scanning" if missing_s % 40 else "streaming", age_s=missing_s + 0.001),))
    assert len(evening.first) == 1


def test_a_wearable_that_never_sent_anything_is_missed_as_well() -> None:
    assert Evening().go_on(60, (link("scanning", age_s=None),)) == {"no_data"}


def test_a_fault_clears_by_itself_once_all_has_been_well_for_the_time_to_settle() -> None:
    evening = Evening()
    evening.go_on(60, blind="flat")
    assert set(evening.first) == {"electrode_off"}
    assert evening.go_on(20) == frozenset()
    assert evening.cleared_s == 59 + 14  # wrong last at 59 s; 15 s later it is told no more


def test_a_loose_plug_is_one_fault_and_not_one_for_each_touch() -> None:
    evening = Evening()
    evening.go_on(60, blind="flat")
    for _ in range(3):
        assert evening.go_on(10) == {"electrode_off"}
        assert evening.go_on(10, blind="flat") == {"electrode_off"}


def test_the_grace_runs_from_the_beginning_of_blindness_whatever_its_cause_becomes() -> None:
    evening = Evening()
    evening.go_on(100)
    for _ in range(10):
        for cause in CAUSES:
            evening.go_on(20, blind=cause)
    assert evening.first == {"mains": 130}  # what it was when the grace was over, and no other name every 20 s


def test_another_cause_is_told_once_it_has_lasted_for_the_grace_itself() -> None:
    evening = Evening()
    evening.go_on(100, blind="flat")
    assert evening.go_on(29, blind="mains") == {"electrode_off"}
    assert evening.go_on(20, blind="mains") == {"mains"}
    assert evening.first == {"electrode_off": 30, "mains": 130}


def test_what_comes_and_goes_is_told_once_two_of_five_minutes_are_lost_under_what_took_most() -> None:
    evening = Evening()
    for cause in ("flat", "flat", "mains", "flat", "mains", "flat", "mains"):
        evening.go_on(20, blind=cause)
        evening.go_on(10)
    assert evening.first == {"electrode_off": 6 * 30}  # six times 20 s, and the next has begun
    for _ in range(20):
        assert evening.go_on(20, blind="flat") == evening.go_on(10) == {"electrode_off"}


def test_what_comes_and_goes_is_over_after_a_minute_without_a_break() -> None:
    evening = Evening()
    for _ in range(7):
        evening.go_on(20, blind="flat")
        evening.go_on(10)
    assert evening.go_on(40) == {"electrode_off"}
    assert evening.go_on(20) == frozenset()


@pytest.mark.parametrize(("blind_s", "well_s", "is_told"), [(25, 5, True), (20, 30, True), (10, 50, False)])
def test_a_third_of_the_time_lost_in_pieces_is_told_and_a_sixth_is_not(
    blind_s: int, well_s: int, *, is_told: bool
) -> None:
    evening = Evening()
    for _ in range(20):
        evening.go_on(blind_s, blind="missing")
        evening.go_on(well_s)
    assert (set(evening.first) == {"no_data"}) is is_told


def test_one_long_outage_that_is_mended_is_over_as_soon_as_a_short_one() -> None:
    evening = Evening()
    evening.go_on(600, blind="flat")
    assert evening.go_on(20) == frozenset()


def test_the_next_session_of_a_night_begins_with_nothing_lost() -> None:
    evening = Evening()
    evening.go_on(100, blind="flat")
    evening.watch.status(status("ended"), after(100))
    evening.go_on(30, None, detector=False)
    evening.watch.status(status("online", session=SESSION + "2"), after(130))
    assert evening.go_on(29, blind="flat") == frozenset()


def test_a_bedside_that_was_stopped_for_longer_than_it_looks_back_goes_on() -> None:
    evening = Evening()
    evening.go_on(20, blind="flat")
    evening.now_s += 1000
    assert evening.go_on(20, blind="flat") == {"electrode_off"}


def test_a_fault_is_not_over_because_nobody_can_speak_of_it() -> None:
    evening = Evening()
    evening.go_on(60, (link(percent=5.0),))
    assert evening.go_on(100, None, detector=False) == {"collector_gone", "battery"}
    assert evening.go_on(60) == frozenset()


def test_a_level_that_has_to_be_learnt_again_and_again_is_time_that_is_lost_too() -> None:
    evening = Evening()
    for _ in range(10):
        evening.go_on(10, blind="flat")
        evening.go_on(20, blind="learning")
    assert set(evening.first) == {"electrode_off"}


@pytest.mark.parametrize(
    ("blind", "kind"),
    [("missing", "no_data"), ("clipped", "clipping"), ("flat", "electrode_off"), ("mains", "mains")],
)
def test_why_the_detector_sees_nothing_has_a_name(blind: Blindness, kind: FaultKind) -> None:
    assert Evening().go_on(60, blind=blind) == {kind}


def test_to_learn_the_resting_level_is_no_fault() -> None:
    assert Evening().go_on(120, blind="learning") == frozenset()


def test_a_detector_that_falls_silent_is_missed_30_s_after_its_last_word() -> None:
    evening = Evening()
    evening.go_on(100)
    evening.go_on(60, detector=False)
    assert evening.first == {"detector_dead": 90 + 30}


def test_a_detector_that_never_spoke_is_missed() -> None:
    assert Evening().go_on(60, detector=False) == {"detector_dead"}


def test_nothing_is_asked_of_the_detector_while_nothing_reaches_it() -> None:
    evening = Evening()
    evening.go_on(100)
    for missing_s in range(0, 100, 10):
        evening.go_on(10, (link("scanning", age_s=missing_s + 0.001),), detector=False)
    evening.go_on(10, detector=False)  # the data are back, the detector has yet to speak
    evening.go_on(100)
    assert set(evening.first) == {"no_data"}


def test_a_detector_that_lags_is_told() -> None:
    assert Evening().go_on(60, lag_s=40) == {"detector_behind"}


def test_a_collector_that_falls_silent_is_missed_30_s_after_its_last_word_and_explains_the_rest() -> None:
    evening = Evening()
    evening.go_on(100)
    evening.go_on(100, None, detector=False)
    assert evening.first == {"collector_gone": 90 + 30}


def test_a_collector_that_is_offline_is_missed_and_back_it_is_not() -> None:
    evening = Evening()
    evening.go_on(100)
    evening.watch.status(status("offline", session=None), after(100))
    evening.go_on(40, None)
    assert set(evening.first) == {"collector_gone"}
    evening.watch.status(status("online"), after(140))
    assert evening.go_on(30) == frozenset()


def test_a_recording_that_is_replayed_sends_no_health_and_misses_none() -> None:
    assert Evening().go_on(100, None) == frozenset()


def test_a_night_that_has_ended_is_no_fault() -> None:
    evening = Evening()
    evening.go_on(100)
    evening.watch.status(status("ended"), after(100))
    assert not evening.watch.recording(after(100))
    assert evening.go_on(100, None, detector=False) == frozenset()


def test_the_late_end_of_an_earlier_session_does_not_end_this_one() -> None:
    evening = Evening()
    evening.go_on(20)
    evening.watch.status(status("ended", session="2026-03-11_w1_left_calf_1111"), after(20))
    assert evening.watch.recording(after(20))


def test_a_wearer_who_never_began_is_not_recording_and_misses_nothing() -> None:
    watch = FaultWatch(AlarmSettings(), ZONE, EVENING)
    watch.health(health(link("scanning", age_s=None), session=None), after(0))
    assert not watch.recording(after(60))
    assert watch.standing(after(60)) == ()


def test_what_the_broker_kept_of_last_night_is_not_this_night() -> None:
    watch = FaultWatch(AlarmSettings(), ZONE, EVENING)
    watch.status(status("online", t_ns=at("2026-03-11 23:00")), EVENING)
    assert not watch.recording(EVENING)


@pytest.mark.parametrize(
    ("hours_left", "percent", "told"),
    [(8.9, None, True), (9.1, None, False), (None, 9.0, True), (None, 11.0, False), (None, None, False)],
)
def test_at_ten_in_the_evening_a_battery_has_to_last_nine_hours(
    hours_left: float | None, percent: float | None, told: bool
) -> None:
    evening = Evening()
    assert (evening.go_on(60, (link(hours_left=hours_left, percent=percent),)) == {"battery"}) is told


def test_after_getting_up_a_battery_has_to_last_no_longer() -> None:
    watch = FaultWatch(AlarmSettings(), ZONE, EVENING)
    morning = at("2026-03-13 08:00")
    for second in range(0, 60, 10):
        watch.health(health(link(hours_left=1.0)), after(second, morning))
        watch.seen(seen(after(second, morning)), after(second, morning))
    assert watch.standing(after(50, morning)) == ()


@pytest.mark.parametrize(
    ("device", "streams", "kind"),
    [
        ("disk", (), "disk"),
        ("clock", (), "clock"),
        ("belt", ("acc",), "companion"),
        ("cramp-node", ("emg", "acc"), "silent"),
    ],
)
def test_what_the_collector_says_is_told_with_its_own_words(
    device: str, streams: tuple[StreamKind, ...], kind: FaultKind
) -> None:
    evening = Evening()
    evening.go_on(20)
    # The collector's clock is an hour ahead; the fault is 31 s old by either.
    fault = Fault(device=device, streams=streams, since_ns=after(HOUR), cause="it broke", cure="mend it")
    evening.watch.reported(Faults(t_ns=after(HOUR + 31), faults=(fault,)), after(20))
    (standing,) = evening.watch.standing(after(20))
    assert (standing.kind, standing.detail) == (kind, f"{device}: it broke; mend it")
    assert standing.since_ns == after(20 - 31)


def test_what_the_bedside_notices_itself_is_a_fault_even_while_nothing_is_recorded() -> None:
    watch = FaultWatch(AlarmSettings(), ZONE, EVENING)
    for second in range(60):
        watch.host("broker", after(second), wrong=True)
    assert [fault.kind for fault in watch.standing(after(60))] == ["broker"]
    watch.host("broker", after(61), wrong=False)
    assert watch.standing(after(75)) == ()


def test_without_the_broker_nobody_else_is_missed_and_everybody_is_given_a_turn_when_it_is_back() -> None:
    evening = Evening()
    evening.go_on(100)
    evening.watch.host("broker", after(100), wrong=True)
    assert evening.go_on(200, None, detector=False) == {"broker"}
    evening.watch.host("broker", after(300), wrong=False)
    evening.go_on(9, None, detector=False)
    evening.go_on(100)
    assert set(evening.first) == {"broker"}


def test_faults_come_with_the_nearest_cause_first() -> None:
    evening = Evening()
    evening.watch.host("database", after(0), wrong=True)
    evening.watch.host("disk", after(0), wrong=True)
    evening.go_on(60, blind="mains")
    assert [fault.kind for fault in evening.watch.standing(after(60))] == ["mains", "disk", "database"]


def test_what_stood_before_a_restart_stands_until_it_is_heard_to_be_well() -> None:
    before = FaultMemory(standing=(Wrong(kind="battery", since_ns=after(-100), detail="8 %"),))
    evening = Evening(before)
    assert evening.go_on(5) == {"battery"}
    assert evening.go_on(60, (link(hours_left=1.0),)) == {"battery"}
    assert evening.watch.standing(after(65)) == before.standing
    again = Evening(before)
    assert again.go_on(60) == frozenset()
