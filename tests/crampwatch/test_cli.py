"""The command line as a person meets it."""

import subprocess
import sys
from pathlib import Path

import pytest

from crampwatch.cli import COMMANDS
from crampwatch.words import hours_and_minutes

HEAVY = ("scipy", "numpy", "matplotlib", "bleak", "paho", "amqtt", "influxdb_client")


def crampwatch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crampwatch", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_overview_names_every_command_and_that_this_is_no_medical_device() -> None:
    shown = crampwatch("--help")
    assert shown.returncode == 0
    assert all(command in shown.stdout for command in COMMANDS)
    assert "Not a medical device" in shown.stdout


def test_a_misspelt_word_after_a_command_of_many_is_told_with_the_one_that_was_meant() -> None:
    told = crampwatch("alarm", "tset")
    assert told.returncode == 2
    assert 'Did you mean "test"?' in told.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_without_loading_anything_heavy(command: str) -> None:
    # A ratio of times would tell less: these libraries take a second to load, the rest of a start a fifth of one.
    code = (
        "import sys; sys.argv = ['crampwatch', sys.argv[1], '--help']\n"
        "from crampwatch.cli import main\n"
        "try: main()\n"
        f"finally: print('LOADED', *sorted(set(sys.modules) & set({HEAVY})))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, command], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Usage: crampwatch" in shown.stdout
    assert shown.stdout.rstrip().endswith("LOADED"), shown.stdout.splitlines()[-1]


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant() -> None:
    shown = crampwatch("scroe")
    assert shown.returncode != 0
    assert "score" in shown.stdout + shown.stderr


@pytest.fixture(scope="module")
def unusable(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("unusable")
    files = {"empty": b"", "text": b"This is not a recording.\n" * 30, "torn": b"0       " + b" " * 100}
    for name, content in files.items():
        (folder / f"{name}.edf").write_bytes(content)
    return {name: folder / f"{name}.edf" for name in files} | {"missing": folder / "missing.edf"}


@pytest.mark.parametrize("kind", ["empty", "text", "torn", "missing"])
def test_a_file_that_is_no_recording_is_refused_in_one_line_with_exit_code_two(
    kind: str, unusable: dict[str, Path]
) -> None:
    shown = crampwatch("score", str(unusable[kind]), "--out", "-")
    reasons = [line for line in shown.stderr.splitlines() if line.startswith("crampwatch: ")]
    assert shown.returncode == 2
    assert len(reasons) == 1
    assert f"{kind}.edf" in reasons[0]
    assert "Traceback" not in shown.stderr


def test_settings_with_a_wrong_entry_are_refused_naming_it(tmp_path: Path) -> None:
    settings = tmp_path / "crampwatch.toml"
    settings.write_text('[[sensor]]\nwearer = "w1"\nsite = "left_calf"\nspeeed = 2\n')
    shown = crampwatch("detect", "--config", str(settings))
    assert shown.returncode == 2
    assert "speeed" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_scoring_needs_neither_bluetooth_nor_a_broker_nor_a_database(tmp_path: Path) -> None:
    absent = ("bleak", "paho", "amqtt", "influxdb_client", "matplotlib", "jinja2")
    recording = Path(__file__).parents[1] / "recordings" / "rest_with_bursts_64s.edf"
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent}))\n"
        f"sys.argv = ['crampwatch', 'score', {str(recording)!r}, '--out', {str(tmp_path)!r}]\n"
        "from crampwatch.cli import main; main()"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "rest_with_bursts_64s.events.json").is_file()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(27_120.0, "7 h 32 min"), (28_800, "8 h 00 min"), (3599, "59 min"), (174.9, "2 min 54 s"), (48.2, "48 s")],
)
def test_durations_are_written_as_people_say_them(seconds: float, words: str) -> None:
    assert hours_and_minutes(seconds) == words
