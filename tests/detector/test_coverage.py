"""What was not watched is told with its cause, and adds up with what was to the whole recording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.messages import NS
from collector.contract.nights import Interval
from detector.coverage import Coverage
from detector.frames import Frames, Quality
from tests.support.blocks import START_NS
from tests.support.frames import frames


def watch(*parts: Frames) -> Coverage:
    coverage = Coverage(START_NS)
    for part in parts:
        coverage.add(part)
    return coverage


def at(seconds: float) -> int:
    return START_NS + round(seconds * NS)


def told(intervals: list[Interval]) -> list[tuple[float, float, str]]:
    """In seconds from the start, to the tenth."""
    return [(round((i.start_ns - START_NS) / NS, 1), round((i.end_ns - START_NS) / NS, 1), i.label) for i in intervals]


def test_a_night_without_trouble_is_watched_whole() -> None:
    coverage = watch(frames(0, 60), frames(60, 120))
    assert coverage.intervals(at(120)) == []
    assert coverage.watched_s(at(120)) == 120.0


def test_causes_are_told_and_a_stretch_over_several_pushes_is_one() -> None:
    coverage = watch(
        frames(0, 5, quality=Quality.LEARNING),
        frames(5, 60),
        frames(60, 70, quality=Quality.CLIPPED),
        frames(70, 80, quality=Quality.CLIPPED),
        frames(80, 100),
    )
    assert told(coverage.intervals(at(100))) == [
        (0.0, 5.0, "learning the resting level"),
        (60.0, 80.0, "signal clipped"),
    ]
    assert coverage.watched_s(at(100)) == pytest.approx(75.0)


def test_of_several_causes_the_gravest_is_told() -> None:
    worst = Quality.MISSING | Quality.FLAT | Quality.LEARNING
    assert told(watch(frames(0, 10, quality=worst)).intervals(at(10))) == [(0.0, 10.0, "no data")]


def test_one_good_channel_is_enough() -> None:
    both = frames(0, 10, channels=("a", "b"), quality=Quality.FLAT)
    both.quality[:, 1] = Quality.GOOD
    assert watch(both).intervals(at(10)) == []


def test_what_no_frame_covers_at_the_end_is_missing() -> None:
    assert told(watch(frames(0, 60)).intervals(at(90))) == [(60.0, 90.0, "no data")]


def test_missing_frames_at_the_end_of_missing_frames_are_one_stretch() -> None:
    coverage = watch(frames(0, 50), frames(50, 60, quality=Quality.MISSING))
    assert told(coverage.intervals(at(90))) == [(50.0, 90.0, "no data")]


def test_without_any_frame_nothing_was_watched() -> None:
    assert told(Coverage(START_NS).intervals(at(1.5))) == [(0.0, 1.5, "no data")]
    assert Coverage(START_NS).watched_s(at(1.5)) == 0.0


run = st.tuples(st.integers(1, 50), st.sampled_from([Quality.GOOD, Quality.MISSING, Quality.FLAT]))


@given(st.lists(run, min_size=1, max_size=9))
def test_cutting_the_frames_differently_changes_nothing(runs: list[tuple[int, Quality]]) -> None:
    parts, start = [], 0
    for length, quality in runs:
        parts.append(frames(start / 10, (start + length) / 10, quality=quality))
        start += length
    end_ns = at(start / 10)
    at_once, in_parts = watch(Frames.joined(parts)), watch(*parts)
    assert at_once.intervals(end_ns) == in_parts.intervals(end_ns)
    # Frames of a tenth of a second that are good, counted one by one.
    good = sum(length for length, quality in runs if quality == Quality.GOOD) / 10
    assert in_parts.watched_s(end_ns) == pytest.approx(good, abs=1e-6)
