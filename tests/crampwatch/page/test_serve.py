"""`crampwatch serve` as a process: where it listens, whom it lets in, how it ends."""

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.page import serving
from crampwatch.page.settings import PageSettings
from tests.crampwatch.page.home import SETTINGS

LIMIT_S = 60.0
IN_THE_NETWORK = ("--host", "0.0.0.0")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "crampwatch.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


@contextmanager
def serve(settings: Path, *options: str, lines: int = 1) -> Iterator[list[str]]:
    """The command while it runs: the addresses in the lines it shows."""
    process = subprocess.Popen(
        [sys.executable, "-m", "crampwatch", "serve", "--config", str(settings), "--port", "0", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        shown = "".join(process.stdout.readline() for _ in range(lines))
        yield re.findall(r"http://\S+", shown)
    finally:
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=LIMIT_S)
        assert (process.returncode, rest, errors) == (0, "", "")


def status(address: str) -> int:
    """What a browser that comes for the first time is answered."""
    try:
        with urllib.request.urlopen(address, timeout=LIMIT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def local(address: str) -> str:
    """The same page, asked for from this machine."""
    return re.sub(r"//[^/]*:", "//127.0.0.1:", address)


def test_by_default_the_page_is_for_this_machine_and_needs_no_key(settings: Path) -> None:
    with serve(settings) as (address,):
        assert address.startswith("http://127.0.0.1:")
        assert status(address) == 200
    assert not settings.with_name("page.key").exists()


def test_beyond_this_machine_a_key_is_made_shown_once_and_asked_for_ever_after(settings: Path) -> None:
    with serve(settings, *IN_THE_NETWORK, lines=2) as (address, link):
        assert status(local(address)) == 403
        assert status(local(link)) == 200
    key = link.partition("key=")[2]
    with serve(settings, *IN_THE_NETWORK) as (address,):
        assert status(local(address)) == 403
        assert status(local(f"{address}enter?key={key}")) == 200
    with serve(settings, *IN_THE_NETWORK, "--new-key", lines=2) as (address, link):
        assert status(local(link)) == 200
        assert status(local(f"{address}enter?key={key}")) == 403


def test_the_page_holds_nothing_all_night_that_only_a_report_needs() -> None:
    loaded = "import sys, crampwatch.page.serving; print({'matplotlib', 'scipy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_a_port_that_is_taken_is_told_in_one_line(settings: Path) -> None:
    config = load(settings)
    with serving.server(settings, config, PageSettings(port=0), None) as first:
        where = PageSettings(port=first.server_port)
        with pytest.raises(UserError, match="choose another --port"):
            serving.server(settings, config, where, None)


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        (PageSettings(), "http://127.0.0.1:8377/"),
        (PageSettings(host="192.168.1.7"), "http://192.168.1.7:8377/"),
        (PageSettings(host="fd00::7"), "http://[fd00::7]:8377/"),
    ],
)
def test_the_address_shown_is_one_to_type(where: PageSettings, shown: str) -> None:
    assert serving.address(where, where.port) == shown


def test_what_stands_for_every_address_is_shown_as_one_that_others_can_reach() -> None:
    for host in ("0.0.0.0", "::"):
        assert "0.0.0.0" not in serving.address(PageSettings(host=host), 8377)
        assert "[::]" not in serving.address(PageSettings(host=host), 8377)


@pytest.mark.parametrize("wrong", [{"port": 70000}, {"port": -1}, {"names": "pi.local"}, {"tokens": 1}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, PageSettings)
