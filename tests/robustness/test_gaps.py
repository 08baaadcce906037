"""Radio gaps: samples that never arrive, and blocks that arrive twice."""

import pytest

from benchmarks.robustness.night import Night
from benchmarks.robustness.watching import Spans, Watched, blocks, watch
from tests.robustness.comparison import assert_as_undisturbed

NO_DATA = "no data"
SETTLING_S = 0.5
"""Behind a gap the filter settles for two windows of 0.25 s."""
BRIDGED_S = 1.0
"""The longest gap of those tried that costs no cramp anywhere; 2 s and the settling are over `invalid_limit_s`."""
NEEDED_S = 18.0
"""What a contraction has to last whose beginning nobody saw: as long as one without known motion."""


def gap_in_each_cramp(night: Night, after_s: float, length_s: float) -> Spans:
    return [(cramp.onset_s + after_s, cramp.onset_s + after_s + length_s) for cramp in night.cramps]


def with_gaps(night: Night, gaps: Spans) -> Watched:
    return watch(night, blocks(night, gaps=gaps))


@pytest.mark.parametrize("after_s", [-30.0, -1.5, 3.0, 8.0, 20.0])
@pytest.mark.parametrize("length_s", [0.1, BRIDGED_S])
def test_a_gap_of_a_second_costs_no_cramp_and_its_time_is_not_watched(
    night: Night, undisturbed: Watched, length_s: float, after_s: float
) -> None:
    gaps = gap_in_each_cramp(night, after_s, length_s)
    watched = with_gaps(night, gaps)
    assert_as_undisturbed(watched, undisturbed)
    for start_s, stop_s in gaps:
        # A frame of 96 ms is judged or not as a whole, and the one that the gap cuts short waits for the settling.
        blind_s = watched.unwatched_s(start_s - 0.3, stop_s + SETTLING_S + 0.3, NO_DATA)
        assert blind_s == pytest.approx(length_s + SETTLING_S, abs=0.3)


@pytest.mark.parametrize("length_s", [2.0, 10.0, 30.0])
def test_a_gap_behind_the_alert_leaves_the_cramp_found(night: Night, length_s: float) -> None:
    watched = with_gaps(night, gap_in_each_cramp(night, 20.0, length_s))
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms


@pytest.mark.parametrize("length_s", [5.0, 30.0])
def test_a_gap_over_the_end_of_a_cramp_ends_it_where_it_was_last_seen(night: Night, length_s: float) -> None:
    watched = with_gaps(night, [(cramp.end_s - 3.0, cramp.end_s - 3.0 + length_s) for cramp in night.cramps])
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms
    for event, cramp in zip(watched.score.events, night.cramps, strict=True):
        assert event.end_s == pytest.approx(cramp.end_s - 3.0, abs=1.0)


@pytest.mark.parametrize(("after_s", "length_s"), [(8.0, 2.0), (3.0, 5.0), (-1.0, 10.0)])
def test_a_cramp_of_a_sleeper_that_lasts_on_behind_a_gap_is_found(
    night: Night, after_s: float, length_s: float
) -> None:
    watched = with_gaps(night, gap_in_each_cramp(night, after_s, length_s))
    blind_s = after_s + length_s + SETTLING_S
    lasting = {c for c in night.cramps if c.kind == "asleep" and c.end_s - c.onset_s > blind_s + NEEDED_S}
    assert lasting <= set(watched.found)
    assert not watched.false_alarms


def test_small_losses_all_night_cost_nothing_but_their_time(night: Night) -> None:
    gaps = [(at_s, at_s + 0.1) for at_s in range(100, int(night.seconds) - 1, 5)]
    watched = with_gaps(night, gaps)
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms
    assert watched.unwatched_s(100, night.seconds, NO_DATA) == pytest.approx(len(gaps) * (0.1 + SETTLING_S), rel=0.25)


def test_blocks_that_arrive_twice_change_nothing(night: Night, undisturbed: Watched) -> None:
    twice = [again for block in blocks(night) for again in (block, block)]
    assert watch(night, twice).score == undisturbed.score


def test_a_quiet_half_minute_without_data_is_no_event(night: Night, undisturbed: Watched) -> None:
    middle_s = (night.cramps[1].end_s + night.cramps[2].onset_s) / 2
    watched = with_gaps(night, [(middle_s, middle_s + 30.0)])
    assert_as_undisturbed(watched, undisturbed)
    assert watched.unwatched_s(middle_s, middle_s + 30.0, NO_DATA) == pytest.approx(30.0, abs=0.3)
