"""`crampwatch score` and `crampwatch evaluate`: many files, one sentence each, and errors that say what to do."""

import csv
import json
import multiprocessing
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from edfio import EdfAnnotation, read_edf

from collector.contract.channel_roles import Choice
from crampwatch.commands.evaluate import evaluate
from crampwatch.commands.score import score
from crampwatch.errors import UserError
from detector.cohort import Failure, Outcome, score_files
from detector.settings import DetectorSettings
from tests.support.edf_files import signal, write
from tests.support.signals import Leg

REAL = Path(__file__).parents[1] / "recordings"
REST = REAL / "rest_with_bursts_64s.edf"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short nights with a cramp at 100.5 s, marked as a scorer would."""
    folder = tmp_path_factory.mktemp("nights")
    for seed, name in enumerate(("first", "second")):
        leg = Leg(180.0, fs=250.0, seed=seed).contract(100.5, 130.5, 20.0)
        emg = signal("LAT", np.rint(leg.emg_uv[0] / 0.25), leg.fs)
        acc = [signal(f"ACC {axis}", np.rint(leg.acc_mg[:, k] / 0.25), 50, "mg") for k, axis in enumerate("XYZ")]
        write(folder / f"{name}.edf", [emg, *acc], [EdfAnnotation(100.5, 30.0, "Cramp@@LAT")])
    return folder


def test_one_sentence_tells_cramps_watched_time_and_candidates(
    nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(nights / "first.edf", out=tmp_path) == 0
    told = capsys.readouterr()
    assert told.out == "first.edf: 1 cramp in 2 min 55 s of 3 min 0 s watched (22:01:40 for 30 s), 0 candidates\n"
    assert "no temperature" in told.err


def test_results_are_written_as_json_and_as_a_table(nights: Path, tmp_path: Path) -> None:
    score(nights / "first.edf", out=tmp_path / "new", table=True)
    result = json.loads((tmp_path / "new" / "first.events.json").read_text())
    with (tmp_path / "new" / "first.events.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], float(row["onset_s"])) == (result["events"][0]["id"], result["events"][0]["onset_s"])
    assert row["stage"] == "confirmed"


def test_standard_output_gets_a_line_of_json_for_each_recording(
    nights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(nights / "first.edf", nights / "second.edf", out=Path("-")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["recording"] for line in lines] == ["first.edf", "second.edf"]


def test_a_file_that_fails_does_not_stop_the_others(
    nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.edf"
    broken.write_bytes(b"")
    assert score(broken, nights / "first.edf", out=tmp_path) == 2
    told = capsys.readouterr()
    assert "crampwatch: broken.edf: the file is empty" in told.err
    assert told.out.startswith("first.edf: 1 cramp")
    assert (tmp_path / "first.events.json").exists()


def test_processes_side_by_side_find_the_same(nights: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.edf"
    broken.write_bytes(b"not a recording")
    paths = [nights / "first.edf", broken, nights / "second.edf"]

    def outcomes(workers: int) -> list[Outcome]:
        return sorted(score_files(paths, Choice(), DetectorSettings(), workers), key=lambda outcome: outcome.path)

    assert outcomes(workers=2) == outcomes(workers=1)
    assert [isinstance(result, Failure) for path, result in outcomes(workers=1)].count(True) == 1


def test_a_worker_that_is_killed_costs_no_recording(nights: Path) -> None:
    def kill_the_first_worker() -> None:
        while not (workers := multiprocessing.active_children()):
            time.sleep(0.001)
        workers[0].kill()

    paths = [nights / "first.edf", nights / "second.edf"]
    killer = threading.Thread(target=kill_the_first_worker)
    killer.start()
    found = dict(score_files(paths, Choice(), DetectorSettings(), workers=2))
    killer.join()
    assert found == dict(score_files(paths, Choice(), DetectorSettings(), workers=1))


def test_signals_can_be_named(nights: Path, tmp_path: Path) -> None:
    score(nights / "first.edf", out=tmp_path, emg="lat", acc="ACC Z, ACC Y, ACC X")
    result = json.loads((tmp_path / "first.events.json").read_text())
    assert result["streams"]["acc"]["channels"] == ["ACC Z", "ACC Y", "ACC X"]


def test_parameters_come_from_the_settings_file(nights: Path, tmp_path: Path) -> None:
    config = tmp_path / "crampwatch.toml"
    config.write_text("[detector]\nconfirm_asleep_s = 15.0\n")
    score(nights / "first.edf", out=tmp_path, config=config)
    event = json.loads((tmp_path / "first.events.json").read_text())["events"][0]
    assert event["alerted_s"] - event["onset_s"] == pytest.approx(15.0, abs=0.2)


@pytest.mark.parametrize("text", ["[detector]\nconfirm_asleep_s = -1.0\n", "[detecter]\n", "[detector\n"])
def test_settings_that_cannot_be_are_told_with_their_file(nights: Path, tmp_path: Path, text: str) -> None:
    config = tmp_path / "crampwatch.toml"
    config.write_text(text)
    with pytest.raises(UserError, match=r"crampwatch\.toml: "):
        score(nights / "first.edf", out=tmp_path, config=config)


def test_an_annotated_copy_is_written_on_request(nights: Path, tmp_path: Path) -> None:
    score(nights / "first.edf", out=tmp_path, annotate=tmp_path / "copy.edf")
    assert "Cramp detected@@LAT" in {mark.text for mark in read_edf(tmp_path / "copy.edf").annotations}


def test_calls_that_cannot_be_meant_are_told(nights: Path, tmp_path: Path) -> None:
    first, second = nights / "first.edf", nights / "second.edf"
    with pytest.raises(UserError, match="at least one recording"):
        score()
    with pytest.raises(UserError, match="one recording at a time"):
        score(first, second, annotate=tmp_path / "out.edf")
    with pytest.raises(UserError, match="two recordings are called first"):
        score(first, tmp_path / "first.edf")
    with pytest.raises(UserError, match="needs a folder"):
        score(first, out=Path("-"), table=True)


def test_a_folder_that_cannot_be_written_to_is_told(nights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose a folder with --out"):
        score(nights / "first.edf", out=tmp_path / "file")


def test_folders_are_evaluated_in_pairs(nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score(nights / "first.edf", nights / "second.edf", out=tmp_path)
    capsys.readouterr()
    evaluate(tmp_path, nights, json=True)
    figures = json.loads(capsys.readouterr().out)
    assert (figures["recordings"], figures["true_positives"], figures["false_positives"]) == (2, 2, 0)
    assert figures["sensitivity"]["value"] == 1.0
    # Wilson's lower bound for 2 of 2 is n / (n + z^2) = 2 / 5.8416.
    assert figures["sensitivity"]["low"] == pytest.approx(0.3424, abs=1e-4)


def test_the_table_gives_every_figure_with_its_interval(
    nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score(nights / "first.edf", out=tmp_path)
    capsys.readouterr()
    evaluate(tmp_path / "first.events.json", nights / "first.edf")
    told = capsys.readouterr().out
    assert "1 cramp found, 0 missed" in told
    assert "100.0 %" in told
    assert "20.7 to 100.0 %" in told  # 1 of 1: 1 / (1 + 3.8415)


def test_a_recording_without_truth_is_told(nights: Path, tmp_path: Path) -> None:
    score(nights / "first.edf", out=tmp_path)
    with pytest.raises(UserError, match="no truth for first"):
        evaluate(tmp_path, tmp_path)
    with pytest.raises(UserError, match=r"holds no \*\.events\.json"):
        evaluate(nights, nights)


def test_a_file_that_is_cut_short_is_scored_as_far_as_it_goes_and_told(
    nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (nights / "first.edf").read_bytes()
    short = tmp_path / "short.edf"
    short.write_bytes(whole[: len(whole) * 2 // 3])
    assert score(short, out=tmp_path) == 2
    assert "crampwatch: short.edf: the file is cut short" in capsys.readouterr().err
    assert json.loads((tmp_path / "short.events.json").read_text())["duration_s"] < 125
