"""The stack of containers, as far as can be told without an engine: its files, read as Compose reads them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own

from crampwatch.config import load
from crampwatch.page.serving import key_for
from crampwatch.page.settings import PageSettings
from tests.system.test_documentation import ROOT

FILE = ROOT / "docker-compose.yml"
SERVICES = ("mosquitto", "influxdb", "detector", "outbox", "grafana", "collector", "alarm", "page", "push")
ONE_SHOT = "prepare"
EVERY = (*SERVICES, ONE_SHOT)
USER = ["--user", "daemon"] if os.geteuid() == 0 else []
"""Root must name somebody else; on every Linux there is one of this name."""
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([?-])([^}]*))?\}")
BEFORE = re.compile(r"^name:.*\n", re.MULTILINE)
"""What docker-compose 1.29 of Debian does not know yet."""

Service = dict[str, Any]


def setup(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "crampwatch", "setup", *USER, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what Compose looks at, after `crampwatch setup`."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(FILE, folder)
    for name in ("crampwatch", "dashboards", "Dockerfile"):
        (folder / name).symlink_to(ROOT / name)
    setup(folder)
    return folder


@pytest.fixture(scope="module")
def stack(checkout: Path) -> dict[str, Any]:
    """The compose file with the variables of `.env` put in (compose specification, 12-interpolation)."""
    lines = (checkout / ".env").read_text().splitlines()
    said = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}

    def put_in(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        return said[name] if kind != "-" else said.get(name, default)

    parsed: dict[str, Any] = yaml.safe_load(VARIABLE.sub(put_in, FILE.read_text()))
    return parsed


@pytest.fixture
def service(request: pytest.FixtureRequest, stack: dict[str, Any]) -> Service:
    found: Service = stack["services"][request.param]
    return found


def mounts(service: Service) -> Iterator[tuple[str, str, bool]]:
    """Each bind mount: where on the host, where in the container, and whether it can be written."""
    for mount in service.get("volumes", []):
        if isinstance(mount, str):
            source, target, *mode = mount.split(":")
            yield source, target, mode != ["ro"]


def named_volumes(service: Service) -> Iterator[dict[str, Any]]:
    yield from (mount for mount in service.get("volumes", []) if not isinstance(mount, str))


every = pytest.mark.parametrize("service", EVERY, indirect=True)
each_that_stays = pytest.mark.parametrize("service", SERVICES, indirect=True)


def test_these_are_the_services_and_no_others(stack: dict[str, Any]) -> None:
    assert set(stack["services"]) == set(EVERY)


@every
def test_each_image_is_pinned_to_one_version(service: Service) -> None:
    assert re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+(-\w+)?", service["image"])


@every
def test_no_service_has_more_power_than_it_needs(service: Service) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@each_that_stays
def test_each_runs_as_the_user_of_the_secrets(service: Service, checkout: Path) -> None:
    owner = (checkout / "home" / "secrets").stat()
    assert owner.st_uid != 0
    assert service["user"] == f"{owner.st_uid}:{owner.st_gid}"
    assert "cap_add" not in service


@pytest.mark.parametrize("service", [ONE_SHOT], indirect=True)
def test_root_hands_over_new_volumes_and_does_nothing_else(service: Service, checkout: Path) -> None:
    owner = (checkout / "home").stat()
    assert service["cap_add"] == ["CHOWN"]
    assert service["network_mode"] == "none"
    assert service["restart"] == "no"
    assert list(mounts(service)) == []
    targets = [mount["target"] for mount in named_volumes(service)]
    assert service["entrypoint"] == ["chown", f"{owner.st_uid}:{owner.st_gid}", *targets]


def test_every_volume_is_handed_over_and_kept_as_it_is(stack: dict[str, Any]) -> None:
    handed = {mount["source"] for mount in named_volumes(stack["services"][ONE_SHOT])}
    used = [mount for name in SERVICES for mount in named_volumes(stack["services"][name])]
    assert handed == {mount["source"] for mount in used} == set(stack["volumes"])
    # Without it the engine copies the image's folder into an empty volume, and its owner with it.
    assert all(mount["volume"] == {"nocopy": True} for mount in used)


@each_that_stays
def test_only_this_machine_reaches_a_port(service: Service) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "network_mode" not in service


@every
def test_logs_do_not_fill_the_disk(service: Service) -> None:
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


@each_that_stays
def test_each_is_asked_whether_it_is_well_and_comes_back(service: Service) -> None:
    assert set(service["healthcheck"]) == {"test", "interval", "timeout", "retries", "start_period"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("mosquitto", {"prepare"}),
        ("influxdb", {"prepare"}),
        ("detector", {"mosquitto"}),
        ("collector", {"mosquitto"}),
        ("alarm", {"mosquitto"}),
        ("outbox", {"influxdb"}),
        ("grafana", {"prepare", "influxdb"}),
        ("page", set()),
        ("push", set()),
    ],
)
def test_each_waits_for_what_it_needs_to_be_ready(name: str, needed: set[str], stack: dict[str, Any]) -> None:
    waits = stack["services"][name].get("depends_on", {})
    assert set(waits) == needed
    for other, how in waits.items():
        ready = "service_completed_successfully" if other == ONE_SHOT else "service_healthy"
        assert how == {"condition": ready}


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("prepare", set()),
        ("mosquitto", {"viewer"}),
        ("detector", {"detector"}),
        ("collector", {"collector"}),
        ("alarm", {"alarm"}),
        ("outbox", set()),
        ("page", set()),
        ("push", set()),
        ("influxdb", {"influxdb_admin_password", "influxdb_admin_token", "influxdb_read_password"}),
        ("grafana", {"grafana_admin_password", "influxdb_read_password"}),
    ],
)
def test_each_is_given_its_own_secrets_and_no_others(name: str, secrets: set[str], stack: dict[str, Any]) -> None:
    assert set(stack["services"][name].get("secrets", [])) == secrets


def test_only_the_outbox_and_influxdb_itself_have_the_token_that_writes(stack: dict[str, Any]) -> None:
    mounted = {name: {to: write for _, to, write in mounts(stack["services"][name])} for name in EVERY}
    has = {name: paths["/crampwatch/influx"] for name, paths in mounted.items() if "/crampwatch/influx" in paths}
    assert has == {"outbox": False, "influxdb": True}


def test_every_secret_is_a_file_that_setup_has_written(stack: dict[str, Any], checkout: Path) -> None:
    files = {secret["file"] for secret in stack["secrets"].values()}
    assert all(Path(file).is_file() for file in files)
    used = {name for it in stack["services"].values() for name in it.get("secrets", [])}
    assert used == set(stack["secrets"])


@every
def test_whatever_is_mounted_is_there_after_setup(service: Service, checkout: Path) -> None:
    hosts = {"/run/dbus/system_bus_socket"}
    assert [
        source for source, _, _ in mounts(service) if source not in hosts and not (checkout / source).exists()
    ] == []


def test_no_secret_stands_in_a_file_of_the_project(checkout: Path) -> None:
    folders = (checkout / "home" / "secrets", checkout / "home" / "broker" / "passwords")
    secrets = [path.read_text().strip() for folder in folders for path in folder.iterdir()]
    assert len(secrets) == 9
    assert not [secret for secret in secrets if secret in FILE.read_text() + (checkout / ".env").read_text()]
    assert not re.search(r"(PASSWORD|TOKEN|SECRET)\w*(?<!FILE)(?<!DIRECTORY): ", FILE.read_text())


def test_nights_and_outbox_of_the_settings_are_those_of_influxdb(checkout: Path, stack: dict[str, Any]) -> None:
    said = stack["services"]["influxdb"]["environment"]
    influx = load(checkout / "home" / "crampwatch.toml").influx
    assert influx is not None
    assert influx.url == "http://influxdb:8086"
    assert (influx.org, influx.bucket) == (said["DOCKER_INFLUXDB_INIT_ORG"], said["DOCKER_INFLUXDB_INIT_BUCKET"])
    assert influx.token_file == str(checkout / "home" / "influx" / "write-token")


def test_the_detector_in_its_container_enters_the_broker_by_its_name(
    checkout: Path, stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack["services"]["detector"]["environment"].items():
        monkeypatch.setenv(name, value)
    broker = load(checkout / "home" / "crampwatch.toml").broker
    assert broker is not None
    assert broker.address == "mosquitto:1883"
    assert broker.as_role("detector").password_file == "/run/secrets/detector"


def test_the_page_in_its_container_asks_for_its_key_whoever_comes(checkout: Path, stack: dict[str, Any]) -> None:
    page = stack["services"]["page"]
    assert page["command"] == ["serve", "--host", "0.0.0.0", "--port", "8377"]
    assert page["ports"] == ["127.0.0.1:8377:8377"]
    nights = checkout / "home" / "nights"
    assert str(nights) in {source for source, _, written in mounts(page) if written}
    key, shown = key_for(PageSettings(host=page["command"][2]), nights, new=False)
    assert key is not None
    assert shown is not None
    assert key.opens(shown)


def test_push_starts_only_when_asked_for_and_may_read_the_phones_addresses(stack: dict[str, Any]) -> None:
    push = stack["services"]["push"]
    assert push["profiles"] == ["push"]
    assert ("/crampwatch/phones", False) in {(target, write) for _, target, write in mounts(push)}
    outbox = stack["services"]["outbox"]
    assert "/crampwatch/phones" not in {target for _, target, _ in mounts(outbox)}


def test_grafana_finds_all_that_its_files_name(stack: dict[str, Any]) -> None:
    grafana = stack["services"]["grafana"]
    mounted = [ROOT / source for source, _, _ in mounts(grafana)]
    files = [file for folder in mounted for file in folder.rglob("*.yaml")]
    assert {file.parent.name for file in files} == {"alerting", "dashboards", "grafana"}
    # A $ written twice is a literal one.
    named = {name for file in files for name in re.findall(r"(?<!\$)\$([A-Z]\w+)", file.read_text())}
    assert named <= set(grafana["environment"])
    targets = {target for _, target, _ in mounts(grafana)}
    assert grafana["environment"]["CRAMPWATCH_DASHBOARDS"] in targets


def test_grafanas_datasource_is_the_documented_one_but_for_how_it_enters() -> None:
    ours = yaml.safe_load((ROOT / "crampwatch/stack/grafana/datasource.yaml").read_text())["datasources"]
    shipped = yaml.safe_load((ROOT / "dashboards/grafana/provisioning/datasources/crampwatch.yaml").read_text())
    for datasource in (*ours, *shipped["datasources"]):
        datasource.pop("user", None)
        datasource.pop("secureJsonData")
        datasource["jsonData"].pop("httpHeaderName1", None)
    assert ours == shipped["datasources"]


INFLUX = """#!/bin/sh
echo "$*" >>"$LOG"
cat <<END
{
	"id": "0c1c5e0a",
	"description": "crampwatch: writes nights",
	"token": "made-by-influxdb==",
	"permissions": ["write:orgs/0a/buckets/0b"]
}
END
"""
"""Answers as influx-cli 2.7 prints JSON (clients/auth/auth.go), and notes what it was asked."""


def test_the_first_start_makes_one_who_writes_and_one_who_reads(tmp_path: Path) -> None:
    (tmp_path / "influx").write_text(INFLUX)
    (tmp_path / "influx").chmod(0o755)
    (tmp_path / "token").mkdir()
    (tmp_path / "read_password").write_text("chosen by setup\n")
    script = (ROOT / "crampwatch/stack/influxdb/first-start.sh").read_text()
    for inside, here in (
        ("/crampwatch/influx/", "token/"),
        ("/run/secrets/influxdb_", ""),
        ("/tmp/", "./"),
    ):
        script = script.replace(inside, here)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LOG": "log",
        "DOCKER_INFLUXDB_INIT_BUCKET_ID": "0b",
        "DOCKER_INFLUXDB_INIT_ORG_ID": "0a",
    }
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, check=True)
    written = tmp_path / "token" / "write-token"
    assert written.read_text() == "made-by-influxdb==\n"
    assert written.stat().st_mode & 0o777 == 0o600
    writer, reader = (tmp_path / "log").read_text().splitlines()
    assert writer.startswith("auth create ")
    assert "--write-bucket 0b" in writer
    assert "read" not in writer
    assert reader.startswith("v1 auth create ")
    assert "--read-bucket 0b" in reader
    assert "write" not in reader
    assert reader.endswith("--username grafana --password chosen by setup")


def test_the_first_start_script_can_be_run() -> None:
    # InfluxDB's image runs what is executable, and passes over the rest without a word.
    assert os.access(ROOT / "crampwatch/stack/influxdb/first-start.sh", os.X_OK)


@pytest.mark.skipif(
    shutil.which("shellcheck") is None, reason="shellcheck is not installed (Debian); no script was checked"
)
def test_shellcheck_finds_nothing() -> None:
    script = ROOT / "crampwatch/stack/influxdb/first-start.sh"
    checked = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert checked.stdout == ""


compose_is_there = pytest.mark.skipif(
    shutil.which("docker-compose") is None,
    reason="docker-compose is not installed (Debian); the file was not read by it",
)


def config(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "old.yml").write_text(BEFORE.sub("", FILE.read_text()))
    command = ["docker-compose", "--file", "old.yml", "config", "--quiet"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@compose_is_there
def test_compose_understands_the_file(checkout: Path) -> None:
    read = config(checkout)
    assert (read.returncode, read.stdout) == (0, ""), read.stderr


@compose_is_there
def test_without_setup_compose_says_what_to_run(tmp_path: Path) -> None:
    assert "run crampwatch setup first" in config(tmp_path).stderr


def test_the_image_is_made_of_what_it_may_see() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    }
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_is_pinned_and_does_not_run_as_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"python:3.11.17-slim-trixie"}
    assert re.findall(r"^USER (\d+):(\d+)", text, re.MULTILINE) == [("10001", "10001")]
