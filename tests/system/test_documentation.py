"""The documentation says what is so: its commands run, its settings load, its tables are those of the code."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from collector.simulator.edf import write_night
from collector.simulator.night import simulate_night
from collector.simulator.spec import NightSpec
from collector.simulator.truth import CrampTruth
from crampwatch.cli import build
from crampwatch.config import load
from crampwatch.reference import PAGES
from detector import score
from detector.events import Figures
from detector.settings import DetectorSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial" / "first-night.md"
EVENTS_PAGE = DOCS / "reference" / "events-json.md"
GENERATED = {DOCS / "reference" / name for name in PAGES}
PAGES_BY_HAND = [ROOT / "README.md", *sorted(set(DOCS.rglob("*.md")) - GENERATED)]

EXPENSIVE = {"demo", "night", "collect", "detect", "replay", "report"}
"""They take minutes, or need a radio, a broker or a night that is there already."""
OWN_FILES = ("my-night.edf",)
"""What only the reader has."""


class Command(NamedTuple):
    """A command of a page, and what the page says that it shows."""

    page: str
    arguments: list[str]
    shown: list[str]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^[ ]*```{language}\n(.*?)^[ ]*```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> Iterator[Command]:
    for block in blocks(page, "console"):
        for part in re.split(r"^\s*\$ ", block, flags=re.MULTILINE)[1:]:
            line, *shown = part.strip().splitlines()
            name, *arguments = shlex.split(line)
            assert name == "crampwatch", line
            yield Command(page.name, arguments, shown)


COMMANDS = [command for page in PAGES_BY_HAND for command in commands(page)]


def without_numbers(line: str) -> str:
    """Figures may move with the detector; the docs show them as they once were."""
    return re.sub(r"\d+(?:[.:]\d+)*", "#", line)


def table_rows(text: str) -> dict[str, list[str]]:
    """The cells of each row whose first cell is code, by that code."""
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.lstrip().startswith("| `"):
            rows.update((name, cells[1:]) for name in re.findall(r"`([^`]+)`", cells[0]))
    return rows


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next one of any level."""
    return re.split(r"^#+ ", page.read_text().partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says_now(name: str) -> None:
    fresh = PAGES[name]()
    committed = (DOCS / "reference" / name).read_text()
    assert committed == fresh, "run: .venv/bin/python -m crampwatch.reference docs/reference"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.page}: {shlex.join(command.arguments)}")
def test_every_command_in_the_docs_exists_with_its_options(command: Command) -> None:
    # Raises for an unknown command, an unknown option and a value of the wrong kind.
    build().parse_args(command.arguments, exit_on_error=False, print_error=False)


def test_the_commands_of_the_tutorial_do_what_it_says(tmp_path: Path) -> None:
    strict = blocks(TUTORIAL, "toml")[0]
    (tmp_path / "strict.toml").write_text(strict)
    ran = 0
    for command in commands(TUTORIAL):
        if command.arguments[0] in EXPENSIVE or set(OWN_FILES) & set(command.arguments):
            continue
        run = subprocess.run(
            [sys.executable, "-m", "crampwatch", *command.arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        shown = {without_numbers(line) for line in run.stdout.splitlines()}
        assert {without_numbers(line) for line in command.shown} <= shown
        ran += 1
    assert ran == 4


@pytest.mark.parametrize("page", [page for page in PAGES_BY_HAND if blocks(page, "toml")], ids=lambda page: page.name)
def test_every_settings_file_in_the_docs_loads(page: Path, tmp_path: Path) -> None:
    for text in blocks(page, "toml"):
        settings = tmp_path / "crampwatch.toml"
        settings.write_text(text)
        load(settings)


@pytest.mark.parametrize("page", PAGES_BY_HAND, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not heading or heading in _anchors(linked), target


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_reason_of_every_parameter_is_told_beside_its_value() -> None:
    told = table_rows(section(DOCS / "explanation" / "detector.md", "Every parameter"))
    assert {name: cells[0] for name, cells in told.items()} == {
        name: "null" if value is None else str(value) for name, value in DetectorSettings().parameters.items()
    }
    assert all(reason for _, reason in told.values())


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("events.json", score.Score),
        ("detector", score.DetectorInfo),
        ("events and candidates", score.ScoredEvent),
        ("figures", Figures),
        ("gaps", score.Unwatched),
        ("cramps", CrampTruth),
    ],
)
def test_every_field_of_a_result_is_described(heading: str, kind: type) -> None:
    assert set(table_rows(section(EVENTS_PAGE, heading))) == set(kind.__annotations__)


def test_the_streams_of_a_result_are_described() -> None:
    expected = {*score.Streams.__struct_fields__, *score.StreamSummary.__struct_fields__}
    assert set(table_rows(section(EVENTS_PAGE, "streams"))) == expected


def test_every_field_of_the_truth_is_described(tmp_path: Path) -> None:
    night = simulate_night(NightSpec(hours=1 / 60, fs=200, profile="empty"))
    _, truth = write_night(night, tmp_path)
    written = msgspec.json.decode(truth.read_bytes(), type=dict[str, object])
    assert set(table_rows(section(EVENTS_PAGE, "truth.json"))) == set(written)


def test_every_dependency_is_explained_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    groups = [project["project"]["dependencies"], *extras.values(), *project["dependency-groups"].values()]
    declared = {re.split(r"[^\w-]", text)[0] for group in groups for text in group} - {"crampwatch"}
    assert set(table_rows((DOCS / "reference" / "dependencies.md").read_text())) == declared


def test_every_check_that_users_asked_for_is_a_test() -> None:
    page = (DOCS / "reference" / "checks.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", page)
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == list(range(1, 16))
    assert len(named) >= 15
    assert [test for file, test in named if f"def {test}(" not in (ROOT / file).read_text()] == []


def test_the_map_of_the_code_names_every_module_and_no_other() -> None:
    named: dict[str, set[str]] = {}
    folder = ""
    for line in section(DOCS / "reference" / "code-map.md", "Modules").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "`" not in line:
            continue
        folder = cells[0].strip("`") or folder
        named.setdefault(folder, set()).update(re.findall(r"`(\w+)`", cells[1]))
    named.pop("crampwatch/commands/")
    assert named == {
        folder: {file.stem for file in (ROOT / folder).glob("*.py")} - {"__init__", "__main__"} for folder in named
    }
