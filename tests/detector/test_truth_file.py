"""The truth comes from a simulator, a scorer's annotations or a table, and says the same in all three."""

from pathlib import Path

import msgspec
import pytest
from edfio import EdfAnnotation

from collector.contract.errors import BadRecording
from detector.evaluate import Span, Truth
from detector.truth_file import read_truth
from tests.support.edf_files import START, ramp, signal, write

EXPECTED = Truth((Span(100.0, 160.0, "cramp"),), (Span(10.0, 15.0, "stretch"), Span(20.0, 21.5, "pop")))


def test_from_the_simulator(tmp_path: Path) -> None:
    path = tmp_path / "night.truth.json"
    written = {
        "schema": 1,
        "recording": "night.edf",
        "cramps": [{"kind": "asleep", "onset_s": 100.0, "end_s": 160.0, "wake_s": 41.0}],
        "confounders": [{"kind": "stretch", "onset_s": 10.0, "end_s": 15.0}],
        "artefacts": [{"kind": "pop", "onset_s": 20.0, "end_s": 21.5}],
    }
    path.write_bytes(msgspec.json.encode(written))
    expected = EXPECTED._replace(cramps=(Span(100.0, 160.0, "asleep"),))
    assert read_truth(path, "night.edf") == expected
    assert read_truth(path, "night.journal") == expected


def test_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "night.csv"
    path.write_text("onset_s,duration_s,kind\n20,1.5,pop\n100,60,Cramp\n10,5,stretch\n")
    assert [read_truth(path, "night.edf").cramps[0][:2], read_truth(path, "night.edf").imitators] == [
        (100.0, 160.0),
        EXPECTED.imitators,
    ]


def test_from_the_annotations_of_an_edf_that_starts_between_two_seconds(tmp_path: Path) -> None:
    annotations = [
        EdfAnnotation(100.0, 60.0, "Cramp@@EMG"),
        EdfAnnotation(10.0, 5.0, "confounder: stretch"),
        EdfAnnotation(20.0, 1.5, "artefact: pop"),
        EdfAnnotation(50.0, 20.0, "Cramp detected@@EMG"),
        EdfAnnotation(0.0, None, "Lights off"),
    ]
    path = write(
        tmp_path / "night.edf", [signal("EMG", ramp(500))], annotations, start=START.replace(microsecond=250_000)
    )
    assert read_truth(path, "night.edf") == EXPECTED


def test_the_truth_about_another_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.truth.json"
    path.write_bytes(b'{"schema":1,"recording":"a.edf","cramps":[],"confounders":[],"artefacts":[]}')
    with pytest.raises(BadRecording, match=r"the truth about a\.edf, not about b\.edf"):
        read_truth(path, "b.edf")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.json", b"{", "not a simulator's truth"),
        ("t.json", b'{"schema":2,"recording":"t","cramps":[],"confounders":[],"artefacts":[]}', "schema 2"),
        ("t.csv", b"start,end\n1,2\n", "has to name the columns"),
        ("t.csv", b"onset_s,duration_s\n1,2\nsoon,3\n", "line 3"),
        ("t.csv", b"onset_s,duration_s\n1,2\xff\n", "UTF-8"),
        ("t.edf", b"no", "not an EDF"),
    ],
)
def test_a_file_that_is_no_truth_is_refused_with_its_name(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadRecording, match=f"^{name}: .*{words}"):
        read_truth(tmp_path / name, "t.edf")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="cannot be read"):
        read_truth(tmp_path / "t.csv", "t.edf")
