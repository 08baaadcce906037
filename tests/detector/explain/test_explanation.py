"""Any moment is explained: a cramp, a candidate, a quiet minute, a gap; with the very figures that `score` gives."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from collector.contract.journal_recording import JournalRecording
from collector.contract.messages import NS
from detector.explain import Explanation, UnknownChannel, explain, headline, texts, words
from detector.explain.surroundings import surroundings
from detector.explain.verdict import conditions
from detector.score import Score, score_recording
from detector.settings import DetectorSettings
from tests.detector.explain.conftest import CRAMP_S, GAP_S, LENGTH_S, MOVEMENT_S, journal
from tests.support.signals import START_NS, Leg, recording, seconds

SETTINGS = DetectorSettings()
SPAN_S, FS = 30.0, 250.0
At = Callable[[float], Explanation]


@pytest.fixture(scope="module")
def at(night: JournalRecording) -> At:
    """The explanation of a second of the night."""

    @cache
    def explained(second: float) -> Explanation:
        return explain(night, SETTINGS, START_NS + round(second * NS), SPAN_S)

    return explained


@pytest.fixture(scope="module")
def score(night: JournalRecording) -> Score:
    return score_recording(night, SETTINGS)


def failing(explanation: Explanation) -> list[str]:
    return [condition.name for condition in conditions(explanation) if condition.holds is False]


@pytest.mark.parametrize("second", [CRAMP_S[0] + 1, CRAMP_S[0] + 20, CRAMP_S[1] - 1])
def test_any_moment_of_a_cramp_is_explained_by_the_cramp_as_score_tells_it(at: At, score: Score, second: float) -> None:
    event, (scored,) = at(second).event, score.events
    assert event is not None
    assert (event.id, event.figures, event.reason) == (scored.id, scored.figures, scored.reason)
    assert (event.peak_uv, event.rest_uv, event.duration_s) == (scored.peak_uv, scored.rest_uv, scored.duration_s)


def test_a_cramp_was_confirmed_when_everything_held(at: At) -> None:
    explanation = at(CRAMP_S[0] + 20)
    assert headline(explanation).startswith("Confirmed at 23:01:52, 12.0 s after onset: tonic for 12.0 s")
    assert failing(explanation) == []
    lasted = conditions(explanation)[0]
    assert (lasted.measured, lasted.needed) == ("12.0 s", "12 s, as the leg had been still before")


def test_a_movement_was_rejected_by_every_condition_that_does_not_hold(at: At, score: Score) -> None:
    explanation, (scored,) = at(MOVEMENT_S[0] + 5), score.candidates
    assert explanation.event is not None
    assert explanation.event.figures == scored.figures
    assert "Rejected 15." in headline(explanation)
    assert scored.reason in headline(explanation)
    # 15 s with a jerk at the start, for which 25 s are asked, in motion throughout, until it paused.
    assert failing(explanation) == [texts.DURATION, texts.LEG, texts.PAUSE]


def test_a_quiet_minute_says_how_far_from_a_beginning_it_was(at: At) -> None:
    explanation = at(550)
    assert explanation.event is None
    assert headline(explanation).startswith("Nothing began from 23:08:40 to 23:09:40: the envelope reached 1.")
    assert headline(explanation).endswith("more than 2.2 times is needed")
    assert failing(explanation) == [texts.PERSISTENCE]


def test_a_twitch_was_too_brief_to_begin(at: At) -> None:
    assert headline(at(325)).endswith("it was never above 2.2 times in 5 of 6 frames")


def test_a_moment_without_data_was_not_watched_from_when_to_when_as_score_tells_it(at: At, score: Score) -> None:
    explanation, lost = at(GAP_S[0] + 2), score.gaps[-1]
    assert explanation.gap is not None
    assert (lost.start_s, lost.end_s) == pytest.approx([seconds(t) for t in explanation.gap[:2]], abs=1e-3)
    # From the last whole frame before 440 s to the end of the half second in which the filter settles behind 445 s.
    assert headline(explanation) == "Not watched: no data from 23:07:19.9 to 23:07:25.4"
    assert conditions(explanation) == ()


def test_the_first_seconds_are_spent_learning(at: At) -> None:
    assert "Not watched: the resting level was still being learned from 23:00:00.4 to" in headline(at(3))


def test_the_first_window_has_no_data(at: At) -> None:
    assert headline(at(0.1)).startswith("Not watched: no data from 23:00:00.0")


@pytest.mark.parametrize(("second", "words"), [(90.5, "10 s later"), (150.5, "50 s earlier")])
def test_beside_a_contraction_the_nearest_is_told_with_its_distance(at: At, second: float, words: str) -> None:
    explanation = at(second)
    assert explanation.event is not None
    assert f"Nothing was going on at {explanation.clock.hhmmss(explanation.t_ns)}" in headline(explanation)
    assert f"began {words}. Confirmed" in headline(explanation)


def test_the_picture_shows_the_span_around_the_contraction_and_the_moment(at: At) -> None:
    explanation = at(90)
    assert seconds(explanation.start_ns) == pytest.approx(90 - SPAN_S)
    assert seconds(explanation.end_ns) == pytest.approx(CRAMP_S[1] + SPAN_S, abs=0.3)


def test_the_picture_ends_where_the_recording_does(at: At) -> None:
    assert seconds(at(LENGTH_S - 1).end_ns) == pytest.approx(LENGTH_S)


def test_the_samples_are_those_recorded_without_their_offset(at: At, night: JournalRecording) -> None:
    shown = at(CRAMP_S[0] + 20)
    assert shown.samples is not None
    recorded = np.concatenate([block.physical()[:, 0] for block in night.blocks(60.0) if block.stream == "emg"])
    first, last = (math.ceil(seconds(edge) * FS) for edge in (shown.start_ns, shown.end_ns))
    assert shown.samples.raw + np.median(recorded[first:last]) == pytest.approx(recorded[first:last])
    assert shown.samples.t_s[[0, -1]] == pytest.approx([0, (last - first) / FS], abs=1 / FS)


def test_the_strong_band_is_what_the_filter_passes(at: At) -> None:
    shown = at(550).samples
    assert shown is not None
    assert at(550).band_hz == (30.0, 112.5)
    # White noise of 2 uV up to 125 Hz, of which 30 to 112.5 Hz (0.45 of the rate) pass.
    assert np.std(shown.band) == pytest.approx(2 * math.sqrt(82.5 / 125), rel=0.05)


def test_a_gap_neither_shifts_the_samples_nor_rings_in_the_filter(at: At) -> None:
    shown = at(GAP_S[0] - 5).samples
    assert shown is not None
    gap = int(np.argmax(np.diff(shown.t_s)))
    assert shown.t_s[gap : gap + 2] + GAP_S[0] - 5 - SPAN_S == pytest.approx(GAP_S, abs=2 / FS)
    assert np.abs(shown.band[gap + 1 :]).max() < 5 * 2.0


def test_the_thresholds_are_those_the_settings_ask_for(at: At) -> None:
    explanation = at(550)
    rest_uv = explanation.frames.rest_uv[:, 0]
    assert explanation.frames.threshold_uv[:, 0] == pytest.approx(np.maximum(2.2 * rest_uv, rest_uv + 1.0))
    assert explanation.off_uv == pytest.approx(np.maximum(1.5 * rest_uv, rest_uv + 0.5))


def test_only_what_a_contraction_at_the_moment_could_need_is_kept(tmp_path: Path) -> None:
    long = journal(tmp_path / "long.journal", recording(Leg(1500, fs=250.0), block_s=30.0))
    around = surroundings(long, SETTINGS, START_NS + 1400 * NS, 30 * NS)
    block_s = 60
    assert seconds(around.from_ns) > 1400 - 30 - SETTINGS.relearn_s - block_s
    assert seconds(around.emg[0].t0_ns) > 1400 - 30 - SETTINGS.relearn_s - block_s
    assert seconds(around.to_ns) < 1400 + 30 + block_s


def test_settings_change_the_verdict(night: JournalRecording) -> None:
    strict = DetectorSettings(confirm_asleep_s=40.0)
    explanation = explain(night, strict, START_NS + round(CRAMP_S[0] * NS) + NS, SPAN_S)
    assert headline(explanation).endswith("a cramp is believed from 40 s on")


@pytest.fixture(scope="module")
def two_channels(tmp_path_factory: pytest.TempPathFactory) -> JournalRecording:
    """Only the second channel sees the cramp; the first is a dead wire from 150 s on."""
    leg = Leg(240, fs=250.0, channels=2).contract(100, 130, 20.0, channel=1)
    leg.emg_uv[0, 150 * 250 :] = 0.0
    return journal(tmp_path_factory.mktemp("two") / "two.journal", recording(leg))


def test_the_channel_that_decided_is_shown_unless_another_is_asked_for(two_channels: JournalRecording) -> None:
    t_ns = START_NS + 110 * NS
    assert explain(two_channels, SETTINGS, t_ns, SPAN_S).channel == "EMG 2"
    other = explain(two_channels, SETTINGS, t_ns, SPAN_S, "EMG 1")
    assert other.channel == "EMG 1"
    assert other.event is not None
    assert other.event.channel == "EMG 2"
    assert other.frames.envelope_uv.max() < 3
    assert "judged on EMG 2" in words.when(other)


def test_where_nothing_began_a_channel_that_was_judged_is_shown(two_channels: JournalRecording) -> None:
    t_ns = START_NS + 200 * NS
    assert explain(two_channels, SETTINGS, t_ns, SPAN_S).channel == "EMG 2"
    dead = explain(two_channels, SETTINGS, t_ns, SPAN_S, "EMG 1")
    assert headline(dead).startswith("EMG 1 was not judged: signal flat")


def test_a_channel_that_is_not_there_is_refused_with_those_that_are(two_channels: JournalRecording) -> None:
    with pytest.raises(UnknownChannel, match="it has EMG 1, EMG 2"):
        explain(two_channels, SETTINGS, START_NS + NS, SPAN_S, "EMG 3")
