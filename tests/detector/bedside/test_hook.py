"""The sound beside the bed: a program is run for it, and whatever that does, the alarm goes on."""

import io
import re
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.alarm.messages import AlarmKind
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside import hook
from detector.bedside.hook import Sounder
from detector.bedside.tone import tone
from tests.detector.bedside.stand_ins import OTHER_LEG
from tests.support.frames import PLACE

PATIENCE_S = 20.0
CRAMP, FAULT = Ring(kind="cramp", level=0.4, n=0), Ring(kind="fault", level=0.3, n=0)


@contextmanager
def sounder(*words: str, **settings: Any) -> Iterator[Sounder]:
    with closing(Sounder(AlarmSettings(**{"command": words, **settings}))) as made:
        yield made


def until(met: Callable[[], bool], sounding: Sounder) -> None:
    """Look after the sounder until then; a bound only so that a failing test ends."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline_s
        sounding.look()
        time.sleep(0.01)


def test_the_command_is_told_what_it_is_about_word_by_word(tmp_path: Path) -> None:
    script = f'printf "%s|" "$@" > {tmp_path}/heard.part && mv {tmp_path}/heard.part {tmp_path}/heard'
    words = ["{kind}", "at {level}", "{text}", "{wearer}/{site}", "{unknown}"]
    with sounder("sh", "-c", script, "sh", *words) as sounding:
        sounding.sound(CRAMP, PLACE, "Stretch; `reboot` $HOME")
        until((tmp_path / "heard").exists, sounding)
    heard = (tmp_path / "heard").read_text()
    assert heard == "cramp|at 0.40|Stretch; `reboot` $HOME|w1/left_calf|{unknown}|"


def test_faults_have_a_command_of_their_own_where_one_is_named(tmp_path: Path) -> None:
    cramp, fault = ("touch", str(tmp_path / "cramp")), ("touch", str(tmp_path / "fault"))
    with sounder(*cramp, fault_command=fault) as sounding:
        sounding.sound(FAULT, PLACE, "")
        until((tmp_path / "fault").exists, sounding)
    assert not (tmp_path / "cramp").exists()


def test_without_one_a_fault_is_left_to_the_same_command(tmp_path: Path) -> None:
    with sounder("touch", str(tmp_path / "{kind}")) as sounding:
        sounding.sound(FAULT, PLACE, "")
        until((tmp_path / "fault").exists, sounding)


def test_a_sound_that_goes_on_keeps_nobody_waiting() -> None:
    with sounder("sleep", "60") as sounding:
        before_s = time.monotonic()
        sounding.sound(CRAMP, PLACE, "")
        sounding.look()
        assert time.monotonic() - before_s < PATIENCE_S
        assert sounding.trouble is None


@pytest.mark.parametrize(
    ("command", "trouble"),
    [
        (("/nowhere/play",), "it cannot be run: .*No such file"),
        (("sh", "-c", "echo no such device >&2; exit 3"), r"sh ended with code 3 \(no such device\)"),
        (("sh", "-c", "kill -9 $$"), "sh ended with code -9"),
    ],
)
def test_a_command_that_fails_is_told_once_with_what_it_said(
    command: tuple[str, ...], trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    with sounder(*command) as sounding:
        for _ in range(3):
            sounding.sound(CRAMP, PLACE, "")
            until(lambda: not sounding.sounds, sounding)
        assert sounding.trouble is not None
        assert re.search(trouble, sounding.trouble)
    assert len(caplog.records) == 1


def test_a_tune_that_is_longer_than_a_ring_may_be_is_ended_with_all_it_has_started_and_is_no_fault(
    tmp_path: Path,
) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child.part && mv {tmp_path}/child.part {tmp_path}/child; wait"
    with sounder("sh", "-c", script, command_timeout_s=0.5) as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until(lambda: not sounding.sounds, sounding)
        assert sounding.trouble is None
        child = (tmp_path / "child").read_text().strip()
        until(lambda: _is_gone(child), sounding)


def test_a_player_that_does_not_come_to_the_end_of_a_short_tone_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "aplay", "exec sleep 600", monkeypatch)
    with sounder(command_timeout_s=0.5) as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until(lambda: sounding.trouble is not None, sounding)
        assert sounding.trouble == "aplay did not end within 0.5 s and was ended"


@pytest.mark.parametrize(("called_for", "goes_on"), [("cramp", True), ("fault", False), (None, False)])
def test_a_sound_ends_at_once_when_nobody_is_called_for_it_any_more(
    called_for: AlarmKind | None, goes_on: bool, tmp_path: Path
) -> None:
    script = f"echo $$ > {tmp_path}/part && mv {tmp_path}/part {tmp_path}/pid; exec sleep 600"
    with sounder("sh", "-c", script) as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until((tmp_path / "pid").exists, sounding)
        sounding.hush(PLACE, called_for)
        assert _is_gone((tmp_path / "pid").read_text().strip()) is not goes_on


def test_a_test_sounds_to_its_end_though_nobody_is_called() -> None:
    with sounder("sleep", "60") as sounding:
        sounding.sound(Ring(kind="test", level=1.0, n=0), PLACE, "")
        sounding.hush(PLACE, None)
        assert sounding.sounds


def test_once_there_is_a_sound_again_there_is_no_trouble(tmp_path: Path) -> None:
    with sounder("test", "-e", str(tmp_path / "device")) as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until(lambda: sounding.trouble is not None, sounding)
        (tmp_path / "device").touch()
        sounding.sound(CRAMP, PLACE, "")
        until(lambda: sounding.trouble is None, sounding)


def test_a_later_sound_ends_the_one_before_and_not_that_of_the_other_leg(tmp_path: Path) -> None:
    script = f"echo $$ > {tmp_path}/part-$$ && mv {tmp_path}/part-$$ {tmp_path}/{{site}}-$$; exec sleep 600"
    with sounder("sh", "-c", script) as sounding:
        for place in (OTHER_LEG, PLACE):
            sounding.sound(CRAMP, place, "")
        until(lambda: len(list(tmp_path.glob("*_calf-*"))) == 2, sounding)
        (first,), (other,) = (
            [path.read_text().strip() for path in tmp_path.glob(f"{place.site}-*")] for place in (PLACE, OTHER_LEG)
        )
        sounding.sound(CRAMP, PLACE, "")
        assert _is_gone(first)
        assert not _is_gone(other)
    assert _is_gone(other)


def test_a_sound_needs_no_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no room for temporary files"))
    (tmp_path / "aplay").write_text(f'#!/bin/sh\ncp "$2" {tmp_path}/played.wav\n')
    (tmp_path / "aplay").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with sounder() as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until(lambda: not sounding.sounds, sounding)
        assert sounding.trouble is None
    assert (tmp_path / "played.wav").exists()


def test_without_a_command_a_tone_is_played_by_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "aplay", f"cp $2 {tmp_path}/part && mv {tmp_path}/part {tmp_path}/played.wav", monkeypatch)
    with sounder() as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until((tmp_path / "played.wav").exists, sounding)
    assert _loudness((tmp_path / "played.wav").read_bytes()) > 0.1


def test_a_sound_needs_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "aplay", f"cp $2 {tmp_path}/part && mv {tmp_path}/part {tmp_path}/played.wav", monkeypatch)
    monkeypatch.setenv("TMPDIR", "/nowhere")
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with sounder() as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until((tmp_path / "played.wav").exists, sounding)


def test_where_nothing_can_make_a_sound_it_is_known_before_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hook, "PLAYERS", (("no-such-player",),))
    with sounder() as sounding:
        assert sounding.trouble == hook.NO_PLAYER
    with sounder(mode="silent") as silent:
        assert silent.trouble is None


@pytest.mark.parametrize("which", ["command", "fault_command"])
def test_a_command_that_is_misspelt_is_known_before_it_is_needed(which: str) -> None:
    with sounder("true", **{which: ("aplya", "cramp.wav")}) as sounding:
        assert sounding.trouble == "there is no program 'aplya'"


def test_tones_are_as_loud_as_asked_and_a_fault_is_short() -> None:
    soft, full = (tone("cramp", level) for level in (0.25, 1.0))
    assert _loudness(full) / _loudness(soft) == pytest.approx(4, rel=0.01)
    assert _seconds(tone("fault", 0.3)) < 0.5 * _seconds(full)


def test_a_cramp_and_a_fault_do_not_sound_alike() -> None:
    assert min(_notes(tone("cramp", 1.0))) > 1.5 * max(_notes(tone("fault", 1.0)))


def install(program: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is found before those of the system."""
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def _is_gone(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _read(wav: bytes) -> tuple[Any, int]:
    with wave.open(io.BytesIO(wav)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()


def _loudness(wav: bytes) -> float:
    return float(np.sqrt(np.mean(_read(wav)[0] ** 2)))


def _seconds(wav: bytes) -> float:
    samples, rate = _read(wav)
    return len(samples) / rate


def _notes(wav: bytes) -> list[float]:
    """The two strongest tones in it, in hertz."""
    samples, rate = _read(wav)
    spectrum = np.abs(np.fft.rfft(samples))
    strongest: list[float] = []
    for k in np.argsort(spectrum)[::-1]:
        hz = float(k * rate / len(samples))
        if all(abs(hz - other) > 60 for other in strongest):
            strongest.append(hz)
        if len(strongest) == 2:
            return strongest
    raise AssertionError("silence")
