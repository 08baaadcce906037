import msgspec
from hypothesis import given
from hypothesis import strategies as st

from detector.candidates import kind_of, sort_candidates
from tests.support.nights import Contraction, Night, large_movement, movement, stretch


def test_a_steady_contraction_of_eight_seconds_is_a_near_miss() -> None:
    near_misses, movements, others = sort_candidates(Night(rejected=[stretch(100.0, 8.0)]).record().candidates)
    assert (len(near_misses), len(movements), others) == (1, 0, {})


def test_a_stretch_that_moves_the_leg_is_a_movement_up_to_ten_seconds_and_a_near_miss_beyond() -> None:
    rejected = [stretch(100.0, 9.0, motion_mg=120.0), stretch(300.0, 11.0, motion_mg=120.0)]
    near_misses, movements, _ = sort_candidates(Night(rejected=rejected).record().candidates)
    assert [event.duration_s for event in near_misses] == [11.0]
    assert [event.duration_s for event in movements] == [9.0]


def test_without_an_accelerometer_a_steady_contraction_of_five_seconds_is_a_near_miss() -> None:
    (event,) = Night(rejected=[stretch(100.0, 5.0)]).record().candidates
    unknown = msgspec.structs.replace(event.figures, moving_fraction=None)
    assert sort_candidates([msgspec.structs.replace(event, figures=unknown)]).near_misses


def test_a_burst_of_two_seconds_is_a_movement() -> None:
    near_misses, movements, others = sort_candidates(Night(rejected=[movement(100.0)]).record().candidates)
    assert (len(near_misses), len(movements), others) == (0, 1, {})


def test_long_unsteady_contractions_are_counted_by_reason_whatever_the_numbers_in_it() -> None:
    rejected = [large_movement(100.0, 14.0), large_movement(300.0, 23.0)]
    others = sort_candidates(Night(rejected=rejected).record().candidates).others
    assert others == {"came in bursts (steadiness …, a tonic contraction has … or more)": 2}


def test_a_reason_without_numbers_is_its_own_kind() -> None:
    assert kind_of("the shank was upright: standing, not lying") == "the shank was upright: standing, not lying"


@given(st.lists(st.tuples(st.floats(0.5, 60.0), st.floats(0.0, 1.0), st.floats(0.0, 2.0)), max_size=12))
def test_every_rejected_contraction_is_in_exactly_one_group(recipes: list[tuple[float, float, float]]) -> None:
    rejected = [
        Contraction(100.0 * (k + 1), lasts_s, tonicity=tonicity, dip_s=dip_s, reason="r")
        for k, (lasts_s, tonicity, dip_s) in enumerate(recipes)
    ]
    events = [Night().event(contraction, confirmed=False) for contraction in rejected]
    near_misses, movements, others = sort_candidates(events)
    assert len(near_misses) + len(movements) + sum(others.values()) == len(events)
