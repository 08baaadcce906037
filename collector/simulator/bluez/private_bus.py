"""A D-Bus daemon of our own: a socket in a temporary folder, for this user, gone with the process that started it."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
MISSING = "dbus-daemon is not installed (Debian: apt-get install dbus)"


class NoBus(OSError):
    """A private D-Bus cannot be started here; the text says what to do."""


LIFELINE = 'folder=$1; shift; "$@" & read -r _; kill -9 $!; wait; rm -r "$folder"'
"""Runs the daemon until our end of the shell's input closes, which the kernel does for us however we die."""


class PrivateBus:
    """A dbus-daemon, running; `address` is what belongs into DBUS_SYSTEM_BUS_ADDRESS. Raises NoBus."""

    def __init__(self) -> None:
        daemon = shutil.which("dbus-daemon")
        if daemon is None:
            raise NoBus(MISSING)
        # Below /tmp and not TMPDIR: a socket's path has room for 108 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="crampwatch-dbus-", dir="/tmp"))
        self._command = [daemon, f"--config-file={self._folder / 'bus.conf'}", "--nofork", "--print-address=1"]
        self.address = f"unix:path={self._folder / 'bus'}"
        self.start()

    def start(self) -> None:
        """Start the daemon, for the first time or again after `kill`, at the same address."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        (self._folder / "bus.conf").write_text(CONFIGURATION.format(socket=self._folder / "bus"))
        self._shell = subprocess.Popen(
            ["sh", "-c", LIFELINE, "sh", self._folder, *self._command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; the bus ends after everyone has left it
        )  # fmt: skip
        assert self._shell.stdout is not None
        with self._shell.stdout as printed:
            if not printed.readline():  # the address, once the socket listens
                self.kill()
                raise NoBus(f"dbus-daemon did not start; try: {' '.join(self._command)}")

    def kill(self) -> None:
        """End the daemon at once and remove its folder: everyone on the bus loses the connection."""
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
