"""The accelerometer: absent, lost on the way, slow, late."""

import pytest

from benchmarks.robustness.night import Night, simulate
from benchmarks.robustness.watching import Watched, blocks, watch
from collector.contract.messages import SampleBlock
from tests.robustness.comparison import assert_as_undisturbed

MIDDLE_S = 1800.0
ASLEEP_S, UNKNOWN_S = 12.0, 18.0
"""How long a contraction has to last where the leg is known to lie still, and where nothing is known."""

LATE_BLOCK_S = 2.5


def alerted_after_s(watched: Watched) -> list[float]:
    return [(event.alerted_s or 0.0) - event.onset_s for event in watched.score.events]


def late(night: Night, by_s: float) -> list[SampleBlock]:
    """The accelerometer's blocks arrive later than the EMG's of the same time."""
    sent = blocks(night, block_s=LATE_BLOCK_S)
    return sorted(sent, key=lambda b: (round(b.first_index / b.fs, 3) + by_s * (b.stream == "acc"), b.stream))


def test_without_an_accelerometer_cramps_are_found_after_eighteen_seconds(night: Night, undisturbed: Watched) -> None:
    watched = watch(night, blocks(night, motion=None))
    assert_as_undisturbed(watched, undisturbed)
    assert alerted_after_s(watched) == pytest.approx([UNKNOWN_S] * len(night.cramps), abs=0.1)
    assert any(note.startswith("no accelerometer") for note in watched.score.notes)


def test_an_accelerometer_that_is_lost_costs_six_seconds_from_then_on(night: Night, undisturbed: Watched) -> None:
    watched = watch(night, blocks(night, motion=[(0.0, MIDDLE_S)]))
    assert_as_undisturbed(watched, undisturbed)
    needed_s = [ASLEEP_S if cramp.onset_s < MIDDLE_S else UNKNOWN_S for cramp in night.cramps]
    assert alerted_after_s(watched) == pytest.approx(needed_s, abs=0.1)


def test_an_accelerometer_that_comes_back_is_used_from_then_on(night: Night, undisturbed: Watched) -> None:
    watched = watch(night, blocks(night, motion=[(0.0, 300.0), (MIDDLE_S, night.seconds)]))
    assert_as_undisturbed(watched, undisturbed)
    needed_s = [UNKNOWN_S if cramp.onset_s < MIDDLE_S else ASLEEP_S for cramp in night.cramps]
    assert alerted_after_s(watched) == pytest.approx(needed_s, abs=0.1)


def test_an_accelerometer_lost_within_a_cramp_does_not_end_it(night: Night, undisturbed: Watched) -> None:
    lost = [cramp.onset_s + 3.0 for cramp in night.cramps]
    found_again = [cramp.end_s for cramp in night.cramps]
    motion = list(zip([0.0, *found_again], [*lost, night.seconds], strict=True))
    assert_as_undisturbed(watch(night, blocks(night, motion=motion)), undisturbed)


def test_an_accelerometer_lost_over_the_onset_of_a_cramp_does_not_stop_the_detector(
    night: Night, undisturbed: Watched
) -> None:
    lost = [cramp.onset_s - 5.0 for cramp in night.cramps]
    found_again = [cramp.onset_s + 8.0 for cramp in night.cramps]
    motion = list(zip([0.0, *found_again], [*lost, night.seconds], strict=True))
    watched = watch(night, blocks(night, motion=motion))
    # Whoever woke within these 13 s may have begun to move at any time.
    assert {cramp for cramp in night.cramps if cramp.kind == "asleep"} <= set(watched.found)
    assert not watched.false_alarms


def test_a_contraction_without_known_motion_needs_eighteen_seconds_even_when_the_leg_was_still_before(
    night: Night,
) -> None:
    motion = [(0.0, night.cramps[0].onset_s - 1.0)]
    first = watch(night, blocks(night, motion=motion)).score.events[0]
    assert first.reason.endswith("motion unknown")
    assert (first.alerted_s or 0.0) - first.onset_s == pytest.approx(UNKNOWN_S, abs=0.1)


def test_an_accelerometer_of_25_hz_is_fast_enough(undisturbed: Watched) -> None:
    assert_as_undisturbed(watch(simulate(acc_fs=25.0)), undisturbed)


@pytest.mark.parametrize("by_s", [2.5, 5.0])
def test_motion_that_is_late_by_no_more_than_the_lag_changes_nothing(
    night: Night, undisturbed: Watched, by_s: float
) -> None:
    watched = watch(night, late(night, by_s))
    assert watched.score.events == undisturbed.score.events


def test_motion_that_is_later_counts_as_unknown(night: Night, undisturbed: Watched) -> None:
    watched = watch(night, late(night, 20.0))
    assert_as_undisturbed(watched, undisturbed)
    assert alerted_after_s(watched) == pytest.approx([UNKNOWN_S] * len(night.cramps), abs=0.1)
