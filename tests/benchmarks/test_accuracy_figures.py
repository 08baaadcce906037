"""The page's figures, on outcomes made up by hand."""

from pathlib import Path

import pytest

from benchmarks.accuracy.figures import ASLEEP, QUICK_WAKE, WEAK, alarms_in_episodes, errors, of_class, suspicions
from benchmarks.accuracy.fingerprint import stale
from benchmarks.accuracy.run import Cramp, Interval, NightTruth, Outcome
from benchmarks.accuracy.targets import TARGETS
from detector.score import ScoredEvent
from detector.settings import DetectorSettings
from detector.version import VERSION
from tests.support.scores import found, score


def outcome(
    *events: ScoredEvent,
    cramps: tuple[Cramp, ...] = (),
    confounders: tuple[Interval, ...] = (),
    artefacts: tuple[Interval, ...] = (),
) -> Outcome:
    return Outcome(score(*events), NightTruth(list(cramps), list(confounders), list(artefacts)), 1.0)


NIGHT = outcome(
    found(1000.3, 1060.0),  # alerted at 1012.3
    found(3000.0, 3031.0, 18.0),
    found(7000.0, 7020.0),
    cramps=(
        Cramp(1000.0, 1061.0, "asleep", 8.0),
        Cramp(2000.0, 2060.0, "asleep", 3.5),
        Cramp(3000.0, 3030.0, "quick_wake", 5.0),
        Cramp(4000.0, 4030.0, "quick_wake", 3.0),
        Cramp(5000.0, 5015.0, "asleep", 9.0),
    ),
)


def test_each_class_counts_its_own_cramps_from_sixteen_seconds_on() -> None:
    counts = {}
    for cls in (ASLEEP, QUICK_WAKE, WEAK):
        figures = of_class([NIGHT], cls.holds)
        counts[cls] = (figures.true_positives, figures.false_negatives)
    assert counts == {ASLEEP: (1, 1), QUICK_WAKE: (1, 0), WEAK: (0, 1)}


def test_errors_keep_their_sign() -> None:
    signed = errors([NIGHT], ASLEEP.holds)
    assert signed.onset == pytest.approx([0.3])
    assert signed.latency == pytest.approx([12.3])
    assert signed.duration == pytest.approx([59.7 - 61.0])


def test_the_silent_mark_is_timed_from_the_true_onset() -> None:
    assert suspicions([NIGHT], ASLEEP.holds).latency_s.median == pytest.approx(0.8)  # 0.3 late, 0.5 to suspect


MAINS = Interval("mains", 6000.0, 9000.0)


def test_an_alarm_during_hum_alone_is_the_hums() -> None:
    assert alarms_in_episodes([outcome(found(7000.0, 7020.0), artefacts=(MAINS,))])["mains"] == (1, 1)


def test_an_alarm_during_a_movement_is_the_movements_even_while_the_mains_hum() -> None:
    moved = outcome(found(7000.0, 7020.0), artefacts=(MAINS,), confounders=(Interval("lmm", 7000.0, 7018.0),))
    assert alarms_in_episodes([moved])["mains"] == (0, 1)


def test_an_alarm_at_the_edge_of_a_gap_is_the_gaps() -> None:
    edge = outcome(found(501.0, 520.0), artefacts=(Interval("gap", 480.0, 500.0),))
    assert alarms_in_episodes([edge])["gap"] == (1, 1)
    assert alarms_in_episodes([edge])["lead_off"] == (0, 0)


def measured(what: str, **tiers: list[Outcome]) -> tuple[str, bool | None]:
    (target,) = (target for target in TARGETS if what in target.what)
    return target.measure(tiers)


def test_a_target_is_met_or_missed_by_its_value() -> None:
    assert measured("asleep, 3.5 x", healthy=[NIGHT]) == ("50.0 % (9.5 to 90.5)", False)
    assert measured("early woken", healthy=[NIGHT])[1] is True
    assert measured("healthy nights", healthy=[NIGHT])[1] is False  # one false alarm in one night
    assert measured("healthy nights", healthy=[outcome()] * 11)[1] is True


def test_a_target_without_nights_is_neither_met_nor_missed() -> None:
    assert measured("restless nights", healthy=[NIGHT]) == ("none", None)


def test_the_page_of_the_present_rule_is_not_stale(tmp_path: Path) -> None:
    page = tmp_path / "accuracy.md"
    page.write_text(f"This page is about rule {VERSION}, parameters {DetectorSettings().hash}.\n")
    assert stale(page) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"rule {VERSION}, parameters {DetectorSettings(on_ratio=2.3).hash}", "make it anew"),
        (f"rule x{VERSION}, parameters {DetectorSettings().hash}", "make it anew"),
        ("a page without a fingerprint", "does not tell"),
    ],
)
def test_a_changed_default_makes_the_page_stale(tmp_path: Path, text: str, why: str) -> None:
    page = tmp_path / "accuracy.md"
    page.write_text(text)
    assert why in stale(page)


def test_a_missing_page_is_stale(tmp_path: Path) -> None:
    assert "does not exist" in stale(tmp_path / "accuracy.md")
