import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.contract.messages import NS
from detector.report.context import (
    FACTORS,
    Finding,
    NightContext,
    Tally,
    chance_of_as_many,
    findings,
    observe,
    other_half_hours,
)
from detector.report.texts import FACTORS as TEXTS
from tests.support.nights import HOUR, MINUTE, ONE_CRAMP, Night, cramp, earlier_nights, movement


def tally(night: Night, factor: str) -> Tally:
    return observe(night.record()).tallies[factor]


def found(night: Night, factor: str, history: list[NightContext]) -> Finding:
    return next(finding for finding in findings(observe(night.record()), history) if finding.factor == factor)


def chance_by_enumeration(nights: list[tuple[list[int], list[int]]]) -> float:
    """Every way of choosing which half hours of each night came before cramps, all equally likely."""
    observed = sum(sum(events) for events, _ in nights)
    ways = [[sum(chosen) for chosen in itertools.combinations(e + o, len(e))] for e, o in nights]
    totals = [sum(way) for way in itertools.product(*ways)]
    return sum(total >= observed for total in totals) / len(totals)


def test_every_factor_has_its_words() -> None:
    assert TEXTS.keys() == FACTORS.keys()


def test_skin_that_cools_by_more_than_a_bed_sock_within_the_half_hour_is_seen() -> None:
    assert tally(Night(cramps=[cramp(4 * HOUR + 25 * MINUTE)], cooling_at_s=[4 * HOUR]), "skin_cooled").seen == 1


def test_skin_that_keeps_its_warmth_is_not() -> None:
    assert tally(Night(cramps=[cramp(4 * HOUR)]), "skin_cooled").seen == 0


def test_a_sensor_that_is_still_warming_up_says_nothing_about_the_skin() -> None:
    assert tally(Night(cramps=[cramp(10 * MINUTE)]), "skin_cool").events == 0


def test_without_a_thermometer_nothing_is_said_about_the_skin() -> None:
    assert tally(Night(cramps=[cramp(4 * HOUR)], thermometer=False), "skin_cooled").events == 0


def test_cool_and_warm_skin_are_told_apart() -> None:
    night = Night(cramps=[cramp(4 * HOUR)]).record()
    cold, warm = (dataclasses.replace(night, temperature_c=np.full_like(night.temperature_c, c)) for c in (27.0, 36.0))
    assert [observe(n).tallies["skin_cool"].seen for n in (cold, warm)] == [1, 0]
    assert [observe(n).tallies["skin_warm"].seen for n in (cold, warm)] == [0, 1]


def test_the_second_cramp_within_an_hour_has_a_cramp_before_it_the_first_has_none() -> None:
    assert tally(Night(cramps=[cramp(2 * HOUR), cramp(2 * HOUR + 50 * MINUTE)]), "recent_cramp").seen == 1


def test_a_cramp_after_more_than_an_hour_has_none_before_it() -> None:
    assert tally(Night(cramps=[cramp(2 * HOUR), cramp(3 * HOUR + 10 * MINUTE)]), "recent_cramp").seen == 0


def test_thirteen_movements_in_the_half_hour_are_many_twelve_are_not() -> None:
    def with_movements(count: int) -> Night:
        return Night(cramps=[cramp(4 * HOUR)], rejected=[movement(4 * HOUR - 60.0 * (k + 1)) for k in range(count)])

    assert tally(with_movements(13), "many_movements").seen == 1
    assert tally(with_movements(12), "many_movements").seen == 0


def test_the_posture_at_onset_counts() -> None:
    lasts_s = Night().lasts_s
    assert tally(Night(cramps=[cramp(0.55 * lasts_s)]), "prone").seen == 1  # face down from 0.50 to 0.62
    assert tally(Night(cramps=[cramp(0.70 * lasts_s)]), "prone").seen == 0


def test_a_posture_kept_for_86_minutes_is_long() -> None:
    lasts_s = Night().lasts_s
    since_s = 0.21 * lasts_s  # on the back until 0.50, which is 137 min
    assert tally(Night(cramps=[cramp(since_s + 87 * MINUTE)]), "long_same_posture").seen == 1
    assert tally(Night(cramps=[cramp(since_s + 85 * MINUTE)]), "long_same_posture").seen == 0


def test_without_an_accelerometer_nothing_is_said_about_posture() -> None:
    assert tally(Night(cramps=[cramp(4 * HOUR)], accelerometer=False), "prone").events == 0


def test_the_other_half_hours_are_watched_and_away_from_cramps() -> None:
    night = Night(lasts_s=4 * HOUR, cramps=[cramp(2 * HOUR + 60.0)], holes=[(3 * HOUR, 20 * MINUTE, "no data")])
    ends_h = [(t_ns - night.start_ns) / NS / HOUR for t_ns in other_half_hours(night.record())]
    # Half hours end at 0.5, 1.0, ... 3.5. From 1.52 to 2.04 is the cramp and the time before it: 2.0 and 2.5 go.
    # From 3.0 to 3.5 two thirds were not watched: 3.5 goes.
    assert ends_h == [0.5, 1.0, 1.5, 3.0]


def test_one_cramp_in_four_half_hours_has_a_chance_of_one_in_four() -> None:
    assert chance_of_as_many([Tally(1, 1, 3, 0)]) == pytest.approx(1 / 4)


def test_independent_nights_multiply() -> None:
    assert chance_of_as_many([Tally(1, 1, 3, 0)] * 3) == pytest.approx(1 / 64)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 1), min_size=1, max_size=2), st.lists(st.integers(0, 1), min_size=1, max_size=4)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_the_chance_is_that_of_exchanging_half_hours_within_nights(nights: list[tuple[list[int], list[int]]]) -> None:
    tallies = [Tally(len(e), sum(e), len(o), sum(o)) for e, o in nights]
    assert chance_of_as_many(tallies) == pytest.approx(chance_by_enumeration(nights))


def test_seven_alike_nights_are_enough_to_say_more_often() -> None:
    history = [observe(record) for record in earlier_nights(6)]
    finding = found(ONE_CRAMP, "skin_cooled", history)
    assert (finding.seen, finding.events, finding.nights) == (7, 7, 7)
    assert finding.more_often


def test_six_nights_are_not() -> None:
    history = [observe(record) for record in earlier_nights(5)]
    assert not found(ONE_CRAMP, "skin_cooled", history).more_often


def test_four_cramps_are_not_enough_however_many_the_nights() -> None:
    quiet = dataclasses.replace(ONE_CRAMP, cramps=[])
    cramps, nights = earlier_nights(3), earlier_nights(12, quiet)[3:]
    finding = found(ONE_CRAMP, "skin_cooled", [observe(record) for record in [*cramps, *nights]])
    assert (finding.seen, finding.events, finding.nights) == (4, 4, 13)
    assert finding.p < 0.01
    assert not finding.more_often


def test_what_is_always_there_is_not_more_often() -> None:
    def cold(night: Night) -> NightContext:
        record = night.record()
        return observe(dataclasses.replace(record, temperature_c=np.full_like(record.temperature_c, 27.0)))

    nights = [cold(dataclasses.replace(ONE_CRAMP, night=ONE_CRAMP.night.replace(day=day))) for day in range(12, 2, -1)]
    finding = next(f for f in findings(nights[0], nights[1:]) if f.factor == "skin_cool")
    assert (finding.seen, finding.usual) == (10, 1.0)
    assert finding.p == pytest.approx(1.0)
    assert not finding.more_often


@pytest.mark.parametrize(
    "other", [{"wearer": "w2"}, {"site": "right_calf"}, {"simulated": True}], ids=["wearer", "site", "simulated"]
)
def test_nights_of_another_wearer_site_or_kind_are_left_out(other: dict[str, object]) -> None:
    recipe = dataclasses.replace(ONE_CRAMP, **other)  # type: ignore[arg-type] # the names are Night's own
    history = [observe(record) for record in earlier_nights(8, recipe)]
    assert found(ONE_CRAMP, "skin_cooled", history).nights == 1


def test_nights_judged_by_another_rule_are_left_out() -> None:
    history = [observe(dataclasses.replace(record, parameters_hash="0" * 12)) for record in earlier_nights(8)]
    assert found(ONE_CRAMP, "skin_cooled", history).nights == 1


def test_later_nights_do_not_change_the_report_of_an_earlier_one() -> None:
    tonight, *_ = earlier_nights(1)
    later = observe(ONE_CRAMP.record())
    assert all(finding.nights == 1 for finding in findings(observe(tonight), [later]))


def test_without_any_cramp_there_is_nothing_to_find() -> None:
    assert findings(observe(Night().record()), []) == []
