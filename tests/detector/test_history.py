"""The frames that a channel looks back on."""

import numpy as np
import pytest

from detector.history import FRAME, ChannelFrames, Frame, History


def numbered(first: int, end: int) -> ChannelFrames:
    """Frames whose sample is their number."""
    frames = np.zeros(end - first, FRAME)
    frames["sample"] = np.arange(first, end)
    return frames


def pushed(lengths: list[int], kept: int = 5) -> History:
    history = History(kept)
    for length in lengths:
        history.extend(numbered(history.end, history.end + length))
    return history


def test_finds_a_frame_by_its_number_however_the_frames_came() -> None:
    for lengths in ([12], [1] * 12, [4, 7, 1]):
        history = pushed(lengths)
        assert history.end == 12
        assert [history.frame(number).sample for number in (7, 11)] == [7, 11]


def test_forgets_what_is_older_than_it_was_asked_to_keep() -> None:
    history = pushed([5, 5, 5])
    assert history.first == 5  # what was kept before the last push, and the push
    assert history.before(7, 10)["sample"].tolist() == [5, 6]


def test_gives_numbers_of_python() -> None:
    frames = np.array([(1, 2, 3.5, 0.5, 0, 9.0, np.nan, True)], FRAME)
    history = History(5)
    history.extend(frames)
    frame = history.frame(0)
    assert frame[:6] == Frame(1, 2, 3.5, 0.5, 0, 9.0, 0.0, True)[:6]
    assert [type(value) for value in frame] == [int, int, float, float, int, float, float, bool]


def test_a_mark_stays() -> None:
    history = pushed([3])
    assert history.mark(1, 4).quality == 4
    assert history.between(0, 3)["quality"].tolist() == [0, 4, 0]


def test_what_is_pushed_is_kept_apart_from_the_callers_frames() -> None:
    frames = numbered(0, 3)
    history = History(5)
    history.extend(frames)["quality"] = 1
    assert not frames["quality"].any()
    assert history.frame(2).quality == 1


def test_goes_on_from_its_state() -> None:
    history, restored = pushed([5, 5, 2]), History(5)
    restored.restore(history.state())
    restored.extend(numbered(12, 14))
    assert (restored.first, restored.end) == (7, 14)
    assert restored.frame(13).sample == 13


@pytest.mark.parametrize("frames", [b"torn", [1, 2], None])
def test_a_state_that_holds_no_frames_is_refused(frames: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        History(5).restore({"first": 0, "frames": frames})
