"""`crampwatch push`: run, test and show, as a person calls them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crampwatch.commands.push import app
from crampwatch.errors import UserError
from detector.bedside.push_queue import PushQueue
from tests.detector.bedside.push_notes import alert, fault
from tests.detector.bedside.push_sink import Sink, sink

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SETTINGS = 'timezone = "UTC"\ndata_directory = "."\n[[sensor]]\nwearer = "p1"\nsite = "left_calf"\n'


@pytest.fixture
def inbox() -> Iterator[Sink]:
    with sink() as running:
        yield running


def settings(folder: Path, **addresses: str) -> Path:
    path = folder / "crampwatch.toml"
    targets = "".join(f'[[alerts.target]]\nname = "{name}"\nurl_file = "{name}.url"\n' for name in addresses)
    for name, address in addresses.items():
        (folder / f"{name}.url").write_text(address + "\n")
    path.write_text(SETTINGS + targets)
    return path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """A command's result and what it prints."""

    def call(*arguments: str) -> tuple[object, str]:
        result = app(arguments, result_action="return_value")
        return result, capsys.readouterr().out

    return call


def test_a_test_says_for_each_target_in_words_what_happened(
    tmp_path: Path, inbox: Sink, said: Callable[..., tuple[object, str]]
) -> None:
    with sink("error") as broken, sink() as gone:
        addresses = {"phone": inbox.address(), "broken": broken.address(), "gone": gone.address(), "odd": "nothing://x"}
        gone.close()
        code, text = said("test", "--config", str(settings(tmp_path, **addresses)))
    phone, error, away, odd = text.splitlines()
    assert code == 1
    assert phone.startswith("phone: taken after ")
    assert "broken: not taken." in error
    assert "error=500" in error
    assert "gone: not taken. A Connection error" in away
    assert odd == "odd: not taken. Apprise does not understand its address; docs/how-to/push.md has examples"
    assert [message.text[:43] for message in inbox.received] == ["This is a test. Nothing is wrong. Alerts of"]


def test_it_runs_until_it_is_stopped_and_shows_what_was_told_what_waits_and_what_is_wrong(
    tmp_path: Path, inbox: Sink, said: Callable[..., tuple[object, str]]
) -> None:
    with sink("error") as broken:
        config = settings(tmp_path, phone=inbox.address(), broken=broken.address())
        nobody = "(first to be told): 0 notes to be told; no `crampwatch push` is at work for it"
        assert said("show", "--config", str(config))[1].splitlines() == [f"phone {nobody}", f"broken {nobody}"]
        run = "import sys; from crampwatch.commands.push import app; app(['--config', sys.argv[1]])"
        process = subprocess.Popen([sys.executable, "-c", run, str(config)])
        with closing(PushQueue(tmp_path / "push.sqlite")) as queue:
            queue.append(alert("e1", t_ns=time.time_ns()))
            queue.append(fault("f1", t_ns=time.time_ns()))
        inbox.wait_for(2, timeout_s=60)
        broken.wait_until_asked(1, timeout_s=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    _, text = said("show", "--config", str(config))
    lines = text.splitlines()
    assert lines[0] == "phone (first to be told): 0 notes to be told; reached"
    assert lines[1].startswith("broken (first to be told): 2 notes to be told; not reached since 20")
    assert "error=500" in lines[1]
    assert [line.split(" ", 4)[-1] for line in lines[2:]] == [
        "phone: alert e1: delivered",
        "phone: fault f1: delivered",
    ]


def test_without_a_target_or_with_two_of_one_name_it_says_what_to_write(
    tmp_path: Path, said: Callable[..., tuple[object, str]]
) -> None:
    config = settings(tmp_path)
    for command in ([], ["test"], ["show"]):
        with pytest.raises(UserError, match=r"write a \[\[alerts\.target\]\] with `name` and `url_file`"):
            said(*command, "--config", str(config))
    target = '[[alerts.target]]\nname = "phone"\nurl = "json://127.0.0.1"\n'
    config.write_text(SETTINGS + target + target)
    with pytest.raises(UserError, match=r"two .* have the name 'phone'"):
        said("test", "--config", str(config))


@pytest.mark.parametrize("command", [[], ["test"]])
def test_without_apprise_it_says_how_to_install_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[..., tuple[object, str]]
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    for module in ("push", "push_apprise"):
        monkeypatch.delitem(sys.modules, f"detector.bedside.{module}", raising=False)
    with pytest.raises(UserError, match=r"pip install '\.\[alerts\]'"):
        said(*command, "--config", str(settings(tmp_path, phone="json://127.0.0.1")))
