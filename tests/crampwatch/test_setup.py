"""`crampwatch setup`: what it writes, for whom, what it leaves alone, and what it tells."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.stack.home import SECRETS, Home, Household, set_up
from crampwatch.stack.owner import Owner, owner
from crampwatch.stack.units import units

SOMEBODY = "daemon" if os.geteuid() == 0 else None
"""On every Linux there is one of this name; root must not be the one who watches."""
HOUSEHOLD = Household("w7", "right_calf", "Europe/Berlin")


def own() -> Owner:
    return owner(SOMEBODY)


def in_containers(folder: Path) -> Home:
    return Home(folder, containers=True, broker_port=1883)


def on_bare_metal(folder: Path) -> Home:
    return Home(folder, containers=False, broker_port=18830)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    user = ["--user", SOMEBODY] if SOMEBODY else []
    command = [sys.executable, "-m", "crampwatch", "setup", *user, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_whatever_is_secret_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    written = set_up(in_containers(tmp_path / "home"), HOUSEHOLD, own())
    readable = {path.name for path in written if stat.S_IMODE(path.stat().st_mode) != 0o600}
    assert readable == {
        "mosquitto.conf",
        ".gitignore",
        "crampwatch-alarm.service",
        "crampwatch-clips.service",
        "crampwatch-collector.service",
    }
    folders = [tmp_path / "home", *(path for path in (tmp_path / "home").rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_everything_belongs_to_the_user_as_whom_it_will_run(tmp_path: Path) -> None:
    set_up(in_containers(tmp_path / "home"), HOUSEHOLD, own())
    assert {path.stat().st_uid for path in [tmp_path / "home", *tmp_path.rglob("*")]} == {own().uid}


def test_each_secret_is_one_that_nobody_guesses(tmp_path: Path) -> None:
    set_up(in_containers(tmp_path), HOUSEHOLD, own())
    secrets = {(tmp_path / "secrets" / name).read_text().strip() for name in SECRETS}
    assert len(secrets) == len(SECRETS)
    assert min(map(len, secrets)) >= 22  # 128 bits in base 64


def test_a_second_time_nothing_is_changed(tmp_path: Path) -> None:
    set_up(in_containers(tmp_path), HOUSEHOLD, own())
    before = contents(tmp_path)
    assert set_up(in_containers(tmp_path), Household("w2", "left_calf", "UTC"), own()) == []
    assert contents(tmp_path) == before


def test_a_secret_that_was_deleted_is_made_anew_and_the_others_stay(tmp_path: Path) -> None:
    set_up(in_containers(tmp_path), HOUSEHOLD, own())
    before = contents(tmp_path)
    lost = tmp_path / "secrets" / "grafana_admin_password"
    lost.unlink()
    assert set_up(in_containers(tmp_path), HOUSEHOLD, own()) == [lost]
    assert {path for path, text in contents(tmp_path).items() if text != before[path]} == {lost}


def test_git_sees_none_of_it_whatever_the_folder_is_called(tmp_path: Path) -> None:
    set_up(in_containers(tmp_path / "somewhere"), HOUSEHOLD, own())
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    status = ["git", "-c", "safe.directory=*", "-C", str(tmp_path), "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, capture_output=True, text=True, check=True).stdout == ""


@pytest.mark.parametrize("home", [in_containers, on_bare_metal])
def test_the_settings_load_and_say_what_was_asked_for(home: Callable[[Path], Home], tmp_path: Path) -> None:
    set_up(home(tmp_path), HOUSEHOLD, own())
    settings = load(tmp_path / "crampwatch.toml")
    assert [(sensor.wearer, sensor.site) for sensor in settings.sensors] == [("w7", "right_calf")]
    assert settings.timezone == "Europe/Berlin"
    assert settings.directory == tmp_path / "nights"


@pytest.mark.parametrize(
    "household", [HOUSEHOLD._replace(timezone="Mars/Olympus"), HOUSEHOLD._replace(wearer="Aunt May")]
)
def test_settings_that_would_not_be_understood_are_not_left_behind(household: Household, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        set_up(in_containers(tmp_path), household, own())
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["aunt's", "home:2"])
def test_a_folder_that_compose_cannot_mount_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Compose cannot mount"):
        set_up(in_containers(tmp_path / name), HOUSEHOLD, own())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("profile", "axis"), [("cramp-node", "x"), ("umyo", None)])
def test_the_axis_along_the_shin_is_told_of_the_wearable_that_is_worn_only_one_way(
    tmp_path: Path, profile: str, axis: str | None
) -> None:
    assert run(tmp_path, "--bare-metal", "--profile", profile).returncode == 0
    assert load(tmp_path / "home" / "crampwatch.toml").detector.shank_axis == axis


def test_nothing_is_set_up_to_run_as_root() -> None:
    with pytest.raises(UserError, match="--user"):
        owner("root")


def test_a_user_that_does_not_exist_is_named() -> None:
    with pytest.raises(UserError, match="nobody-at-all"):
        owner("nobody-at-all")


def test_compose_is_told_where_the_home_is_and_whose(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").touch()
    told = run(tmp_path, "my home", "--broker-port", "2883")
    assert told.returncode == 0, told.stderr
    assert (tmp_path / ".env").read_text().splitlines() == [
        f"CRAMPWATCH_HOME='{tmp_path}/my home'",
        f"CRAMPWATCH_UID={own().uid}",
        f"CRAMPWATCH_GID={own().gid}",
        "CRAMPWATCH_BROKER_PORT=2883",
    ]
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_it_ends_with_the_next_commands_and_tells_no_secret(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").touch()
    told = run(tmp_path).stdout
    commands = [line.strip() for line in told.partition("Next:")[2].splitlines() if line.strip()]
    beside = [
        f"crampwatch {command} --config home/crampwatch.toml" for command in ("collect", "alarm", "clips --every 5")
    ]
    assert commands[:4] == ["docker compose up --detach", *beside]
    secrets = [path.read_text().strip() for path in (tmp_path / "home" / "secrets").iterdir()]
    assert not [secret for secret in secrets if secret in told]


def test_without_a_compose_file_it_says_where_to_run_it(tmp_path: Path) -> None:
    told = run(tmp_path)
    assert told.returncode == 2
    assert "docker-compose.yml" in told.stderr
    assert "--bare-metal" in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_on_bare_metal_there_are_units_and_nothing_for_containers(tmp_path: Path) -> None:
    told = run(tmp_path, "--bare-metal")
    every_night = ("broker", "collector", "detector", "alarm", "clips", "page")
    assert f"systemctl enable --now {' '.join(f'crampwatch-{name}' for name in every_night)}\n" in told.stdout
    assert not (tmp_path / ".env").exists()
    assert not (tmp_path / "home" / "secrets").exists()
    names = {path.stem for path in (tmp_path / "home" / "systemd").iterdir()}
    assert names == {f"crampwatch-{name}" for name in (*every_night, "outbox", "push")}


def test_only_the_alarm_may_use_the_loudspeaker_and_nothing_else_of_the_machine(tmp_path: Path) -> None:
    written = units(tmp_path, containers=False, user="daemon")
    hidden = {name for name, text in written.items() if "PrivateDevices=yes" in text.splitlines()}
    assert written.keys() - hidden == {"crampwatch-alarm.service"}
    lines = written["crampwatch-alarm.service"].splitlines()
    assert {"DevicePolicy=closed", "DeviceAllow=char-alsa rw", "SupplementaryGroups=audio"} <= set(lines)


def test_a_folder_of_any_name_is_one_word_to_systemd() -> None:
    # systemd.syntax(7): quotes and \\; systemd.unit(5): %% is a %; systemd.service(5): $$ is a $, in commands alone.
    lines = units(Path('/my "home" 1% $X'), containers=True, user="daemon")["crampwatch-collector.service"].splitlines()
    (command,) = (line for line in lines if line.startswith("ExecStart="))
    assert command.endswith(r'"--config" "/my \"home\" 1%% $$X/crampwatch.toml"')
    assert r'ReadWritePaths="/my \"home\" 1%% $X/nights"' in lines


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed; the units were not verified"
)
class TestUnits:
    """What systemd itself says of the units."""

    def analyze(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = ["systemd-analyze", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_systemd_finds_nothing_wrong(self, tmp_path: Path) -> None:
        home = on_bare_metal(tmp_path / "home")
        set_up(home, HOUSEHOLD, own())
        installed = [shutil.copy(unit, tmp_path) for unit in sorted(home.units.iterdir())]
        verified = self.analyze("verify", *installed)
        assert (verified.returncode, verified.stderr) == (0, "")

    def test_systemd_calls_each_well_protected(self, tmp_path: Path) -> None:
        # 2.0 of 10, where 10 is a service that may do everything (systemd-analyze(1)).
        for name, text in units(tmp_path, containers=False, user="daemon").items():
            (tmp_path / name).write_text(text)
            judged = self.analyze("security", "--offline=true", "--threshold=20", tmp_path / name)
            assert judged.returncode == 0, judged.stdout
