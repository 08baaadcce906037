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
from detector.alarm.ringing import Ring
from detector.alarm.settings import AlarmSettings
from detector.bedside.tone import write_tone

PLAYERS = (("aplay", "-q"), ("paplay",), ("pw-play",))
"""Of alsa-utils, PulseAudio and PipeWire. ALSA's comes first: it needs no session of a user who is logged in."""
NO_PLAYER = "none of aplay, paplay and pw-play is installed, and no `command` is named under [alarm]"
LONGEST_REASON = 200

_log = logging.getLogger(__name__)


class _Playing(NamedTuple):
    """A program that makes a sound, and what it complains of."""

    process: "subprocess.Popen[bytes]"
    complaints: IO[bytes]
    until_s: float


class Sounder:
    """Runs the programs that make sounds, one at a time for each place; a later sound ends the one before.

    `trouble` says why the last sound was none; None when it was one. Raises nothing: an alarm has to go on.
    """

    def __init__(self, settings: AlarmSettings, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic_s = monotonic_s
        self._playing: dict[Place, _Playing] = {}
        self._tones = tempfile.TemporaryDirectory(prefix="crampwatch-tones-")
        self._player = next((player for player in PLAYERS if shutil.which(player[0])), None)
        self.trouble: str | None = None
        if settings.mode == "alarm" and not settings.command and self._player is None:
            self._fail(NO_PLAYER)

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
        complaints = tempfile.TemporaryFile()  # noqa: SIM115  # it outlives this call; _end closes it
        try:
            # A session of its own: whatever it starts ends with it.
            process = subprocess.Popen(
                self._command(ring, said),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            complaints.close()
            self._fail(f"it cannot be run: {error}")
            return
        self._playing[place] = _Playing(process, complaints, self._monotonic_s() + self._settings.command_timeout_s)

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
                self._fail(f"{_name(playing)} did not end within {self._settings.command_timeout_s:g} s and was ended")
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
        self._tones.cleanup()

    def _command(self, ring: Ring, said: Mapping[str, str]) -> list[str]:
        settings = self._settings
        named = (settings.fault_command or settings.command) if ring.kind == "fault" else settings.command
        if named:
            return [_filled(word, said) for word in named]
        if self._player is None:
            raise OSError(NO_PLAYER)
        return [*self._player, str(write_tone(Path(self._tones.name), ring.kind, ring.level))]

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
