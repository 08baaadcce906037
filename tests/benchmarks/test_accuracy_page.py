"""The benchmark from end to end, on its smoke test of two short nights."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.plan import quick
from benchmarks.accuracy.run import Cache, Job, Outcome, run, score_night
from benchmarks.accuracy.variants import ablations, complete


class Made(NamedTuple):
    cache: Path

    @property
    def folder(self) -> Path:
        return self.cache / "quick"

    def reproducible(self) -> dict[str, bytes]:
        files = [path for path in self.folder.rglob("*") if path.suffix in (".md", ".svg") and path.name != "cost.md"]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Made]:
    caches = [tmp_path_factory.mktemp(name) for name in ("once", "again")]
    for cache in caches:
        assert main(["--quick", "--cache", str(cache), "--jobs", "1"]) == 0
    return Made(caches[0]), Made(caches[1])


def test_two_runs_write_the_same_page_and_plots_to_the_byte(twice: tuple[Made, Made]) -> None:
    once, again = (made.reproducible() for made in twice)
    assert len(once) == 7  # the page, two plots for each generator, strength, ablation
    assert once == again


def test_processor_time_stands_apart_from_the_page(twice: tuple[Made, Made]) -> None:
    assert "CPU" in (twice[0].folder / "accuracy/cost.md").read_text()
    assert "CPU" not in (twice[0].folder / "accuracy.md").read_text()


def test_the_page_has_every_section_and_every_plot_it_shows(twice: tuple[Made, Made]) -> None:
    page = (twice[0].folder / "accuracy.md").read_text()
    sections = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert sections == [
        "Targets",
        "By tier",
        "Latency and errors",
        "What was taken for a cramp",
        "How strong a cramp has to be",
        "What each part is worth",
        "Sooner or later",
        "Beside other rules",
        "Real recordings",
    ]
    shown = [part.split(")")[0] for part in page.split("](")[1:]]
    assert all((twice[0].folder / path).is_file() for path in shown)


def test_no_recording_of_a_person_without_a_cramp_is_confirmed_to_have_one(twice: tuple[Made, Made]) -> None:
    assert "Confirmed in all: 0." in (twice[0].folder / "accuracy.md").read_text()


def test_a_smoke_test_is_not_taken_for_the_benchmark(twice: tuple[Made, Made]) -> None:
    assert (twice[0].folder / "accuracy.md").read_text().startswith("**A smoke test")


def test_a_night_that_was_scored_before_is_not_scored_again(twice: tuple[Made, Made]) -> None:
    cache, whole = Cache(twice[0].cache), complete()
    night = quick().first[0]
    kept = cache.outcome_file(night, whole)
    before = kept.stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    run([Job(night, (whole,))], cache, 1, lambda done, total: told.append((done, total)))
    assert kept.stat().st_mtime_ns == before
    assert told == [(1, 1)]


def test_another_rule_or_another_night_is_another_result(tmp_path: Path) -> None:
    cache, night = Cache(tmp_path), quick().first[0]
    other = night._replace(spec=quick().tuning[0].spec)
    files = {cache.outcome_file(night, variant) for variant in (complete(), *ablations())}
    assert len(files) == 1 + len(ablations())
    assert cache.outcome_file(other, complete()) not in files


def test_without_the_accelerometer_the_recording_has_none(tmp_path: Path) -> None:
    cache, night = Cache(tmp_path), quick().first[0]
    blind = next(variant for variant in ablations() if variant.without)
    score_night(Job(night, (blind,)), cache)
    streams = msgspec.json.decode(cache.outcome_file(night, blind).read_bytes(), type=Outcome).score.streams
    assert streams.emg is not None
    assert streams.temp is not None
    assert streams.acc is None
