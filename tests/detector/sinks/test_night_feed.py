"""What the night store's minutes look like as points. `tests.support.frames` counts: frame k has k uV, k % 10 mg."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.contract.messages import NS
from collector.contract.nights import bounds_ns
from detector.batch import Batch
from detector.frames import Frames, Quality
from detector.sinks.influx_reference import influxdb_page
from detector.sinks.influx_schema import LEG, MEASUREMENTS, Point, night_ns
from detector.sinks.night_feed import NightFeed
from detector.store import NightStore
from tests.detector.sinks.nights import UTC, at, batch, everything, filled
from tests.support.frames import INFO, event, frames

PLACE_TAGS = {"wearer": "w1", "site": "left_calf"}
CHANNEL_TAGS = {**PLACE_TAGS, "channel": "gastrocnemius"}
HEADLINE = "Night of 19 November, left calf: 1 cramp at 22:01 (42 s). Watched 3 min of 4 min. No alert was sent."
TOLD_OF_A_CRAMP = ("stage", "night", "duration_s", "end_ms", "alerted_ms", "peak_uv", "latency_s", "clock_h")


@pytest.fixture
def night(tmp_path: Path) -> list[Point]:
    feed = filled(tmp_path / "nights.sqlite")
    found = everything(feed)
    feed.close()
    return found


def of(points: list[Point], measurement: str) -> dict[int, Point]:
    """The points of one measurement by their time in seconds from the start of the night; the latest prevails."""
    return {round((point.t_ns - at(0)) / NS): point for point in points if point.measurement == measurement}


def test_a_minute_of_emg_has_its_extremes_and_means(night: list[Point]) -> None:
    """Minute 1 is frames 601 to 1200, second s of them from 10 s + 1 to 10 s + 10 uV."""
    minute = of(night, "emg")[60]
    assert minute.tags == CHANNEL_TAGS
    assert minute.fields == {
        "envelope_min_uv": 601.0, "envelope_mean_uv": pytest.approx(900.5), "envelope_max_uv": 1200.0,
        "rest_min_uv": 2.0, "rest_mean_uv": 2.0, "rest_max_uv": 2.0,
        "threshold_min_uv": 5.0, "threshold_mean_uv": 5.0, "threshold_max_uv": 5.0,
        "watched_s": 60, "quality": "good",
    }  # fmt: skip


def test_a_minute_of_the_leg_has_motion_temperature_and_how_long_it_was_watched(night: list[Point]) -> None:
    first, last = of(night, "leg")[0], of(night, "leg")[180]
    assert first.tags == PLACE_TAGS
    assert first.fields == {
        "motion_min_mg": 9.0, "motion_mean_mg": 9.0, "motion_max_mg": 9.0,
        "temperature_min_c": 33.0, "temperature_mean_c": 33.0, "temperature_max_c": 33.0,
        "watched_s": 60, "posture": "on the back",
    }  # fmt: skip
    assert last.fields["watched_s"] == 50


def test_a_minute_has_the_gravest_cause_of_its_seconds(tmp_path: Path) -> None:
    """A detached electrode is told before a level that is not known yet, whichever came first."""
    learning, flat = frames(0, 20, quality=Quality.LEARNING), frames(20, 40, quality=Quality.FLAT | Quality.LEARNING)
    with NightStore(tmp_path / "nights.sqlite") as store:
        store.commit(batch(60, Frames.joined([learning, flat, frames(40, 60)])))
    minute = of(everything(NightFeed(tmp_path / "nights.sqlite", UTC)), "emg")[0]
    assert minute.fields["quality"] == "signal flat (electrode off?)"
    assert minute.fields["watched_s"] == 20


def test_nothing_is_said_of_posture_where_nobody_knows_how_the_sensor_is_worn(tmp_path: Path) -> None:
    worn_anyhow = msgspec.structs.replace(INFO, parameters={"shank_axis": None})
    with NightStore(tmp_path / "nights.sqlite") as store:
        store.commit(replace(batch(60, frames(0, 60)), info=worn_anyhow))
    assert "posture" not in of(everything(NightFeed(tmp_path / "nights.sqlite", UTC)), "leg")[0].fields


def test_without_an_accelerometer_nothing_is_said_of_posture(tmp_path: Path) -> None:
    blind = frames(0, 60)
    blind.gravity_mg[:] = float("nan")
    with NightStore(tmp_path / "nights.sqlite") as store:
        store.commit(batch(60, blind))
    assert "posture" not in of(everything(NightFeed(tmp_path / "nights.sqlite", UTC)), "leg")[0].fields


def test_a_cramp_lies_at_its_onset_and_is_completed_there(night: list[Point]) -> None:
    (cramp,) = of(night, "cramp_event").values()
    assert cramp.t_ns == at(75)
    assert cramp.tags == CHANNEL_TAGS
    told = {name: cramp.fields[name] for name in TOLD_OF_A_CRAMP}
    assert told == {
        "stage": "ended", "night": "2026-11-19", "duration_s": 42.5, "peak_uv": 80.0, "latency_s": 12.0,
        "clock_h": pytest.approx(-2 + 75 / 3600),
        "end_ms": at(117.5) // 1_000_000, "alerted_ms": at(87) // 1_000_000,
    }  # fmt: skip
    assert "lasted 42 s" in str(cramp.fields["text"])


def test_a_cramp_that_lasts_has_no_end_yet(tmp_path: Path) -> None:
    with NightStore(tmp_path / "nights.sqlite") as store:
        store.commit(batch(30, frames(0, 30), event(15, "confirmed")))
    (cramp,) = of(everything(NightFeed(tmp_path / "nights.sqlite", UTC)), "cramp_event").values()
    assert cramp.fields["stage"] == "confirmed"
    assert not {"end_ms", "duration_s"} & set(cramp.fields)


def test_a_candidate_keeps_its_reason_and_a_mere_suspicion_is_not_told(tmp_path: Path) -> None:
    with NightStore(tmp_path / "nights.sqlite") as store:
        store.commit(batch(60, frames(0, 60), event(20, "rejected", end_s=24), event(50, "suspected")))
    points = everything(NightFeed(tmp_path / "nights.sqlite", UTC))
    assert set(of(points, "cramp_candidate")) == {20}
    assert of(points, "cramp_candidate")[20].fields["reason"] == "sudden, tonic and still"
    assert not of(points, "cramp_event")


def test_a_stretch_that_was_not_watched_lies_at_its_start_with_its_cause(night: list[Point]) -> None:
    (stretch,) = of(night, "unwatched").values()
    assert (stretch.t_ns, stretch.tags) == (at(230) - 1, PLACE_TAGS)
    assert stretch.fields == {"cause": "no data", "duration_s": 10.0, "end_ms": at(240) // 1_000_000 - 1}


def test_the_summary_counts_the_night(night: list[Point]) -> None:
    (summary,) = of(night, "night_summary").values()
    assert summary.t_ns == 1_795_125_600 * NS  # date -u -d '2026-11-19 22:00' +%s
    assert summary.fields == {
        "night": "2026-11-19", "cramps": 1, "candidates": 1, "cramp_s": 42.5, "longest_s": 42.5,
        "headline": HEADLINE,
        "watching": "watched 3 min of 4 min: too short to count the night, 4 h are needed", "valid": False,
        "recorded_s": 240.0, "watched_s": pytest.approx(230.0),
        "start_ms": at(0) // 1_000_000, "end_ms": at(240) // 1_000_000, "complete": True, "simulated": False,
        "sessions": 1, "open_sessions": 0, "detector_version": "1", "parameters_hash": "0123456789ab",
    }  # fmt: skip


def test_the_headline_tells_the_alert_that_was_published(tmp_path: Path) -> None:
    path = tmp_path / "nights.sqlite"
    confirmed = event(15, "confirmed")
    with NightStore(path) as store:
        store.commit(batch(30, frames(0, 30), confirmed))
        store.delivered(confirmed.id, "confirmed", at(29))
        store.commit(batch(60, frames(30, 60)))
    (summary,) = of(everything(NightFeed(path, UTC)), "night_summary").values()
    assert str(summary.fields["headline"]).endswith("Alert 14 s after onset.")
    assert (summary.fields["open_sessions"], summary.fields["complete"]) == (1, False)


def test_a_week_lies_on_its_monday_and_counts_no_night_that_is_too_short(night: list[Point]) -> None:
    """19 November 2026 is a Thursday."""
    (week,) = of(night, "week_summary").values()
    assert week.t_ns == 1_794_866_400 * NS  # date -u -d '2026-11-16 22:00' +%s
    assert week.fields == {"week": "2026-W47", "nights": 1, "other_nights": 0, "valid_nights": 0, "cramps": 0}


def test_what_the_collector_has_not_published_is_told_each_minute(night: list[Point]) -> None:
    assert of(night, "collector")[60].fields == {"unpublished": 0, "refused": 0}


def test_two_sessions_that_share_a_minute_share_its_points(tmp_path: Path) -> None:
    second = msgspec.structs.replace(INFO, session=f"{INFO.session}_again")
    with NightStore(tmp_path / "nights.sqlite") as store:
        store.commit(batch(20, frames(0, 20), complete=True))
        store.commit(Batch(info=second, start_ns=at(40), end_ns=at(90), frames=frames(40, 90)))
    minute = of(everything(NightFeed(tmp_path / "nights.sqlite", UTC)), "emg")[0]
    levels = [minute.fields[name] for name in ("envelope_min_uv", "envelope_max_uv", "watched_s")]
    assert levels == [1.0, 600.0, 40]


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland"])
def test_a_summary_lies_between_the_noons_around_its_night(zone: str) -> None:
    evening = date(2026, 11, 19)
    start_ns, end_ns = bounds_ns(evening, ZoneInfo(zone))
    assert start_ns <= night_ns(evening) < end_ns


@pytest.mark.parametrize("minutes", [1, 2, 3])
def test_however_many_minutes_are_read_at_once_the_points_are_the_same(tmp_path: Path, minutes: int) -> None:
    feed = filled(tmp_path / "nights.sqlite")
    whole = {point.identity: point for point in everything(feed)}
    parts = {point.identity: point for point in everything(feed, minutes)}
    feed.close()
    assert parts == whole


def test_every_point_has_the_types_of_the_schema(night: list[Point]) -> None:
    schema = {measurement.name: measurement for measurement in MEASUREMENTS}
    for point in night:
        kinds = {name: type(value) for name, value in point.fields.items()}
        assert kinds == {name: schema[point.measurement].fields[name].kind for name in point.fields}
        assert point.fields
    assert {point.measurement for point in night} == set(schema) - {"felt_cramp", "alarm", "evening", "preflight"}


def test_a_tag_or_field_that_is_not_in_the_schema_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="fields"):
        LEG.point(PLACE_TAGS, 0, {"watched": 1})
    with pytest.raises(ValueError, match="tags"):
        LEG.point({"wearer": "w1"}, 0, {"watched_s": 1})


def test_no_tag_and_field_share_a_name() -> None:
    """InfluxDB 3 refuses what 1 and 2 allow."""
    for measurement in MEASUREMENTS:
        assert not set(measurement.tags) & set(measurement.fields)
        assert "time" not in {*measurement.tags, *measurement.fields}


def test_the_reference_page_is_what_the_schema_says_now() -> None:
    committed = Path(__file__).parents[3] / "docs" / "reference" / "influxdb.md"
    assert committed.read_text() == influxdb_page(), "write it anew: detector.sinks.influx_reference.influxdb_page"
