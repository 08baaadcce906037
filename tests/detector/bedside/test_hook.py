"""The sound beside the bed: a program is run for it, and whatever that does, the alarm goes on."""

import re
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside import hook
from detector.bedside.hook import Sounder
from detector.bedside.tone import write_tone
from tests.detector.bedside.stand_ins import OTHER_LEG
from tests.support.frames import PLACE

PATIENCE_S = 20.0
CRAMP, FAULT = Ring(kind="cramp", level=0.4, n=0), Ring(kind="fault", level=0.3, n=0)


@contextmanager
def sounder(*command: str, **settings: Any) -> Iterator[Sounder]:
    with closing(Sounder(AlarmSettings(command=command, **settings))) as made:
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


def test_a_command_that_hangs_is_ended_with_all_it_has_started(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child.part && mv {tmp_path}/child.part {tmp_path}/child; wait"
    with sounder("sh", "-c", script, command_timeout_s=0.5) as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until(lambda: sounding.trouble is not None, sounding)
        assert sounding.trouble == "sh did not end within 0.5 s and was ended"
        child = (tmp_path / "child").read_text().strip()
        until(lambda: _is_gone(child), sounding)


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


def test_without_a_command_a_tone_is_played_by_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aplay").write_text(f"#!/bin/sh\ncp $2 {tmp_path}/part && mv {tmp_path}/part {tmp_path}/played.wav\n")
    (tmp_path / "aplay").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with sounder() as sounding:
        sounding.sound(CRAMP, PLACE, "")
        until((tmp_path / "played.wav").exists, sounding)
    assert _loudness(tmp_path / "played.wav") > 0.1


def test_where_nothing_can_make_a_sound_it_is_known_before_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hook, "PLAYERS", (("no-such-player",),))
    with sounder() as sounding:
        assert sounding.trouble == hook.NO_PLAYER
    with sounder(mode="silent") as silent:
        assert silent.trouble is None


def test_tones_are_as_loud_as_asked_and_a_fault_is_short(tmp_path: Path) -> None:
    soft, full = (write_tone(tmp_path, "cramp", level) for level in (0.25, 1.0))
    assert _loudness(full) / _loudness(soft) == pytest.approx(4, rel=0.01)
    assert _seconds(write_tone(tmp_path, "fault", 0.3)) < 0.5 * _seconds(full)


def test_a_cramp_and_a_fault_do_not_sound_alike(tmp_path: Path) -> None:
    assert min(_notes(write_tone(tmp_path, "cramp", 1.0))) > 1.5 * max(_notes(write_tone(tmp_path, "fault", 1.0)))


def _is_gone(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _read(path: Path) -> tuple[Any, int]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()


def _loudness(path: Path) -> float:
    return float(np.sqrt(np.mean(_read(path)[0] ** 2)))


def _seconds(path: Path) -> float:
    samples, rate = _read(path)
    return len(samples) / rate


def _notes(path: Path) -> list[float]:
    """The two strongest tones in it, in hertz."""
    samples, rate = _read(path)
    spectrum = np.abs(np.fft.rfft(samples))
    strongest: list[float] = []
    for k in np.argsort(spectrum)[::-1]:
        hz = float(k * rate / len(samples))
        if all(abs(hz - other) > 60 for other in strongest):
            strongest.append(hz)
        if len(strongest) == 2:
            return strongest
    raise AssertionError("silence")
