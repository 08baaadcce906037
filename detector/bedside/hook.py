"""The sound beside the bed: a program that is run, and that must not keep the alarm waiting."""

import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from collector.contract.topics import Place
from detector.alarm.messages import AlarmKind
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside.tone import tone

PLAYERS = (("aplay", "-q"), ("paplay",), ("pw-play",))
"""Of alsa-utils, PulseAudio and PipeWire. ALSA's comes first: it needs no session of a user who is logged in."""
NO_PLAYER = "none of aplay, paplay and pw-play is installed, and no `command` is named under [alarm]"
LONGEST_REASON = 200

_log = logging.getLogger(__name__)


class _Playing(NamedTuple):
    """A program that makes a sound of some kind, and what it complains of."""

    process: "subprocess.Popen[bytes]"
    complaints: IO[bytes]
    kind: str
    until_s: float


class Sounder:
    """Runs the programs that make sounds, one at a time for each place; a later sound ends the one before.

    `trouble` says why the last sound was none, or why the next one will be; None when it was one. Raises nothing and
    needs no disk: an alarm has to go on.
    """

    def __init__(self, settings: AlarmSettings, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic_s = monotonic_s
        self._playing: dict[Place, _Playing] = {}
        self._player = next((player for player in PLAYERS if shutil.which(player[0])), None)
        self.trouble: str | None = None
        if settings.mode == "alarm" and (trouble := self._foreseen()):
            self._fail(trouble)

    def sound(self, ring: Ring, place: Place, text: str) -> None:
        """Begin to make a sound."""
        said = {
            "kind": ring.kind,
            "level": f"{ring.level:.2f}",
            "text": text,
            "wearer": place.wearer,
            "site": place.site,
        }
        self._end(place)
        complaints = _in_memory()
        try:
            process = self._started(ring, said, complaints)
        except (OSError, ValueError) as error:
            complaints.close()
            self._fail(f"it cannot be run: {error}")
            return
        until_s = self._monotonic_s() + self._settings.command_timeout_s
        self._playing[place] = _Playing(process, complaints, ring.kind, until_s)

    def hush(self, place: Place, but: AlarmKind | None) -> None:
        """End the sound at a place, unless it is of the kind that somebody is called for, or a test."""
        playing = self._playing.get(place)
        if playing and playing.kind not in (but, "test"):
            self._end(place)

    @property
    def sounds(self) -> bool:
        """Whether something is being played."""
        return bool(self._playing)

    def look(self) -> None:
        """See what has become of the sounds; to be called a few times a second."""
        for place, playing in list(self._playing.items()):
            code = playing.process.poll()
            if code is None and self._monotonic_s() >= playing.until_s:
                self._end(place)
                self._outlasted(playing)
            elif code is not None:
                reason = _complaint(playing)
                self._end(place)
                if code:
                    self._fail(f"{_name(playing)} ended with code {code}{reason}")
                else:
                    self._succeed()

    def close(self) -> None:
        """Be silent at once."""
        for place in list(self._playing):
            self._end(place)

    def _started(self, ring: Ring, said: Mapping[str, str], complaints: IO[bytes]) -> "subprocess.Popen[bytes]":
        """The program for this sound, running; raises OSError and ValueError."""
        with _in_memory() as wav:
            if named := self._named(ring):
                command = [_filled(word, said) for word in named]
            elif self._player is None:
                raise OSError(NO_PLAYER)
            else:
                wav.write(tone(ring.kind, ring.level))
                wav.seek(0)
                command = [*self._player, f"/dev/fd/{wav.fileno()}"]
            # A session of its own: whatever it starts ends with it.
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=[wav.fileno()],
                start_new_session=True,
            )

    def _named(self, ring: Ring) -> tuple[str, ...]:
        """The command of the settings for this sound; none where a tone is to be played."""
        return (self._settings.fault_command if ring.kind == "fault" else ()) or self._settings.command

    def _foreseen(self) -> str | None:
        """Why there will be no sound, as far as that can be known before it is needed."""
        if not self._settings.command and self._player is None:
            return NO_PLAYER
        programs = [command[0] for command in (self._settings.command, self._settings.fault_command) if command]
        return next((f"there is no program {name!r}" for name in programs if shutil.which(name) is None), None)

    def _outlasted(self, playing: _Playing) -> None:
        """A tone takes a second, so its player hangs; a named program may play a tune that is longer than is wanted."""
        if self._settings.command:
            self._succeed()
        else:
            self._fail(f"{_name(playing)} did not end within {self._settings.command_timeout_s:g} s and was ended")

    def _end(self, place: Place) -> None:
        playing = self._playing.pop(place, None)
        if playing is None:
            return
        if playing.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(playing.process.pid, signal.SIGKILL)
            playing.process.wait()
        playing.complaints.close()

    def _fail(self, trouble: str) -> None:
        if self.trouble is None:
            _log.error("No sound: %s. Try it: crampwatch alarm test", trouble)
        self.trouble = trouble

    def _succeed(self) -> None:
        if self.trouble is not None:
            _log.warning("There is a sound again.")
        self.trouble = None


def _in_memory() -> IO[bytes]:
    """A file that needs no disk: a full or a read-only one must not keep a cramp from sounding."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("crampwatch-sound"), "w+b")
    return tempfile.TemporaryFile()  # not Linux


def _filled(word: str, said: Mapping[str, str]) -> str:
    """A word of the command with what is known put in; other braces are the command's own."""
    for name, value in said.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _name(playing: _Playing) -> str:
    return Path(str(playing.process.args[0])).name  # type: ignore[index]  # it was given as a list


def _complaint(playing: _Playing) -> str:
    """The last line that the program wrote to standard error."""
    playing.complaints.seek(0)
    lines = playing.complaints.read().decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f" ({last[:LONGEST_REASON]})" if last else ""
