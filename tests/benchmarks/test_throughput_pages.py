"""The pages of throughput and soak, from made-up measurements."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.throughput import __main__ as bench
from benchmarks.throughput import backlog, commits, live, soak
from benchmarks.throughput.backlog import Backlog
from benchmarks.throughput.commits import Commits
from benchmarks.throughput.latency import Latencies
from benchmarks.throughput.live import Costs, Run
from benchmarks.throughput.page import page
from benchmarks.throughput.process_cost import ProcessCost
from benchmarks.throughput.soak_day import Day, Sample, SoakPlan
from benchmarks.throughput.soak_page import PROCESSES, is_flat, plot_memory, slope_mb_per_h
from benchmarks.throughput.soak_page import page as soak_page
from benchmarks.throughput.trend import Trend


def run(wearers: int, latency_s: float, detector_s: float = 6.0) -> Run:
    """A minute in which the detector works for so many seconds, the broker for 1.5 and the sender for 3."""
    nothing = ProcessCost(2.0, 50.0)
    before = Costs(100.0, nothing, nothing, nothing)
    taken = (ProcessCost(2.0 + detector_s, 80.0 + wearers / 10), ProcessCost(3.5, 4.0), ProcessCost(5.0, 60.0))
    return Run(wearers, before, Costs(160.0, *taken), Latencies([latency_s] * 40))


def rows(text: str) -> list[list[str]]:
    """The cells of every table row."""
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def day(grown_mb_per_h: float) -> Day:
    """A day of which each process grows by so much an hour, and by 30 MB in the first one."""
    hours = [h / 4 for h in range(1, 97)]
    samples = [
        Sample(h, 60 * h, dict.fromkeys(PROCESSES, ProcessCost(12 * h, 70 + 30 * min(h, 1) + grown_mb_per_h * h)))
        for h in hours
    ]
    return Day(SoakPlan(), samples, 1440.0, 160)


def test_six_seconds_of_work_in_a_minute_for_20_wearers_are_half_a_per_cent_of_a_core_each() -> None:
    costs, alerts = [row for row in rows(live.section([run(20, 0.012)]).text) if row[0] == "20"]
    assert costs == ["20", "0.50%", "0.12%", "10.0%", "2.5%", "5.0%", "82", "4"]
    # 20 wearers alert twice in a minute each.
    assert alerts == ["20", "60", "40 of 40", "12", "12", "12"]


@pytest.mark.parametrize(("latency_s", "met"), [(0.5, True), (0.501, False)])
def test_the_target_is_held_against_20_wearers_only(latency_s: float, met: bool) -> None:
    (verdict,) = live.section([run(1, 9.0), run(20, latency_s), run(100, 9.0)]).verdicts
    assert (verdict.wanted, verdict.met) == ("at most 0.5 s", met)


def test_without_20_wearers_or_without_alerts_nothing_is_said_of_the_target() -> None:
    silent = run(20, 0.1)._replace(latencies=Latencies([]))
    for runs in ([run(5, 0.1)], [silent]):
        (verdict,) = live.section(runs).verdicts
        assert verdict.met is None


def test_sustained_is_the_largest_number_in_time_and_a_core_would_do_for_its_share() -> None:
    text = live.section([run(20, 0.01), run(100, 0.1, detector_s=15.0), run(200, 0.6)]).text
    assert "**100 wearers were sustained** with alerts within 0.5 s, 200 were not" in text
    # 15 of 60 s for 100 wearers
    assert "one core of the detector would do for 400." in text
    # 82 to 100 MB between 20 and 200 wearers
    assert "Each wearer adds 0.10 MB" in text


def test_no_alert_at_all_is_not_in_time() -> None:
    assert not run(20, 0.1)._replace(latencies=Latencies([])).in_time


def test_20_hours_in_a_minute_are_1200_times_real_time() -> None:
    text = backlog.section(Backlog(20, 1.0, 60.0, 45.0)).text
    assert ["1 h of 20 wearers", "60.0", "45.0", "1,200"] in rows(text)


def test_commits_of_5_ms_every_10_s_take_5_per_cent_of_the_time_of_100_wearers() -> None:
    text = commits.section([Commits(100, [5.0] * 90, [2.0] * 90)]).text
    assert ["100", "90", "5.0", "5.0", "2.0", "2.0", "5.0%"] in rows(text)


def test_the_page_has_the_machine_the_targets_and_every_section() -> None:
    sections = [live.section([run(20, 0.012)]), backlog.section(Backlog(20, 1.0, 60.0, 45.0))]
    text = page("a machine.", sections)
    assert "Measured on: a machine." in text
    assert ["alert latency with 20 wearers, 99th percentile", "at most 0.5 s", "0.012 s", "met"] in rows(text)
    assert text.index("## Targets") < text.index("## Wearers in real time") < text.index("## Catching up")


def test_what_fills_in_the_first_hour_does_not_count_as_growth() -> None:
    slope = slope_mb_per_h("detector", day(0.0).samples)
    assert slope.slope == pytest.approx(0, abs=1e-9)
    assert slope_mb_per_h("detector", day(0.25).samples).slope == pytest.approx(0.25)


@pytest.mark.parametrize(("mb_per_h", "flat"), [(-3.0, True), (0.416, True), (0.417, False)])
def test_flat_is_10_mb_a_day(mb_per_h: float, flat: bool) -> None:
    assert is_flat(Trend(mb_per_h, mb_per_h, mb_per_h)) == flat


def test_the_soak_page_tells_of_every_process_its_slope_and_what_a_day_of_it_makes() -> None:
    text = soak_page("a machine.", day(0.5), Path("soak.svg"))
    told = {row[0]: row for row in rows(text)}
    assert told[PROCESSES["outbox"]] == [
        PROCESSES["outbox"],
        "20%",  # 12 of 60 s
        "100.5",
        "112.0",
        "+0.500 (+0.500 to +0.500)",
        "+12.0",
        "**missed**",
    ]
    # 20 wearers' 24 h in 24 minutes
    assert "24 minutes, 1,200 times real time" in text
    assert "![Memory](soak.svg)" in text


def test_the_plot_is_drawn_the_same_for_the_same_numbers(tmp_path: Path) -> None:
    plots = [tmp_path / "one.svg", tmp_path / "other.svg"]
    for plot in plots:
        plot_memory(day(0.1).samples, plot)
    assert plots[0].read_bytes() == plots[1].read_bytes()
    assert ElementTree.parse(plots[0]).getroot().tag.endswith("svg")


@pytest.mark.slow
def test_the_benchmarks_smoke_test_goes_through_everything(tmp_path: Path) -> None:
    assert bench.main(["--quick", "--page", str(tmp_path / "throughput.md")]) == 0
    text = (tmp_path / "throughput.md").read_text()
    assert bench.QUICK_NOTE in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Targets",
        "## Wearers in real time",
        "## To a phone",
        "## Catching up",
        "## Commits",
    ]


@pytest.mark.slow
def test_the_soaks_smoke_test_goes_through_everything(tmp_path: Path) -> None:
    assert soak.main(["--quick", "--page", str(tmp_path / "soak.md")]) == 0
    assert set(PROCESSES.values()) <= {row[0] for row in rows((tmp_path / "soak.md").read_text())}
    assert (tmp_path / "soak.svg").is_file()
