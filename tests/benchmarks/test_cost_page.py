"""The cost page: from made-up measurements, and from the benchmark's smoke test."""

import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import peers
from benchmarks.accuracy.peers import PUBLISHED
from benchmarks.cost import collector, live_blocks, memory, other_rules, resident, stages, whole_nights
from benchmarks.cost.__main__ import main
from benchmarks.cost.looped_night import LoopedNight
from benchmarks.cost.memory import Memory
from benchmarks.cost.other_rules import OtherRules
from benchmarks.cost.page import page
from benchmarks.cost.plan import quick
from benchmarks.cost.resident import Resident
from benchmarks.cost.section import Section, Verdict
from benchmarks.cost.sosfilt_reference import Comparison
from benchmarks.cost.stages import Place
from benchmarks.cost.whole_nights import CASES, TARGET, Measured
from collector.contract.messages import StreamKind

FS: dict[StreamKind, float] = {"emg": 200.0, "acc": 50.0}


def once(work_s: float, reference_s: float = 1.0) -> Comparison:
    return Comparison((work_s,), (reference_s,))


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each table row by its first."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {first: rest for first, *rest in lines}


def one(section: Section) -> Verdict:
    (verdict,) = section.verdicts
    return verdict


@pytest.mark.parametrize(("detector_s", "met"), [(2.0, True), (2.01, False)])
def test_the_target_is_held_against_one_channel_at_1_khz_only(detector_s: float, met: bool) -> None:
    ratios = dict.fromkeys(CASES, 99.0) | {TARGET: detector_s}
    measured = [Measured(case, 8.0, once(ratio)) for case, ratio in ratios.items()]
    verdict = one(whole_nights.section(measured))
    assert (TARGET.channels, TARGET.fs) == (1, 1000)
    assert (verdict.wanted, verdict.met) == ("at most 2", met)


def test_a_night_of_8_h_in_half_a_second_is_57600_times_real_time() -> None:
    table = rows(whole_nights.section([Measured(TARGET, 8.0, once(0.5, 0.25))]).text)
    assert table["1 channel at 1000 Hz"] == ["8", "0.250", "0.500", "2.00 (2.00 to 2.00)", "57,600"]


@pytest.mark.parametrize(
    ("longest", "met"),
    [
        (Resident(121, 119), True),
        (Resident(127, 119), False),
        (Resident(121, 125), False),  # grew below the peak of the start
    ],
)
def test_memory_is_flat_when_neither_peak_nor_end_grow_with_the_night(longest: Resident, met: bool) -> None:
    streamed = {0.0: Resident(50, 50), 1.0: Resident(121, 119), 8.0: Resident(999, 999), 25.0: longest}
    verdict = one(memory.section(Memory(streamed, 8.0, Resident(130, 128))))
    assert (verdict.what, verdict.met) == ("memory is flat: 25 h above 1 h", met)


def test_memory_that_the_system_does_not_tell_is_neither_met_nor_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "STATUS", tmp_path / "absent")
    section = memory.section(memory.measure(quick(), lambda part: lambda done, total: None))
    assert one(section).met is None
    assert "Not measured" in section.text


def test_the_collector_is_what_remains_without_the_wearable_that_it_is_measured_with() -> None:
    memory = {1.0: Resident(80, 78), 4.0: Resident(99, 99), 8.0: Resident(84, 84)}
    measured = collector.Measured([0.03, 0.02, 0.05], [0.01, 0.02, 0.01], memory)
    section = collector.section(measured)
    table = rows(section.text)
    assert table["collector, wearable and bleak together"] == ["3.00%", "2.00%", "5.00%"]
    assert table["**the collector**: the difference of the medians"][0] == "2.00%"
    assert [(verdict.measured, verdict.met) for verdict in section.verdicts] == [("2.00%", True), ("+6.0 MB", False)]


def test_without_mosquitto_the_collector_is_neither_met_nor_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOSQUITTO", None)
    section = collector.section(collector.measure(quick(), lambda part: lambda done, total: None))
    assert [verdict.met for verdict in section.verdicts] == [None, None]
    assert "mosquitto is not installed" in section.text


def test_a_stretch_that_is_played_over_and_over_is_whole_and_in_memory_once() -> None:
    stretch = LoopedNight({"emg": np.ones((72 * 200, 8), np.int16), "acc": np.ones((72 * 50, 3), np.int16)}, FS)
    emg = collector.signals(stretch, 0.05)["emg"]
    assert emg.end == 180 * 200
    assert [first for first, _ in emg.runs] == [0, 72 * 200, 144 * 200]
    (_, first), (_, second), (_, _) = pickle.loads(pickle.dumps(emg)).runs
    assert first is second


def test_the_page_tells_of_each_target_whether_it_is_met() -> None:
    verdicts = (Verdict("a", "1", "1", True), Verdict("b", "1", "2", False), Verdict("c", "1", "none", None))
    table = rows(page("A machine.", [Section("First", "Text.", verdicts[:2]), Section("Second", "", verdicts[2:])]))
    assert [table[name][-1] for name in "abc"] == ["met", "**missed**", "not measured"]


def test_modules_come_by_their_share_with_their_own_account_of_themselves() -> None:
    ticks = Counter(
        {
            Place("detector.rest", "one"): 40,
            Place("detector.dsp.filters", "two"): 40,
            Place("detector.rest", "three"): 20,
        }
    )
    text = stages.section(ticks).text
    assert text.startswith("`detector.rest` takes most: 60%")
    assert "(`detector.dsp`) together take 40%" in text
    first, second = (row for row in rows(text).items() if row[0].startswith("`"))
    assert first[0].startswith("`detector.rest`: The resting level")
    assert first[1] == ["60%", "`one` 40%, `three` 20%"]
    assert second[1] == ["40%", "`two` 40%"]


def test_a_block_of_half_a_second_in_500_us_takes_a_thousandth_of_a_core() -> None:
    table = rows(live_blocks.section({0.5: once(500e-6, 50e-6)}).text)
    assert table["0.5 s"] == ["50", "500", "10 (10 to 10)", "0.100%"]


def test_other_rules_are_scaled_to_a_night_of_8_h() -> None:
    table = rows(other_rules.section(OtherRules(0.5, {"a rule": once(3.0, 0.02)})).text)
    assert table["a rule"] == ["48.000", "150 (150 to 150)"]


def test_published_methods_that_are_not_installed_are_missed_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "absent")
    measured = other_rules.measure(quick()._replace(peers=PUBLISHED), lambda part: lambda done, total: None)
    text = other_rules.section(measured).text
    assert "**The published methods were not measured: they are not installed" in text
    assert "`make bench`" in text


def test_a_smoke_test_has_every_section_and_is_not_taken_for_the_benchmark(tmp_path: Path) -> None:
    file = tmp_path / "reference/cost.md"
    assert main(["--quick", "--page", str(file)]) == 0
    text = file.read_text()
    assert text.startswith("**A smoke test")
    sections = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert sections == [
        "Targets",
        "A whole night",
        "What dominates",
        "The floor",
        "Live",
        "Memory",
        "The collector",
        "Beside other rules",
    ]
    assert len(rows(text)) > 25
