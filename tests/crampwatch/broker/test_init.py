"""`crampwatch broker init`: what it writes, what it leaves alone, and what it tells."""

import base64
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from crampwatch.broker.folder import Plan, set_up
from crampwatch.broker.users import with_passwords
from crampwatch.errors import UserError
from tests.support.brokers import ShippedMosquitto

ROLES = {"collector", "detector", "alarm", "viewer", "home"}


def plan(folder: Path, *hosts: str) -> Plan:
    return Plan(folder, folder, folder / "data", "127.0.0.1", 1883, hosts, 8883)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crampwatch", "broker", "init", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def settings_in(text: str) -> list[dict[str, object]]:
    """The [broker] sections that were printed."""
    sections = text.split("[broker]\n")[1:]
    return [tomllib.loads(section.split("\n\n")[0]) for section in sections]


def test_only_the_configuration_and_the_certificates_are_for_everybodys_eyes(tmp_path: Path) -> None:
    written = set_up(plan(tmp_path / "broker", "pi.local"))
    readable = {path.name for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077}
    assert readable == {"mosquitto.conf", "ca.crt", "server.crt"}
    assert stat.S_IMODE((tmp_path / "broker" / "passwords").stat().st_mode) == 0o700


def test_each_role_has_a_password_that_nobody_guesses(tmp_path: Path) -> None:
    set_up(plan(tmp_path))
    passwords = {file.name: file.read_text().strip() for file in (tmp_path / "passwords").iterdir()}
    assert set(passwords) == ROLES
    assert len(set(passwords.values())) == len(ROLES)
    assert min(map(len, passwords.values())) >= 22  # 128 bits in base 64


def test_a_second_time_nothing_is_changed(tmp_path: Path) -> None:
    set_up(plan(tmp_path, "pi.local"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert set_up(plan(tmp_path, "other.local")) == []
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_password_that_was_deleted_is_made_anew_and_the_others_stay(tmp_path: Path) -> None:
    set_up(plan(tmp_path))
    users = tmp_path / "users"
    users.write_text(with_passwords(users.read_text(), {"grandma": "knows it"}))
    before = dict(line.split(":") for line in users.read_text().splitlines())
    (tmp_path / "passwords" / "viewer").unlink()
    assert [path.name for path in set_up(plan(tmp_path))] == ["viewer", "users"]
    after = dict(line.split(":") for line in users.read_text().splitlines())
    assert {user for user in before if before[user] != after[user]} == {"viewer"}
    assert set(after) == ROLES | {"grandma"}


def test_a_password_is_hashed_as_mosquitto_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # `mosquitto_passwd -b file someone "correct horse"` of version 2.0.11 wrote this line.
    expected = (
        "someone:$7$101$DWeNc05UOtSSzuNi$"
        "BNotbpt1QYvKMxcdkOHDnZ/8pKZfHXZKQpSldKP1r17xcsh5WjnD+hp9utvtSA1twwhRbXvUW0xCMkLJHEQ5bQ==\n"
    )
    monkeypatch.setattr("crampwatch.broker.users.os.urandom", lambda _: base64.b64decode("DWeNc05UOtSSzuNi"))
    assert with_passwords("", {"someone": "correct horse"}) == expected


def test_without_lan_no_other_machine_is_listened_to(tmp_path: Path) -> None:
    set_up(plan(tmp_path))
    lines = (tmp_path / "mosquitto.conf").read_text().splitlines()
    assert [line for line in lines if line.startswith("listener")] == ["listener 1883 127.0.0.1"]
    assert not list(tmp_path.glob("*.crt"))


def test_in_a_container_paths_and_address_are_those_inside(tmp_path: Path) -> None:
    inside = Path("/mosquitto/config")
    set_up(Plan(tmp_path, inside, Path("/mosquitto/data"), "0.0.0.0", 1883, ["pi.local"], 8883))
    text = (tmp_path / "mosquitto.conf").read_text()
    assert str(tmp_path) not in text
    for line in (
        "listener 1883 0.0.0.0",
        "password_file /mosquitto/config/users",
        "acl_file /mosquitto/config/acl",
        "keyfile /mosquitto/config/server.key",
        "persistence_location /mosquitto/data/",
    ):
        assert f"\n{line}\n" in text


@pytest.mark.parametrize("host", ["pi.local\nkeyUsage = none", "two, names", "-v", ""])
def test_what_is_no_host_name_does_not_get_into_a_certificate(host: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither a host name nor an address"):
        set_up(plan(tmp_path, host))


def test_without_openssl_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install openssl"):
        set_up(plan(tmp_path, "pi.local"))


def test_the_command_tells_the_settings_for_this_machine_and_for_others(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    done = run(str(folder), "--lan", "pi.local", "--lan", "192.168.1.20")
    here, there = settings_in(done.stdout)
    assert here == {"port": 1883, "password_directory": str(folder / "passwords")}
    assert (there["host"], there["port"], there["ca_file"]) == ("pi.local", 8883, "ca.crt")
    assert f"mosquitto -c {folder / 'mosquitto.conf'}" in done.stdout
    assert not any((folder / "passwords" / role).read_text().strip() in done.stdout for role in ROLES)


def test_a_folder_that_cannot_be_written_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(str(tmp_path / "file" / "broker"))
    assert (done.returncode, "file" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_mosquitto_starts_with_it_and_complains_of_nothing(shipped_mosquitto: ShippedMosquitto) -> None:
    said = shipped_mosquitto.log.read_text().splitlines()
    complaints = [line for line in said if "rror" in line or "arning" in line]
    assert [line for line in complaints if "should not be run as root" not in line] == []
