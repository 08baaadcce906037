"""`crampwatch explain`: one sentence, one file, and errors that say what to do."""

from pathlib import Path

import numpy as np
import pytest

from crampwatch.commands.explain import explain
from crampwatch.commands.score import score
from crampwatch.errors import UserError
from tests.support.edf_files import signal, write
from tests.support.signals import Leg


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes from 22:00:00 with a cramp at 22:01:40, in a signal that no label gives away."""
    leg = Leg(180.0, fs=250.0).contract(100.5, 130.5, 20.0)
    emg = signal("Channel 7", np.rint(leg.emg_uv[0] / 0.25), leg.fs)
    acc = [signal(f"ACC {axis}", np.rint(leg.acc_mg[:, k] / 0.25), 50, "mg") for k, axis in enumerate("XYZ")]
    return write(tmp_path_factory.mktemp("nights") / "night.edf", [emg, *acc])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_page_named_after_the_moment_is_written_and_told(
    night: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(night, at="22:01:45", emg="Channel 7")
    told = capsys.readouterr().out
    assert told.startswith("Confirmed at 22:01:52, 12.0 s after onset: ")
    assert told.endswith("The explanation is in night.220145.html.\n")
    assert (here / "night.220145.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_an_image_is_written_on_request(night: Path, here: Path) -> None:
    explain(night, at="22:01:45", emg="Channel 7", out=Path("cramp.png"))
    assert (here / "cramp.png").read_bytes().startswith(b"\x89PNG")


def test_a_moment_that_score_printed_is_explained(night: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score(night, emg="Channel 7", table=True)
    event = (here / "night.events.csv").read_text().splitlines()[1].split(",")
    capsys.readouterr()
    explain(night, at=event[4], emg="Channel 7", span=10)
    assert event[-1] in capsys.readouterr().out
    assert event[0] in next(here.glob("night.22*.html")).read_text("utf-8")


def test_the_settings_change_the_rule(night: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "crampwatch.toml").write_text("[detector]\nconfirm_asleep_s = 40.0\n")
    explain(night, at="22:01:45", emg="Channel 7", config=Path("crampwatch.toml"))
    assert capsys.readouterr().out.startswith("Rejected 30.")


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"at": "03:00"}, "covers 2026-11-19T22:00:00 to 2026-11-19T22:03:00"),
        ({"at": "soon"}, "write it like 02:13:12"),
        ({"at": "22:01", "channel": "LAT"}, "it has Channel 7"),
        ({"at": "22:01", "out": Path("cramp.pdf")}, "end in .html or .png"),
        ({"at": "22:01", "out": Path("nowhere/cramp.png")}, "cannot be written"),
    ],
)
def test_calls_that_cannot_be_meant_are_told_what_to_do(night: Path, wrong: dict[str, object], advice: str) -> None:
    with pytest.raises(UserError, match=advice):
        explain(night, emg="Channel 7", **wrong)  # type: ignore[arg-type]  # passed on as they are
