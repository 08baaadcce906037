"""How costs are measured: ratios within one run, a looped night, and a profile by module."""

import time
from pathlib import Path
from platform import node

import numpy as np
import pytest

from benchmarks.cost import machine
from benchmarks.cost.looped_night import STREAMS, simulate
from benchmarks.cost.resident import resident
from benchmarks.cost.sosfilt_reference import Comparison, band_pass, compare, cpu_s
from benchmarks.cost.stages import Place, profile

QUARTER_HOUR = 0.25
NIGHT = simulate(QUARTER_HOUR, 250.0)


def test_the_ratio_is_the_median_of_the_ratios_and_not_the_ratio_of_the_medians() -> None:
    # 2/1, 9/3 and 4/4; the medians would give 4/3.
    comparison = Comparison((2.0, 9.0, 4.0), (1.0, 3.0, 4.0))
    assert comparison.ratios == [2, 3, 1]
    assert comparison.ratio == 2
    assert comparison.text == "2.00 (1.00 to 3.00)"


def test_every_work_is_measured_in_every_repetition_beside_the_same_reference() -> None:
    asked: list[str] = []

    def cost(name: str, seconds: float) -> float:
        asked.append(name)
        return seconds

    told: list[tuple[int, int]] = []
    costs = {"one": lambda: cost("one", 1.0), "two": lambda: cost("two", 2.0)}
    found = compare(costs, np.ones((1, 1_000_000)), 1000.0, 2, lambda done, total: told.append((done, total)))
    assert asked == ["one", "two", "one", "two"]
    assert told == [(1, 2), (2, 2)]
    assert found["one"].work_s == (1.0, 1.0)
    assert found["one"].reference_s == found["two"].reference_s
    assert all(seconds > 0 for seconds in found["one"].reference_s)


def test_the_reference_is_a_fourth_order_butterworth_which_is_four_sections_as_a_band_pass() -> None:
    assert band_pass(1000.0).shape == (4, 6)
    assert band_pass(200.0).shape == (4, 6)


def test_time_asleep_costs_no_processor() -> None:
    assert cpu_s(lambda: time.sleep(0.2)) < 0.1


@pytest.mark.parametrize("block_s", [0.25, 7.0, 60.0])
def test_a_night_is_the_same_samples_however_it_is_cut(block_s: float) -> None:
    blocks = list(NIGHT.blocks(2 * 7 / 60, block_s))  # 14 minutes: a whole number of each
    for stream in STREAMS:
        own = [block for block in blocks if block.stream == stream]
        assert [block.first_index for block in own[1:]] == [block.end_index for block in own[:-1]]
        whole = np.concatenate([block.digital() for block in own])
        assert np.array_equal(whole, NIGHT.digital[stream][: len(whole)])
        assert len(whole) == 14 * 60 * NIGHT.fs[stream]


def test_a_night_longer_than_what_was_simulated_begins_again() -> None:
    emg = NIGHT.emg(2 * QUARTER_HOUR)
    samples = 15 * 60 * 250
    assert emg.shape == (1, 2 * samples)
    assert np.array_equal(emg[:, samples:], emg[:, :samples])
    last = list(NIGHT.blocks(2 * QUARTER_HOUR, 60.0))[-1]
    assert np.array_equal(last.digital().T, emg[:, -last.count :])


def test_a_profile_gives_time_in_numpy_to_the_function_of_the_project_that_asked_for_it() -> None:
    project = {"__name__": "detector.made_up", "np": np}
    exec("def work(numbers):\n    for _ in range(300): np.sort(numbers)\n", project)
    numbers = np.random.default_rng(1).standard_normal(50_000)
    ticks = profile(lambda: project["work"](numbers))  # type: ignore[operator]
    assert list(ticks) == [Place("detector.made_up", "work")]
    assert ticks.total() > 10


def test_a_profile_leaves_out_what_is_no_part_of_the_project() -> None:
    assert not profile(lambda: sum(range(5_000_000)))


def test_memory_that_is_held_and_let_go_shows_in_the_peak_and_not_at_the_end() -> None:
    before = resident()
    np.ones(8_000_000)  # 61 MB
    after = resident()
    assert after.peak_mb - before.end_mb > 50
    assert after.end_mb - before.end_mb < 20


def test_the_machine_is_told_by_its_processor_and_not_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    machine.CPU_INFO.write_text("processor\t: 0\nmodel name\t: Cortex of some kind\n\nmodel name\t: the second core\n")
    assert machine.machine().startswith("Cortex of some kind, ")
    assert f"numpy {np.__version__}" in machine.machine()
    assert node() not in machine.machine()
