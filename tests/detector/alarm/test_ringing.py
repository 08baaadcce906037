"""What sounds when."""

from itertools import pairwise

import pytest

from detector.alarm.machine import Calling
from detector.alarm.ringing import Ring, Ringing
from detector.alarm.settings import AlarmSettings
from tests.detector.alarm.moments import EVENING, after

SETTINGS = AlarmSettings(cramp_rings_s=(0, 5, 15, 35), fault_rings_s=(0, 60), first_level=0.4, fault_level=0.3)
CRAMP = Calling(kind="cramp", since_ns=EVENING, event_id="a")
FAULT = Calling(kind="fault", since_ns=EVENING, faults=("no_data",))


def rings(calling: Calling, seconds: int) -> list[tuple[int, Ring]]:
    """Every ring within so many seconds, asked for each second."""
    ringing = Ringing(SETTINGS)
    asked = [(second, ringing.due(calling, after(second))) for second in range(seconds)]
    return [(second, ring) for second, ring in asked if ring]


def test_a_cramp_rings_at_its_times_and_then_no_more() -> None:
    assert [second for second, _ in rings(CRAMP, 1000)] == [0, 5, 15, 35]


def test_each_pause_is_longer_than_the_last() -> None:
    times_s = AlarmSettings().cramp_rings_s
    pauses_s = [later - earlier for earlier, later in pairwise(times_s)]
    assert pauses_s == sorted(pauses_s)


def test_a_cramp_grows_from_the_first_level_to_full() -> None:
    assert [ring.level for _, ring in rings(CRAMP, 100)] == pytest.approx([0.4, 0.6, 0.8, 1.0])


def test_a_fault_rings_more_softly_than_any_cramp_and_does_not_grow() -> None:
    assert [(second, ring.level) for second, ring in rings(FAULT, 1000)] == [(0, 0.3), (60, 0.3)]


def test_rings_are_numbered_from_nought() -> None:
    assert [ring.n for _, ring in rings(CRAMP, 100)] == [0, 1, 2, 3]


def test_nobody_called_nothing_sounds() -> None:
    assert Ringing(SETTINGS).due(None, EVENING) is None


def test_the_next_event_rings_from_the_beginning() -> None:
    ringing = Ringing(SETTINGS)
    ringing.due(CRAMP, after(35))
    following = Calling(kind="cramp", since_ns=after(40), event_id="b")
    assert ringing.due(following, after(40)) == Ring(kind="cramp", level=0.4, n=0)


def test_a_pause_in_which_nobody_asked_is_not_made_up_for_by_a_volley() -> None:
    ringing = Ringing(SETTINGS)
    ringing.due(CRAMP, after(0))
    ring = ringing.due(CRAMP, after(20))
    assert ring is not None
    assert ring.n == 2
    assert ringing.due(CRAMP, after(21)) is None


def test_a_single_ring_sounds_at_the_first_level() -> None:
    ringing = Ringing(AlarmSettings(cramp_rings_s=(0,), first_level=0.5))
    assert ringing.due(CRAMP, after(0)) == Ring(kind="cramp", level=0.5, n=0)


def test_a_test_is_as_loud_as_the_loudest_alert() -> None:
    assert Ringing(SETTINGS).test() == Ring(kind="test", level=1.0, n=0)


@pytest.mark.parametrize(("calling", "seconds", "due"), [(CRAMP, 59, False), (CRAMP, 60, True), (FAULT, 3600, False)])
def test_a_second_person_is_told_of_a_cramp_that_nobody_answered_within_the_window(
    calling: Calling, seconds: int, due: bool
) -> None:
    assert Ringing(SETTINGS).second_person_due(calling, after(seconds)) is due


def test_once_answered_no_second_person_is_told() -> None:
    assert not Ringing(SETTINGS).second_person_due(None, after(3600))


def test_after_a_restart_what_has_rung_out_does_not_ring_again() -> None:
    spent = Calling(kind="cramp", since_ns=EVENING, event_id="a", spent=True)
    assert Ringing(SETTINGS).due(spent, after(60)) is None
