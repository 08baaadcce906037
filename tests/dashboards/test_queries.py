"""Every query of every dashboard on a real InfluxDB with a month of nights, against what the night store says."""

from typing import Any

import pytest

from collector.contract.messages import NS
from collector.contract.topics import Place
from detector.night_record import NightRecord
from detector.sinks.influx_schema import night_ns
from detector.store import NightStore
from tests.dashboards.conftest import Look
from tests.dashboards.grafana import Answer, Visit, dashboards
from tests.dashboards.home import (
    BERLIN,
    CLOCKS_BACK,
    FLAT,
    GOING_ON,
    LAST,
    MORNING,
    NIGHTS,
    ODD_CHANNEL,
    QUIET,
    SHORT,
    STRANGE,
    W1,
    Night,
    seconds_after,
)
from tests.dashboards.panel_checks import look_at, wrong
from tests.dashboards.stored import Stored
from tests.support.influx import InfluxServer

MINUTE_NS = 60 * NS
TOLD_NIGHTS = {
    "two cramps": LAST,
    "no cramp": QUIET,
    "unwatched": FLAT,
    "too short": SHORT,
    "clocks go back": CLOCKS_BACK,
    "another wearer": STRANGE,
}
Curves = dict[str, dict[int, Any]]


def recorded(store: NightStore, night: Night) -> NightRecord:
    return store.record(night.place.wearer, night.place.site, night.evening, BERLIN)


def figures(answers: list[Answer]) -> list[object]:
    """What a panel of figures shows."""
    (answer,) = answers
    return [value for row in answer.rows for name, value in row.items() if name != "Time"]


def curves(answers: list[Answer]) -> Curves:
    return {name: points for answer in answers for name, points in answer.curves().items()}


@pytest.mark.parametrize("name", ["morning", "technical", "trend"])
@pytest.mark.parametrize("night", TOLD_NIGHTS.values(), ids=TOLD_NIGHTS)
def test_every_panel_variable_and_annotation_of_a_night_shows_what_the_store_says(
    look: Look, stored: dict[Place, Stored], name: str, night: Night
) -> None:
    assert wrong(look_at(look(name, night), stored[night.place])) == []


def test_every_panel_of_a_month_shows_what_the_store_says(look: Look, stored: dict[Place, Stored]) -> None:
    assert wrong(look_at(look("trend"), stored[W1])) == []


def test_every_panel_of_a_night_that_goes_on_shows_what_the_store_says(look: Look, stored: dict[Place, Stored]) -> None:
    assert wrong(look_at(look_live(look, 5), stored[GOING_ON.place])) == []


def test_a_night_with_a_gap_tells_where_it_was_and_why(look: Look, store: NightStore) -> None:
    visit, record = look("morning", LAST), recorded(store, LAST)
    (answer,) = visit.panel("Not watched")
    assert [(row["duration_s"], row["cause"]) for row in answer.rows] == [(600.0, "no data")]
    quality = curves(visit.panel("Signal quality"))["gastrocnemius"]
    bad = {minute for minute, said in quality.items() if said != "good"}
    (gap,) = record.unwatched
    # The gap of ten minutes begins 40 s into a minute, so eleven minutes have a part of it.
    assert bad == {minute for minute in quality if gap.start_ns < minute + MINUTE_NS and minute < gap.end_ns}
    assert len(bad) == 11


def test_the_words_for_a_nights_worth_are_those_a_person_would_work_out(look: Look) -> None:
    words = {
        name: figures(look("morning", night).panel("Does the night count?")) for name, night in TOLD_NIGHTS.items()
    }
    assert words["two cramps"] == ["watched 7 h 50 of 8 h 00: the night counts"]
    assert words["too short"] == ["watched 2 h 00 of 2 h 00: too short to count the night, 4 h are needed"]
    assert words["unwatched"] == ["watched 0 s of 8 h 00: too short to count the night, 4 h are needed"]


def test_the_second_half_past_two_of_the_night_the_clocks_go_back_is_told_with_its_zone(look: Look) -> None:
    (words,) = figures(look("morning", CLOCKS_BACK).panel("The night in words"))
    assert "1 cramp at 02:30 CET (61 s)" in str(words)


def test_radio_battery_and_losses_are_those_the_collector_told(look: Look) -> None:
    visit = look("morning", LAST)
    told = LAST.healths()
    at = [health.t_ns // MINUTE_NS * MINUTE_NS for health in told]
    battery = [health.links[0].battery_percent for health in told]
    assert curves(visit.panel("Battery")) == {"node-1": dict(zip(at, battery, strict=True))}
    rssi = [health.links[0].rssi_dbm for health in told]
    assert curves(visit.panel("Signal strength")) == {"node-1": dict(zip(at, rssi, strict=True))}
    lost = curves(visit.panel("Samples lost"))["emg"]
    assert sum(lost.values()) == told[-1].lost["emg"] - told[0].lost["emg"]


def test_the_table_of_nights_has_each_night_of_the_wearer_the_latest_first(look: Look) -> None:
    (answer,) = look("morning").panel("Nights")
    nights = [night for night in reversed(NIGHTS) if night.place == W1]
    told = [(row["night"], row["cramps"], row["start_ms"], row["end_ms"], row["simulated"]) for row in answer.rows]
    assert told == [
        (n.evening.isoformat(), len(n.cramps), n.start_ns // 10**6, n.end_ns // 10**6, n.simulated) for n in nights
    ]
    counting = [str(row["night"]) for row in answer.rows if not row["valid"]]
    assert counting == ["2026-10-15", "2026-10-12"]


def test_in_the_morning_last_night_is_what_opens(look: Look) -> None:
    visit = look("morning")
    assert visit.values == {"wearer": "w1", "site": "left_calf", "night": "2026-10-30"}
    (words,) = figures(visit.panel("The night in words"))
    assert str(words).startswith("Night of 30 October, left calf: 2 cramps, at 03:12 (94 s) and 04:03 (34 s).")


def test_when_last_night_was_not_recorded_no_older_one_is_shown_for_it(look: Look) -> None:
    visit = look("morning", LAST)
    later = Visit(visit.influx, visit.bucket, visit.dashboard, MORNING.replace(month=11, day=3), {"wearer": "w1"})
    assert later.values["night"] == ""
    assert figures(later.panel("The night in words")) == []


def test_wearers_and_sites_with_odd_names_are_offered_and_found(look: Look) -> None:
    visit = look("morning")
    by_name = {variable["name"]: variable for variable in visit.dashboard["templating"]["list"]}
    assert visit.offered(by_name["wearer"]) == ["ann-e_2", "w1"]
    strange = look("morning", STRANGE)
    assert strange.offered(by_name["site"]) == ["right_calf-medial"]
    assert set(curves(strange.panel("Signal quality"))) == {ODD_CHANNEL}


# What was said


def column(answers: list[Answer], name: str) -> list[object]:
    (answer,) = answers
    return [row[name] for row in answer.rows]


def test_a_cramp_has_the_newest_verdict_and_who_answered_it_after_how_long(look: Look) -> None:
    """The partner said of the first that it was none, the wearer later that it was one."""
    cramps = look("morning", LAST).panel("Cramps of the night")
    assert column(cramps, "verdict")[0] == "cramp"
    answered = list(zip(column(cramps, "answered_by"), column(cramps, "acknowledged_s"), strict=True))
    assert set(answered) <= {("wearer", 40.0), ("partner", 40.0), (None, None)}
    assert any(by for by, _ in answered)
    assert column(look("morning", LAST).panel("Rejected in the night"), "verdict") == ["cramp"]


def test_what_was_felt_stands_beside_the_alert_it_was_about_or_is_called_missed(look: Look) -> None:
    """Felt 30 s into the first cramp, five minutes behind the second, twice after 2 h, and 1.5 h after the end."""
    ids = [LAST.event(*cramp, "ended").id for cramp in LAST.cramps]
    diary = look("morning", LAST).panel("Diary")
    assert column(diary, "match") == ["not detected", "not detected", *ids, "not recorded"]
    assert column(diary, "pain")[2:] == [7, 4, None]
    assert column(look("morning", FLAT).panel("Diary"), "match") == ["not detected"]
    assert column(look("morning", SHORT).panel("Diary"), "match") == ["not recorded"]


def test_the_alarm_tells_its_snoozes_its_faults_and_who_asked_for_them(look: Look) -> None:
    """Of the snooze that ends in the instant in which the alarm is muted, the mute is what stays."""
    quiet = look("morning", QUIET)
    assert list(curves(quiet.panel("The alarm"))["alarm"].values()) == ["WATCHING", "SNOOZED", "MUTED"]
    assert column(quiet.panel("Asked of the alarm"), "by") == ["partner", "wearer"]
    wrong_then = curves(look("morning", LAST).panel("The alarm"))["wrong"]
    assert [wrong_then[LAST.at(s)] for s in (10_060.0, 10_600.0, 10_700.0)] == ["no_data", "battery", "none"]


def test_a_note_of_an_evening_is_with_its_night_even_if_it_was_made_days_later(look: Look) -> None:
    assert column(look("morning", QUIET).panel("Evening notes"), "alcohol") == ["a beer"]
    assert column(look("morning", LAST).panel("Look before bed"), "result") == ["1 problem, 1 warning"]


def test_the_trend_counts_verdicts_and_missed_cramps_night_by_night(look: Look) -> None:
    """Each night's bars add up to its alerts; the last night's felt cramps are two, two and one."""
    judged, felt = (curves(look("trend").panel(title)) for title in ("Verdicts on alerts", "Felt and detected"))
    for night in NIGHTS:
        if night.place == W1:
            at_ns = night_ns(night.evening)
            assert sum(points[at_ns] for points in judged.values()) == len(night.cramps)
    last = night_ns(LAST.evening)
    assert {name: points[last] for name, points in felt.items()} == {
        "detected": 2,
        "not detected": 2,
        "not recorded": 1,
    }


# Trend


def test_the_trend_shows_each_night_once_and_hollow_where_it_does_not_count(look: Look) -> None:
    counting, hollow = look("trend").panel("Cramps per night")
    nights = [night for night in NIGHTS if night.place == W1]
    assert [row["night counts"] for row in counting.rows] == [len(n.cramps) for n in nights if n not in (SHORT, FLAT)]
    assert [row["night does not count"] for row in hollow.rows] == [0, 1]
    assert figures(look("trend").panel("Nights recorded")) == [30]
    assert figures(look("trend").panel("Nights that count")) == [28]
    assert figures(look("trend").panel("Cramps")) == [sum(len(n.cramps) for n in nights) - 1]


def test_a_weeks_rate_has_the_exact_interval_of_published_tables(look: Look) -> None:
    """Week 41, 5 to 11 October: cramps on the 6th and 9th in seven nights. Garwood for 2 events: 0.2422 to 7.2247."""
    (answer,) = look("trend").panel("Weeks")
    (week,) = [row for row in answer.rows if row["week"] == "2026-W41"]
    assert (week["nights"], week["other_nights"], week["valid_nights"], week["cramps"]) == (7, 0, 7, 2)
    assert (week["per_week"], week["per_week_low"], week["per_week_high"]) == (
        2.0, pytest.approx(0.2422, abs=1e-4), pytest.approx(7.2247, abs=1e-4),
    )  # fmt: skip
    shown = curves(look("trend").panel("Cramps per week"))
    assert [name for name, points in shown.items() if week["per_week_high"] in points.values()] == ["upper limit"]


def test_a_week_leaves_out_what_was_simulated_and_does_not_count_bad_nights(look: Look) -> None:
    """12 to 18 October has the unwatched 12th and the short 15th; 26 October to 1 November the simulated 27th."""
    (answer,) = look("trend").panel("Weeks")
    weeks = {
        row["week"]: (row["nights"], row["other_nights"], row["valid_nights"], row["cramps"]) for row in answer.rows
    }
    assert weeks["2026-W42"] == (7, 0, 5, 1)
    assert weeks["2026-W44"] == (5, 1, 4, 2)


def test_of_a_week_with_less_than_three_nights_no_rate_is_shown(look: Look) -> None:
    """The second wearer has two."""
    visit = Visit(look("trend").influx, "home", dashboards()["crampwatch-trend"], MORNING, {"wearer": "ann-e_2"})
    assert curves(visit.panel("Cramps per week")) == {}


def test_hours_of_the_night_count_from_midnight_by_the_wearers_clock(look: Look) -> None:
    """Of the nights with one cramp at a known hour: 16,920 s after 22:30 is 03:12; the clocks' 02:30 comes later."""
    hours = figures(look("trend").panel("Hour of the night"))
    assert len(hours) == sum(len(night.cramps) for night in NIGHTS if night.place == W1)
    assert [hour for hour in hours if hour in (2.5, 3.2)] == [2.5, 3.2]
    (early,) = figures(look("trend", STRANGE).panel("Hour of the night"))
    assert early == pytest.approx(-1 - 20 / 60)


# Live and Technical


def look_live(look: Look, seconds: float) -> Visit:
    visit = look("live")
    chosen = {"wearer": "ann-e_2", "site": "right_calf-medial"}
    return Visit(visit.influx, visit.bucket, visit.dashboard, seconds_after(GOING_ON, seconds), chosen)


@pytest.mark.parametrize("age_s", [3, 61, 300])
def test_the_age_of_the_last_sample_is_told_to_the_second(look: Look, age_s: int) -> None:
    visit = look_live(look, age_s)
    assert figures(visit.panel("Age of the last sample")) == [age_s]
    assert figures(visit.panel("Do data arrive?")) == [age_s]


def test_when_no_night_goes_on_no_sample_is_missed(look: Look) -> None:
    assert figures(look("live").panel("Do data arrive?")) == []


def test_live_tells_tonights_cramps_and_the_night_so_far_in_words(look: Look) -> None:
    (answer,) = look_live(look, 5).panel("Cramps of the last 12 hours")
    assert [(row["stage"], row["duration_s"]) for row in answer.rows] == [("ended", 25.0)]
    (words,) = figures(look_live(look, 5).panel("The latest night so far"))
    assert str(words).startswith("Night of 30 October, right calf-medial: 1 cramp at 01:16 (25 s).")


def test_live_tells_link_and_signal_of_the_last_ten_minutes(look: Look) -> None:
    visit = look_live(look, 5)
    (link,), (signal,) = visit.panel("Link"), visit.panel("Signal")
    assert {name: list(points.values()) for name, points in link.curves().items()} == {"node-1": ["streaming"]}
    assert {name: list(points.values()) for name, points in signal.curves().items()} == {ODD_CHANNEL: ["good"]}


def test_the_technical_dashboard_tells_what_the_collector_told(look: Look) -> None:
    visit = look("technical", LAST)
    told = LAST.healths()
    at = [health.t_ns // MINUTE_NS * MINUTE_NS for health in told]
    expected: dict[str, dict[str, list[Any]]] = {
        "Radio link": {"node-1": ["streaming"] * len(told)},
        "Rate": {"emg": [0.99] * len(told)},
        "Clock of the sensor": {"emg": [-8.25] * len(told)},
        "Reconnections": {"node-1": [health.links[0].reconnects for health in told]},
        "Backlog": {"unpublished": [health.unpublished for health in told]},
        "Unreadable packets": {"refused": [health.refused["short"] for health in told]},
    }
    for title, series in expected.items():
        assert curves(visit.panel(title)) == {
            name: dict(zip(at, values, strict=True)) for name, values in series.items()
        }, title
    assert [row["sessions"] for row in visit.panel("Restarts")[0].rows] == [1]


# All of them


@pytest.mark.parametrize("name", ["morning", "trend", "live", "technical"])
def test_no_panel_of_a_full_night_is_empty(look: Look, name: str) -> None:
    visit = look_live(look, 5) if name == "live" else look(name, None if name == "trend" else LAST)
    panels = {panel["title"]: visit.answers(panel) for panel in visit.dashboard["panels"] if "targets" in panel}
    assert [title for title, answers in panels.items() if not any(answer.series for answer in answers)] == []


@pytest.mark.parametrize("name", ["morning", "trend", "live", "technical"])
def test_a_table_has_the_columns_it_is_set_up_for(look: Look, name: str) -> None:
    visit = look_live(look, 5) if name == "live" else look(name, None if name == "trend" else LAST)
    for panel in visit.dashboard["panels"]:
        if panel["type"] == "table":
            (answer,) = visit.answers(panel)
            known = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
            assert known == set(answer.rows[0]), panel["title"]


@pytest.mark.parametrize("name", ["morning", "trend", "live", "technical"])
def test_an_empty_database_answers_every_query_with_nothing(influx: InfluxServer, bucket: str, name: str) -> None:
    visit = Visit(influx, bucket, dashboards()[f"crampwatch-{name}"], MORNING)
    assert set(visit.values.values()) == {""}
    assert all(series == [] for _, series in visit.everything())
