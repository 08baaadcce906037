"""Scoring finds in a file what the live detector finds in the same samples, and says how much it watched."""

from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from edfio import EdfAnnotation, EdfSignal, read_edf

from collector.contract.channel_roles import Choice
from collector.contract.edf_recording import EdfRecording
from collector.contract.errors import BadRecording
from collector.contract.journal import Header, Journal
from collector.contract.recordings import open_recording
from detector.annotate import annotate
from detector.pipeline import CrampDetector
from detector.score import Score, decode_score, encode_score, score_recording
from detector.settings import DetectorSettings
from tests.support.edf_files import signal, write
from tests.support.signals import SESSION, START_NS, Leg, recording

REAL = Path(__file__).parents[1] / "recordings"
SETTINGS = DetectorSettings()


@pytest.fixture(scope="module")
def leg() -> Leg:
    """Three minutes at rest with a cramp of 30 s and, before it, a movement of 3 s."""
    return Leg(180.0, fs=250.0).contract(20.0, 23.0, 30.0).move(20.0, 23.0).contract(100.0, 130.0, 20.0)


@pytest.fixture(scope="module")
def journal(leg: Leg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "night.journal"
    header = Header(session=SESSION, wearer="w1", site="left_calf", started_ns=START_NS, timezone="Europe/Berlin")
    with Journal.create(path, header) as written:
        written.append(recording(leg))
        written.end()
    return path


def edf_signals(leg: Leg) -> list[EdfSignal]:
    """The same digital values as in the journal."""
    emg = [signal("EMG 1", np.rint(leg.emg_uv[0] / 0.25), leg.fs)]
    return emg + [signal(f"ACC {axis}", np.rint(leg.acc_mg[:, k] / 0.25), 50, "mg") for k, axis in enumerate("XYZ")]


@pytest.fixture(scope="module")
def edf(leg: Leg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("edf") / "night.edf", edf_signals(leg))


def scored(path: Path, choice: Choice | None = None) -> Score:
    return score_recording(open_recording(path, choice), SETTINGS)


def test_the_cramp_is_found_and_the_movement_is_a_candidate(journal: Path) -> None:
    score = scored(journal)
    (event,) = score.events
    assert event.onset_s == pytest.approx(100.0, abs=0.3)
    assert event.duration_s == pytest.approx(30.0, abs=0.5)
    assert event.alerted_s is not None
    # The leg had lain still for more than a minute: the alert comes 12 s after the onset.
    assert event.alerted_s - event.onset_s == pytest.approx(12.0, abs=0.2)
    assert [round(candidate.onset_s) for candidate in score.candidates] == [20]
    assert score.candidates[0].rejected == score.candidates[0].reason


def test_live_and_scored_are_the_same(journal: Path) -> None:
    with Journal.open(journal) as blocks:
        detector = CrampDetector(open_recording(journal).place, SESSION, ("emg", "acc"), SETTINGS)
        events = [event for block in blocks.blocks() for event in detector.push(block)] + detector.finish()
    live = {event.id: event for event in events}
    score = scored(journal)
    assert {event.id for event in score.events} == {event.id for event in live.values() if event.was_alert}
    for event in score.events:
        assert (event.figures, event.reason) == (live[event.id].figures, live[event.id].reason)


def test_an_edf_scores_like_the_journal_of_the_same_samples(journal: Path, edf: Path) -> None:
    def without_identity(score: Score) -> list[dict[str, object]]:
        own = ("id", "site", "onset", "end")
        events = [msgspec.to_builtins(event) for event in score.events + score.candidates]
        return [{name: value for name, value in event.items() if name not in own} for event in events]

    assert without_identity(scored(journal)) == without_identity(scored(edf))


def test_scoring_twice_gives_the_same_bytes(edf: Path) -> None:
    assert encode_score(scored(edf)) == encode_score(scored(edf))


def test_the_result_has_these_fields(edf: Path) -> None:
    result = msgspec.json.decode(encode_score(scored(edf)))
    assert list(result) == [
        "schema",
        "recording",
        "start",
        "duration_s",
        "detector",
        "streams",
        "notes",
        "watched_s",
        "gaps",
        "events",
        "candidates",
    ]
    common = [
        "id",
        "site",
        "channel",
        "stage",
        "onset",
        "onset_s",
        "suspected_s",
        "alerted_s",
        "end",
        "end_s",
        "duration_s",
    ]
    common += ["peak_uv", "mean_uv", "rest_uv", "threshold_uv", "figures", "reason"]
    assert [list(event) for event in result["events"]] == [common]
    assert [list(event) for event in result["candidates"]] == [[*common, "rejected"]]
    assert list(result["detector"]) == ["version", "parameters", "parameters_hash"]
    assert list(result["gaps"][0]) == ["start_s", "end_s", "cause"]
    assert result["schema"] == 1


def test_times_of_day_are_local_and_bear_an_offset_only_where_the_zone_is_known(journal: Path, edf: Path) -> None:
    assert scored(edf).start == "2026-11-19T22:00:00.000"
    assert scored(journal).start == "2026-11-19T23:00:00.000+01:00"
    event = scored(edf).events[0]
    since_start = datetime.fromisoformat(event.onset) - datetime.fromisoformat(scored(edf).start)
    assert since_start.total_seconds() == pytest.approx(event.onset_s)


def test_what_is_read_back_is_what_was_written(edf: Path) -> None:
    score = scored(edf)
    assert decode_score(encode_score(score), "night.events.json") == score


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"schema": 2}', b'{"a": ' + b"[" * 100_000])
def test_another_file_is_no_score(payload: bytes) -> None:
    with pytest.raises(BadRecording, match=r"^other\.json: "):
        decode_score(payload, "other.json")


def test_watched_and_unwatched_time_add_up_to_the_recording(leg: Leg, tmp_path: Path) -> None:
    gap = (EdfAnnotation(60.0, 10.0, "gap"),)
    score = scored(write(tmp_path / "night.edf", edf_signals(leg), gap))
    assert score.watched_s + sum(gap.end_s - gap.start_s for gap in score.gaps) == pytest.approx(180.0, abs=0.002)
    missing = [gap for gap in score.gaps if gap.cause == "no data" and gap.start_s > 10]
    assert missing[0].start_s == pytest.approx(60.0, abs=0.2)
    # Behind the gap the filter has to settle before anything can be judged.
    assert 70.0 <= missing[0].end_s <= 71.0


def test_an_event_at_the_end_of_a_gap_keeps_its_true_time(leg: Leg, tmp_path: Path) -> None:
    whole = scored(write(tmp_path / "whole.edf", edf_signals(leg)))
    with_gap = scored(write(tmp_path / "gap.edf", edf_signals(leg), (EdfAnnotation(60.0, 10.0, "gap"),)))
    assert with_gap.events[0].onset_s == pytest.approx(whole.events[0].onset_s, abs=0.2)


def test_what_is_weaker_without_accelerometer_and_temperature_is_said(leg: Leg, tmp_path: Path) -> None:
    score = scored(write(tmp_path / "night.edf", edf_signals(leg)[:1]))
    assert score.streams.acc is None
    assert any("no accelerometer" in note and "18 s" in note for note in score.notes)
    assert any("no temperature" in note for note in score.notes)


def test_progress_reaches_the_end(edf: Path) -> None:
    told: list[float] = []
    score_recording(open_recording(edf), SETTINGS, told.append)
    assert told == sorted(told)
    assert told[-1] == 180.0


@pytest.mark.parametrize(
    "name", ["rest_with_bursts_64s", "weak_tonic_100s", "thumb_8bit_vs_16bit", "walk_13_leg_muscles"]
)
def test_bursts_weak_tonus_and_walking_of_real_people_are_no_cramps(name: str) -> None:
    assert scored(REAL / f"{name}.edf").events == []


def test_holds_of_three_seconds_in_raw_counts_are_seen_and_are_no_cramps() -> None:
    score = scored(REAL / "myo_holds_a.edf")
    assert score.streams.emg is not None
    assert (score.streams.emg.unit, len(score.streams.emg.channels)) == ("adc", 8)
    assert score.events == []
    assert any("without a unit" in note for note in score.notes)


def test_records_of_27_ms_and_mains_are_survived() -> None:
    score = scored(REAL / "trigno_emg_imu_2s.edf")
    assert (score.duration_s, score.watched_s) == (1.998, 0.0)
    assert score.streams.acc is not None


def test_the_annotated_copy_shows_the_cramp_where_it_is(edf: Path, tmp_path: Path) -> None:
    score = scored(edf)
    annotate(EdfRecording(edf), score, tmp_path / "out.edf")
    marks = {mark.text: mark for mark in read_edf(tmp_path / "out.edf").annotations}
    cramp = marks["Cramp detected@@EMG 1"]
    assert (cramp.onset, cramp.duration) == (score.events[0].onset_s, score.events[0].duration_s)
    assert any(text.startswith("Cramp candidate, rejected: ") for text in marks)
    assert any(text.startswith("Not watched: ") for text in marks)


def test_a_journal_is_annotated_as_an_edf(journal: Path, tmp_path: Path) -> None:
    score = scored(journal)
    annotate(open_recording(journal), score, tmp_path / "out.edf")
    edf = read_edf(tmp_path / "out.edf")
    assert edf.labels == ("EMG 1", "ACC X", "ACC Y", "ACC Z")
    assert "Cramp detected@@EMG 1" in {mark.text for mark in edf.annotations}
    assert [event.onset_s for event in scored(tmp_path / "out.edf").events] == [score.events[0].onset_s]


def test_an_annotated_start_between_two_seconds_stays_aligned(leg: Leg, tmp_path: Path) -> None:
    start = datetime(2026, 11, 19, 22, 0, 0, 250_000)  # noqa: DTZ001 - EDF times name no zone
    path = write(tmp_path / "night.edf", edf_signals(leg), start=start)
    score = scored(path)
    assert score.start == "2026-11-19T22:00:00.250"
    annotate(EdfRecording(path), score, tmp_path / "out.edf")
    onsets = [
        mark.onset for mark in read_edf(tmp_path / "out.edf").annotations if mark.text.startswith("Cramp detected")
    ]
    assert onsets == [score.events[0].onset_s]
