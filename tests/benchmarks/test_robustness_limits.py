"""Where robustness ends: which nights, how outcomes are counted, and the page."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import nights as accuracy
from benchmarks.robustness import disturbances, limits
from benchmarks.robustness.__main__ import main
from benchmarks.robustness.limits import Outcome, Plan, measure, tally
from benchmarks.robustness.night import SEED, Float, Night
from benchmarks.robustness.page import cells, page
from benchmarks.robustness.tables import Case, Table, ends, hiss, tables
from benchmarks.robustness.watching import Watched, blocks
from collector.contract.messages import SampleBlock
from detector.evaluate import Span
from detector.score import Unwatched
from tests.support.scores import found, score

CRAMPS = (Span(1000.0, 1030.0, "asleep"), Span(2000.0, 2030.0, "asleep"))


def quietly(part: str) -> limits.Done:
    return lambda done, total: None


def test_the_nights_are_those_of_no_other_page_and_not_the_one_of_the_tests() -> None:
    others = (*accuracy.REPORTING, *accuracy.TUNING, *accuracy.STRENGTHS)
    assert not set(limits.SEEDS) & {SEED, *(night.spec.seed for night in others)}


def test_cramps_are_counted_by_their_place_in_the_night_which_is_their_strength() -> None:
    one, both = score(found(2001.0, 2030.0)), score(found(1001.0, 1030.0), found(2001.0, 2030.0))
    outcome = tally([Watched(one, CRAMPS), Watched(both, CRAMPS)])
    assert outcome.found == (1, 2)
    assert outcome.unnoticed == (1, 0)
    assert outcome.nights == 2


@pytest.mark.parametrize(("hidden_s", "unnoticed", "told"), [(0.0, 2, 0), (15.0, 2, 0), (15.1, 1, 1)])
def test_a_missed_cramp_is_missed_unnoticed_unless_more_than_half_of_it_was_not_watched(
    hidden_s: float, unnoticed: int, told: int
) -> None:
    gaps = [Unwatched(900.0, 1000.0 + hidden_s, "mains interference")]
    outcome = tally([Watched(score(gaps=gaps), CRAMPS)])
    assert sum(outcome.unnoticed) == unnoticed
    assert outcome.missed_unwatched == told


def test_an_alert_apart_from_every_cramp_is_a_false_alarm() -> None:
    outcome = tally([Watched(score(found(500.0, 530.0), found(1010.0, 1030.0)), CRAMPS)])
    assert outcome.false_alarms == 1
    assert outcome.found == (1, 0)


def test_time_not_watched_is_a_share_of_all_nights_together() -> None:
    half, whole = score(hours=1.0, watched_s=1800.0), score(hours=1.0)
    assert tally([Watched(half, CRAMPS), Watched(whole, CRAMPS)]).unwatched == pytest.approx(0.25)


def test_a_row_has_every_count_and_the_share_in_the_order_of_the_columns() -> None:
    outcome = Outcome(found=(1, 3), unnoticed=(2, 0), nights=4, false_alarms=5, unwatched=0.0664)
    assert cells(outcome) == ["4", "1", "3", "2", "2", "5", "6.6 %"]


def test_the_same_seeds_give_the_same_page() -> None:
    plan = Plan(limits.SEEDS[:1], ends([hiss()]))
    once, again = (page(plan.seeds, measure(plan, quietly)) for _ in range(2))
    assert once == again


def test_what_is_random_is_the_same_in_every_row() -> None:
    drawn: list[float] = []

    def draw(night: Night, rng: np.random.Generator) -> list[SampleBlock]:
        drawn.append(rng.random())
        return blocks(night)

    measure(Plan(limits.SEEDS[:2], [Table("", "", [Case("first", draw), Case("second", draw)])]), quietly)
    assert drawn[:2] == drawn[2:]
    assert drawn[0] != drawn[1]


def test_a_smoke_test_takes_the_weakest_and_the_strongest_of_each_table() -> None:
    first, last, only = (Case(name, lambda night, rng: []) for name in ("first", "last", "only"))
    short = ends([Table("", "", [first, only, last]), Table("", "", [only])])
    assert [table.cases for table in short] == [[first, last], [only]]


def test_no_two_rows_of_a_table_have_the_same_name() -> None:
    for table in tables():
        assert len({case.name for case in table.cases}) == len(table.cases)


def hour(emg_uv: Float, *cramps: Span) -> Night:
    return Night(emg_uv, np.zeros((1, 3)), cramps)


def test_the_quiet_moment_is_the_middle_of_the_longest_pause_between_cramps() -> None:
    night = hour(
        np.zeros(1),
        Span(10.0, 20.0, "asleep"),
        Span(100.0, 110.0, "asleep"),
        Span(400.0, 410.0, "asleep"),
        Span(500.0, 510.0, "asleep"),
    )
    assert night.quiet_s == 255.0


def test_a_cramps_strength_is_its_rms_without_jolts() -> None:
    emg = np.random.default_rng(1).normal(0, 10, 250 * 100)
    emg[5000:5050] += 2000.0
    assert hour(emg).strength_uv(Span(0.0, 100.0, "asleep")) == pytest.approx(10.0, rel=0.03)


def test_a_jump_lifts_all_that_is_behind_it_and_nothing_before() -> None:
    lifted = disturbances.jump(np.zeros(1000), 250.0, 2.0, 300.0)
    assert set(lifted[:500]) == {0.0}
    assert set(lifted[500:]) == {300.0}


def test_a_quick_run_writes_every_table_and_is_not_taken_for_the_benchmark(tmp_path: Path) -> None:
    file = tmp_path / "reference/robustness-limits.md"
    assert main(["--quick", "--page", str(file)]) == 0
    text = file.read_text()
    assert text.startswith("**A smoke test")
    assert "Everything here is simulated" in text
    assert re.findall("^## (.+)$", text, re.MULTILINE) == [table.title for table in tables()]
    assert not re.search(r"\d:\d\d", text), "a time of day would make every run's page another"
    undisturbed = next(line for line in text.splitlines() if line.startswith("| nothing "))
    assert undisturbed.split(" | ")[1:-1] == ["4", "1", "1", "1", "1", "0", "0", "0"]
