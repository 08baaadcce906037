"""The cost of the nights in InfluxDB: what is simulated and repeated, and the page made of the measurements."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from benchmarks.database import __main__ as bench
from benchmarks.database.nights import PLACE, Evening, file, judged
from benchmarks.database.page import Measured, page
from benchmarks.database.plan import Plan
from benchmarks.database.querying import Asked
from benchmarks.database.writing import Backlog, Live
from benchmarks.database.year import earlier, per_measurement, points_of
from detector.sinks.influx_schema import CRAMP, NIGHT, WEEK, Point, Value, night_ns
from detector.store import NightStore
from tests.support.influx import INFLUXD, MISSING, NGINX

TAGS = {"wearer": "w1", "site": "left_calf"}


def moved(point: Point, months: int) -> Point:
    (found,) = earlier([point], months)
    return found


def milliseconds(*at: int) -> int:
    return round(datetime(*at, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc, arg-type]


def test_a_night_four_weeks_earlier_says_so_in_every_field_that_is_a_time() -> None:
    fields: dict[str, Value | None] = {
        "night": "2026-10-05",
        "start_ms": milliseconds(2026, 10, 5, 22, 30),
        "cramps": 2,
        "watched_s": 28_800.0,
        "headline": "Night of 5 October",
    }
    found = moved(NIGHT.point(TAGS, night_ns(date(2026, 10, 5)), fields), 1)
    assert found.t_ns == night_ns(date(2026, 9, 7))
    assert found.fields == {**fields, "night": "2026-09-07", "start_ms": milliseconds(2026, 9, 7, 22, 30)}
    assert found.tags == TAGS


def test_a_week_stays_a_monday_also_over_a_year_of_53_weeks() -> None:
    """The calendar: 2021-W01 began on 4 January, four weeks before it 2020-W50, as 2020 had 53."""
    point = WEEK.point(TAGS, night_ns(date(2021, 1, 4)), {"week": "2021-W01", "nights": 7})
    found = moved(point, 1)
    assert (found.fields["week"], found.t_ns) == ("2020-W50", night_ns(date(2020, 12, 7)))


def test_a_cramp_moves_with_its_end_and_keeps_its_length() -> None:
    onset_ms, end_ms = milliseconds(2026, 10, 6, 3, 0), milliseconds(2026, 10, 6, 3, 1)
    point = CRAMP.point({**TAGS, "channel": "c"}, onset_ms * 10**6, {"end_ms": end_ms, "duration_s": 60.0})
    found = moved(point, 13)
    assert found.t_ns == milliseconds(2025, 10, 7, 3, 0) * 10**6
    assert found.fields == {"end_ms": milliseconds(2025, 10, 7, 3, 1), "duration_s": 60.0}


def test_six_minutes_of_a_night_are_six_points_of_each_kind_and_eighteen_of_the_streams(tmp_path: Path) -> None:
    evening = Evening(date(2026, 10, 5), 0.1)
    with NightStore(tmp_path / "nights.sqlite") as store:
        for batch in judged(evening):
            file(store, batch)
        for health in evening.healths(0.0, 360.0):
            store.file_health(PLACE, health)
    counted = per_measurement(points_of(tmp_path / "nights.sqlite"))
    assert {name: counted[name] for name in ("emg", "leg", "collector", "link", "stream")} == {
        "emg": 6,
        "leg": 6,
        "collector": 6,
        "link": 6,
        "stream": 18,
    }
    assert (counted["night_summary"], counted["week_summary"]) == (1, 1)


def test_the_collector_tells_each_minute_once_however_the_night_is_cut() -> None:
    evening, again = Evening(date(2026, 10, 5), 1.0), Evening(date(2026, 10, 5), 1.0)
    parts = [*evening.healths(0.0, 90.0), *evening.healths(90.0, 100.0), *evening.healths(100.0, 180.0)]
    assert parts == list(again.healths(0.0, 180.0))
    assert [(health.t_ns - evening.start_ns) // 10**9 for health in parts] == [60, 120, 180]


def measured(slowest_s: float) -> Measured:
    """Ten nights ten times over, with 1,000,000 bytes of points and as much again; an hour that was watched live."""
    return Measured(
        plan=Plan(nights=10, hours=8.0, months=10, repetitions=7),
        points={"leg": 4800, "emg": 9600},
        on_disk=2_000_000,
        samples=1_000_000,
        backlog=Backlog(nights=10, points=14_400, seconds=4.0, outbox_cpu_s=3.0, influxd_cpu_s=1.0),
        live=Live(hours=1.0, steps=360, points=3000, longest_step_s=0.05, outbox_cpu_s=3.6, influxd_cpu_s=1.8),
        asked=[
            Asked("Morning", "1 year", "Muscle signal", 0.4, slowest_s),
            Asked("Morning", "1 year", "Nights", 0.6, 0.02),
        ],
    )


def test_the_page_tells_what_one_night_and_a_year_of_them_take() -> None:
    shown = page("a machine.", measured(0.2))
    assert "| `emg` | 960.0 |\n| `leg` | 480.0 |\n| all | 1,440 |" in shown
    assert "In 365 nights that is 525,600." in shown
    assert "10 kB a night, 3.6 MB a year, 6.9 bytes a point" in shown  # 10,000 / 1440; 3.65 rounded to even
    assert "take 1.0 MB\nmore" in shown


def test_the_page_tells_what_writing_takes_for_each_night() -> None:
    shown = page("a machine.", measured(0.2))
    assert "| waited in the night store | 1,440 | 0.40 | 0.30 | 0.10 |" in shown
    assert "3,600 points a second" in shown
    # an hour's figures eight times; 3.6 s of 3600 s
    assert "| is passed on while it lasts | 24,000 |  | 28.80 | 14.40 |" in shown
    assert "0.10 % of a core for the outbox" in shown


@pytest.mark.parametrize(("slowest_s", "verdict"), [(0.3, "met"), (0.301, "missed")])
def test_a_panel_over_the_target_is_named(slowest_s: float, verdict: str) -> None:
    shown = page("a machine.", measured(slowest_s))
    row = next(line for line in shown.splitlines() if "at most 300 ms" in line)
    assert row.split("|")[-2].strip().strip("*").lower() == verdict
    assert ("Morning: Muscle signal over 1 year (301 ms)" in shown) == (verdict == "missed")
    assert f"| Morning | 1 year | Muscle signal | {1000 * slowest_s:.0f} | Nights | 600 |" in shown


@pytest.mark.slow
@pytest.mark.skipif(INFLUXD is None or NGINX is None, reason=MISSING)
def test_minutes_of_nights_go_through_all_of_it(tmp_path: Path) -> None:
    assert bench.main(["--quick", "--page", str(tmp_path / "page.md")]) == 0
    shown = (tmp_path / "page.md").read_text()
    assert shown.startswith("**A smoke test")
    rows = [line.split(" | ")[:2] for line in shown.splitlines() if line.startswith(("| Live", "| Morning"))]
    assert rows == [[f"| {name}", span] for name in ("Live", "Morning") for span in ("1 night", "30 nights", "1 year")]
