"""A cached result is used as long as the code it came from means the same."""

from pathlib import Path

import pytest

from benchmarks.accuracy import sources
from benchmarks.accuracy.peers import SOURCES
from benchmarks.accuracy.run import DETECTION, SIMULATION
from benchmarks.accuracy.sources import source_hash


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "package/rule.py").write_text("import math\nfrom package import level\n\nLIMIT = level.FLOOR * 2\n")
    (tmp_path / "package/level.py").write_text("FLOOR = 3\n")
    (tmp_path / "package/unused.py").write_text("OTHER = 1\n")
    return tmp_path / "package"


def test_comments_docstrings_and_layout_change_nothing(project: Path) -> None:
    before = source_hash("package.rule")
    text = '"""Words."""\n\nimport math\nfrom package import level\nLIMIT = (level.FLOOR * 2)  # why\n"""More."""\n'
    (project / "rule.py").write_text(text)
    assert source_hash("package.rule") == before


@pytest.mark.parametrize("file", ["rule.py", "level.py"])
def test_changed_code_counts_there_and_in_what_is_imported(project: Path, file: str) -> None:
    before = source_hash("package.rule")
    path = project / file
    path.write_text(path.read_text().replace("2", "4").replace("3", "5"))
    assert source_hash("package.rule") != before


def test_code_that_is_not_imported_does_not_count(project: Path) -> None:
    before = source_hash("package.rule")
    (project / "unused.py").write_text("OTHER = 2\n")
    assert source_hash("package.rule") == before


def test_a_mistyped_module_is_refused_rather_than_never_seen_to_change(project: Path) -> None:
    with pytest.raises(ValueError, match="package/rule"):
        source_hash("package/rule")


def test_the_code_of_the_benchmark_itself_is_found() -> None:
    assert len({source_hash(*parts) for parts in (SIMULATION, DETECTION, SOURCES)}) == 3
